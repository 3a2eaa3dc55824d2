// One measurement: clients/load against a server that runs, and strace for its system calls.
import { spawn, execFile } from 'node:child_process';
import { join } from 'node:path';

const load = join(process.env.BUILD ?? 'build', 'clients/load');

function run(command, args) {
    return new Promise((resolve, reject) => {
        execFile(command, args, { encoding: 'utf8', maxBuffer: 1 << 24 }, (error, stdout, stderr) => {
            if (stdout.startsWith('{')) resolve(JSON.parse(stdout));
            else reject(new Error((stderr || String(error)).trim().split('\n').pop()));
        });
    });
}

export function loadOn(cpu, target, server, args) {
    const all = [`:${target.port}`, '--json', '--quiet', ...(server.raw ? ['--raw'] : []), ...args];
    return cpu === null ? run(load, all) : run('taskset', ['-c', String(cpu), load, ...all]);
}

// Medians are not moved by a round in which the machine did something else.
export function median(values) {
    const sorted = values.filter((value) => Number.isFinite(value)).sort((a, b) => a - b);
    if (sorted.length === 0) return null;
    const middle = sorted.length >> 1;
    return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

// The system calls of a server while load sends so many messages, by strace's own count.
async function countCalls(cpu, target, server, args, messages) {
    const strace = spawn('strace', ['-c', '-f', '-p', String(target.pid)], { stdio: ['ignore', 'ignore', 'pipe'] });
    let text = '';
    const attached = new Promise((resolve, reject) => {
        strace.on('error', reject);
        strace.stderr.on('data', (data) => {
            text += data;
            if (text.includes('attached')) resolve();
        });
        strace.on('exit', () => reject(new Error(text.trim())));
    });
    await attached;
    const ended = new Promise((resolve) => strace.on('exit', resolve));
    try {
        await loadOn(cpu, target, server, [...args, '--messages', String(messages), '--timeout', '60']);
    } finally {
        strace.kill('SIGINT');
        await ended;
    }
    const total = text.match(/^100\.00\s+\S+\s+(?:\S+\s+)?(\d+)\s+(?:\d+\s+)?total$/m);
    return total ? Number(total[1]) : NaN;
}

// For each message: what twice as many messages cost more. So the handshakes do not count, unless
// they are what is measured.
export async function callsEach(cpu, target, server, scenario) {
    try {
        const one = await countCalls(cpu, target, server, scenario.args, scenario.counted);
        const two = await countCalls(cpu, target, server, scenario.args, 2 * scenario.counted);
        return (two - one) / scenario.counted / (scenario.each ?? 1);
    } catch {
        return NaN;
    }
}
