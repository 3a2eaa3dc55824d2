// `make bench`: our server, its peers and the limit, side by side. Every round measures each of them
// once, one after the other, so that whatever else the machine does meets all of them; medians of the
// rounds are shown. Server and load each have a CPU of their own.
//   ONLY=a,c  PEERS=ws,beast (none: only ours)  ROUNDS=5  TIME=2 (seconds each)
//   SERVER='./mine --port 9000'  CALLS=0 (without strace)
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { choose } from './scenarios.mjs';
import { raw, rawWhole, ours, peers, other, revision, start } from './servers.mjs';
import { loadOn, callsEach, median } from './measure.mjs';
import { printMachine, printScenario } from './print.mjs';

const build = process.env.BUILD ?? 'build';
const rounds = Number(process.env.ROUNDS || 5);
const seconds = process.env.TIME || '2';
const say = (text) => process.stderr.isTTY && process.stderr.write(`\r\x1b[K${text}`);

function output(command, ...args) {
    try {
        return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split('\n')[0].trim();
    } catch {
        return '';
    }
}

function chooseServers(leftOut) {
    const wanted = process.env.PEERS?.split(/[ ,]+/).filter((id) => id && id !== 'none');
    for (const id of wanted ?? [])
        if (!peers.some((peer) => peer.id === id))
            throw new Error(`there is no peer '${id}' (PEERS); there are ${peers.map((peer) => peer.id).join(', ')}`);
    const chosen = peers.filter((peer) => (wanted ? wanted.includes(peer.id) : true) && !leftOut.has(peer.id));
    const against = process.env.AGAINST ? [revision(process.env.AGAINST, process.env.AGAINST_FOLDER)] : [];
    const mine = process.env.SERVER ? [other(process.env.SERVER)] : [];
    return [raw, rawWhole, ours, ...against, ...mine, ...chosen];
}

function readLeftOut() {
    const file = join(build, 'bench/left-out');
    const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').filter(Boolean) : [];
    return new Map(lines.map((line) => [line.split(' ')[0], line.slice(line.indexOf(' ') + 1)]));
}

function describeMachine() {
    return {
        cpu: cpus()[0].model.trim(),
        cpus: availableParallelism(),
        memory_gib: Math.round(totalmem() / 2 ** 30),
        kernel: release(),
        compiler: output(process.env.CXX || 'g++', '--version'),
        optimize: process.env.OPTIMIZE || '-O2',
        node: process.version,
        go: output('go', 'version').replace(/^go version /, ''),
        date: new Date().toISOString().slice(0, 16).replace('T', ' '),
        load_average: readFileSync('/proc/loadavg', 'utf8').split(' ')[0],
    };
}

// A server of each kind that does this, running.
async function startAll(servers, scenario, cpu) {
    const running = [];
    for (const server of servers) {
        const target = await start(server, scenario.mode ?? 'echo', cpu).catch((error) => {
            console.error(error.message);
            return null;
        });
        if (target) running.push({ server, target, results: [] });
    }
    return running;
}

async function measureRounds(running, scenario, cpu) {
    for (let round = 0; round < rounds; ++round)
        for (const one of running) {
            say(`${scenario.id}: round ${round + 1} of ${rounds}, ${one.server.name}`);
            const args = [...scenario.args, '--time', seconds, '--pid', String(one.target.pid)];
            const result = await loadOn(cpu, one.target, one.server, args).catch((error) => ({ failed: error.message }));
            const wrong = result.failed ? 1 : result.errors + result.unanswered;
            if (wrong > 0) console.error(`${scenario.id}: ${one.server.name}: ${result.failed ?? wrong + ' errors'}`);
            one.results.push(result);
        }
}

// Memory is compared with that of a server which has served nobody yet.
async function measureMemory(servers, scenario, cpus) {
    const all = servers.filter((server) => server.command('echo')).map((server) => ({ server, results: [] }));
    for (let round = 0; round < Math.min(rounds, 3); ++round)
        for (const one of all) {
            say(`${scenario.id}: round ${round + 1}, ${one.server.name}`);
            const target = await start(one.server, 'echo', cpus.server);
            const args = [...scenario.args, '--time', '0.5', '--pid', String(target.pid)];
            one.results.push(await loadOn(cpus.load, target, one.server, args).catch((error) => ({ failed: error.message })));
            await target.stop();
        }
    return all;
}

function summarize(one, limit) {
    const pick = (read) => median(one.results.map((result) => (result.failed ? NaN : read(result))));
    const cpu = (result) => result?.server?.cpu_us_each;
    return {
        server: one.server.id,
        name: one.server.name,
        per_second: pick((result) => result.per_second),
        megabytes_per_second: pick((result) => result.megabytes_per_second),
        p50_us: pick((result) => result.latency_us.p50),
        p99_us: pick((result) => result.latency_us.p99),
        cpu_us: pick(cpu),
        ratio: median(one.results.map((result, round) => cpu(result) / cpu(limit.results[round]))),
        calls: one.calls ?? null,
        bytes_each: pick((result) => result.bytes_each),
        errors: one.results.reduce((sum, result) => sum + (result.failed ? 1 : result.errors + result.unanswered), 0),
    };
}

async function measure(servers, scenario, pins) {
    let all;
    if (scenario.memory) {
        all = await measureMemory(servers, scenario, pins);
    } else {
        all = await startAll(servers, scenario, pins.server);
        try {
            await measureRounds(all, scenario, pins.load);
            if (process.env.CALLS !== '0' && output('strace', '--version'))
                for (const one of all) {
                    say(`${scenario.id}: system calls, ${one.server.name}`);
                    one.calls = await callsEach(pins.load, one.target, one.server, scenario);
                }
        } finally {
            for (const one of all) await one.target.stop();
        }
    }
    say('');
    return { ...scenario, args: undefined, servers: all.map((one) => summarize(one, all[0])) };
}

process.setMaxListeners(0);
process.on('uncaughtException', (error) => {
    console.error(`bench: ${error.message}`);
    process.exit(1);
});
process.on('SIGINT', () => process.exit(130));
const leftOut = readLeftOut();
const servers = chooseServers(leftOut);
const chosen = choose(process.env.ONLY);
const alone = availableParallelism() < 2 || !output('taskset', '--version');
const pins = alone ? { server: null, load: null } : { server: 0, load: 1 };
const result = {
    machine: describeMachine(),
    rounds,
    seconds: Number(seconds),
    versions: Object.fromEntries(servers.map((server) => [server.name, server.version ?? ''])),
    left_out: Object.fromEntries(leftOut),
    scenarios: [],
};
printMachine(result, alone);
for (const scenario of chosen) {
    result.scenarios.push(await measure(servers, scenario, pins));
    printScenario(result.scenarios.at(-1));
}
const file = process.env.JSON || join(build, 'bench/result.json');
mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, JSON.stringify(result, null, 1) + '\n');
console.log(`\nwritten to ${file}`);
