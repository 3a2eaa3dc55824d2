// npm's ws as the server of `make interop` and `make compare-wscat`: an echo on a free port.
// A text message that begins with "!" is a command: !close CODE REASON, !ping DATA, !fragments,
// !terminate (the end of TCP without a Close). What it saw goes to standard output, a line each.
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';

const { values: option } = parseArgs({ options: {
  modules: { type: 'string' },      // the folder with node_modules
  unix: { type: 'string' },         // listen on this path in place of a port
  certificate: { type: 'string' },  // wss: the files NAME.crt and NAME.key
  compress: { type: 'string' },     // what is agreed to of compression, as JSON
} });
const { WebSocketServer } = createRequire(path.resolve(option.modules) + '/')('ws');

const say = (...words) => console.log(words.join(' '));

// As it is named in RFC 7692 §7.1, and by this library.
function deflate(terms) {
  return {
    threshold: 0,
    serverNoContextTakeover: terms.server_no_context_takeover,
    clientNoContextTakeover: terms.client_no_context_takeover,
    serverMaxWindowBits: terms.server_max_window_bits,
    clientMaxWindowBits: terms.client_max_window_bits,
  };
}

const page = (request, response) => {
  response.setHeader('Content-Type', 'text/plain');
  response.end('a page of npm ws\n');
};
const web = option.certificate
  ? createTlsServer({ cert: readFileSync(`${option.certificate}.crt`),
                      key: readFileSync(`${option.certificate}.key`) }, page)
  : createServer(page);

const server = new WebSocketServer({
  noServer: true,
  perMessageDeflate: option.compress ? deflate(JSON.parse(option.compress)) : false,
  handleProtocols: (offered) => (offered.has('chat') ? 'chat' : false),
});
web.on('upgrade', (request, socket, head) => {
  socket.on('error', () => {});
  if (request.url === '/refused')
    return socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  server.handleUpgrade(request, socket, head, (client) => converse(client, request));
});

function converse(client, request) {
  say('open', request.url);
  client.on('message', (data, binary) => {
    const text = binary || data.length > 200 ? '' : data.toString();
    say(binary ? 'binary' : 'text', data.length, binary ? data.toString('hex', 0, 32) : text);
    const [word, first, ...rest] = text.split(' ');
    if (word === '!close') client.close(first ? Number(first) : undefined, rest.join(' '));
    else if (word === '!ping') client.ping(first);
    else if (word === '!pong') client.pong(first);
    else if (word === '!terminate') client.terminate();
    else if (word === '!binary') client.send(Buffer.from(first, 'hex'));
    else if (word === '!fragments') {
      // A character is cut in two.
      client.send(Buffer.from('one, '), { binary: false, fin: false });
      client.send(Buffer.from('two, gr\u00fc').subarray(0, 8), { fin: false });
      client.send(Buffer.from('\u00fc\u00dfe').subarray(1), { fin: true });
    } else client.send(data, { binary });
  });
  client.on('ping', (data) => say('ping', data));
  client.on('pong', (data) => say('pong', data));
  client.on('error', (error) => say('error', error.message));
  client.on('close', (code, reason) => say('closed', code, reason));
}

web.listen(option.unix ?? { port: 0, host: '127.0.0.1' }, () => {
  say('listening', option.unix ?? web.address().port);
});
