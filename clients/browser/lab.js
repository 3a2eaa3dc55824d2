// The frame lab: fields and bits of the page above, frame.js below. The bytes in the editor are the
// one truth; whatever changes them (typing, a bit, an example, the live trace) shows them anew.
// What a peer sends reaches the page through textContent alone.
'use strict';

const byId = (id) => document.getElementById(id);
const firstRows = 16;        // payload bytes of a frame that are drawn at first
const moreRows = 128;
const firstSymbols = 40;     // of a compressed message
const firstFrames = 12;
const mostLiveBytes = 262144; // of a message to the server: it and its echo fit into a trace (1 MiB)
const mostTraced = 500;      // lines of the trace that are kept

const lab = {
  bytes: new Uint8Array(),
  made: true,                // by the fields, as they stand
  before: new Uint8Array(),  // frames in front of the one that is being made
  keys: [],                  // of the fragments that are being made: they stay while one types
  rows: new Map(),           // offset of a frame -> payload rows that are drawn
  symbols: new Map(),        // the same for the symbols of a compressed message
  said: new Uint8Array(),    // by the sender before these bytes, compressed
  frames: firstFrames,
  streams: [],               // the directions of the dump in the editor
};

function element(tag, className = '', text = '') {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== '') made.textContent = text;
  return made;
}

const sender = () => document.querySelector('input[name=sender]:checked').value;
const receiver = () => (sender() === 'client' ? 'server' : 'client');
const plural = (count, thing) => `${count} ${thing}${String(count) === '1' ? '' : 's'}`;

// --- making frames ----------------------------------------------------------------------------------

const randomKey = () => crypto.getRandomValues(new Uint8Array(4));

// The key in the field, or one for each fragment.
function keyFor(fragment) {
  if (sender() === 'server') return null;
  const typed = Frame.parseHex(byId('key').value).bytes;
  if (byId('key').value.trim() !== '') return typed;
  lab.keys[fragment] ??= randomKey();
  return lab.keys[fragment];
}

// The payload that the fields ask for, or an error.
function makePayload(opcode) {
  const message = byId('message').value;
  if (opcode === 2) {
    const { bytes, error } = Frame.parseHex(message);
    return bytes ? { payload: bytes } : { error };
  }
  if (opcode !== 8) return { payload: new TextEncoder().encode(message) };
  const code = byId('code').value;
  if (code === '' && message !== '') return { error: 'a reason needs a code before it (§5.5.1)' };
  return { payload: Frame.closeBody(code === '' ? null : Number(code), message) };
}

function make() {
  const opcode = Number(byId('opcode').value);
  const { payload, error } = makePayload(opcode);
  const typed = Frame.parseHex(byId('key').value);
  const wrongKey = sender() === 'client' && byId('key').value.trim() !== '' && typed.bytes?.length !== 4;
  byId('make-error').textContent = error ?? (wrongKey ? 'a masking key is four bytes, such as 37 FA 21 3D' : '');
  if (error || wrongKey) return;
  let fragment = 0;
  const made = Frame.encodeMessage({ opcode, payload, size: Math.max(0, Number(byId('size').value)),
                                     nextKey: () => keyFor(fragment++) });
  show(Frame.append(lab.before, made));
  lab.made = true;
}

function showFields() {
  const opcode = Number(byId('opcode').value);
  byId('code-label').hidden = opcode !== 8;
  byId('key-label').hidden = sender() === 'server';
  byId('message-name').textContent =
    opcode === 2 ? 'Message, as hex' : opcode === 8 ? 'Reason' : opcode > 8 ? 'Payload' : 'Message';
}

// The address of the page leads to the bytes that it shows, so they can be sent to somebody. What is
// long does not fit into a link.
const mostLinkedBytes = 2048;
function keepInLink() {
  const hex = lab.bytes.length <= mostLinkedBytes ? Frame.hex(lab.bytes).replaceAll(' ', '') : '';
  const deflate = byId('deflate').checked ? '&deflate' : '';
  history.replaceState(null, '', hex === '' ? '#' : `#hex=${hex}&from=${sender()}${deflate}`);
}

// False: the address names no bytes.
function loadFromLink() {
  const fields = new URLSearchParams(location.hash.slice(1));
  const { bytes } = Frame.parseHex(fields.get('hex') ?? '');
  if (!bytes?.length) return false;
  load(bytes, fields.get('from') === 'server' ? 'server' : 'client', { compresses: fields.has('deflate') });
  return true;
}

function startOver() {
  lab.before = new Uint8Array();
  lab.keys = [];
  lab.rows.clear();
  lab.symbols.clear();
  lab.said = new Uint8Array();
  lab.frames = firstFrames;
}

// Bytes that were not made by the fields; what was agreed on, and said before, by their sender.
function load(bytes, from, { compresses = false, said = new Uint8Array() } = {}) {
  startOver();
  byId('deflate').checked = compresses;
  lab.said = said;
  document.querySelector(`input[name=sender][value=${from}]`).checked = true;
  showFields();
  show(bytes);
}

// --- showing bytes ------------------------------------------------------------------------------------

function show(bytes) {
  lab.bytes = bytes;
  lab.made = false;
  showStreams([]);
  byId('hex').value = Frame.hex(bytes);
  explain();
}

// Keeps the keyboard where it was: the page below is drawn anew.
function explain() {
  const focused = document.activeElement?.dataset ?? {};
  const frames = Frame.explain(lab.bytes, sender(), { compresses: byId('deflate').checked, said: lab.said });
  byId('hex-state').className = '';
  byId('hex-state').textContent = `${plural(lab.bytes.length, 'byte')}, ${plural(frames.length, 'frame')}`;
  showVerdict(frames);
  keepInLink();
  const shown = frames.slice(0, lab.frames).map((frame, i) => drawFrame(frame, i + 1));
  if (frames.length > lab.frames) shown.push(moreButton(frames.length - lab.frames, 'frame', () => {
    lab.frames += firstFrames;
    explain();
  }));
  byId('explained').replaceChildren(...shown);
  for (const group of document.querySelectorAll('.group')) group.querySelector('.bit').tabIndex = 0;
  if (focused.bit !== undefined) focusBit(bitAt(focused.byte, focused.bit));
}

function moreButton(count, thing, action) {
  const button = element('button', 'more quiet', `Show more of ${plural(count, `further ${thing}`)}`);
  button.type = 'button';
  button.addEventListener('click', action);
  return button;
}

function showVerdict(frames) {
  const verdict = byId('verdict');
  const wrong = frames.findIndex((frame) => frame.broken.length > 0 && !frame.unread);
  const last = frames.at(-1);
  if (frames.length === 0) {
    verdict.className = '';
    verdict.textContent = 'No byte is here yet.';
  } else if (wrong >= 0) {
    const { section, sentence, code } = Frame.rules[frames[wrong].broken[0]];
    verdict.className = 'bad';
    verdict.textContent = `✗ Frame ${wrong + 1} breaks ${section}: ${sentence}. The ${receiver()} answers Close ${code}.`;
  } else if (last.missing) {
    verdict.className = '';
    verdict.textContent = `… Frame ${frames.length} is incomplete: ${missingText(last)}.`;
  } else {
    verdict.className = 'good';
    verdict.textContent = `✓ A ${receiver()} accepts this.`;
  }
}

const missingText = ({ missing: { bytes, field } }) =>
  `${plural(bytes, 'more byte')} of the ${field} ${bytes === 1n ? 'is' : 'are'} missing`;

function drawFrame(frame, number) {
  const broken = frame.broken.length > 0;
  const article = element('article', `frame${broken ? ' bad' : frame.missing ? ' part' : ''}${frame.unread ? ' unread' : ''}`);
  const title = element('h3', '', `Frame ${number} `);
  title.id = `frame-${number}`;
  title.append(element('small', '', `${plural(frame.size, 'byte')} from offset ${frame.offset}`));
  article.setAttribute('aria-labelledby', title.id);
  article.append(title);
  if (frame.headerComplete)
    article.append(element('p', 'summary mono', Frame.describeFrame(frame)));
  article.append(drawJudgement(frame), drawHeader(frame, number), drawFields(frame));
  if (frame.payload.length > 0) article.append(...drawPayload(frame, number));
  if (frame.unpacked) article.append(...drawUnpacked(frame, number));
  return article;
}

function drawJudgement(frame) {
  const list = element('ul', 'judged');
  for (const name of frame.broken) {
    const { section, sentence, code } = Frame.rules[name];
    list.append(element('li', 'broken', `✗ ${section}: ${sentence} (Close ${code})`));
  }
  if (frame.missing) list.append(element('li', 'missing', `… incomplete: ${missingText(frame)}`));
  if (frame.unread === 'failed')
    list.append(element('li', 'unread', `The ${receiver()} has failed the connection and reads no further (§7.1.7).`));
  if (frame.unread === 'closed')
    list.append(element('li', 'unread', 'Behind a Close nothing is read any more (§1.4).'));
  return list;
}

// --- the bits -------------------------------------------------------------------------------------------

// The fields of the header, each with its place: first bit, counted from the frame's first, and
// number of bits.
function headerFields(frame) {
  const fields = [
    { name: 'FIN', kind: 'fin', at: 0, size: 1 }, { name: 'RSV1', kind: 'rsv', at: 1, size: 1 },
    { name: 'RSV2', kind: 'rsv', at: 2, size: 1 }, { name: 'RSV3', kind: 'rsv', at: 3, size: 1 },
    { name: 'opcode', kind: 'opcode', at: 4, size: 4 }, { name: 'MASK', kind: 'mask', at: 8, size: 1 },
    { name: 'length', kind: 'length', at: 9, size: 7 }];
  let at = 16;
  const add = (name, kind, size) => { fields.push({ name, kind, at, size }); at += size; };
  if (frame.lengthBytes) add('extended length', 'length', 8 * frame.lengthBytes);
  if (frame.masked) add('masking key', 'key', 32);
  return fields;
}

function makeBit(byte, bit, name, kind) {
  const one = lab.bytes[byte] >> (7 - bit) & 1;
  const button = element('button', `bit ${kind}`, String(one));
  button.type = 'button';
  button.tabIndex = -1;
  button.dataset.byte = byte;
  button.dataset.bit = bit;
  button.setAttribute('aria-pressed', String(one === 1));
  button.setAttribute('aria-label', `${one}: ${name}, byte ${byte}, bit ${bit}`);
  return button;
}

function drawHeader(frame, number) {
  const header = element('div', 'header group');
  header.setAttribute('role', 'group');
  header.setAttribute('aria-label', `Bits of the header of frame ${number}`);
  const fields = headerFields(frame);
  const [first, others] = [element('div'), element('div')]; // the two that every frame has, the rest
  const count = Math.min(frame.headerSize ?? 1, frame.bytes.length);
  for (let i = 0; i < count; ++i) {
    const box = element('div', i < 2 ? 'byte' : 'byte narrow');
    const at = frame.offset + i;
    box.append(element('p', 'mono', `byte ${at}: ${Frame.digits(lab.bytes[at])}`));
    const bits = element('div', 'bits');
    const names = element('div', 'names');
    names.setAttribute('aria-hidden', 'true');
    for (const field of fields) {
      const from = Math.max(field.at, 8 * i);
      const to = Math.min(field.at + field.size, 8 * i + 8);
      if (from >= to) continue;
      for (let bit = from; bit < to; ++bit) bits.append(makeBit(at, bit % 8, field.name, field.kind));
      const name = element('span', field.kind, field.name);
      name.style.gridColumn = `span ${to - from}`;
      names.append(name);
    }
    box.append(bits, names);
    (i < 2 ? first : others).append(box);
  }
  header.append(first);
  if (count > 2) header.append(others);
  return header;
}

// What each field says, in words.
function drawFields(frame) {
  const list = element('dl', 'fields');
  const add = (kind, name, value, meaning) => {
    const row = element('div');
    row.append(element('dt', kind, name), element('dd', 'mono', value), element('dd', '', meaning));
    list.append(row);
  };
  const fragment = Frame.isControl(frame.opcode) ? '' : ' of its message';
  add('fin', 'FIN', String(frame.fin), frame.fin ? `the last (or only) frame${fragment}` : 'more frames of this message follow (§5.4)');
  add('rsv', 'RSV1–3', frame.rsv.toString(2).padStart(3, '0'), frame.rsv === 0
    ? 'reserved for extensions, and not set' : frame.compressed && frame.rsv === 4
      ? 'RSV1: the message is compressed (RFC 7692 §6)' : 'set without an extension that gives it a meaning');
  add('opcode', 'opcode', frame.opcode.toString(16).toUpperCase(), opcodeText(frame.opcode));
  if (frame.bytes.length < 2) return list;
  add('mask', 'MASK', String(frame.masked), frame.masked
    ? 'a key follows, as in every frame of a client (§5.1)' : 'not masked, as every frame of a server (§5.1)');
  add('length', 'length', String(frame.shortLength), lengthText(frame));
  if (frame.lengthBytes && frame.length !== undefined)
    add('length', 'extended length', String(frame.length), `${8 * frame.lengthBytes} bits, the most significant byte first`);
  if (frame.headerComplete && frame.masked)
    add('key', 'masking key', Frame.hex(frame.key), 'payload byte i was XORed with key byte i mod 4 (§5.3)');
  return list;
}

function opcodeText(opcode) {
  const name = Frame.opcodeName(opcode);
  if (name === 'reserved') return 'reserved: no meaning yet (§5.2)';
  if (opcode === 0) return 'continuation: the next part of the message before (§5.4)';
  return Frame.isControl(opcode) ? `${name}, a control frame (§5.5)` : `${name}: a message begins (§5.6)`;
}

function lengthText({ shortLength }) {
  if (shortLength === 126) return '126: the length stands in the next 2 bytes';
  if (shortLength === 127) return '127: the length stands in the next 8 bytes';
  return `${plural(shortLength, 'byte')} of payload`;
}

// --- the payload ------------------------------------------------------------------------------------------

function drawPayload(frame, number) {
  const rows = Math.min(lab.rows.get(frame.offset) ?? firstRows, frame.payload.length);
  const table = element('table', 'group');
  table.append(element('caption', '', payloadTitle(frame)));
  const head = element('tr');
  const names = frame.masked ? ['byte', 'on the wire', '', '⊕ key', '= plain', ''] : ['byte', 'on the wire', '', ''];
  for (const name of names) {
    const cell = element(name === '' ? 'td' : 'th', '', name);
    if (name !== '') cell.scope = 'col';
    head.append(cell);
  }
  const thead = element('thead');
  thead.append(head);
  const body = element('tbody');
  for (let i = 0; i < rows; ++i) body.append(drawPayloadByte(frame, i));
  table.append(thead, body);
  table.setAttribute('aria-label', `Payload of frame ${number}`);
  const left = frame.payload.length - rows;
  return left === 0 ? [table] : [table, moreButton(left, 'payload byte', () => {
    lab.rows.set(frame.offset, rows + moreRows);
    explain();
  })];
}

function payloadTitle(frame) {
  const body = frame.payload;
  if (frame.opcode === 8 && body.length >= 2) {
    const reason = body.length > 2 ? `, reason ${Frame.quote(body.slice(2))}` : '';
    return `Payload: Close code ${body[0] << 8 | body[1]}${reason}`;
  }
  const kind = frame.compressed ? `${plural(body.length, 'byte')}, compressed`
    : frame.messageOpcode === 2 ? plural(body.length, 'byte') : Frame.quote(body, 120);
  return `Payload: ${kind}`;
}

function drawPayloadByte(frame, i) {
  const row = element('tr');
  const at = frame.offset + frame.headerSize + i;
  const cell = (name, text, className = '') => {
    const made = element('td', className, text);
    made.dataset.name = name;
    row.append(made);
    return made;
  };
  cell('byte', String(at));
  cell('wire', Frame.digits(frame.wirePayload[i]));
  const bits = element('div', 'bits');
  for (let bit = 0; bit < 8; ++bit) bits.append(makeBit(at, bit, 'payload', 'payload'));
  cell('', '', 'bitcell').append(bits);
  if (frame.masked) {
    cell('⊕ key', Frame.digits(frame.key[i % 4]));
    cell('= plain', Frame.digits(frame.payload[i]));
  }
  const wrong = frame.badByte === i;
  cell('', wrong ? '✗ no UTF-8' : Frame.characterAt(frame.payload, i), wrong ? 'wrong' : 'mark');
  return row;
}

// --- a compressed message -----------------------------------------------------------------------------------

// Its blocks, codes and what they stand for: one symbol in a row.
function drawUnpacked(frame, number) {
  const { bytes, lines } = frame.unpacked;
  const rows = Math.min(lab.symbols.get(frame.offset) ?? firstSymbols, lines.length);
  const table = element('table', 'symbols');
  const content = frame.messageOpcode === 2 ? `[${Frame.hex(bytes, 40)}]` : Frame.quote(bytes, 400);
  table.append(element('caption', '', `Unpacked: ${plural(bytes.length, 'byte')}: ${content}`));
  table.setAttribute('aria-label', `Symbols of the message that frame ${number} ends`);
  const head = element('tr');
  for (const name of ['bits', 'stand for']) {
    const cell = element('th', '', name);
    cell.scope = 'col';
    head.append(cell);
  }
  const thead = element('thead');
  thead.append(head);
  const body = element('tbody');
  for (const { bits, meaning } of lines.slice(0, rows)) {
    const row = element('tr', meaning.includes(' block') && bits.includes(' ') ? 'block' : '');
    row.append(element('td', '', bits), element('td', 'mark', meaning));
    body.append(row);
  }
  table.append(thead, body);
  return lines.length === rows ? [table] : [table, moreButton(lines.length - rows, 'symbol', () => {
    lab.symbols.set(frame.offset, rows + moreRows);
    explain();
  })];
}

// --- the keyboard on the bits -----------------------------------------------------------------------------

const bitAt = (byte, bit) => document.querySelector(`.bit[data-byte="${byte}"][data-bit="${bit}"]`);

// One stop of the Tab key for each group; arrows go on from there.
function focusBit(bit) {
  if (!bit) return;
  for (const other of bit.closest('.group').querySelectorAll('.bit[tabindex="0"]')) other.tabIndex = -1;
  bit.tabIndex = 0;
  bit.focus();
}

function moveFrom(bit, key) {
  const bits = [...bit.closest('.group').querySelectorAll('.bit')];
  const at = bits.indexOf(bit);
  const steps = { ArrowLeft: at - 1, ArrowRight: at + 1, ArrowUp: at - 8, ArrowDown: at + 8,
                  Home: 0, End: bits.length - 1 };
  if (!(key in steps)) return false;
  focusBit(bits[Math.min(Math.max(steps[key], 0), bits.length - 1)]);
  return true;
}

function toggle({ byte, bit }) {
  const bytes = lab.bytes.slice();
  bytes[byte] ^= 0x80 >> bit;
  show(bytes);
  focusBit(bitAt(byte, bit));
}

byId('explained').addEventListener('keydown', (event) => {
  if (event.target.classList.contains('bit') && moveFrom(event.target, event.key)) event.preventDefault();
});
byId('explained').addEventListener('click', (event) => {
  if (event.target.classList.contains('bit')) toggle(event.target.dataset);
});

// --- the fields ---------------------------------------------------------------------------------------------

byId('maker').addEventListener('input', (event) => {
  showFields();
  // Bytes from elsewhere are only judged anew: they are not ours to make.
  if (event.target.name === 'sender' && !lab.made) explain();
  else make();
});
byId('maker').addEventListener('submit', (event) => {
  event.preventDefault();
  lab.before = lab.bytes;
  lab.keys = [];
  make();
  byId('message').focus();
});
byId('deflate').addEventListener('change', explain);
byId('new-key').addEventListener('click', () => {
  byId('key').value = Frame.hex(randomKey());
  make();
});
byId('clear').addEventListener('click', () => {
  startOver();
  byId('key').value = '';
  byId('message').value = '';
  make();
  byId('message').focus();
});

// What a dump holds besides its frames: its directions, when there are several, and HTTP heads.
function showStreams(streams) {
  lab.streams = streams;
  byId('stream-label').hidden = streams.length < 2;
  byId('stream').replaceChildren(...streams.map(({ name }, i) => new Option(name || 'without a name', i)));
  showHeads(streams[0]);
}

function showHeads(stream) {
  byId('head').hidden = !stream?.heads.length;
  byId('head').textContent = stream?.heads.join('\r\n\r\n') ?? '';
}

// Who has sent it can be seen from its head, or else from its first frame: clients mask.
function takeStream(stream) {
  const client = stream.heads.length > 0 ? stream.heads[0].startsWith('GET ') : (stream.bytes[1] & 0x80) !== 0;
  if (stream.heads.length > 0 || stream.name !== '') {
    document.querySelector(`input[name=sender][value=${client ? 'client' : 'server'}]`).checked = true;
    showFields();
  }
  showHeads(stream);
  const answers = lab.streams.flatMap(({ heads }) => heads).filter((head) => head.startsWith('HTTP/'));
  if (answers.length > 0)
    byId('deflate').checked = answers.some((head) => /^sec-websocket-extensions: *permessage-deflate/im.test(head));
  startOver();
  lab.bytes = stream.bytes;
  lab.made = false;
  explain();
}

byId('hex').addEventListener('input', () => {
  const { streams, error } = Dump.read(byId('hex').value);
  byId('hex-state').className = streams ? '' : 'error';
  byId('hex-state').textContent = error;
  showStreams(streams ?? []);
  if (streams) return takeStream(streams[0] ?? { name: '', heads: [], bytes: new Uint8Array() });
  // What was said of the bytes before is true no longer.
  startOver();
  byId('verdict').className = '';
  byId('verdict').textContent = '';
  byId('explained').replaceChildren();
});
byId('stream').addEventListener('change', () => takeStream(lab.streams[Number(byId('stream').value)]));

const examples = [
  ['a text, masked (§5.7)', 'client', '81 85 37 FA 21 3D 7F 9F 4D 51 58'],
  ['a text from a server (§5.7)', 'server', '81 05 48 65 6C 6C 6F'],
  ['two fragments, and a ping between them (§5.4)', 'server', '01 03 48 65 6C 89 00 80 02 6C 6F'],
  ['a length in 16 bits: 256 bytes', 'server', `82 7E 01 00${' 07'.repeat(256)}`],
  ['a Close, 1000 "bye"', 'client', '88 85 37 FA 21 3D 34 12 43 44 52'],
  ['a compressed text, and another that refers to it (RFC 7692)', 'server',
   'C1 16 CA CF 4B 55 48 CB 2C CE D0 51 28 29 CF 87 B2 8A 52 53 C0 2C 00 00 C1 09 C2 26 97 94 53 0A 11 04 00', true],
  ['wrong: a client that does not mask', 'client', '81 05 48 65 6C 6C 6F'],
  ['wrong: RSV1 without an extension', 'server', 'C1 05 48 65 6C 6C 6F'],
  ['wrong: a reserved opcode', 'server', '83 00'],
  ['wrong: five in 16 bits', 'server', '81 7E 00 05 48 65 6C 6C 6F'],
  ['wrong: 2^63 bytes announced', 'server', '82 7F 80 00 00 00 00 00 00 00'],
  ['wrong: half a ping', 'server', '09 00'],
  ['wrong: a continuation of nothing', 'server', '80 01 61'],
  ['wrong: a compressed text whose block has the type 3', 'server', 'C1 01 07', true],
  ['wrong: a text within a text', 'server', '01 01 61 81 01 62'],
  ['wrong: a text that is no UTF-8', 'server', '81 03 61 FF 62'],
  ['wrong: close code 1005', 'server', '88 02 03 ED'],
  ['incomplete: 2 of 5 bytes', 'server', '81 05 48 65'],
];
for (const [name] of examples) byId('example').append(new Option(name));
byId('example').addEventListener('change', () => {
  const chosen = examples[byId('example').selectedIndex - 1];
  if (chosen) load(Frame.parseHex(chosen[2]).bytes, chosen[1], { compresses: chosen[3] });
});

// --- live -----------------------------------------------------------------------------------------------------

let talk = null;    // the conversation
let trace = null;   // what the server saw of it
let latest = null;  // the trace that is shown: its last frames may come after the conversation's end
let lines = 0;
const fragments = { client: [], server: [] };  // of a message that is not complete

function setStatus(text, className) {
  byId('status').textContent = text;
  byId('status').className = className;
  const open = className === 'open';
  for (const id of ['send-text', 'send-binary', 'close']) byId(id).disabled = !open;
  byId('connect').textContent = talk || trace ? 'Disconnect' : 'Connect';
}

function randomToken() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)),
                    (byte) => byte.toString(16).padStart(2, '0')).join('');
}

// First the trace, and when the server is ready to show it, the conversation.
function connect() {
  const base = `${location.protocol === 'https:' ? 'wss:' : 'ws:'}//${location.host}`;
  const path = byId('path').value;
  const token = randomToken();
  fragments.client = fragments.server = [];
  const splitters = { '>': new Frame.Splitter('client'), '<': new Frame.Splitter('server') };
  const watching = new WebSocket(`${base}/lab/trace?lab=${token}`);
  let ready = false;
  lines = 0;
  byId('trace').replaceChildren();
  byId('live-error').textContent = '';
  watching.binaryType = 'arraybuffer';
  watching.addEventListener('message', ({ data }) => {
    if (latest !== watching) return;
    const message = new Uint8Array(data);
    const mark = String.fromCharCode(message[0]);
    if (mark === '=' && !ready) {
      ready = true;
      converse(`${base}${path}${path.includes('?') ? '&' : '?'}lab=${token}`);
    } else if (mark in splitters) {
      for (const item of splitters[mark].push(message.subarray(1))) {
        if (item.head && /^sec-websocket-extensions: *permessage-deflate/im.test(item.head))
          for (const { receiver } of Object.values(splitters)) receiver.compresses = true;
        addTraced(item, splitters[mark].sender);
      }
    }
  });
  watching.addEventListener('close', ({ reason }) => {
    if (latest === watching) {
      for (const splitter of Object.values(splitters)) {
        const item = splitter.unfinished();
        if (item) addTraced(item, splitter.sender);
      }
    }
    if (trace !== watching) return;
    trace = null;
    if (talk) byId('live-error').textContent = `The trace has ended${reason === '' ? '' : `: ${reason}`}.`;
    if (!ready) setStatus(`no trace from this server${reason === '' ? '' : `: ${reason}`}`, 'lost');
  });
  trace = latest = watching;
  setStatus('connecting', '');
}

function converse(url) {
  let opening;
  try {
    opening = new WebSocket(url);
  } catch (error) {
    byId('live-error').textContent = error.message;
    return disconnect();
  }
  const watched = trace;
  talk = opening;
  opening.binaryType = 'arraybuffer';
  opening.addEventListener('open', () => {
    setStatus('connected', 'open');
    byId('text').focus();
  });
  opening.addEventListener('close', ({ code, reason }) => {
    if (talk !== opening) return;
    talk = trace = null;
    setStatus(`closed: ${code}${reason === '' ? '' : ` "${reason}"`}`, code === 1000 ? '' : 'lost');
    // The last frames may still be on their way to us.
    setTimeout(() => watched?.close(), 1000);
  });
}

function disconnect() {
  const [old, watched] = [talk, trace];
  talk = trace = latest = null;
  old?.close();
  watched?.close();
  setStatus('not connected', '');
}

// One frame, or the head of the handshake.
function addTraced({ head, frame }, from) {
  const list = byId('trace');
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  const line = element('li', from);
  const arrow = element('span', 'arrow', from === 'client' ? '→' : '←');
  const number = String(++lines);
  if (head !== undefined) {
    const text = element('div', 'head mono', `${number} `);
    text.append(arrow, ` ${head.split('\r\n')[0]}`);
    line.append(text);
  } else {
    line.append(tracedFrame(frame, from, number, arrow));
  }
  list.append(line);
  while (list.childElementCount > mostTraced) list.firstElementChild.remove();
  if (atEnd) list.scrollTop = list.scrollHeight;
}

// What is explained together: a frame, and of a fragmented message those before it.
function partsOf(frame, from) {
  if (Frame.isControl(frame.opcode)) return [frame.bytes];
  const parts = [...(frame.opcode === 0 ? fragments[from] : []), frame.bytes];
  fragments[from] = frame.fin ? [] : parts;
  return parts;
}

function tracedFrame(frame, from, number, arrow) {
  const parts = partsOf(frame, from);
  const button = element('button');
  button.type = 'button';
  button.append(`${number} `, arrow, ` ${Frame.hex(frame.bytes, 8)}`);
  if (frame.headerComplete) button.append(element('span', 'what', Frame.describeFrame(frame)));
  if (frame.unpacked && !frame.unpacked.error)
    button.append(element('span', 'what', `unpacked: ${plural(frame.unpacked.bytes.length, 'byte')} ${Frame.quote(frame.unpacked.bytes, 60)}`));
  if (frame.missing)
    button.append(element('span', 'what broken', `✂ the trace ends within this frame: ${missingText(frame)}`));
  for (const name of frame.broken)
    button.append(element('span', 'what broken', `✗ ${Frame.rules[name].section}: ${Frame.rules[name].sentence}`));
  button.addEventListener('click', () => {
    for (const other of byId('trace').querySelectorAll('[aria-current]')) other.removeAttribute('aria-current');
    button.setAttribute('aria-current', 'true');
    load(Frame.append(...parts), from, { compresses: frame.compressed, said: frame.saidBefore });
    byId('frames').scrollIntoView({ block: 'nearest' });
  });
  return button;
}

function send(binary) {
  const text = byId('text').value;
  const bytes = new TextEncoder().encode(text);
  byId('live-error').textContent = bytes.length > mostLiveBytes
    ? `a live message has at most ${mostLiveBytes} bytes` : '';
  if (talk?.readyState !== WebSocket.OPEN || bytes.length > mostLiveBytes) return;
  talk.send(binary ? bytes : text);
  byId('text').value = '';
}

byId('connection').addEventListener('submit', (event) => {
  event.preventDefault();
  if (talk || trace) disconnect();
  else connect();
});
byId('say').addEventListener('submit', (event) => {
  event.preventDefault();
  send(false);
});
byId('send-binary').addEventListener('click', () => send(true));
byId('text').addEventListener('input', () => {
  if (byId('each-key').checked && byId('text').value !== '') send(false);
});
byId('end').addEventListener('submit', (event) => {
  event.preventDefault();
  byId('live-error').textContent = '';
  try {
    talk?.close(Number(byId('close-code').value), byId('close-reason').value);
  } catch (error) {  // a browser lets pages say 1000 and 3000 to 4999, and 123 bytes of reason
    byId('live-error').textContent = error.message;
  }
});

const fromDisk = location.protocol === 'file:';
byId('offline').hidden = !fromDisk;
byId('online').hidden = fromDisk;
byId('nav').hidden = fromDisk;
showFields();
setStatus('not connected', '');
byId('path').value = document.documentElement.dataset.websocket;
if (!loadFromLink()) make();
window.addEventListener('hashchange', loadFromLink);
