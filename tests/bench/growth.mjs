// `make bench-growth`: how a message's cost grows with connections, with its size, and with the members
// of a room; our server beside raw TCP, one after the other in every round. What rises in ours and not
// in raw TCP is ours to explain. A process may open so many sockets (ulimit -Hn): more clients than that
// are shared out to two servers and two generators, or more, each pair with its part of the rate.
//   ONLY=connections,sizes,rooms  ROUNDS=3  TIME=2 (seconds each)
import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { raw, ours, start } from './servers.mjs';
import { loadOn, median } from './measure.mjs';
import { digits, grouped, table, time } from './print.mjs';

const rounds = Number(process.env.ROUNDS || 3);
const seconds = process.env.TIME || '2';
const most = Number(execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' })) || Infinity;
const pins = availableParallelism() < 2 ? { server: null, load: null } : { server: 0, load: 1 };

// The same number of messages a second, whatever the number of those who send them.
const connections = {
    id: 'connections',
    title: '20 B text, 20,000 messages a second from all clients together',
    unit: 'connections',
    values: [10, 100, 1000, 10000, 25000],
    args: (value, parts) => ['--bytes', '20', '--rate', String(20000 / parts), '--connections', String(value / parts), '--timeout', '30'],
    parts: (value) => Math.max(1, Math.ceil(value / (most - 100))),
};

const sizes = {
    id: 'sizes',
    title: 'binary messages, 10 clients, 1 in flight',
    unit: 'bytes',
    values: [1, 20, 125, 126, 1024, 4096, 16384, 65535, 65536, 262144, 1048576, 4194304, 16777216],
    args: (value) => ['--payload', 'binary', '--bytes', String(value), '--connections', '10', '--timeout', '30'],
};

const rooms = {
    id: 'rooms',
    title: '64 B to all members of a room, 1 in flight; the cost of one delivery',
    unit: 'members',
    values: [10, 100, 1000, 10000],
    args: (value) => ['--mode', 'fan-out', '--bytes', '64', '--connections', String(value), '--timeout', '30'],
    mode: 'fan-out',
};

// What the parts of one round come to: they ran at the same time, with equal rates.
function together(parts) {
    const sum = (of) => parts.reduce((all, part) => all + of(part), 0);
    return {
        cpu_us: sum((part) => part.server.cpu_us_each) / parts.length,
        per_second: sum((part) => part.per_second),
        p99_us: Math.max(...parts.map((part) => part.latency_us.p99)),
        errors: sum((part) => part.errors + part.unanswered),
    };
}

async function measure(series, value, servers) {
    const parts = series.parts?.(value) ?? 1;
    const args = [...series.args(value, parts), '--time', seconds];
    const all = [];
    for (const server of servers) {
        const targets = [];
        while (targets.length < parts) targets.push(await start(server, series.mode ?? 'echo', pins.server));
        all.push({ server, targets, results: [] });
    }
    for (let round = 0; round < rounds; ++round)
        for (const { server, targets, results } of all)
            results.push(together(await Promise.all(
                targets.map((target) => loadOn(pins.load, target, server, [...args, '--pid', String(target.pid)])))));
    for (const target of all.flatMap(({ targets }) => targets)) await target.stop();
    return all.map(({ server, results }) => ({
        server: server.id,
        name: server.name,
        processes: parts,
        cpu_us: median(results.map((result) => result.cpu_us)),
        per_second: median(results.map((result) => result.per_second)),
        p99_us: median(results.map((result) => result.p99_us)),
        errors: results.reduce((sum, result) => sum + result.errors, 0),
    }));
}

function print(series) {
    console.log(`\n${series.title}`);
    table([
        [series.unit, 'a second', 'p99', 'CPU, ours', 'CPU, raw TCP', '× raw'],
        ...series.points.map(({ value, servers: [limit, own] }) => [
            grouped(value) + (own.processes > 1 ? ` in ${own.processes} processes` : '') + (own.errors > 0 ? ` (${own.errors} errors)` : ''),
            grouped(own.per_second),
            time(own.p99_us),
            time(own.cpu_us),
            time(limit.cpu_us),
            digits(own.cpu_us / limit.cpu_us),
        ]),
    ]);
}

process.setMaxListeners(0);
process.on('uncaughtException', (error) => {
    console.error(`bench-growth: ${error.message}`);
    process.exit(1);
});
process.on('SIGINT', () => process.exit(130));
const wanted = process.env.ONLY?.split(/[ ,]+/).filter(Boolean);
const all = [connections, sizes, rooms];
for (const id of wanted ?? [])
    if (!all.some((series) => series.id === id)) throw new Error(`there is no series '${id}' (ONLY); there are connections, sizes, rooms`);
const measured = [];
for (const series of all.filter(({ id }) => !wanted || wanted.includes(id))) {
    const points = [];
    for (const value of series.values) points.push({ value, servers: await measure(series, value, [raw, ours]) });
    const { id, title, unit } = series;
    measured.push({ id, title, unit, points });
    print(measured.at(-1));
}
const file = process.env.JSON || join(process.env.BUILD ?? 'build', 'bench/growth.json');
mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, JSON.stringify({ rounds, date: new Date().toISOString().slice(0, 10), series: measured }, null, 1) + '\n');
console.log(`\nwritten to ${file}`);
