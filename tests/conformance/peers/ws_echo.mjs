// npm ws as an echo, for `make conformance`: as a server on a free port, or (with a URL) as the client that
// asks for each case. Compression is on, as a suite has to offer it to see what it makes of it.
import { createRequire } from 'node:module';
import path from 'node:path';

const [modules, suite, agent = 'ws'] = process.argv.slice(2);
const { WebSocket, WebSocketServer } = createRequire(path.resolve(modules) + '/')('ws');
const limits = { maxPayload: 64 << 20 };

function echo(socket) {
  socket.on('message', (data, binary) => socket.send(data, { binary }));
  socket.on('error', () => {});
}

// Until the connection has ended, however it did; the last message that came.
function visit(resource, behave = () => {}) {
  return new Promise((resolve) => {
    let last = '';
    const socket = new WebSocket(suite + resource, { ...limits, perMessageDeflate: { threshold: 0 } });
    socket.on('message', (data) => { last = String(data.subarray(0, 100)); });
    socket.on('error', () => {});
    socket.on('close', () => resolve(last));
    behave(socket);
  });
}

if (suite) {
  const count = Number(await visit('/getCaseCount'));
  for (let number = 1; number <= count; ++number) await visit(`/runCase?case=${number}&agent=${agent}`, echo);
  await visit(`/updateReports?agent=${agent}`);
} else {
  const server = new WebSocketServer(
    { port: 0, host: '127.0.0.1', perMessageDeflate: { threshold: 0 }, ...limits });
  server.on('connection', echo);
  server.on('listening', () => console.log('listening', server.address().port));
}
