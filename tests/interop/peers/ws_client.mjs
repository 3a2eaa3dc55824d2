// npm's ws as a client of `make interop`. Commands come on standard input and events leave on
// standard output, a line of JSON each; tests/interop/clients.mjs says which. Behind the folder of
// node_modules may stand what is offered of compression, as JSON (tests/interop/compressed.mjs).
import { createInterface } from 'node:readline';
import { createRequire } from 'node:module';
import path from 'node:path';

const { WebSocket } = createRequire(path.resolve(process.argv[2]) + '/')('ws');
let socket, fragment;
const options = process.argv[3] ? { perMessageDeflate: deflate(JSON.parse(process.argv[3])) } : {};

const say = (event) => process.stdout.write(JSON.stringify(event) + '\n');

const letters = Buffer.from('abcdefghijklmnopqrstuvwxyz');
const values = Buffer.from(Uint8Array.from({ length: 251 }, (_, i) => i));
const pattern = (type, size) => Buffer.alloc(size, type === 'text' ? letters : values);

function deflate(terms) {
  return {
    threshold: 0,
    serverNoContextTakeover: terms.server_no_context_takeover,
    clientNoContextTakeover: terms.client_no_context_takeover,
    serverMaxWindowBits: terms.server_max_window_bits,
    clientMaxWindowBits: terms.client_max_window_bits ?? true,
  };
}

function told(type, data) {
  const event = { event: type, size: data.length };
  if (data.length <= 200) event.data = type === 'text' ? data.toString() : data.toString('hex');
  else event.pattern = data.equals(pattern(type, data.length));
  return event;
}

function send(data, binary) {
  if (!fragment || data.length <= fragment) return socket.send(data, { binary });
  for (let at = 0; at < data.length; at += fragment)
    socket.send(data.subarray(at, at + fragment),
                { binary, fin: at + fragment >= data.length });
}

function connect({ url, protocols = [], fragment: size = 0 }) {
  fragment = size;
  const mine = new WebSocket(url, protocols, options);
  socket = mine;
  mine.on('open', () => say({ event: 'open', protocol: mine.protocol }));
  mine.on('unexpected-response', (request, { statusCode }) => {
    say({ event: 'refused', status: statusCode });
    request.destroy();
  });
  mine.on('message', (data, binary) => say(told(binary ? 'binary' : 'text', data)));
  mine.on('pong', (data) => say({ event: 'pong', data: data.toString() }));
  mine.on('close', (code, reason) => say({ event: 'closed', code, reason: reason.toString() }));
  mine.on('error', (error) => say({ event: 'error', message: error.message }));
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const command = JSON.parse(line);
  if (command.do === 'connect') connect(command);
  else if (command.do === 'text') send(Buffer.from(command.data), false);
  else if (command.do === 'binary') send(Buffer.from(command.data, 'hex'), true);
  else if (command.do === 'pattern')
    send(pattern(command.type, command.size), command.type !== 'text');
  else if (command.do === 'ping') socket.ping(command.data);
  else if (command.do === 'close') socket.close(command.code, command.reason);
}).on('close', () => process.exit(0));
