// The servers that `make bench` compares: how each is started, what it cannot do, which version it is.
import { spawn, execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { largeFrame } from './scenarios.mjs';

const build = process.env.BUILD ?? 'build';
const built = join(build, 'bench');
const here = fileURLToPath(new URL('.', import.meta.url));

function output(command, ...args) {
    try {
        return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    } catch {
        return '';
    }
}

const debian = (name) => output('dpkg-query', '-W', '-f=${Version}', name).replace(/^\d+:/, '').replace(/-[^-]*$/, '');
function npmVersion(name) {
    const file = join(built, 'npm/node_modules', name, 'package.json');
    return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).version : '';
}

// `command` for the mode 'echo', 'large' (an echo, too) or 'fan-out'; null where it has none. `raw`: no WebSocket.
export const raw = {
    id: 'raw',
    name: 'raw TCP',
    raw: true,
    command: (mode) => [join(built, 'raw_echo'), ...(mode === 'fan-out' ? ['--fan-out'] : [])],
};

// The limit of whoever needs a message whole, as every handler of messages does.
export const rawWhole = {
    id: 'raw-whole',
    name: 'raw, whole',
    raw: true,
    command: (mode) => (mode === 'large' ? [join(built, 'raw_echo'), '--whole', String(largeFrame)] : null),
};

export const ours = {
    id: 'ours',
    name: 'ours',
    version: output('git', 'describe', '--always', '--dirty'),
    command: (mode) =>
        mode === 'fan-out' ? [join(built, 'fan_out')] : [join(build, 'lessons/11-event-loop/server')],
};

// The same of another commit, for `make bench-against`.
export function revision(name, folder) {
    return {
        id: name,
        name,
        command: (mode) =>
            mode === 'fan-out' ? null : [join(folder, 'build/lessons/11-event-loop/server')],
    };
}

export const peers = [
    {
        id: 'beast',
        name: 'Boost.Beast',
        version: debian('libboost-dev').replace(/\.0\.0$/, ''),
        command: (mode) => (mode === 'fan-out' ? null : [join(built, 'beast')]),
    },
    {
        id: 'websocketpp',
        name: 'websocketpp',
        version: debian('libwebsocketpp-dev'),
        command: (mode) => [join(built, 'websocketpp'), ...(mode === 'fan-out' ? ['--fan-out'] : [])],
    },
    {
        id: 'libwebsockets',
        name: 'libwebsockets',
        version: debian('libwebsockets-dev'),
        command: (mode) => (mode === 'fan-out' ? null : [join(built, 'libwebsockets')]),
    },
    {
        id: 'gorilla',
        name: 'gorilla (Go)',
        version: debian('golang-github-gorilla-websocket-dev'),
        command: (mode) => [join(built, 'gorilla'), ...(mode === 'fan-out' ? ['--fan-out'] : [])],
    },
    {
        id: 'ws',
        name: 'ws (Node)',
        version: npmVersion('ws'),
        command: (mode) => ['node', join(here, 'peers/ws.mjs'), ...(mode === 'fan-out' ? ['--fan-out'] : [])],
    },
];

// SERVER='./mine --port 9000': any other one. Its port is the one that is named there, or else the
// first ":N" that it prints.
export function other(command) {
    const words = command.trim().split(/\s+/);
    const place = words.findIndex((word) => word.startsWith('--port'));
    const named = place < 0 ? 0 : Number(words[place].includes('=') ? words[place].split('=')[1] : words[place + 1]);
    return { id: 'server', name: words[0].split('/').pop(), command: () => words, port: named || undefined };
}

async function connectable(port) {
    for (let attempt = 0; attempt < 200; ++attempt) {
        const connected = await new Promise((resolve) => {
            const socket = createConnection({ port, host: 'localhost' });
            socket.on('connect', () => resolve(socket.destroy() && true));
            socket.on('error', () => resolve(false));
        });
        if (connected) return true;
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return false;
}

// Starts a server on the CPU that is named; null where it does not do that. Resolves when it listens.
export async function start(server, mode, cpu) {
    const words = server.command(mode);
    if (!words) return null;
    if (!server.port && !words.includes('--port')) words.push('--port', '0');
    // taskset becomes the program itself, so the process is the server.
    const command = cpu === null ? words : ['taskset', '-c', String(cpu), ...words];
    const child = spawn(command[0], command.slice(1), {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, NPM: join(process.cwd(), built, 'npm') },
    });
    process.on('exit', () => child.kill('SIGKILL'));
    let said = '';
    const port = await new Promise((resolve, reject) => {
        child.on('error', reject);
        child.on('exit', (status) => reject(new Error(`${server.name} ended with ${status}: ${said.trim()}`)));
        const listen = (data) => {
            said += data;
            const found = said.match(/:(\d+)/);
            if (!server.port && found) resolve(Number(found[1]));
        };
        child.stdout.on('data', listen);
        child.stderr.on('data', (data) => (said += data));
        if (server.port) resolve(server.port);
    });
    if (!(await connectable(port))) throw new Error(`${server.name} does not listen on port ${port}`);
    const stop = () =>
        new Promise((resolve) => {
            child.removeAllListeners('exit');
            child.on('exit', resolve);
            child.kill('SIGTERM');
            setTimeout(() => child.kill('SIGKILL'), 8000).unref();
        });
    return { pid: child.pid, port, stop };
}
