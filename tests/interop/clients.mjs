// The clients of `make interop`. Whatever a client is, the driver gives it the same commands:
//     { do: 'connect', url, protocols, fragment }   a message longer than `fragment` is to be split
//     { do: 'text', data }   { do: 'binary', data: hex }   { do: 'pattern', type, size }
//     { do: 'ping', data }   { do: 'close', code, reason }
// and gets the same events:
//     { event: 'open', protocol }   { event: 'refused', status }   status null: it cannot know
//     { event: 'text' | 'binary', size, data | pattern }   pattern: is a long one what was sent?
//     { event: 'pong', data }   { event: 'closed', code, reason }
// `cannot` names what a client has no way to do; the table shows it as a dash, not as a pass.
import path from 'node:path';

import { Chromium, Firefox } from './browsers.mjs';
import { Program, wait_for } from './program.mjs';

const here = path.dirname(new URL(import.meta.url).pathname);

// A test program that speaks the lines of JSON itself.
class JsonPeer {
  constructor([file, ...args]) {
    this.program = new Program(file, args);
    this.read = 0; // characters of its output
  }

  send(command) {
    this.program.write(JSON.stringify(command));
  }

  async next() {
    const [line] = await this.program.until(/^.*\n/, this.read);
    this.read += line.length;
    return JSON.parse(line);
  }

  stop() {
    return this.program.stop();
  }
}

// What both sides know without sending it: letters, or all the values of a byte.
export function pattern(type, size) {
  const text = type === 'text';
  const period = Uint8Array.from({ length: text ? 26 : 251 }, (_, i) => (text ? 97 + i : i));
  return Buffer.alloc(size, period);
}

// A client for people: commands are lines typed into it, events are read off what it prints.
class TypedPeer {
  constructor(spawn) {
    this.spawn = spawn; // (command) => [file, ...args]
    this.old = [];
  }

  async send(command) {
    if (command.do === 'connect') {
      const [file, ...args] = this.spawn(command);
      if (this.program) this.old.push(this.program);
      this.program = new Program(file, args);
      this.events = [];
      this.begin?.();
    } else {
      this.program.write(this.line(command));
    }
  }

  next() {
    return wait_for(() => `an event of ${this.program.name}: ${this.program.tail()}`, () => {
      for (const name of ['stdout', 'stderr'])
        for (const line of this.program.lines[name].splice(0)) this.hear(name, line);
      if (this.events.length === 0 && this.program.status !== undefined)
        throw new Error(`it ended (${this.program.status}) and said: ${this.program.tail()}`);
      return this.events.shift();
    }, (callback) => { this.program.heard = callback; });
  }

  async stop(signal) {
    for (const program of [...this.old, this.program]) await program?.stop(signal);
  }
}

// A client of ours. Of what type and how long a message was, its trace says; what it was, its
// standard output: `shown(event, line)` makes of a line what the event tells.
class TracedPeer extends TypedPeer {
  begin() {
    this.message = { event: '', size: 0 }; // that is coming in
    this.sizes = [];                       // { event, size } of whole ones
    this.lines = [];                       // as they were printed
    this.protocol = '';
  }

  line(command) {
    if (command.do === 'text') return command.data;
    if (command.do === 'binary') return `/binary ${command.data}`;
    if (command.do === 'ping') return `/ping ${command.data}`;
    if (command.do === 'close') return `/close ${command.code} ${command.reason}`;
    const data = pattern(command.type, command.size);
    return command.type === 'text' ? data.toString() : `/binary ${data.toString('hex')}`;
  }

  hear_frame(line) {
    const [, type, fin, compressed, size] =
      line.match(/ ← .* (TEXT|BINARY|CONT)( FIN)?( RSV1)? len=(\d+)/) ?? [];
    if (!type) return;
    if (type !== 'CONT') this.message = { event: type.toLowerCase(), size: 0, compressed };
    this.message.size += Number(size);
    if (fin) this.sizes.push({ ...this.message });
    this.pair();
  }

  // A message is told when both its trace and its line have come.
  pair() {
    while (this.sizes.length && this.lines.length) {
      const event = this.sizes.shift(), line = this.lines.shift();
      // Compressed frames do not tell the size of their message.
      if (event.compressed) event.size = this.size_of(event, line);
      this.events.push({ ...event, ...this.shown(event, line) });
    }
  }
}

// The client of lesson 8 shows the beginning of a message only.
class Lesson8 extends TracedPeer {
  constructor(file) {
    super(({ url, fragment = 0 }) => [file, url, '--slash', '--trace', '--fragment', fragment]);
  }

  hear(name, line) {
    if (name === 'stderr') return this.hear_error(line);
    const [, pong, text] = line.match(/^Received( pong)?: (.*)$/s) ?? [];
    if (line.startsWith('Connected!')) this.events.push({ event: 'open', protocol: '' });
    else if (pong) this.events.push({ event: 'pong', data: text });
    else if (text !== undefined) this.lines.push(text);
    this.pair();
  }

  hear_error(line) {
    const [, refused] = line.match(/Handshake failed: HTTP\/1.1 (\d+)/) ?? [];
    if (refused) this.events.push({ event: 'refused', status: Number(refused) });
    const [, code, reason] = line.match(/^Disconnected: closed: (\d+)[^"]*(?:"(.*)")?/) ?? [];
    if (code) this.events.push({ event: 'closed', code: Number(code), reason: reason ?? '' });
    this.hear_frame(line);
  }

  shown({ event, size }, line) {
    if (event === 'text')
      return size <= 200 ? { data: line } : { pattern: line === pattern('text', 200) + '…' };
    const hex = (line.match(/\[(.*?)( …)?\]$/)?.[1] ?? '').replaceAll(' ', '').toLowerCase();
    return size <= 16 ? { data: hex } : { pattern: hex === pattern('binary', 16).toString('hex') };
  }
}

// wsc in a pipe: messages alone on standard output, binary ones as hex.
class Wsc extends TracedPeer {
  constructor(file, options = ['--no-compress']) {
    super(({ url, protocols = [] }) =>
      [file, '-c', url, '--slash', '-P', '--trace', ...options, ...protocols.flatMap((name) => ['-s', name])]);
  }

  hear(name, line) {
    if (name === 'stdout') {
      this.lines.push(line);
      return this.pair();
    }
    const [, protocol] = line.match(/^ +Sec-WebSocket-Protocol: (\S+)$/) ?? [];
    const [, pong] = line.match(/^Received pong \(data: "(.*)"\)$/) ?? [];
    const [, code, reason] = line.match(/^Disconnected \(code: (\d+), reason: "(.*)"\)/) ?? [];
    const [, status] = line.match(/^error: Unexpected server response: (\d+)/) ?? [];
    if (protocol) this.protocol = protocol; // the server's head comes after ours
    else if (line.startsWith('Connected'))
      this.events.push({ event: 'open', protocol: this.protocol });
    else if (pong) this.events.push({ event: 'pong', data: pong });
    else if (code) this.events.push({ event: 'closed', code: Number(code), reason });
    else if (status) this.events.push({ event: 'refused', status: Number(status) });
    else this.hear_frame(line);
  }

  size_of({ event }, line) {
    return event === 'text' ? Buffer.byteLength(line) : line.replaceAll(' ', '').length / 2;
  }

  shown({ event, size }, line) {
    const hex = line.replaceAll(' ', '').toLowerCase();
    if (size <= 200) return { data: event === 'text' ? line : hex };
    const expected = pattern(event, size);
    return { pattern: event === 'text' ? line === expected.toString()
      : hex === expected.toString('hex') };
  }
}

// wscat on a terminal, which script(1) gives it; by their colours its lines are told from what is
// typed. A long line cannot be typed into it (it looks at all of it for every key), so that goes
// through -x, in a second wscat on the same server.
class Wscat extends TypedPeer {
  constructor(file) {
    super(({ url, protocols = [] }) => {
      this.url = url;
      const offers = protocols.flatMap((name) => ['-s', name]);
      return script([file, '-c', url, '--slash', '-P', ...offers]);
    });
    this.file = file;
  }

  begin() {
    this.long = undefined;
  }

  async send(command) {
    if (command.do !== 'pattern' || command.size < 1000) return super.send(command);
    const data = pattern('text', command.size).toString();
    this.long = new Program(this.file, ['-c', this.url, '-x', data, '-w', '0.5']);
    await this.long.ended;
    const shown = this.long.stdout.replace(/\n$/, '');
    this.events.push({ event: 'text', size: shown.length, pattern: shown === data });
  }

  line(command) {
    if (command.do === 'pattern') return pattern('text', command.size).toString();
    if (command.do === 'ping') return `/ping ${command.data}`;
    if (command.do === 'close') return `/close ${command.code} ${command.reason}`;
    return command.data;
  }

  hear(name, line) {
    const [, message] = line.match(/\x1b\[34m< (.*)\x1b\[39m/) ?? [];
    const [, pong] = message?.match(/^Received pong \(data: "(.*)"\)$/) ?? [];
    const [, code, reason] = line.match(/Disconnected \(code: (\d+), reason: "(.*)"\)/) ?? [];
    const [, status] = line.match(/error: Unexpected server response: (\d+)/) ?? [];
    if (line.includes('Connected (press'))
      this.events.push({ event: 'open', protocol: this.agreed() });
    else if (pong) this.events.push({ event: 'pong', data: pong });
    else if (code) this.events.push({ event: 'closed', code: Number(code), reason });
    else if (status) this.events.push({ event: 'refused', status: Number(status) });
    else if (message !== undefined && !message.startsWith('Received '))
      this.events.push({ event: 'text', size: Buffer.byteLength(message), data: message });
  }

  // script gives its command two seconds after a SIGTERM. Without it wscat's terminal is gone.
  stop() {
    return super.stop('SIGKILL');
  }

  // It does not say what was agreed on, but leaves when it is none of those that it offered.
  agreed() {
    return this.program.child.spawnargs.join(' ').includes("'-s' 'chat'") ? 'chat' : '';
  }
}

// A command on a terminal of its own.
const script = (command) =>
  ['script', '-qfec', command.map((word) => `'${word}'`).join(' '), '/dev/null'];

const typed_hex = 'a typed line has 16 MiB at most, and as hex a message has twice its size';
const no_frames = 'a page in a browser has no ping and chooses no frames';

// With `terms` (RFC 7692 §7.1) compression is offered, and by those that can be told, under these terms.
export function clients(build, python, terms) {
  const built = path.join(build, 'interop');
  const offer = terms ? [JSON.stringify(terms)] : [];
  const modules = path.join(built, 'npm');
  const json = (title, ...command) => ({ title, open: () => new JsonPeer(command) });
  const browser = (title, Kind, file) => ({
    title,
    cannot: { fragments: no_frames, ping: no_frames },
    launch: () => new Kind().start(file, modules),
  });
  return {
    wsc: {
      title: 'wsc',
      cannot: { fragments: 'a typed line is sent whole; fragments come from --replay alone', big_binary: typed_hex },
      open: () => new Wsc(path.join(build, 'clients/wsc'), terms ? [] : undefined),
    },
    lesson8: {
      title: 'lesson 8',
      cannot: { subprotocol: "lesson 8's client offers none; lesson 10's does",
                big_binary: typed_hex },
      open: () => new Lesson8(path.join(build, 'lessons/08-messages/client')),
    },
    wscat: {
      title: 'wscat',
      cannot: { fragments: 'wscat sends whole messages', binary: 'wscat sends no binary messages',
                big: 'a message of 16 MiB can neither be typed into wscat nor given to it by -x' },
      open: () => new Wscat(path.join(modules, 'node_modules/.bin/wscat')),
    },
    ws: json('npm ws', process.execPath, path.join(here, 'peers/ws_client.mjs'), modules,
             ...offer),
    python: json('python', python, path.join(here, 'peers/python_client.py'), ...offer),
    gorilla: json('gorilla', path.join(built, 'gorilla_client')),
    chromium: browser('Chromium', Chromium, process.env.CHROMIUM || 'chromium'),
    firefox: browser('Firefox', Firefox, process.env.FIREFOX || 'firefox-esr'),
  };
}
