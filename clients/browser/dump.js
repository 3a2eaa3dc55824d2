// What people have when they ask what their bytes mean: hex in any spelling, dumps of xxd, hexdump, od,
// tcpdump -X and Wireshark, an HTTP head as text with hex after it. The same as clients/explain/input.cpp
// takes; tests/vectors/dumps.txt holds both to it. In a page it is the object `Dump`.
// Leaves out: capture files, which are no text; IP in fragments.
'use strict';

const Dump = ((Frame) => {
  const { append, hex, parseHex } = Frame;

  // --- a line ---------------------------------------------------------------------------------------

  // The bytes' part of "00000000: 8105", "0x0010:  8105", "0000   81 05"; null: no line of a dump.
  function withoutOffset(line) {
    const found = line.trim().match(/^(?:0x)?([0-9a-f]{4,8})(:[ \t]| {2}| )(.*)$/i);
    if (!found) return null;
    // Of od -A x a single space stands there; four digits and one space are bytes.
    if (found[2] === ' ' && (found[1].length < 6 || !found[1].startsWith('00'))) return null;
    return found[3].trim();
  }

  // The hex column ends where three spaces or more stand, or something that is no group of digits;
  // hexdump and tcpdump put two spaces in its middle. A line has 16 bytes at most.
  function bytesOf(line) {
    const bytes = [];
    while (bytes.length < 16) {
      const group = line.match(/^((?:[0-9a-f]{2}){1,4})(?=[ \t]|$)[ \t]*/i);
      if (!group) break;
      bytes.push(...parseHex(group[1]).bytes);
      line = line.slice(group[0].length);
      if (group[0].length - group[1].length > 2) break;
    }
    return Uint8Array.from(bytes);
  }

  // --- what lies around TCP's payload -----------------------------------------------------------------

  const be16 = (bytes, at) => bytes[at] << 8 | bytes[at + 1];
  const name = (address, port) =>
    `${address.length === 4 ? address.join('.') : `[${hex(address)}]`}:${port}`;

  function tcpSegment(tcp, from, to) {
    const header = (tcp[12] >> 4) * 4;
    if (tcp.length < 20 || header < 20 || header > tcp.length) return null;
    return { way: `${name(from, be16(tcp, 0))} to ${name(to, be16(tcp, 2))}`,
             sequence: (be16(tcp, 4) << 16 | be16(tcp, 6)) >>> 0, payload: tcp.slice(header) };
  }

  // From IP's first byte on; null: no TCP. RFC 791, RFC 8200, RFC 9293.
  function ipPacket(ip) {
    if (ip.length >= 20 && ip[0] >> 4 === 4) {
      const header = (ip[0] & 15) * 4;
      // A card that cuts segments by itself lets the kernel leave the length 0.
      const length = Math.min(be16(ip, 2) || ip.length, ip.length);
      if (header < 20 || header > length || ip[9] !== 6) return null;
      return tcpSegment(ip.slice(header, length), ip.slice(12, 16), ip.slice(16, 20));
    }
    if (ip.length >= 40 && ip[0] >> 4 === 6 && ip[6] === 6)
      return tcpSegment(ip.slice(40, 40 + (be16(ip, 4) || ip.length)), ip.slice(8, 24), ip.slice(24, 40));
    return null;
  }

  function ethernetFrame(frame) {
    const type = frame.length < 14 ? 0 : be16(frame, 12);
    return type === 0x0800 || type === 0x86DD ? ipPacket(frame.slice(14)) : null;
  }

  // Puts segments of each direction together. What was sent again is left out; a gap is lost.
  class Streams {
    ways = new Map();
    add({ way, sequence, payload }) {
      if (payload.length === 0) return;
      const stream = this.ways.get(way) ?? { bytes: new Uint8Array(), next: sequence };
      const skipped = Math.max(0, (stream.next - sequence) | 0);
      if (skipped < payload.length) {
        stream.bytes = append(stream.bytes, payload.slice(skipped));
        stream.next = (sequence + payload.length) >>> 0;
      }
      this.ways.set(way, stream);
    }
    all() { return [...this.ways].map(([way, { bytes }]) => ({ name: way, bytes })); }
  }

  // --- a text -------------------------------------------------------------------------------------------

  // The streams of a dump, several packets of which stand one behind the other; null: it is none.
  function readDump(text) {
    const streams = new Streams();
    let plain = new Uint8Array();
    let packet = new Uint8Array();
    let found = false;
    const finish = () => {
      const segment = ipPacket(packet) ?? ethernetFrame(packet);
      if (segment) streams.add(segment);
      else plain = append(plain, packet);
      packet = new Uint8Array();
    };
    // tshark shows what it has made of a packet, too: "Unmasked data (5 bytes):".
    let derived = false;
    for (const line of text.split('\n')) {
      const title = line.trim().match(/^(.+) \(\d+ bytes\):$/);
      derived = title ? title[1] !== 'Frame' : derived && line.trim() !== '';
      const rest = derived ? null : withoutOffset(line);
      if (rest === null || rest === '' || /^\s*(0x)?0{4,8}(:| )/.test(line)) finish();
      if (rest === null || rest === '') continue;
      found = true;
      packet = append(packet, bytesOf(rest));
    }
    finish();
    if (!found) return null;
    return [...streams.all(), ...(plain.length > 0 ? [{ name: '', bytes: plain }] : [])];
  }

  const beginning = (bytes, most) => String.fromCharCode(...bytes.slice(0, most));
  const isHead = (text) => text.startsWith('GET ') || text.startsWith('HTTP/1.');

  // Heads off the front of a stream.
  function takeHeads(stream) {
    stream.heads = [];
    while (isHead(beginning(stream.bytes, 7))) {
      let end = 0;
      while (end < stream.bytes.length && beginning(stream.bytes.subarray(end), 4) !== '\r\n\r\n') ++end;
      if (end === stream.bytes.length) break;
      stream.heads.push(new TextDecoder().decode(stream.bytes.slice(0, end)));
      stream.bytes = stream.bytes.slice(end + 4);
    }
    return stream;
  }

  // { streams: [{ name, heads, bytes }], error }: of each direction its name (empty where it has none),
  // the HTTP heads before the frames, and what is after them. No streams: `error` says why.
  function read(text) {
    // A head as text, with hex after its blank line. A page's text has line feeds alone.
    if (isHead(text.trimStart())) {
      const [head, ...rest] = text.trimStart().replaceAll('\r\n', '\n').split('\n\n');
      const behind = read(rest.join('\n\n'));
      if (behind.error) return behind;
      behind.streams[0].heads.unshift(head.trimEnd().replaceAll('\n', '\r\n'));
      return behind;
    }
    const streams = readDump(text);
    if (streams) return { streams: streams.map(takeHeads), error: '' };
    const { bytes, error } = parseHex(text);
    return bytes ? { streams: [takeHeads({ name: '', bytes })], error } : { streams: null, error };
  }

  return { read };
})(typeof module === 'undefined' ? Frame : require('./frame.js'));

if (typeof module !== 'undefined') module.exports = Dump;
