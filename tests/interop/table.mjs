// `make interop`: every client against every server, each cell run for real. Prints a table, a
// line for each failure and one for each thing that is left out, and leaves the same as JSON in
// BUILD/interop/table.json. Status 1 when a check fails.
//     BUILD=build PYTHON=/usr/bin/python3 node table.mjs [PEER...]
// With names of peers (and `compressed`, for the cells with compression, or `plain`) it runs the cells in which one of them meets another of them, or one of ours.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { columns, compressed_columns, dashes, run_cell } from './checks.mjs';
import { clients as all_clients } from './clients.mjs';
import { compressed_cells } from './compressed.mjs';
import { servers as all_servers } from './servers.mjs';
import { check_packets, check_wire } from './wire.mjs';

const build = process.env.BUILD ?? 'build';
const built = path.join(build, 'interop');
const kinds = ['plain', 'compressed'];
const named = process.argv.slice(2);
const wanted = named.filter((name) => !kinds.includes(name));
const runs = (kind) => !kinds.some((other) => named.includes(other)) || named.includes(kind);
const clients = all_clients(build, process.env.PYTHON ?? 'python3');
const servers = all_servers(build, process.env.PYTHON ?? 'python3');
const ours = ['wsc', 'lesson8', 'lesson11'];

const known = [...new Set([...Object.keys(clients), ...Object.keys(servers), 'tshark'])];
for (const name of wanted) {
  if (known.includes(name)) continue;
  console.error(`interop: there is no peer '${name}'; there are ${[...known, ...kinds].join(', ')}`);
  process.exit(2);
}

// What could not be installed: lines "NAME reason", written by install.sh.
const left_out = new Map();
const left_out_file = path.join(built, 'left-out');
if (existsSync(left_out_file))
  for (const line of readFileSync(left_out_file, 'utf8').split('\n').filter(Boolean))
    left_out.set(line.split(' ', 1)[0], line.slice(line.indexOf(' ') + 1));

const takes_part = (name) =>
  !left_out.has(name) && (wanted.length === 0 || wanted.includes(name) || ours.includes(name));

const failures = [], cells = [];
const used_dashes = new Map();

async function row(client, client_name, server, server_name, checks = columns) {
  const result = {};
  const missing = dashes(client);
  for (const [check, why] of Object.entries(missing)) {
    result[check] = '–';
    used_dashes.set(`${client.title}, ${check}`, why);
  }
  await run_cell(client, server, (check, problem) => {
    if (result[check] && result[check] !== '✓') return;
    result[check] = problem ? '✗' : '✓';
    if (problem) failures.push({ client: client_name, server: server_name, check, problem });
  });
  for (const check of checks) {
    if (result[check]) continue;
    result[check] = '✗';
    failures.push({ client: client_name, server: server_name, check, problem: 'was not run' });
  }
  cells.push({ client: client_name, server: server_name, checks: result });
  print_row(client.title, server.title, checks.map((check) => result[check]), checks);
}

function print_row(client, server, marks, checks) {
  const line = marks.map((mark, i) => mark.padStart(checks[i].length));
  const names = checks === columns ? client.padEnd(10) + server.padEnd(13)
    : `${client} → ${server}`.padEnd(55);
  console.log(names + line.join('  '));
}

// A browser is started once for all of its cells.
async function launched(client, name, peers) {
  if (!client.launch) return true;
  try {
    client.peer = peers[name] ??= await client.launch();
    return true;
  } catch (error) {
    failures.push({ client: name, server: '', check: 'start', problem: error.message });
    return false;
  }
}

async function wire() {
  const checked = [];
  for (const client of ['wsc', 'lesson8', 'ws'])
    for (const server of ['lesson8', 'lesson11']) {
      if (!clients[client] || !takes_part(client)) continue;
      try {
        const frames = await check_wire(clients[client], servers[server].commands);
        checked.push({ client, server, frames });
        console.log(`tshark  ${clients[client].title} → ${servers[server].title}'s endpoint: ` +
          `${frames} frames equal our trace`);
      } catch (error) {
        failures.push({ client, server, check: 'tshark', problem: error.message });
      }
    }
  try {
    const frames = await check_packets(path.join(build, 'clients/wsc'), servers.lesson11.echo);
    checked.push({ client: 'wsc', server: 'pcap', frames });
    console.log(`tshark  the files of --pcap, wsc's and lesson 11's: ${frames} frames equal our trace`);
  } catch (error) {
    failures.push({ client: 'wsc', server: 'pcap', check: 'tshark', problem: error.message });
  }
  return checked;
}

const browsers = {};
if (runs('plain')) {
  print_row('client', 'server', columns, columns);
  for (const [client_name, client] of Object.entries(clients)) {
    if (!takes_part(client_name) || !await launched(client, client_name, browsers)) continue;
    for (const [server_name, server] of Object.entries(servers))
      if (takes_part(server_name)) await row(client, client_name, server, server_name);
  }
}
if (runs('compressed')) {
  console.log();
  print_row('client', 'server, with compression', compressed_columns, compressed_columns);
  const meets = (name) => ['epoll', 'blocking'].includes(name) || takes_part(name);
  for (const [client_name, client, server_name, server] of compressed_cells(build, process.env.PYTHON ?? 'python3'))
    if (takes_part(client_name) && meets(server_name) && await launched(client, client_name, browsers))
      await row(client, client_name, server, server_name, compressed_columns);
}
for (const browser of Object.values(browsers)) await browser.quit();

console.log();
const wires = runs('plain') && takes_part('tshark') ? await wire() : [];
console.log(`
frag, ping, close: → is begun by the client, ← by the server. 0 to 16 MiB: as text and as binary.
Against lesson 8 and lesson 11, what needs a command or a subprotocol (frag, ping ←, close,
subprot) is served by tests/interop/peers/ours_server on the same endpoint: blocking, epoll.`);
for (const [what, why] of used_dashes) console.log(`– ${what}: ${why}`);
for (const name of new Set(cells.map(({ client }) => client)))
  if (clients[name].cannot?.big_binary)
    console.log(`16 MiB of ${clients[name].title} as text only: ` +
      clients[name].cannot.big_binary);
if (cells.some(({ client }) => client === 'lesson8'))
  console.log(`lesson 8's client shows 200 bytes of a message (16 of a binary one) and its trace the
size: that much is compared.`);
for (const [name, why] of left_out)
  if (wanted.length === 0 || wanted.includes(name)) console.log(`left out: ${name}: ${why}`);
// One line for a conversation that broke, with all the checks that it had still to come.
const lines = new Map();
for (const { client, server, check, problem } of failures) {
  const line = `FAILED  ${client} → ${server}: ${problem}`;
  lines.set(line, [...(lines.get(line) ?? []), check]);
}
for (const [line, checks] of lines) console.log(`${line} (${checks.join(', ')})`);

const marks = cells.flatMap(({ checks }) => Object.values(checks));
const count = (mark) => marks.filter((each) => each === mark).length;
writeFileSync(path.join(built, 'table.json'),
              JSON.stringify({ cells, wires, failures, left_out: Object.fromEntries(left_out) },
                             null, 1));
console.log(`${cells.length} cells: ${count('✓')} passed, ${count('✗')} failed, ` +
  `${count('–')} impossible for the client, ${left_out.size} peers left out`);
process.exit(failures.length === 0 ? 0 : 1);
