// Holds clients/browser/deflate.js, and what frame.js makes of it, to tests/vectors/deflate.txt, as
// tests/clients/explain_test.cpp holds `make explain`. Run by `make e2e` and .ci/run:
//     node --test tests/vectors/deflate_test.mjs
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { deflateRawSync } from 'node:zlib';

const root = new URL('../../', import.meta.url);
const require = createRequire(import.meta.url);
const Frame = require(new URL('clients/browser/frame.js', root).pathname);
const Deflate = require(new URL('clients/browser/deflate.js', root).pathname);

const vectors = [];
for (const line of readFileSync(new URL('tests/vectors/deflate.txt', root), 'utf8').split('\n')) {
  if (line === '' || line.startsWith('#')) continue;
  const [word, rest] = [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)];
  const now = vectors.at(-1);
  if (word === 'case') vectors.push({ name: rest, messages: [], lines: [] });
  else if (word === 'bytes') now.bytes = Frame.parseHex(rest).bytes;
  else if (word === 'message') now.messages.push(rest);
  else if (word === 'line') now.lines.push(rest);
  else if (word === 'broken') now.broken = rest;
  else assert.fail(`deflate.txt: ${line}`);
}

// A stream with BFINAL set is followed by an empty block, RFC 7692 §7.2.3.4.
const packed = (bytes, level = 6) => Frame.append(deflateRawSync(bytes, { level }), [0]);
const explain = (bytes, said) => Frame.explain(bytes, 'server', { compresses: true, said });

for (const { name, bytes, messages, lines, broken } of vectors)
  test(`vector: ${name}`, () => {
    const frames = explain(bytes);
    if (broken) return assert.deepEqual(frames.map((frame) => frame.broken), [[broken]]);
    assert(frames.every((frame) => frame.broken.length === 0 && frame.compressed));
    const unpacked = frames.map((frame) => frame.unpacked).filter(Boolean);
    assert.deepEqual(unpacked.flatMap((message) => message.lines.map(Deflate.lineOf)), lines);
    unpacked.forEach(({ bytes: content }, i) =>
      assert(messages[i].endsWith(` to ${content.length} bytes: ${Frame.quote(content)}`), messages[i]));
  });

test('there are as many vectors as there should be', () => assert(vectors.length >= 15));

test('zlib’s streams unpack to what they were, after what was said before', () => {
  let random = 1;
  const next = (limit) => (random = random * 48271 % 2147483647) % limit;
  for (let i = 0; i < 200; ++i) {
    const content = Uint8Array.from({ length: next(3000) }, () => 97 + next(1 + next(26)));
    const { bytes, error } = Deflate.unpack(packed(content, i % 10));
    assert.equal(error, '');
    assert.deepEqual(bytes, content);
  }
});

test('RSV1 without an agreement, on a continuation, on a ping: as before', () => {
  const broken = (hex, compresses) => Frame.explain(Frame.parseHex(hex).bytes, 'server', { compresses })
    .flatMap((frame) => frame.broken);
  assert.deepEqual(broken('c1 01 00', false), ['rsv_without_extension']);
  assert.deepEqual(broken('c9 00', true), ['rsv1_not_on_first_frame']);
  assert.deepEqual(broken('41 01 00 c0 01 00', true), ['rsv1_not_on_first_frame']);
  assert.deepEqual(broken('a1 01 00', true), ['rsv_without_extension']);
  assert.deepEqual(broken('81 01 61 c1 01 00 89 00', true), []);
});

test('a compressed text is UTF-8 once it is unpacked, and a bomb is not unpacked', () => {
  const of = (opcode, bytes) => explain(Frame.encode({ rsv: 4, opcode, payload: packed(bytes) }))[0].broken;
  assert.deepEqual(of(1, Uint8Array.of(0xC3, 0x28)), ['invalid_utf8']);
  assert.deepEqual(of(2, Uint8Array.of(0xC3, 0x28)), []);
  assert.deepEqual(of(2, new Uint8Array(1 << 20)), ['message_too_big']);
});

test('a message is understood after what was said before it', () => {
  const [first, second] = explain(vectors[0].bytes);
  const alone = vectors[0].bytes.slice(first.size);
  assert.deepEqual(explain(alone)[0].broken, ['distance_too_far']);
  const [again] = explain(alone, second.saidBefore);
  assert.equal(Frame.quote(again.unpacked.bytes), '"one fish, two fish, blue fish"');
});
