// The tables of `make bench`, for people.
const dash = '–';

export function digits(value, unit = '') {
    if (value === null || value === undefined || !Number.isFinite(value)) return dash;
    const places = value < 10 ? 2 : value < 100 ? 1 : 0;
    return value.toFixed(places) + unit;
}
export const grouped = (value) =>
    value === null || !Number.isFinite(value) ? dash : Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, ',');

export function time(us) {
    if (us === null || !Number.isFinite(us)) return dash;
    if (us < 1) return digits(us * 1000, ' ns');
    return us < 1000 ? digits(us, ' µs') : digits(us / 1000, ' ms');
}

// The first column to the left, numbers to the right.
export function table(rows) {
    const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
    for (const row of rows)
        console.log(
            ('  ' + row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join('  ')).trimEnd(),
        );
}

export function printMachine(result, alone) {
    const { machine } = result;
    console.log(`${machine.cpu}, ${machine.cpus} CPUs, ${machine.memory_gib} GiB, Linux ${machine.kernel}`);
    console.log(`${machine.compiler}; ours: ${machine.optimize}; Node ${machine.node}${machine.go ? '; ' + machine.go : ''}`);
    const versions = Object.entries(result.versions).filter(([, version]) => version);
    console.log(versions.map(([name, version]) => `${name} ${version}`).join(', '));
    for (const [peer, reason] of Object.entries(result.left_out)) console.log(`left out: ${peer}: ${reason}`);
    console.log(`medians of ${result.rounds} rounds of ${result.seconds} s each, interleaved; load average ${machine.load_average} at the start`);
    if (alone) console.log('server and load share a CPU here: rates and latencies say little, CPU times more');
}

export function printScenario(scenario) {
    console.log(`\n${scenario.id}  ${scenario.title}`);
    if (scenario.memory) {
        table([['', 'bytes each'], ...scenario.servers.map((row) => [row.name, grouped(row.bytes_each)])]);
        return;
    }
    const unit = scenario.unit ?? 'message';
    table([
        ['', 'a second', 'MB/s', 'p50', 'p99', `CPU a ${unit}`, '× raw', 'system calls'],
        ...scenario.servers.map((row) => [
            row.name + (row.errors > 0 ? ` (${row.errors} errors)` : ''),
            grouped(row.per_second),
            scenario.unit === 'handshake' ? dash : digits(row.megabytes_per_second),
            time(row.p50_us),
            time(row.p99_us),
            time(row.cpu_us),
            digits(row.ratio),
            digits(row.calls),
        ]),
    ]);
}
