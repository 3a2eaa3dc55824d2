// The cells of `make interop` once more, with compression: RFC 7692. Each of the four parameters is
// offered by the clients that can be told to (npm ws, python), and asked for by our servers of all that
// come; and the other way round, for our own client.
// Leaves out: gorilla and websocketpp, which know two of the parameters, or none.
import path from 'node:path';

import { clients } from './clients.mjs';
import { servers } from './servers.mjs';

const terms_of = (name, value) => ({ [name]: value });
const parameters = [
  terms_of('server_no_context_takeover', true),
  terms_of('client_no_context_takeover', true),
  terms_of('server_max_window_bits', 9),
  terms_of('client_max_window_bits', 10),
];

// "server_max_window_bits=9", as in the header.
const named = (terms) =>
  Object.entries(terms).map(([name, value]) => (value === true ? name : `${name}=${value}`));

// The answer names the extension, and these.
const answer = (names) => new RegExp(
  ' ← HTTP/1\\.1 101[^]*?Sec-WebSocket-Extensions: permessage-deflate' +
  names.map((name) => `(?=[^\\n]*; ${name})`).join(''));

// A server of ours: lesson 14's, or the blocking endpoint, which no lesson's server compresses on.
function ours(build, endpoint, options, names) {
  const deputy = [path.join(build, 'interop/ours_server'), '--endpoint', endpoint, '--port', 0, '--trace',
                  '--compress', ...options];
  const { lesson11 } = servers(build);
  return {
    ...lesson11,
    title: ['ours', endpoint, ...options.map((option) => option.replace(/^--/, ''))].join(' '),
    traced: true,
    agreed: answer(names),
    echo: endpoint === 'blocking' ? deputy
      : [path.join(build, 'lessons/14-compression/server'), '--port', 0, '--trace', '--compress', ...options],
    commands: deputy,
    // A control frame is never compressed, and a fragment's length is not that of its text.
    fragmented: / → [^\n]* TEXT RSV1 masked len=[^\n]*\n[^]* → [^\n]* CONT FIN masked/,
  };
}

// Firefox does not name its window, so it cannot be told a smaller one (§7.1.2.2): nothing is agreed on.
const declining = (server) => ({
  ...server,
  title: `${server.title}: declined`,
  declines: true,
  agreed: / ← HTTP\/1\.1 101 [^\n]*\n(?!(?: +[^\n]*\n)*? +Sec-WebSocket-Extensions)/,
  fragmented: undefined,
});

// A server of others, which our client meets.
const others = (server, title, terms) => ({
  ...server,
  title: [title, ...named(terms)].join(' '),
  agreed: answer(named(terms)),
});

// [client's name, client, server's name, server], in the order of the table.
export function compressed_cells(build, python) {
  const offering = clients(build, python, {});
  const asked = [[[], []],
                 [['--no-context-takeover'], ['server_no_context_takeover', 'client_no_context_takeover']],
                 [['--window-bits', '9'], ['server_max_window_bits=9', 'client_max_window_bits=9']]];
  const cells = [];
  for (const name of ['wsc', 'wscat', 'ws', 'python', 'chromium', 'firefox']) {
    for (const [options, names] of asked) {
      const server = ours(build, 'epoll', options, names);
      const declines = name === 'firefox' && options.includes('--window-bits');
      cells.push([name, offering[name], 'epoll', declines ? declining(server) : server]);
    }
    cells.push([name, offering[name], 'blocking', ours(build, 'blocking', [], [])]);
  }
  for (const terms of parameters)
    for (const name of ['ws', 'python']) {
      const client = clients(build, python, terms)[name];
      client.title += ' ' + named(terms).join();
      cells.push([name, client, 'epoll', ours(build, 'epoll', [], named(terms))]);
    }
  const { ws, python: websockets } = servers(build, python);
  for (const terms of [{}, ...parameters]) {
    const json = JSON.stringify(terms);
    const commands = { ws: [...ws.commands, '--compress', json], python: [...websockets.commands, json] };
    for (const [name, server] of [['ws', ws], ['python', websockets]])
      cells.push(['wsc', offering.wsc, name,
                  { ...others(server, server.title, terms), echo: commands[name], commands: commands[name] }]);
  }
  return cells;
}
