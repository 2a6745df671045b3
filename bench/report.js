// From measurements to figures that may be quoted: medians over the runs in which nobody else kept the cores busy, ratios
// between servers, a table. Pure: values in, text out.

const kForeignLimit = 0.15;     // part of a core that others may use before a run counts as disturbed
const kSaturated = 0.97;        // part of its core above which the generator may be what limits
const kFewestRuns = 3;          // with fewer undisturbed ones, all are taken

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

// One figure of each kind for a row and a server: { rate, p50_us, p99_us, cpu_us, runs, disturbed, saturated, failed }.
export function summarise(measurements) {
  const quiet = measurements.filter((it) => it.foreign_share <= kForeignLimit);
  const taken = quiet.length >= Math.min(kFewestRuns, measurements.length) ? quiet : measurements;
  const of = (word) => (taken.some((it) => it[word] === null) ? null : median(taken.map((it) => it[word])));
  return {
    rate: of('rate'), p50_us: of('p50_us'), p99_us: of('p99_us'), cpu_us: of('cpu_us'), server_share: of('server_share'),
    runs: taken.length, disturbed: measurements.length - quiet.length, saturated: of('generator_share') >= kSaturated,
    failed: measurements.reduce((sum, it) => sum + it.failed, 0),
  };
}

function table(heads, lines) {
  const rule = heads.map((_, i) => (i === 0 ? '---' : '---:'));
  return [heads, rule, ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function thousands(rate) {
  return (rate / 1000).toFixed(rate < 10_000 ? 2 : 1);
}

// `rows`: [{ words, servers: { name: summary } }]; `servers`: [{ name, words }], of which the first is compared with the rest.
export function markdown(rows, servers, { runs, seconds, connections }) {
  const [first, ...others] = servers;
  const ratio = (row, other) => {
    const [a, b] = [row.servers[first.name], row.servers[other.name]];
    return a && b && b.rate > 0 ? `${(a.rate / b.rate).toFixed(2)}×` : '–';
  };
  const cells = (row, show) => servers.map(({ name }) => (row.servers[name] ? show(row.servers[name]) : '–'));
  const marks = (it) => `${it.saturated ? '°' : ''}${it.disturbed ? '~' : ''}${it.failed ? '!' : ''}`;
  const names = servers.map(({ words }) => words);
  const rates = table(['requests/s, thousands', ...names, ...others.map(({ words }) => `${first.words} ÷ ${words}`)],
    rows.map((row) => [row.words, ...cells(row, (it) => thousands(it.rate) + marks(it)), ...others.map((other) => ratio(row, other))]));
  const tails = table(['p99, µs', ...names], rows.map((row) => [row.words, ...cells(row, (it) => (it.p99_us === null ? '–' : String(Math.round(it.p99_us))))]));
  const costs = table(['CPU, µs a request', ...names], rows.map((row) => [row.words, ...cells(row, (it) => it.cpu_us.toFixed(it.cpu_us < 5 ? 2 : 1))]));
  const notes = [`Medians of ${runs} interleaved runs of ${seconds} s, ${connections} connections, one worker on one core.`];
  const any = (word) => rows.some((row) => Object.values(row.servers).some((it) => it[word]));
  if (any('saturated')) notes.push('° the generator\'s core was full: the server might do more; compare CPU a request.');
  if (any('disturbed')) notes.push('~ others kept the cores busy in some runs; those are left out while three remain.');
  if (any('failed')) notes.push('! some requests failed: the figure does not count.');
  return [rates, tails, costs, notes.join('\n')].join('\n\n');
}
