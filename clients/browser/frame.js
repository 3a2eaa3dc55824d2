// Frames as values, RFC 6455 §5: bytes in, explanations out; and back. Nothing here knows a page,
// so node can test it: tests/vectors/frames.txt holds this file and src/ws to the same facts.
// In a page it is the object `Frame`; deflate.js stands before it there.
'use strict';

const Frame = (() => {
  const deflate = typeof module === 'undefined' ? Deflate : require('./deflate.js');

  // --- the rules, in the words of src/ws/error.cpp ------------------------------------------------

  const rule = (code, section, sentence, rfc = 6455) =>
    ({ code, section: `RFC ${rfc} ${section}`, sentence });
  const stream = (section, sentence, rfc = 1951) =>
    rule(1007, section, `the compressed message ${sentence}`, rfc);
  const rules = {
    rsv_without_extension: rule(1002, '§5.2',
      'a reserved bit is set, and no extension that defines it was negotiated'),
    reserved_opcode: rule(1002, '§5.2', 'the opcode is reserved (3 to 7, 11 to 15)'),
    frame_not_masked: rule(1002, '§5.1', 'a frame from a client must be masked'),
    frame_masked: rule(1002, '§5.1', 'a frame from a server must not be masked'),
    length_not_minimal: rule(1002, '§5.2', 'the payload length is not written in its shortest form'),
    length_top_bit: rule(1002, '§5.2',
      'the most significant bit of a 64-bit payload length must be 0'),
    control_too_long: rule(1002, '§5.5', 'a control frame has a payload of more than 125 bytes'),
    control_fragmented: rule(1002, '§5.5', 'a control frame must not be fragmented'),
    unexpected_continuation: rule(1002, '§5.4',
      'a continuation frame came, and there is no message to continue'),
    expected_continuation: rule(1002, '§5.4',
      'a new message began before the fragmented one had ended'),
    invalid_utf8: rule(1007, '§8.1', 'a text message is not valid UTF-8'),
    close_body_of_one_byte: rule(1002, '§5.5.1',
      'a Close body is empty or begins with a code of two bytes'),
    invalid_close_code: rule(1002, '§7.4', 'this close code must not be sent'),
    invalid_close_reason: rule(1007, '§5.5.1', 'the reason in a Close frame is not valid UTF-8'),
    message_too_big: rule(1009, '§10.4', 'the message is larger than this endpoint allows'),
    rsv1_not_on_first_frame: rule(1002, '§6',
      'RSV1 is set on a control frame or on a fragment that is not the first', 7692),
    reserved_block_type: stream('§3.2.3', 'holds a block of the reserved type 3'),
    stored_length_mismatch: stream('§3.2.4',
      'holds a stored block whose length contradicts its complement'),
    too_many_literal_codes: stream('§3.2.7',
      'holds a block with more than 286 literal and length codes'),
    no_length_to_repeat: stream('§3.2.7', 'repeats a code length before the first one'),
    too_many_lengths: stream('§3.2.7', 'repeats a code length beyond the last code'),
    oversubscribed_code: stream('§3.2.2', 'holds a code that is too short for its symbols'),
    incomplete_code: stream('§3.2.7', 'holds a code with unused bit sequences'),
    no_end_of_block: stream('§3.2.7', 'holds a block that can never end: symbol 256 has no code'),
    unassigned_code: stream('§3.2.6', 'uses a code that stands for nothing'),
    distance_too_far: stream('§3.2.3',
      'refers to bytes before its beginning or outside the agreed window'),
    unfinished_block: stream('§7.2.2', 'ends in the middle of a block', 7692),
  };

  const opcodes = { 0: 'continuation', 1: 'text', 2: 'binary', 8: 'close', 9: 'ping', 10: 'pong' };
  const opcodeName = (opcode) => opcodes[opcode] ?? 'reserved';
  const isControl = (opcode) => (opcode & 8) !== 0;

  // --- bytes and text ---------------------------------------------------------------------------

  const digits = (byte) => byte.toString(16).toUpperCase().padStart(2, '0');

  // "81 05 48"; beyond `max` bytes the rest is "…".
  function hex(bytes, max = Infinity) {
    const shown = Array.from(bytes.slice(0, max === Infinity ? undefined : max), digits);
    if (bytes.length > max) shown.push('…');
    return shown.join(' ');
  }

  // Reads "81 05 48", "810548", "0x81, 0x05"; what is wrong stands in `error`.
  function parseHex(text) {
    const bytes = [];
    const plain = text.replace(/(^|[^0-9a-z])0x/gi, '$1');
    for (const word of plain.split(/[^0-9a-z]+/i)) {
      if (/[^0-9a-f]/i.test(word))
        return { bytes: null, error: `"${word.slice(0, 20)}" is not hex: digits are 0 to 9 and A to F` };
      if (word.length % 2 !== 0)
        return { bytes: null, error: `"${word.slice(-21)}": a byte is two hex digits, and one stands alone` };
      for (let i = 0; i < word.length; i += 2) bytes.push(parseInt(word.slice(i, i + 2), 16));
    }
    return { bytes: Uint8Array.from(bytes), error: '' };
  }

  // UTF-8 as it arrives, §8.1: true until the first byte that cannot belong.
  class Utf8 {
    need = 0;        // continuation bytes that are missing
    low = 0x80;      // the range of the next one
    high = 0xBF;
    // The index of the first wrong byte, or -1.
    feed(bytes) {
      for (let i = 0; i < bytes.length; ++i) if (!this.take(bytes[i])) return i;
      return -1;
    }
    take(byte) {
      if (this.need > 0) {
        if (byte < this.low || byte > this.high) return false;
        --this.need;
        this.low = 0x80;
        this.high = 0xBF;
        return true;
      }
      if (byte < 0x80) return true;
      if (byte < 0xC2 || byte > 0xF4) return false;  // C0, C1: only overlong; F5: beyond U+10FFFF
      this.need = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
      if (byte === 0xE0) this.low = 0xA0;   // not overlong
      if (byte === 0xED) this.high = 0x9F;  // no surrogates
      if (byte === 0xF0) this.low = 0x90;
      if (byte === 0xF4) this.high = 0x8F;
      return true;
    }
    get complete() { return this.need === 0; }
  }

  // The length of the printable character at `at`; 0: none.
  function printable(bytes, at) {
    const lead = bytes[at];
    if (lead < 0x80) return lead >= 0x20 && lead !== 0x7F ? 1 : 0;
    const check = new Utf8();
    for (let length = 1; length <= 4 && at + length <= bytes.length; ++length) {
      if (!check.take(bytes[at + length - 1])) return 0;
      if (check.complete) return lead === 0xC2 && bytes[at + 1] < 0xA0 ? 0 : length;
    }
    return 0;
  }

  const escapes = { 9: '\\t', 10: '\\n', 13: '\\r', 34: '\\"', 92: '\\\\' };
  const escapedByte = (byte) => escapes[byte] ?? `\\x${digits(byte)}`;
  const decoder = new TextDecoder();

  // The character that begins with this byte, "·" for a byte within one, else an escape.
  function characterAt(bytes, at) {
    for (let before = Math.max(0, at - 3); before < at; ++before)
      if (printable(bytes, before) > at - before) return '·';
    const length = printable(bytes, at);
    return length > 0 ? decoder.decode(bytes.slice(at, at + length)) : escapedByte(bytes[at]);
  }

  // "Hel…": bytes between quotation marks, and every one that cannot be shown as an escape.
  function quote(bytes, max = Infinity) {
    let text = '';
    let at = 0;
    while (at < bytes.length && at < max) {
      const length = escapes[bytes[at]] ? 0 : printable(bytes, at);
      text += length > 0 ? decoder.decode(bytes.slice(at, at + length)) : escapedByte(bytes[at]);
      at += Math.max(length, 1);
    }
    return `"${text}${at < bytes.length ? '…' : ''}"`;
  }

  deflate.quoteWith((bytes, max) => quote(Uint8Array.from(bytes), max));

  // Payload byte i with key byte i mod 4, §5.3; the same in both directions.
  const mask = (bytes, key) => bytes.map((byte, i) => byte ^ key[i % 4]);

  // --- one frame --------------------------------------------------------------------------------

  // The frame that begins at `offset`, as far as it is here:
  //   whole header?   headerComplete, and then length, payload, wirePayload
  //   missing         { bytes, field } of an incomplete frame, else null; bytes is a BigInt
  function decode(bytes, offset = 0) {
    const here = bytes.subarray(offset);
    const frame = { offset, size: here.length, bytes: here, headerComplete: false, missing: null,
                    payload: new Uint8Array(), wirePayload: new Uint8Array() };
    const lacks = (count, field) => { frame.missing = { bytes: BigInt(count), field }; return frame; };
    if (here.length === 0) return lacks(2, 'first two bytes');
    frame.fin = here[0] >> 7;
    frame.rsv = here[0] >> 4 & 7;
    frame.opcode = here[0] & 15;
    if (here.length === 1) return lacks(1, 'first two bytes');
    frame.masked = here[1] >> 7;
    frame.shortLength = here[1] & 0x7F;
    frame.lengthBytes = frame.shortLength === 126 ? 2 : frame.shortLength === 127 ? 8 : 0;
    frame.headerSize = 2 + frame.lengthBytes + 4 * frame.masked;
    const keyAt = 2 + frame.lengthBytes;
    if (here.length < keyAt) return lacks(keyAt - here.length, 'length');
    frame.length = BigInt(frame.shortLength);
    if (frame.lengthBytes > 0) {
      frame.length = 0n;
      for (const byte of here.subarray(2, keyAt)) frame.length = frame.length << 8n | BigInt(byte);
    }
    if (here.length < frame.headerSize) return lacks(frame.headerSize - here.length, 'masking key');
    frame.headerComplete = true;
    frame.key = here.subarray(keyAt, frame.headerSize);
    const rest = here.subarray(frame.headerSize);
    frame.wirePayload = BigInt(rest.length) > frame.length ? rest.subarray(0, Number(frame.length)) : rest;
    frame.payload = frame.masked ? mask(frame.wirePayload, frame.key) : frame.wirePayload.slice();
    frame.size = frame.headerSize + frame.wirePayload.length;
    frame.bytes = here.subarray(0, frame.size);
    const absent = frame.length - BigInt(frame.wirePayload.length);
    return absent > 0n ? lacks(absent, 'payload') : frame;
  }

  const shortestForm = (length) => (length < 126n ? 0 : length < 65536n ? 2 : 8);

  // Every rule that a header alone can break; the first is the one that a receiver names.
  // `sender` is 'client' or 'server'; `compresses`: permessage-deflate was agreed on.
  function checkHeader(frame, sender, compresses = false) {
    const broken = [];
    if (!frame.headerComplete) return broken;
    const isReserved = opcodeName(frame.opcode) === 'reserved';
    if ((compresses ? frame.rsv & 3 : frame.rsv) !== 0) broken.push('rsv_without_extension');
    else if (frame.rsv !== 0 && (isControl(frame.opcode) || frame.opcode === 0))
      broken.push('rsv1_not_on_first_frame');
    if (isReserved) broken.push('reserved_opcode');
    if (sender === 'client' && !frame.masked) broken.push('frame_not_masked');
    if (sender === 'server' && frame.masked) broken.push('frame_masked');
    if (isControl(frame.opcode) && frame.length > 125n) broken.push('control_too_long');
    if (isControl(frame.opcode) && !frame.fin) broken.push('control_fragmented');
    if (frame.length >> 63n !== 0n) broken.push('length_top_bit');
    if (frame.lengthBytes !== shortestForm(frame.length)) broken.push('length_not_minimal');
    return broken;
  }

  const sendable = [[1000, 1003], [1007, 1014], [3000, 4999]];
  const mayBeSent = (code) => sendable.some(([first, last]) => first <= code && code <= last);

  // --- frames in a row --------------------------------------------------------------------------

  // What a receiver remembers from frame to frame.
  class Receiver {
    message = null;   // { opcode, utf8, packed } while a fragmented one is not complete
    failed = false;
    closed = false;
    kind = 2;         // what a continuation continues, also a wrong one: as in ws/trace

    // `compresses`: permessage-deflate was agreed on. `said`: what this side has said before, as far
    // as a compressed message may refer to it.
    constructor({ compresses = false, said = new Uint8Array() } = {}) {
      this.compresses = compresses;
      this.said = said;
    }

    // Adds to a decoded frame: `broken`, names of rules; `badByte`, the first payload byte that is
    // no UTF-8, or -1; `unread`, why a receiver does not look at it any more, or ''. Where its message
    // is compressed: `compressed`, `saidBefore`, and `unpacked` (deflate.js) on the last frame.
    take(frame, sender) {
      frame.broken = checkHeader(frame, sender, this.compresses);
      frame.badByte = -1;
      frame.compressed = false;
      frame.saidBefore = this.said;
      if (frame.headerComplete && !isControl(frame.opcode) && frame.opcode !== 0) this.kind = frame.opcode;
      frame.messageOpcode = frame.opcode === 0 ? this.kind : frame.opcode;
      frame.unread = this.failed ? 'failed' : this.closed ? 'closed' : '';
      if (frame.unread || !frame.headerComplete) return;
      if (frame.broken.length === 0) {
        if (isControl(frame.opcode)) this.control(frame);
        else this.data(frame);
      }
      this.failed = frame.broken.length > 0;
    }

    data(frame) {
      if (frame.opcode === 0 && !this.message) return frame.broken.push('unexpected_continuation');
      if (frame.opcode !== 0 && this.message) return frame.broken.push('expected_continuation');
      if (frame.opcode !== 0)
        this.message = { opcode: frame.opcode, utf8: new Utf8(), packed: frame.rsv === 4 ? [] : null };
      const { opcode, utf8, packed } = this.message;
      const last = frame.fin && !frame.missing;
      if (packed) {
        frame.compressed = true;
        packed.push(frame.payload);
        if (last) this.unpack(frame);
      } else if (opcode === 1) {
        frame.badByte = utf8.feed(frame.payload);
        if (frame.badByte >= 0 || (last && !utf8.complete)) frame.broken.push('invalid_utf8');
      }
      if (last) this.message = null;
    }

    unpack(frame) {
      const { opcode, packed } = this.message;
      frame.unpacked = deflate.unpack(append(...packed), this.said);
      const { bytes, error, said } = frame.unpacked;
      const utf8 = new Utf8();
      if (error) frame.broken.push(error);
      else if (opcode === 1 && (utf8.feed(bytes) >= 0 || !utf8.complete)) frame.broken.push('invalid_utf8');
      this.said = said;
    }

    control(frame) {
      if (frame.opcode !== 8 || frame.missing) return;
      const body = frame.payload;
      this.closed = true;
      if (body.length === 0) return;
      if (body.length === 1) return frame.broken.push('close_body_of_one_byte');
      if (!mayBeSent(body[0] << 8 | body[1])) return frame.broken.push('invalid_close_code');
      const utf8 = new Utf8();
      const bad = utf8.feed(body.slice(2));
      if (bad < 0 && utf8.complete) return;
      frame.badByte = bad < 0 ? -1 : bad + 2;
      frame.broken.push('invalid_close_reason');
    }
  }

  // All frames in `bytes`, decoded and judged, as sent by `sender`; `agreed` as Receiver has it.
  function explain(bytes, sender, agreed) {
    const frames = [];
    const receiver = new Receiver(agreed);
    for (let offset = 0; offset < bytes.length;) {
      const frame = decode(bytes, offset);
      receiver.take(frame, sender);
      frames.push(frame);
      offset += frame.size;
    }
    return frames;
  }

  // --- making frames ----------------------------------------------------------------------------

  function append(...parts) {
    const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }

  // One frame in its shortest form; masked when there is a key.
  function encode({ fin = 1, rsv = 0, opcode, key = null, payload }) {
    const length = payload.length;
    const form = shortestForm(BigInt(length));
    const extended = [];
    for (let i = form - 1; i >= 0; --i) extended.push(Number(BigInt(length) >> BigInt(8 * i) & 255n));
    const short = form === 0 ? length : form === 2 ? 126 : 127;
    const head = [fin << 7 | rsv << 4 | opcode, (key ? 0x80 : 0) | short, ...extended];
    return append(head, key ?? [], key ? mask(payload, key) : payload);
  }

  // A message as frames of at most `size` payload bytes (0: one frame); `nextKey` gives a key for
  // each, or null. Control frames are never split (§5.5).
  function encodeMessage({ opcode, payload, size = 0, nextKey }) {
    if (size === 0 || isControl(opcode) || payload.length <= size)
      return encode({ opcode, payload, key: nextKey() });
    const frames = [];
    for (let at = 0; at < payload.length; at += size)
      frames.push(encode({ fin: Number(at + size >= payload.length), opcode: at === 0 ? opcode : 0,
                           payload: payload.slice(at, at + size), key: nextKey() }));
    return append(...frames);
  }

  // The payload of a Close, §5.5.1; nothing for no code.
  function closeBody(code, reason) {
    if (code === null) return new Uint8Array();
    return append([code >> 8 & 255, code & 255], new TextEncoder().encode(reason));
  }

  // --- a line a frame, as `--trace` prints it -----------------------------------------------------

  const shownPayload = 24;
  const keptPayload = shownPayload + 3;
  const traceNames = { 0: 'CONT', 1: 'TEXT', 2: 'BINARY', 8: 'CLOSE', 9: 'PING', 10: 'PONG' };

  function describeHeader(frame) {
    let text = traceNames[frame.opcode] ?? `OPCODE-${frame.opcode}`;
    if (frame.fin) text += ' FIN';
    for (let bit = 1; bit <= 3; ++bit) if (frame.rsv >> (3 - bit) & 1) text += ` RSV${bit}`;
    if (frame.masked) text += ' masked';
    return `${text} len=${frame.length}`;
  }

  function describePayload(frame) {
    let shown = frame.payload.subarray(0, keptPayload);
    if (shown.length === 0) return '';
    const shortened = frame.payload.length > shown.length;
    const type = frame.compressed ? 2 : frame.messageOpcode ?? frame.opcode;
    let text = '';
    if (frame.opcode === 8 && shown.length >= 2) {
      text = ` ${shown[0] << 8 | shown[1]}`;
      shown = shown.subarray(2);
      if (shown.length === 0) return text;
    }
    if (type === 2) return `${text} [${hex(shown, shownPayload / 3)}]`;
    let quoted = quote(shown, shownPayload);
    if (shortened && shown.length <= shownPayload) quoted = `${quoted.slice(0, -1)}…"`;
    return `${text} ${quoted}`;
  }

  // What the frame is: TEXT FIN masked len=5 "Hello"
  const describeFrame = (frame) => describeHeader(frame) + describePayload(frame);

  // The same, what never came of it, and the rule that its header breaks.
  function describe(frame, sender) {
    if (!frame.headerComplete) return "a frame's header that was never completed";
    let text = describeFrame(frame);
    if (frame.missing) text += ` (${frame.missing.bytes} bytes never came)`;
    const [broken] = checkHeader(frame, sender);
    if (broken) text += `  ✗ ${rules[broken].section}: ${rules[broken].sentence}`;
    return text;
  }

  const shownBytes = 8;
  const hexColumn = 3 * shownBytes + 3;

  function traceLine(number, frame, sender) {
    const arrow = sender === 'client' ? '→' : '←';
    return `${String(number).padStart(3)} ${arrow} ` +
           hex(frame.bytes, shownBytes).padEnd(hexColumn) + describe(frame, sender);
  }

  // --- a conversation, as bytes arrive ------------------------------------------------------------

  // One direction of a connection: takes the bytes of reads or writes, gives whole frames, and the
  // head of the handshake where the bytes begin with one.
  class Splitter {
    constructor(sender) {
      this.sender = sender;
      this.receiver = new Receiver();
      this.rest = new Uint8Array();
      this.begun = sender === 'client';  // what we are shown of a client begins with frames
    }
    push(bytes) {
      const items = [];
      this.rest = append(this.rest, bytes);
      if (!this.begun) {
        if (this.rest.length < 5) return items;
        if (decoder.decode(this.rest.subarray(0, 5)) === 'HTTP/') {
          const end = decoder.decode(this.rest).indexOf('\r\n\r\n');
          if (end < 0) return items;
          items.push({ head: decoder.decode(this.rest.subarray(0, end)) });
          this.rest = this.rest.slice(end + 4);
        }
        this.begun = true;
      }
      while (this.rest.length > 0) {
        const frame = decode(this.rest);
        if (frame.missing) break;
        this.receiver.take(frame, this.sender);
        frame.bytes = frame.bytes.slice();
        items.push({ frame });
        this.rest = this.rest.slice(frame.size);
      }
      return items;
    }
    // What is left when no more bytes come: a head or frame of which only the beginning is here.
    unfinished() {
      const bytes = this.rest;
      this.rest = new Uint8Array();
      if (bytes.length === 0) return null;
      if (!this.begun) return { head: decoder.decode(bytes) };
      const frame = decode(bytes);
      this.receiver.take(frame, this.sender);
      return { frame };
    }
  }

  return { rules, opcodeName, isControl, hex, digits, parseHex, Utf8, quote, mask, decode,
           checkHeader, mayBeSent, explain, append, encode, encodeMessage, closeBody, describe,
           describeFrame, traceLine, characterAt, Splitter };
})();

if (typeof module !== 'undefined') module.exports = Frame;
