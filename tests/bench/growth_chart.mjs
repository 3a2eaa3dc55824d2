// growth_chart.mjs GROWTH.json FOLDER: `make bench-chart`. Draws what `make bench-growth` measured as two
// pictures, growth-light.svg and growth-dark.svg: for each series CPU time over what grows, both on a
// logarithmic scale; ours, and raw TCP below it.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { themes, escape } from './themes.mjs';
import { time } from './print.mjs';

const width = 760;
const height = 210;
const plot = { left: 78, right: 24, top: 40, bottom: 34 };

const shortly = (value) =>
    value >= 1 << 20 && value % (1 << 20) === 0 ? `${value >> 20}Mi`
    : value >= 1024 && value % 1024 === 0 ? `${value >> 10}Ki`
    : value >= 1000 && value % 1000 === 0 ? `${value / 1000}k`
    : String(value);

// From a value to a place between `from` and `to`.
function logarithmic(least, most, from, to) {
    return (value) => from + (Math.log(value / least) / Math.log(most / least)) * (to - from);
}

function line(points, x, y, color, dashed) {
    const path = points.map(([at, value], index) => `${index === 0 ? 'M' : 'L'}${x(at).toFixed(1)} ${y(value).toFixed(1)}`).join('');
    const dots = points.map(([at, value]) => `<circle cx="${x(at).toFixed(1)}" cy="${y(value).toFixed(1)}" r="3" fill="${color}"><title>${shortly(at)}: ${time(value)}</title></circle>`);
    return `<path d="${path}" fill="none" stroke="${color}" stroke-width="2"${dashed ? ' stroke-dasharray="4 3"' : ''}/>${dots.join('')}`;
}

// A power of ten in each direction that holds them all.
function decades(values) {
    const least = 10 ** Math.floor(Math.log10(Math.min(...values)));
    const most = 10 ** Math.ceil(Math.log10(Math.max(...values)));
    const ticks = [];
    for (let tick = least; tick <= most * 1.01; tick *= 10) ticks.push(tick);
    return { least, most, ticks };
}

function draw(series, top, theme) {
    const cost = (id) => series.points.map(({ value, servers }) => [value, servers.find((one) => one.server === id).cpu_us]);
    const values = series.points.map(({ value }) => value);
    const x = logarithmic(Math.min(...values), Math.max(...values), plot.left, width - plot.right);
    const { least, most, ticks } = decades([...cost('raw'), ...cost('ours')].map(([, us]) => us));
    const y = logarithmic(least, most, top + height - plot.bottom, top + plot.top);
    const base = top + height - plot.bottom;
    // Neighbours that would be written over each other: the one to the left stays.
    let free = -Infinity;
    const labels = values.filter((value) => x(value) - free > 30 && (free = x(value), true));
    return [
        `<text x="8" y="${top + 22}" fill="${theme.text}" font-weight="600">${escape(series.title)}</text>`,
        ...ticks.map((tick) => `<line x1="${plot.left}" y1="${y(tick).toFixed(1)}" x2="${width - plot.right}" y2="${y(tick).toFixed(1)}" stroke="${theme.grid}"/><text x="${plot.left - 8}" y="${(y(tick) + 4).toFixed(1)}" fill="${theme.faint}" text-anchor="end">${time(tick)}</text>`),
        ...labels.map((value) => `<text x="${x(value).toFixed(1)}" y="${base + 18}" fill="${theme.faint}" text-anchor="middle">${shortly(value)}</text>`),
        `<text x="${width - plot.right}" y="${top + 22}" fill="${theme.faint}" text-anchor="end">${escape(series.unit)}</text>`,
        line(cost('raw'), x, y, theme.faint, true),
        line(cost('ours'), x, y, theme.ours, false),
    ];
}

const [, , file, folder] = process.argv;
if (!file || !folder) {
    console.error('growth_chart: which result, and where to? growth_chart.mjs build/bench/growth.json tests/bench');
    process.exit(2);
}
const { series, date, rounds } = JSON.parse(readFileSync(file, 'utf8'));
for (const [name, theme] of Object.entries(themes)) {
    const top = 34;
    const whole = top + series.length * height + 24;
    const parts = [
        `<text x="8" y="22" fill="${theme.text}" font-size="15" font-weight="600">CPU time of our server a message: <tspan fill="${theme.ours}">ours</tspan>, and <tspan fill="${theme.faint}">raw TCP</tspan> (dashed)</text>`,
        ...series.flatMap((one, index) => draw(one, top + index * height, theme)),
        `<text x="8" y="${whole - 8}" fill="${theme.faint}" font-size="11">medians of ${rounds} rounds; ${date}</text>`,
    ];
    writeFileSync(
        join(folder, `growth-${name}.svg`),
        `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${whole}" viewBox="0 0 ${width} ${whole}" font-family="system-ui, sans-serif" font-size="12">\n${parts.join('\n')}\n</svg>\n`,
    );
}
