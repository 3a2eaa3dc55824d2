// What is measured, and under which letter. `args` are those of clients/load.
const text20 = ['--bytes', '20', '--connections', '100'];
const binary = ['--payload', 'binary'];
const large = 1 << 20;
// Its frame as a client sends it: two bytes, a length of eight, a masking key.
export const largeFrame = large + 14;

export const scenarios = [
    {
        id: 'a',
        title: '20 B text, 100 connections, 1 in flight',
        args: text20,
        counted: 4000,
    },
    {
        id: 'b',
        title: '20 B text, 100 connections, 32 in flight',
        args: [...text20, '--in-flight', '32'],
        counted: 64000,
    },
    {
        id: 'c',
        title: '16 KiB binary, 50 connections, 1 in flight',
        args: [...binary, '--bytes', '16384', '--connections', '50'],
        counted: 2000,
    },
    {
        id: 'd',
        title: '1 MiB binary, 4 connections, 1 in flight',
        args: [...binary, '--bytes', String(large), '--connections', '4'],
        mode: 'large',
        counted: 100,
    },
    {
        id: 't',
        title: '1 MiB text in UTF-8, 4 connections, 1 in flight',
        args: ['--payload', 'utf8', '--bytes', String(large), '--connections', '4'],
        mode: 'large',
        counted: 100,
    },
    {
        id: 'f',
        title: 'connect, upgrade, close; 50 at a time',
        args: ['--mode', 'handshake', '--connections', '50'],
        counted: 500,
        unit: 'handshake',
    },
    {
        id: 'g1',
        title: 'fan-out of 64 B to 500 receivers, 1 in flight',
        args: ['--mode', 'fan-out', '--bytes', '64', '--connections', '500'],
        counted: 40,
        mode: 'fan-out',
        unit: 'delivery',
        each: 500,
    },
    {
        id: 'g16',
        title: 'fan-out of 64 B to 500 receivers, 16 in flight',
        args: ['--mode', 'fan-out', '--bytes', '64', '--connections', '500', '--in-flight', '16'],
        counted: 320,
        mode: 'fan-out',
        unit: 'delivery',
        each: 500,
    },
    {
        id: 'e',
        title: '10,000 idle connections',
        args: ['--mode', 'idle', '--connections', '10000'],
        memory: true,
    },
];

// ONLY=a,c; g means both of its kinds.
export function choose(only) {
    if (!only) return scenarios;
    const wanted = only.split(/[ ,]+/).filter(Boolean);
    const matches = (scenario, id) => scenario.id === id || (id === 'g' && scenario.mode === 'fan-out');
    for (const id of wanted)
        if (!scenarios.some((scenario) => matches(scenario, id)))
            throw new Error(`there is no scenario '${id}' (ONLY); there are a, b, c, d, t, f, g, e`);
    return scenarios.filter((scenario) => wanted.some((id) => matches(scenario, id)));
}
