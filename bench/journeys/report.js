// What was measured, for people: Markdown tables, one column a run, and whether each journey met what was asked of it.

import { kJourneys } from './journeys.js';

const kNone = '–';

function ms(value) {
  if (value === undefined) return kNone;
  if (value >= 1000) return `${(value / 1000).toFixed(2)} s`;
  return `${value.toFixed(value < 10 ? 2 : 0)} ms`;
}

function percent(value) {
  if (value === null || value === undefined) return kNone;
  return `${(value * 100).toFixed(value > 0 && value < 0.01 ? 2 : 1)} %`;
}

function number(value) {
  if (value === undefined) return kNone;
  return value >= 100 ? Math.round(value).toLocaleString('en') : String(Math.round(value * 100) / 100);
}

const mib = (bytes) => (bytes === undefined ? kNone : `${(bytes / 2 ** 20).toFixed(0)} MiB`);

function table(head, rows) {
  const widths = head.map((_, at) => Math.max(...[head, ...rows].map((row) => String(row[at] ?? '').length)));
  const line = (row) => `| ${row.map((cell, at) => String(cell ?? '').padEnd(widths[at])).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

// How the second run stands to the first.
function change(before, after, better) {
  if (!before || after === undefined || after === null) return '';
  if (better === 'more') return `${number(after / before)}×`;
  return after === 0 ? 'none' : `${percent(after / before)}`;
}

const per_thousand = (run, key) => (run.origin ? run.origin[key] * 1000 / run.requests : undefined);

function breaking_point(stress) {
  if (!stress) return kNone;
  return stress.broke_at ? `${stress.broke_at} (${stress.why})` : 'not';
}

// [what, value of a run, how to print it, which way is better]
const kRows = [
  ['journeys done', (run) => Object.values(run.done).reduce((a, b) => a + b, 0), number],
  ['requests', (run) => run.requests, number],
  ['requests/s', (run) => run.requests_per_second, number, 'more'],
  ['p50', (run) => run.p50, ms, 'less'],
  ['p95', (run) => run.p95, ms, 'less'],
  ['p99', (run) => run.p99, ms, 'less'],
  ['errors', (run) => run.error_rate, percent],
  ['hit rate of the cacheable', (run) => run.hit_rate, percent],
  ['… from memory', (run) => run.memory_rate, percent],
  ['… from Redis', (run) => run.redis_rate, percent],
  ['coalesced', (run) => run.outcomes.coalesced, number],
  ['SQL queries', (run) => run.origin?.sql_queries, number, 'less'],
  ['SQL queries a 1,000 requests', (run) => per_thousand(run, 'sql_queries'), number, 'less'],
  ['origin requests', (run) => run.origin?.requests, number, 'less'],
  ['origin requests a 1,000 requests', (run) => per_thousand(run, 'requests'), number, 'less'],
  ['stress: most requests/s', (run) => run.stress?.peak, number, 'more'],
  ['stress: broke at clients', (run) => run.stress, breaking_point],
  ['WebSockets lost', (run) => run.websockets.lost + run.websockets.failed, number],
  ['WebSocket echo p95', (run) => run.websockets.p95, ms],
];

function overall(runs) {
  const rows = kRows.map(([what, value, print, better]) => {
    const values = runs.map(value);
    return [what, ...values.map(print), ...(runs.length === 2 ? [better ? change(...values, better) : ''] : [])];
  }).filter((row) => row.slice(1).some((cell) => cell && cell !== kNone));
  const last = runs.length === 2 ? [''] : [];
  for (const name of new Set(runs.flatMap((run) => Object.keys(run.usage)))) {
    const used = runs.map((run) => run.usage[name]);
    rows.push([`CPU of ${name}`, ...used.map((one) => (one ? `${one.cpu_seconds.toFixed(1)} s` : kNone)), ...last]);
    rows.push([`memory of ${name}`, ...used.map((one) => mib(one?.peak_memory)), ...last]);
  }
  return table(['', ...runs.map((run) => run.name), ...(runs.length === 2 ? ['second to first'] : [])], rows);
}

// What of a journey's wishes was missed: [] when all is well.
export function missed(name, counts) {
  const { p95, error_rate: errors, hit_rate: hits } = kJourneys[name].wanted;
  return [counts.p95 > p95 && `p95 above ${ms(p95)}`, counts.error_rate > errors && `errors above ${percent(errors)}`,
    hits !== undefined && !(counts.hit_rate >= hits) && `hit rate below ${percent(hits)}`].filter(Boolean);
}

const latencies_and_rates = ({ p50, p95, p99, error_rate: errors, hit_rate: hits }) =>
  [ms(p50), ms(p95), ms(p99), percent(errors), percent(hits)];

function journeys(runs) {
  const rows = [];
  for (const name of Object.keys(kJourneys)) {
    for (const run of runs) {
      const counts = run.journeys[name];
      if (!counts) continue;
      const verdict = run.throughWeir ? missed(name, counts).join(', ') || 'met' : '';
      rows.push([name, run.name, number(counts.requests), ...latencies_and_rates(counts), verdict]);
    }
  }
  return table(['journey', 'run', 'requests', 'p50', 'p95', 'p99', 'errors', 'hit rate', 'asked for'], rows);
}

function routes(runs) {
  const names = [...new Set(runs.flatMap((run) => Object.keys(run.routes)))].sort();
  const rows = names.map((name) => {
    const last = runs.at(-1).routes[name];
    const latencies = runs.map((run) => ms(run.routes[name]?.p95));
    return [name, ...latencies, number(last?.requests), percent(last?.hit_rate), number(last?.errors)];
  });
  return table(['route', ...runs.map((run) => `p95 ${run.name}`), 'requests', 'hit rate', 'errors'], rows);
}

function stages(runs) {
  const rows = runs.flatMap((run) => [
    ...run.stages.map((stage) => [run.name, stage]),
    ...(run.stress?.steps ?? []).map((step) => [`${run.name}, stress`, step]),
  ]);
  return table(['run', 'clients', 'requests/s', 'p50', 'p95', 'p99', 'errors', 'hit rate'], rows.map(([name, stage]) =>
    [name, stage.clients, number(stage.requests_per_second), ...latencies_and_rates(stage)]));
}

function errors(runs) {
  const rows = runs.flatMap((run) => Object.entries(run.errors_by_kind).map(([kind, n]) => [run.name, kind, number(n)]));
  return rows.length ? `\n## Errors\n${table(['run', 'what', 'times'], rows)}\n` : '';
}

export function markdown(runs, how) {
  return `# Journeys on StreamVibe\n${how}\n\n${overall(runs)}\n\n## By journey\n${journeys(runs)}\n\n`
    + `## By number of clients\n${stages(runs)}\n\n## By route\n${routes(runs)}\n${errors(runs)}`;
}
