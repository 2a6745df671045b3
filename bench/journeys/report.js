// What was measured, for people: Markdown tables, one column a run, and whether each journey met what was asked of it.

import { kJourneys } from './journeys.js';

const ms = (value) => (value === undefined ? '' : value < 10 ? `${value.toFixed(2)} ms` : value < 1000 ? `${value.toFixed(0)} ms` : `${(value / 1000).toFixed(2)} s`);
const percent = (value) => (value === null || value === undefined ? '–' : `${(value * 100).toFixed(value > 0 && value < 0.01 ? 2 : 1)} %`);
const number = (value) => (value === undefined ? '–' : value >= 100 ? Math.round(value).toLocaleString('en') : String(Math.round(value * 100) / 100));
const mib = (bytes) => (bytes === undefined ? '–' : `${(bytes / 2 ** 20).toFixed(0)} MiB`);

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
  ['stress: broke at clients', (run) => run.stress && (run.stress.broke_at ? `${run.stress.broke_at} (${run.stress.why})` : 'not'), (v) => v ?? '–'],
  ['WebSockets lost', (run) => run.websockets.lost + run.websockets.failed, number],
  ['WebSocket echo p95', (run) => run.websockets.p95, ms],
];

function overall(runs) {
  const rows = kRows.map(([what, value, print, better]) => {
    const values = runs.map(value);
    return [what, ...values.map(print), ...(runs.length === 2 ? [better ? change(...values, better) : ''] : [])];
  }).filter((row) => row.slice(1).some((cell) => cell && cell !== '–'));
  for (const name of new Set(runs.flatMap((run) => Object.keys(run.usage)))) {
    rows.push([`CPU of ${name}`, ...runs.map((run) => (run.usage[name] ? `${run.usage[name].cpu_seconds.toFixed(1)} s` : '–')), ...(runs.length === 2 ? [''] : [])]);
    rows.push([`memory of ${name}`, ...runs.map((run) => mib(run.usage[name]?.peak_memory)), ...(runs.length === 2 ? [''] : [])]);
  }
  return table(['', ...runs.map((run) => run.name), ...(runs.length === 2 ? ['second to first'] : [])], rows);
}

// What of a journey's wishes was missed: [] when all is well.
export function missed(name, counts) {
  const { p95, error_rate: errors, hit_rate: hits } = kJourneys[name].wanted;
  return [counts.p95 > p95 && `p95 above ${ms(p95)}`, counts.error_rate > errors && `errors above ${percent(errors)}`,
    hits !== undefined && !(counts.hit_rate >= hits) && `hit rate below ${percent(hits)}`].filter(Boolean);
}

function journeys(runs) {
  const rows = [];
  for (const name of Object.keys(kJourneys)) {
    for (const run of runs) {
      const counts = run.journeys[name];
      if (!counts) continue;
      const verdict = run.throughWeir ? missed(name, counts).join(', ') || 'met' : '';
      rows.push([name, run.name, number(counts.requests), ms(counts.p50), ms(counts.p95), ms(counts.p99), percent(counts.error_rate), percent(counts.hit_rate), verdict]);
    }
  }
  return table(['journey', 'run', 'requests', 'p50', 'p95', 'p99', 'errors', 'hit rate', 'asked for'], rows);
}

function routes(runs) {
  const names = [...new Set(runs.flatMap((run) => Object.keys(run.routes)))].sort();
  const last = runs.at(-1);
  return table(['route', ...runs.map((run) => `p95 ${run.name}`), 'requests', 'hit rate', 'errors'], names.map((name) =>
    [name, ...runs.map((run) => ms(run.routes[name]?.p95)), number(last.routes[name]?.requests), percent(last.routes[name]?.hit_rate), number(last.routes[name]?.errors)]));
}

function stages(runs) {
  const rows = [...runs[0].stages, ...(runs[0].stress?.steps ?? [])].length ? runs.flatMap((run) => [
    ...run.stages.map((stage) => [run.name, stage]), ...(run.stress?.steps ?? []).map((step) => [`${run.name}, stress`, step])]) : [];
  return table(['run', 'clients', 'requests/s', 'p50', 'p95', 'p99', 'errors', 'hit rate'], rows.map(([name, stage]) =>
    [name, stage.clients, number(stage.requests_per_second), ms(stage.p50), ms(stage.p95), ms(stage.p99), percent(stage.error_rate), percent(stage.hit_rate)]));
}

function errors(runs) {
  const rows = runs.flatMap((run) => Object.entries(run.errors_by_kind).map(([kind, n]) => [run.name, kind, number(n)]));
  return rows.length ? `\n## Errors\n${table(['run', 'what', 'times'], rows)}\n` : '';
}

export function markdown(runs, how) {
  return `# Journeys on StreamVibe\n${how}\n\n${overall(runs)}\n\n## By journey\n${journeys(runs)}\n\n`
    + `## By number of clients\n${stages(runs)}\n\n## By route\n${routes(runs)}\n${errors(runs)}`;
}
