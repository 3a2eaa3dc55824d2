// Holds clients/browser/frame.js, the frame lab's logic, to tests/vectors/frames.txt, as
// tests/ws/vectors_test.cpp holds src/ws; and tests what only the lab does: making frames.
// Run by `make e2e` and .ci/run: node --test tests/vectors/frame_test.mjs
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';

const root = new URL('../../', import.meta.url);
const Frame = createRequire(import.meta.url)(new URL('clients/browser/frame.js', root).pathname);
const { hex, parseHex, encode, encodeMessage, explain, append } = Frame;

// --- the file -------------------------------------------------------------------------------------

// "81 05 61*300" and "48656c.61*300": hex, with runs; "-" is nothing.
function expand(text, separator) {
  if (text === '-') return new Uint8Array();
  return append(...text.split(separator).map((word) => {
    const [digits, count = '1'] = word.split('*');
    const { bytes } = parseHex(digits);
    return append(...Array(Number(count)).fill(bytes));
  }));
}

const rules = {};
const vectors = [];
for (const line of readFileSync(new URL('tests/vectors/frames.txt', root), 'utf8').split('\n')) {
  if (line === '' || line.startsWith('#')) continue;
  const [word, rest] = [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)];
  const now = vectors.at(-1);
  if (word === 'rule') {
    const [name, code, section, sentence] = rest.split(' | ');
    rules[name] = { code: Number(code), section, sentence };
  } else if (word === 'case') vectors.push({ name: rest, frames: [], lines: [] });
  else if (word === 'from') now.sender = rest;
  else if (word === 'bytes') now.bytes = expand(rest, ' ');
  else if (word === 'frame')
    now.frames.push(Object.fromEntries(rest.split(' ').map((field) => field.split('='))));
  else if (word === 'line') now.lines.push(rest);
  else assert.fail(`frames.txt: ${line}`);
}

// A frame of frame.js in the words of the file.
function facts(frame) {
  const found = { offset: frame.offset, size: frame.size };
  if (frame.bytes.length >= 2)
    Object.assign(found, { fin: frame.fin, rsv: frame.rsv, opcode: frame.opcode,
                           masked: frame.masked, form: 8 * frame.lengthBytes || 7 });
  if (frame.length !== undefined) found.length = frame.length;
  if (frame.headerComplete && frame.masked) found.key = hex(frame.key).replaceAll(' ', '').toLowerCase();
  if (frame.headerComplete) found.payload = hex(frame.payload);
  if (frame.missing) found.missing = `${frame.missing.bytes}:${frame.missing.field.replaceAll(' ', '-')}`;
  if (frame.unread) found.unread = 1;
  else if (frame.broken.length > 0) found.rule = frame.broken[0];
  return Object.fromEntries(Object.entries(found).map(([name, value]) => [name, String(value)]));
}

test('the rules have the words of the file', () => {
  assert.deepEqual(Frame.rules, rules);
});

for (const { name, sender, bytes, frames, lines } of vectors)
  test(`vector: ${name}`, () => {
    const found = explain(bytes, sender);
    const expected = frames.map((frame) => frame.payload === undefined
      ? frame : { ...frame, payload: hex(expand(frame.payload, '.')) });
    assert.deepEqual(found.map(facts), expected);
    assert.deepEqual(found.map((frame, i) => Frame.traceLine(i + 1, frame, sender)), lines);
  });

test('there are as many vectors as there should be', () => assert(vectors.length >= 50));

// --- dumps ------------------------------------------------------------------------------------------

const { read } = createRequire(import.meta.url)(new URL('clients/browser/dump.js', root).pathname);
const dumps = [];
for (const line of readFileSync(new URL('tests/vectors/dumps.txt', root), 'utf8').split('\n')) {
  const [word, rest] = [line.split(' ', 1)[0], line.slice(line.indexOf(' ') + 1)];
  const now = dumps.at(-1);
  if (word === 'case') dumps.push({ name: rest, text: '', streams: [] });
  else if (word === '|') now.text += line.slice(2) + '\n';
  else if (word === 'stream') now.streams.push({ name: rest === '-' ? '' : rest, heads: [] });
  else if (word === 'head') now.streams.at(-1).heads.push(rest);
  else if (word === 'bytes') now.streams.at(-1).bytes = hex(expand(rest, ' '));
}

for (const { name, text: dump, streams } of dumps)
  for (const ends of ['\n', '\r\n'])
    test(`dump: ${name}${ends === '\n' ? '' : ', with CR LF'}`, () => {
      const found = read(dump.replaceAll('\n', ends));
      assert.equal(found.error, '');
      assert.deepEqual(found.streams.map((stream) => ({ name: stream.name,
        heads: stream.heads.flatMap((head) => head.split('\r\n')), bytes: hex(stream.bytes) })), streams);
    });

test('there are as many dumps as there should be', () => assert(dumps.length >= 10));

test('a head as text, and hex or a dump behind it', () => {
  for (const behind of ['81 05 48 65 6c 6c 6f', '00000000: 8105 4865 6c6c 6f   ..Hello'])
    for (const ends of ['\n', '\r\n']) {
      const { streams } = read(`HTTP/1.1 101 x${ends}A: b${ends}${ends}${behind}`);
      assert.deepEqual(streams[0].heads, ['HTTP/1.1 101 x\r\nA: b']);
      assert.equal(hex(streams[0].bytes), '81 05 48 65 6C 6C 6F');
    }
  assert.deepEqual(read('GET /ws HTTP/1.1\nHost: x\n').streams.map(({ heads, bytes }) => [heads, bytes.length]),
                   [[['GET /ws HTTP/1.1\r\nHost: x'], 0]]);
  assert.match(read('GET / HTTP/1.1\n\nhello').error, /not hex/);
});

test('no dump, however it is cut, is taken for something that throws', () => {
  for (const { text: dump } of dumps)
    for (let end = 0; end < dump.length; end += 7) read(dump.slice(0, end));
});

// --- making frames --------------------------------------------------------------------------------

const text = (string) => new TextEncoder().encode(string);
const key = Uint8Array.of(0x37, 0xFA, 0x21, 0x3D);

test('a frame is made in its shortest form', () => {
  assert.equal(hex(encode({ opcode: 1, payload: text('Hello') })), '81 05 48 65 6C 6C 6F');
  assert.equal(hex(encode({ opcode: 1, payload: text('Hello'), key })),
               '81 85 37 FA 21 3D 7F 9F 4D 51 58');
  for (const [length, head] of [[125, '82 7D'], [126, '82 7E 00 7E'], [65535, '82 7E FF FF'],
                                [65536, '82 7F 00 00 00 00 00 01 00 00']]) {
    const frame = encode({ opcode: 2, payload: new Uint8Array(length) });
    assert.equal(hex(frame.slice(0, frame.length - length)), head);
  }
});

test('a message is split into fragments, each with a key of its own', () => {
  const keys = [Uint8Array.of(1, 2, 3, 4), Uint8Array.of(5, 6, 7, 8), Uint8Array.of(9, 9, 9, 9)];
  const bytes = encodeMessage({ opcode: 1, payload: text('Hello'), size: 2, nextKey: () => keys.shift() });
  const frames = explain(bytes, 'client');
  assert.deepEqual(frames.map((f) => [f.fin, f.opcode, Frame.quote(f.payload), f.key[0]]),
                   [[0, 1, '"He"', 1], [0, 0, '"ll"', 5], [1, 0, '"o"', 9]]);
  assert(frames.every((frame) => frame.broken.length === 0));
  const ping = encodeMessage({ opcode: 9, payload: text('Hello'), size: 2, nextKey: () => null });
  assert.equal(explain(ping, 'server').length, 1);
});

test('bytes are read in the forms in which people have them', () => {
  for (const form of ['81 05 48', '810548', '0x81, 0x05, 0x48', '81:05:48', '\n8105 48\n', '0x810548'])
    assert.equal(hex(parseHex(form).bytes), '81 05 48', form);
  assert.equal(parseHex('').bytes.length, 0);
  assert.match(parseHex('81 0').error, /two hex digits/);
  assert.match(parseHex('81 zz').error, /not hex/);
  assert.match(parseHex('hello').error, /not hex/);
});

test('every rule that a header breaks is named, not only the first', () => {
  assert.deepEqual(explain(parseHex('43 7e 00 00').bytes, 'client')[0].broken,
                   ['rsv_without_extension', 'reserved_opcode', 'frame_not_masked', 'length_not_minimal']);
});

test('the first byte that is no UTF-8 is known', () => {
  const [frame] = explain(parseHex('81 04 61 c3 28 62').bytes, 'server');
  assert.deepEqual([frame.broken[0], frame.badByte], ['invalid_utf8', 2]);
});

test('each byte of a payload has a character, is part of one, or is an escape', () => {
  const { bytes } = parseHex('48 c3 a4 f0 9f 91 8b c3 28 80 00 e2 82');
  assert.deepEqual(Array.from(bytes, (_, i) => Frame.characterAt(bytes, i)),
                   ['H', 'ä', '·', '👋', '·', '·', '·', '\\xC3', '(', '\\x80', '\\x00', '\\xE2', '\\x82']);
});

test('UTF-8 is what TextDecoder says it is', () => {
  const strict = new TextDecoder('utf-8', { fatal: true });
  const samples = [[0x61], [0xC3, 0xA4], [0xE2, 0x82, 0xAC], [0xF0, 0x9F, 0x91, 0x8B]];
  for (const sample of samples)
    for (let at = 0; at < sample.length; ++at)
      for (let byte = 0; byte < 256; ++byte) {
        const bytes = Uint8Array.from(sample, (old, i) => (i === at ? byte : old));
        let right = true;
        try { strict.decode(bytes); } catch { right = false; }
        const utf8 = new Frame.Utf8();
        assert.equal(utf8.feed(bytes) < 0 && utf8.complete, right, hex(bytes));
      }
});

test('a conversation is cut into a head and frames wherever its bytes are cut', () => {
  const head = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket';
  const bytes = append(text(`${head}\r\n\r\n`), encode({ opcode: 1, payload: text('Hello') }),
                       encode({ opcode: 8, payload: Frame.closeBody(1000, '') }));
  for (let size = 1; size <= bytes.length; ++size) {
    const splitter = new Frame.Splitter('server');
    const items = [];
    for (let at = 0; at < bytes.length; at += size) items.push(...splitter.push(bytes.slice(at, at + size)));
    assert.equal(items[0].head, head);
    assert.deepEqual(items.slice(1).map(({ frame }) => Frame.describe(frame, 'server')),
                     ['TEXT FIN len=5 "Hello"', 'CLOSE FIN len=2 1000']);
    assert.equal(splitter.unfinished(), null);
  }
});

test('a conversation that ends within a head or a frame shows the beginning of it', () => {
  const left = (sender, bytes) => {
    const splitter = new Frame.Splitter(sender);
    assert.deepEqual(splitter.push(bytes), []);
    const item = splitter.unfinished();
    assert.equal(splitter.unfinished(), null);
    return item;
  };
  assert.equal(left('server', text('HTTP/1.1 10')).head, 'HTTP/1.1 10');
  const { frame } = left('client', encode({ opcode: 1, key: [1, 2, 3, 4], payload: text('Hello') }).slice(0, 8));
  assert.equal(Frame.describe(frame, 'client'), 'TEXT FIN masked len=5 "He" (3 bytes never came)');
  assert.deepEqual(frame.broken, []);
});
