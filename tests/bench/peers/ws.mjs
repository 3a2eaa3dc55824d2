// npm's ws as a server of `make bench`: node ws.mjs --port N [--fan-out]. With bufferutil, which
// masks in C, and no compression. $NPM says where the two are installed.
import { createRequire } from 'node:module';
const require = createRequire(process.env.NPM + '/');
require('bufferutil');
const { WebSocketServer } = require('ws');

const place = process.argv.indexOf('--port');
const port = place < 0 ? 0 : Number(process.argv[place + 1]);
const fanOut = process.argv.includes('--fan-out');
const server = new WebSocketServer({
    host: '127.0.0.1',
    port,
    perMessageDeflate: false,
    backlog: 4096,
    maxPayload: 64 << 20,
});
server.on('listening', () => console.log(`ws on :${server.address().port}`));
server.on('connection', (client) => {
    client.on('error', () => {});
    client.on('message', (data, binary) => {
        if (!fanOut) return client.send(data, { binary });
        for (const other of server.clients) if (other !== client) other.send(data, { binary });
    });
});
