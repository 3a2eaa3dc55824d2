// An independent reader of the wire, part of `make interop`: tshark captures conversations on the
// loopback interface, and what it finds in the packets must be what our trace says, frame by frame
// and in both directions: opcode, FIN, mask, length, payload, and the first bytes of each frame.
// RFC 6455 §5.2, §5.3. Leaves out: order between the directions, which the wire does not have.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

import { pattern } from './clients.mjs';
import { Program } from './program.mjs';
import { start } from './servers.mjs';

const names = { 0: 'CONT', 1: 'TEXT', 2: 'BINARY', 8: 'CLOSE', 9: 'PING', 10: 'PONG' };

// A TCP connection without a byte; resolves to its port here when it has ended.
function knock(port) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => {
      const { localPort } = socket;
      socket.end();
      socket.on('close', () => resolve(localPort));
      socket.resume();
    });
    socket.on('error', reject);
  });
}

// Captures what crosses `port` while `conversation` runs.
async function capture(file, port, conversation) {
  // -l -P: a line a packet, as soon as it has come; so we can wait for packets.
  const tshark = new Program('tshark', ['-i', 'lo', '-f', `tcp port ${port}`, '-l', '-P',
                                        '-w', file]);
  try {
    await tshark.until(/Capturing on/);
    // It says so a little before it does: knock until it hears us.
    while (!tshark.stdout.includes('\n')) {
      await knock(port);
      if (tshark.status !== undefined) throw new Error(`tshark ended: ${tshark.tail()}`);
      await new Promise((resolve) => { tshark.heard = resolve; setTimeout(resolve, 100); });
    }
    await conversation();
    // When it has seen this one, it has seen all that was before.
    await tshark.until(new RegExp(`\\b${await knock(port)}\\b.*FIN`));
  } finally {
    await tshark.stop('SIGINT');
  }
}

// The WebSocket frames in a capture, as tshark decodes them: what each direction sent.
function decode(file, port) {
  const options = { encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'ignore'] };
  const json = execFileSync('tshark', [
    '-r', file, '-d', `tcp.port==${port},http`, '-Y', 'websocket', '-T', 'json', '-x',
    '--no-duplicate-keys', '-j', 'websocket tcp'], options);
  const frames = { '→': [], '←': [] };
  const list = (value, is_list) => (is_list ? value : [value]);
  for (const { _source: { layers } } of JSON.parse(json)) {
    const arrow = layers.tcp['tcp.dstport'] === String(port) ? '→' : '←';
    const several = Array.isArray(layers.websocket);
    const heads = list(layers.websocket_raw, several);
    list(layers.websocket, several).forEach((fields, i) => frames[arrow].push({
      opcode: Number(fields['websocket.opcode']),
      fin: fields['websocket.fin'] === '1',
      masked: fields['websocket.mask'] === '1',
      length: Number(fields['websocket.payload_length_ext_64'] ??
                     fields['websocket.payload_length_ext_16'] ??
                     fields['websocket.payload_length']),
      payload: Buffer.from(fields['websocket.payload_raw']?.[0] ?? '', 'hex'),
      // As they crossed: the header, and the payload before it was unmasked.
      bytes: heads[i][0] + ((fields['websocket.masked_payload_raw'] ??
                             fields['websocket.payload_raw'])?.[0] ?? ''),
    }));
  }
  return frames;
}

// The first 24 bytes of a text as the trace shows them; a character is finished.
function quoted(bytes) {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text = '', at = 0;
  while (at < bytes.length && at < 24) {
    let size = 1, character;
    for (; size <= 4 && character === undefined; ++size) {
      try {
        character = decoder.decode(bytes.subarray(at, at + size));
      } catch {
        character = undefined;
      }
    }
    text += character ?? '\\x' + bytes[at].toString(16).toUpperCase().padStart(2, '0');
    at += character === undefined ? 1 : size - 1;
  }
  return `"${text}${at < bytes.length ? '…' : ''}"`;
}

const hex = (bytes, most) => bytes.subarray(0, most).toString('hex').toUpperCase()
  .replace(/..(?=.)/g, '$& ') + (bytes.length > most ? ' …' : '');

// The lines that our trace should have for one direction.
function expected_lines(arrow, frames) {
  let message = 1;
  return frames.map(({ opcode, fin, masked, length, payload, bytes }) => {
    if (opcode === 1 || opcode === 2) message = opcode;
    const type = opcode === 0 ? message : opcode;
    let shown = '';
    if (opcode === 8 && length >= 2)
      shown = ` ${payload.readUInt16BE()}` + (length > 2 ? ` ${quoted(payload.subarray(2))}` : '');
    else if (length > 0) shown = ' ' + (type === 2 ? `[${hex(payload, 8)}]` : quoted(payload));
    return `${arrow} ${hex(Buffer.from(bytes, 'hex'), 8)} ${names[opcode]}${fin ? ' FIN' : ''}` +
      `${masked ? ' masked' : ''} len=${length}${shown}`;
  });
}

// The frames of a trace, one direction, without number and padding.
const traced_lines = (trace, arrow) =>
  [...trace.matchAll(/^ *\d+ ([→←]) ((?:[0-9A-F]{2} ?)+…?) +([A-Z]+ .*)$/gm)]
    .filter(([, direction]) => direction === arrow)
    .map(([, , bytes, meaning]) => `${arrow} ${bytes.trim()} ${meaning}`);

const sizes = [0, 125, 126, 65535, 65536];

// Every form of a frame, both ways.
async function converse(client, port) {
  const url = `ws://127.0.0.1:${port}/ws`;
  const ask = async (command, event) => {
    await client.send(command);
    const answer = event && await client.next();
    assert.equal(answer?.event, event, JSON.stringify(answer));
  };
  await ask({ do: 'connect', url, fragment: 60000 }, 'open');
  await ask({ do: 'text', data: 'Gr\u00fc\u00dfe, \u4e16\u754c' }, 'text');
  await ask({ do: 'binary', data: '00ff8081fe0a0d' }, 'binary');
  for (const size of sizes) {
    await ask({ do: 'pattern', type: 'text', size }, 'text');
    await ask({ do: 'pattern', type: 'binary', size }, 'binary');
  }
  await ask({ do: 'ping', data: 'hb' }, 'pong');
  await ask({ do: 'text', data: '!ping beat' });
  await ask({ do: 'text', data: '!fragments' }, 'text');
  await ask({ do: 'close', code: 4001, reason: 'bye' }, 'closed');
}

// The same bytes as were sent, both ways, in messages put together from tshark's frames.
function check_messages(frames) {
  for (const arrow of ['→', '←']) {
    const messages = [];
    let parts = [];
    for (const { opcode, fin, payload } of frames[arrow]) {
      if (opcode >= 8) continue;
      parts.push(payload);
      if (!fin) continue;
      messages.push(Buffer.concat(parts));
      parts = [];
    }
    for (const size of sizes.filter((each) => each > 0))
      for (const type of ['text', 'binary'])
        assert(messages.some((message) => message.equals(pattern(type, size))),
               `tshark saw no ${type} message of ${size} bytes ${arrow}`);
  }
}

// What tshark saw is what our trace says.
function check_lines(frames, trace) {
  for (const arrow of ['→', '←']) {
    const ours = traced_lines(trace, arrow);
    expected_lines(arrow, frames[arrow]).forEach((line, i) => assert(
      line === ours[i], `frame ${i + 1}: tshark saw '${line}', our trace says '${ours[i]}'`));
    assert.equal(ours.length, frames[arrow].length, `frames ${arrow}, our trace and tshark`);
  }
  return frames['→'].length + frames['←'].length;
}

// A file of --pcap: tshark finds the frames in it that the trace shows, and no packet to complain
// about. How many frames that were.
function check_file(file, trace) {
  const complaints = execFileSync('tshark', ['-r', file, '-o', 'tcp.check_checksum:TRUE', '-o',
    'ip.check_checksum:TRUE', '-Y', '_ws.malformed || tcp.analysis.flags || ' +
    'tcp.checksum.status == "Bad" || ip.checksum.status == "Bad"'],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  assert.equal(complaints, '');
  return check_lines(decode(file, 80), trace);
}

// --pcap of wsc and of a lesson's server, in one conversation.
export async function check_packets(wsc, command) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'packets-'));
  const [ours, theirs] = ['wsc', 'server'].map((name) => path.join(folder, `${name}.pcap`));
  const server = await start([...command, '--trace', '--pcap', theirs]);
  try {
    const input = `a\nGr\u00fc\u00dfe, \u4e16\u754c\n${'x'.repeat(200)}\n${'y'.repeat(200000)}\n`;
    const { stderr, status } = spawnSync(wsc, ['-c', `ws://127.0.0.1:${server.port}/ws`,
      '--no-compress', '--trace', '--pcap', ours], { input, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    await server.stop('SIGINT');
    return check_file(ours, stderr) + check_file(theirs, server.stderr);
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true });
  }
}

// One conversation; how many frames tshark and the trace agreed on.
export async function check_wire(client, command) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'wire-'));
  const server = await start(command);
  const peer = client.open();
  try {
    const file = path.join(folder, 'capture.pcap');
    await capture(file, server.port, async () => {
      await converse(peer, server.port);
      // Its log line comes after the last line of the trace.
      await server.until(/^closed: 4001 /m);
    });
    const frames = decode(file, server.port);
    check_messages(frames);
    const count = check_lines(frames, server.stderr);
    for (const arrow of ['→', '←']) {
      // All the opcodes that there are; continuations where the client can send them.
      const first = arrow === '→' && client.cannot?.fragments ? 1 : 0;
      const seen = new Set(frames[arrow].map(({ opcode }) => opcode));
      for (const opcode of [0, 1, 2, 8, 9, 10].slice(first))
        assert(seen.has(opcode), `no frame ${arrow} with opcode ${opcode}`);
    }
    return count;
  } finally {
    await peer.stop();
    await server.stop();
    rmSync(folder, { recursive: true });
  }
}
