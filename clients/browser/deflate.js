// A compressed message, symbol by symbol: RFC 1951, and what RFC 7692 §7.2.2 puts after it. Nothing
// here knows a page or a frame; tests/vectors/deflate.txt holds this file and `make explain` to the
// same lines. In a page it is the object `Deflate`.
'use strict';

const Deflate = (() => {
  // A stream broke a rule, named as in src/ws/error.hpp.
  class Broken extends Error {}

  const windowSize = 32768;
  const mostUnpacked = 262144;  // of a message: the page has to draw it
  const tail = [0x00, 0x00, 0xFF, 0xFF];
  const lengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
  const endOfBlock = 256;

  // §3.2.5: from the second group on, each group of symbols has one extra bit more.
  function extended(index, group, least) {
    if (index < group) return { base: least + index, extra: 0 };
    const extra = Math.floor(index / group) - 1;
    return { base: least + ((group + index % group) << extra), extra };
  }
  const lengthOf = (symbol) => (symbol === 285 ? { base: 258, extra: 0 } : extended(symbol - 257, 4, 3));
  const distanceOf = (symbol) => extended(symbol, 2, 1);

  // How many codes of each length there are, and the symbols in the order of their codes, §3.2.2.
  // `lone`: a single code of one bit may be incomplete.
  function makeCode(lengths, lone) {
    const counts = new Array(16).fill(0);
    const symbols = [];
    for (let bits = 1; bits < 16; ++bits)
      lengths.forEach((length, symbol) => {
        if (length !== bits) return;
        ++counts[bits];
        symbols.push(symbol);
      });
    let room = 1;
    for (let bits = 1; bits < 16; ++bits) {
      room = 2 * room - counts[bits];
      if (room < 0) throw new Broken('oversubscribed_code');
    }
    if (room > 0 && !(lone && symbols.length === counts[1])) throw new Broken('incomplete_code');
    return { counts, symbols };
  }

  const fixedLengths = Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8));

  class Reader {
    constructor(packed, said) {
      this.packed = packed;
      this.out = Array.from(said);
      this.at = 0;      // in bits
      this.bits = '';   // of the line at hand
      this.lines = [];  // { bits, meaning }
      this.most = said.length + mostUnpacked;
    }

    bit() {
      const byte = this.packed[this.at >> 3];
      if (byte === undefined) throw new Broken('unfinished_block');
      const value = byte >> (this.at++ & 7) & 1;
      this.bits += value;
      return value;
    }
    number(count) {
      if (count > 0 && this.bits !== '') this.bits += ' ';
      let value = 0;
      for (let i = 0; i < count; ++i) value |= this.bit() << i;
      return value;
    }
    symbol({ counts, symbols }) {
      if (this.bits !== '') this.bits += ' ';
      let value = 0, first = 0, index = 0;
      for (let bits = 1; bits < 16; ++bits) {
        value = value << 1 | this.bit();
        if (value - first < counts[bits]) return symbols[index + value - first];
        index += counts[bits];
        first = (first + counts[bits]) << 1;
      }
      throw new Broken('unassigned_code');
    }
    say(meaning, bits = this.bits) {
      this.lines.push({ bits, meaning });
      this.bits = '';
    }
    align() {
      this.at = (this.at + 7) >> 3 << 3;
    }

    run() {
      while (this.at < 8 * this.packed.length) this.block();
    }
    block() {
      if (this.out.length > this.most) throw new Broken('message_too_big');
      const isLast = this.number(1) === 1;
      const last = isLast ? 'the last block, ' : 'a block, ';
      const type = this.number(2);
      if (type === 3) throw new Broken('reserved_block_type');
      if (type === 0) this.stored(last);
      if (type === 1) {
        this.say(`${last}with the fixed codes`);
        this.symbols(makeCode(fixedLengths), makeCode(new Array(32).fill(5)));
      }
      if (type === 2) this.dynamic(last);
      if (isLast) this.align();  // what follows begins at a byte
    }
    stored(last) {
      const header = this.bits;
      this.align();
      const length = this.number(16);
      if (this.number(16) !== (length ^ 0xFFFF)) throw new Broken('stored_length_mismatch');
      this.say(`${last}stored: ${length} byte${length === 1 ? '' : 's'} as they are`, header);
      for (let i = 0; i < length; ++i) this.out.push(this.number(8));
      this.bits = '';
    }
    dynamic(last) {
      const header = this.bits;
      const literals = 257 + this.number(5), distances = 1 + this.number(5), count = 4 + this.number(4);
      if (literals > 286) throw new Broken('too_many_literal_codes');
      const ofLengths = new Array(19).fill(0);
      for (let i = 0; i < count; ++i) ofLengths[lengthOrder[i]] = this.number(3);
      const code = makeCode(ofLengths);
      const lengths = [];
      while (lengths.length < literals + distances) {
        const next = this.symbol(code);
        if (next === 16 && lengths.length === 0) throw new Broken('no_length_to_repeat');
        const length = next < 16 ? next : next === 16 ? lengths.at(-1) : 0;
        const times = next < 16 ? 1 : next === 16 ? 3 + this.number(2) : next === 17 ? 3 + this.number(3) : 11 + this.number(7);
        if (lengths.length + times > literals + distances) throw new Broken('too_many_lengths');
        lengths.push(...new Array(times).fill(length));
      }
      if (lengths[endOfBlock] === 0) throw new Broken('no_end_of_block');
      this.say(`${last}with codes of its own: ${literals} lengths, and ${distances} for distances`, header);
      this.symbols(makeCode(lengths.slice(0, literals), true), makeCode(lengths.slice(literals), true));
    }
    symbols(literals, distances) {
      for (;;) {
        if (this.out.length > this.most) throw new Broken('message_too_big');
        const next = this.symbol(literals);
        if (next === endOfBlock) return this.say('the end of the block');
        if (next < endOfBlock) {
          this.out.push(next);
          this.say(quote(this.out.slice(-1)));
          continue;
        }
        if (next > 285) throw new Broken('unassigned_code');
        const length = this.extra(lengthOf(next));
        const far = this.symbol(distances);
        if (far > 29) throw new Broken('unassigned_code');
        const distance = this.extra(distanceOf(far));
        if (distance > this.out.length) throw new Broken('distance_too_far');
        for (let i = 0; i < length; ++i) this.out.push(this.out.at(-distance));
        this.say(`${length} bytes from ${distance} back: ${quote(this.out.slice(-length), 60)}`);
      }
    }
    extra({ base, extra }) {
      return base + this.number(extra);
    }
  }

  let quote = (bytes) => JSON.stringify(String.fromCharCode(...bytes));

  // A message without its last four bytes, after what the same side has said before. `error` names
  // the rule that it breaks, or is empty; `lines` are those up to there.
  function unpack(payload, said = new Uint8Array()) {
    const reader = new Reader([...payload, ...tail], said);
    let error = '';
    try {
      reader.run();
    } catch (broken) {
      if (!(broken instanceof Broken)) throw broken;
      error = broken.message;
    }
    const bytes = Uint8Array.from(reader.out.slice(said.length));
    return { bytes, lines: reader.lines, error, said: Uint8Array.from(reader.out.slice(-windowSize)) };
  }

  // A line as `make explain` prints it, less what stands before all of them.
  const lineOf = ({ bits, meaning }) => bits.padEnd(23) + (bits.length < 23 ? '' : ' ') + meaning;

  // `how` shows bytes between quotation marks (frame.js has it).
  const quoteWith = (how) => { quote = how; };

  return { unpack, lineOf, quoteWith };
})();

if (typeof module !== 'undefined') module.exports = Deflate;
