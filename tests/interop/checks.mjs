// What a cell of `make interop` is made of: conversations over one connection each, and the checks
// that they decide. RFC 6455 §4.2.2, §5.4, §5.5, §5.6, §7.1.
// Leaves out: what broken peers do; `make test` has raw bytes for that.
import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';

import { start } from './servers.mjs';

const MiB = 1024 * 1024;
const sizes = [0, 125, 126, 65535, 65536, 16 * MiB];
const size_name = (size) => (size === 16 * MiB ? '16 MiB' : String(size));

// The columns of the table, in their order. → is what the client does, ← what the server does.
export const columns = ['text', 'binary', ...sizes.map(size_name), 'frag →', 'frag ←', 'ping →',
  'ping ←', 'close →', 'close ←', 'subprot', 'refused'];
// And where messages are compressed: is it agreed on as it should be, and done both ways?
export const compressed_columns = [...columns, 'agreed'];

const greeting = 'Gr\u00fc\u00dfe, \u4e16\u754c \u{1f642}';

// One cell: `report(check, problem)` is called for each check; no problem is a pass.
class Cell {
  constructor(client, server, report) {
    this.client = client;
    this.server = server;
    this.report = report;
  }

  // `steps` are [check, action] in their order. After a failure the conversation is over, and the
  // checks behind it have not passed either.
  async conversation(command, steps) {
    const missing = dashes(this.client);
    let program, broken;
    try {
      program = await start(command);
      this.program = program;
      this.peer = this.client.peer ?? this.client.open();
    } catch (error) {
      broken = `could not begin: ${error.message}`;
    }
    for (const [check, action] of steps) {
      if (missing[check]) continue;
      if (!broken) {
        try {
          await action();
        } catch (error) {
          broken = error.message.replaceAll('\n', ' ');
        }
      }
      if (check) this.report(check, broken);
    }
    await this.peer?.stop();
    await program?.stop();
  }

  async ask(command, expected) {
    await this.peer.send(command);
    return this.expect(expected);
  }

  async expect(expected) {
    const event = await this.peer.next();
    const relevant = Object.fromEntries(Object.keys(expected).map((key) => [key, event[key]]));
    if (!isDeepStrictEqual(relevant, expected))
      throw new Error(`expected ${JSON.stringify(expected)}, but got ${JSON.stringify(event)}`);
    return event;
  }

  connect(more = {}, expected = { event: 'open' }) {
    const { at = '/ws', ...options } = more;
    const url = `ws://127.0.0.1:${this.program.port}${at}`;
    return this.ask({ do: 'connect', url, ...options }, expected);
  }

  echo_text(data) {
    return this.ask({ do: 'text', data }, { event: 'text', data });
  }

  async echo_size(size) {
    for (const type of ['text', 'binary']) {
      const { binary, big_binary } = this.client.cannot ?? {};
      if (type === 'binary' && (binary || (big_binary && size === 16 * MiB))) continue;
      // Short ones come back whole, and long ones compared with the pattern by the client.
      const expected = { event: type, size };
      if (size > 200) expected.pattern = true;
      const event = await this.ask({ do: 'pattern', type, size }, expected);
      if (size > 200 || event.data === undefined) continue;
      assert.equal(event.data.length, type === 'text' ? size : 2 * size);
    }
  }

  // The server has seen our Close as it was sent; and the client, its echo.
  async close(code, reason, seen_by_server = true) {
    await this.ask({ do: 'close', code, reason }, { event: 'closed', code });
    if (seen_by_server) await this.program.until(this.server.closed(code, reason));
  }

  // What the trace of our side shows: the server's answer, and frames with RSV1 both ways.
  async agreed() {
    const traced = this.server.traced ? this.program : this.peer.program;
    await traced.until(this.server.agreed);
    if (this.server.declines) return assert.doesNotMatch(traced.output, / RSV1 /);
    for (const way of ['→', '←']) await traced.until(new RegExp(` ${way} [^\n]* RSV1`));
  }

  // The program that the cell is about: all that an echo can show.
  async echoes() {
    await this.conversation(this.server.echo, [
      ['', () => this.connect()],
      ['text', () => this.echo_text(greeting)],
      ['binary', () => this.ask({ do: 'binary', data: '00ff8081fe0a0d' },
                                { event: 'binary', data: '00ff8081fe0a0d' })],
      ...sizes.map((size) => [size_name(size), () => this.echo_size(size)]),
      ['ping →', () => this.ask({ do: 'ping', data: 'hb' }, { event: 'pong', data: 'hb' })],
      ...(this.server.agreed ? [['agreed', () => this.agreed()]] : []),
      ['', () => this.close(4001, 'bye', false)],
      ['refused', () => this.connect({ at: '/refused' }, {
        event: 'refused',
        status: this.client.launch ? null : this.server.refusal,
      })],
    ]);
  }

  // The program that also does what it is told to.
  async commands() {
    const { server } = this;
    const fragmented = server.fragments_path ?? '/ws';
    await this.conversation(server.commands, [
      ['', () => this.connect()],
      ['ping ←', async () => {
        await this.peer.send({ do: 'text', data: '!ping hb' });
        await this.program.until(server.pong('hb'));
      }],
      ['close →', () => this.close(4001, 'bye')],
      ['', () => this.connect()],
      ['close ←', async () => {
        await this.ask({ do: 'text', data: '!close 4002 see you' },
                       { event: 'closed', code: 4002, reason: 'see you' });
      }],
      ['', () => this.connect({ at: fragmented })],
      ['frag ←', () => this.ask({ do: 'text', data: '!fragments' },
                                { event: 'text', data: 'one, two, gr\u00fc\u00dfe' })],
      ['', () => this.close(1000, 'done')],
      ['', () => this.connect({ fragment: 5 })],
      ['frag →', async () => {
        await this.echo_text(greeting);
        // A server of ours shows that it was indeed in fragments.
        if (server.fragmented) await this.program.until(server.fragmented);
      }],
      ['', () => this.close(1000, 'done')],
      ['subprot', () => this.connect({ protocols: ['superchat', 'chat'] },
                                     { event: 'open', protocol: 'chat' })],
    ]);
  }
}

// Which checks a client cannot take part in, and why.
export function dashes(client) {
  const { binary, big, fragments, ping, subprotocol } = client.cannot ?? {};
  return Object.fromEntries(Object.entries(
    { binary, '16 MiB': big, 'frag →': fragments, 'ping →': ping, subprot: subprotocol })
    .filter(([, why]) => why));
}

export async function run_cell(client, server, report) {
  const cell = new Cell(client, server, report);
  await cell.echoes();
  await cell.commands();
}
