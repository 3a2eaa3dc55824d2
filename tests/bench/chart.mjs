// chart.mjs RESULT.json FOLDER: `make bench-chart`. Draws what `make bench` measured as two pictures,
// speed-light.svg and speed-dark.svg: for each scenario the servers' CPU time as a ratio to raw TCP, on
// a logarithmic scale. Further left is faster; at 1 there is nothing left to gain.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { themes, escape } from './themes.mjs';

const colors = ['#bf8700', '#8250df', '#cf222e', '#1a7f37', '#bc4c00', '#a475f9'];
const width = 760;
const left = 300;
const right = 24;
const rowHeight = 34;
const top = 76;

function scale(ratios) {
    const most = Math.max(2, ...ratios) * 1.15;
    const x = (ratio) => left + (Math.log(Math.max(ratio, 0.9) / 0.9) / Math.log(most / 0.9)) * (width - left - right);
    const ticks = [1, 1.5, 2, 3, 5, 10, 20, 50].filter((tick) => tick <= most);
    return { x, ticks };
}

// Ours is drawn last and larger, so that nothing hides it.
function dots(scenario, y, x, color) {
    const rows = scenario.servers.filter((row) => !row.server.startsWith('raw') && row.ratio !== null);
    rows.sort((a, b) => (a.server === 'ours') - (b.server === 'ours'));
    return rows.map((row) => {
        const title = `<title>${escape(row.name)}: ${row.ratio.toFixed(2)}</title>`;
        return `<circle cx="${x(row.ratio).toFixed(1)}" cy="${y}" r="${row.server === 'ours' ? 7 : 5}" fill="${color(row.server)}">${title}</circle>`;
    });
}

function legend(servers, color, theme) {
    let at = 16;
    return servers.map(({ id, name }) => {
        const entry = `<circle cx="${at}" cy="46" r="${id === 'ours' ? 7 : 5}" fill="${color(id)}"/><text x="${at + 11}" y="50" fill="${theme.text}">${escape(name)}</text>`;
        at += 28 + name.length * 7.2;
        return entry;
    });
}

function draw(result, theme) {
    const scenarios = result.scenarios.filter((scenario) => !scenario.memory);
    const servers = new Map();
    for (const scenario of scenarios)
        for (const row of scenario.servers) if (!row.server.startsWith('raw')) servers.set(row.server, row.name);
    const order = [...servers.keys()];
    const color = (id) => (id === 'ours' ? theme.ours : colors[order.filter((other) => other !== 'ours').indexOf(id) % colors.length]);
    const ratios = scenarios.flatMap((scenario) => scenario.servers.map((row) => row.ratio).filter(Number.isFinite));
    const { x, ticks } = scale(ratios);
    const bottom = top + scenarios.length * rowHeight;
    const parts = [
        `<text x="8" y="22" fill="${theme.text}" font-size="15" font-weight="600">CPU time of a WebSocket server, as a multiple of raw TCP (left is faster)</text>`,
        ...legend(order.map((id) => ({ id, name: servers.get(id) })), color, theme),
        ...ticks.map(
            (tick) =>
                `<line x1="${x(tick).toFixed(1)}" y1="${top - 6}" x2="${x(tick).toFixed(1)}" y2="${bottom}" stroke="${theme.grid}"/><text x="${x(tick).toFixed(1)}" y="${bottom + 18}" fill="${theme.faint}" text-anchor="middle">${tick}×</text>`,
        ),
    ];
    scenarios.forEach((scenario, index) => {
        const y = top + index * rowHeight + rowHeight / 2;
        parts.push(`<text x="8" y="${y + 4}" fill="${theme.text}">${escape(scenario.title)}</text>`, ...dots(scenario, y, x, color));
    });
    const { machine } = result;
    parts.push(
        `<text x="8" y="${bottom + 40}" fill="${theme.faint}" font-size="11">${escape(`${machine.cpu}, ${machine.cpus} CPUs; medians of ${result.rounds} rounds; ${machine.date.slice(0, 10)}`)}</text>`,
    );
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${bottom + 52}" viewBox="0 0 ${width} ${bottom + 52}" font-family="system-ui, sans-serif" font-size="12">\n${parts.join('\n')}\n</svg>\n`;
}

const [, , file, folder] = process.argv;
if (!file || !folder) {
    console.error('chart: which result, and where to? chart.mjs build/bench/result.json tests/bench');
    process.exit(2);
}
const result = JSON.parse(readFileSync(file, 'utf8'));
for (const [name, theme] of Object.entries(themes)) writeFileSync(join(folder, `speed-${name}.svg`), draw(result, theme));
