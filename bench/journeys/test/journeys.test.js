// The parts that must be right for a report to be worth reading, then a whole comparison on a small StreamVibe, with a
// plain proxy in weir's place that claims hits.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { directory, up } from '../../streamvibe/support/started.js';
import { outcome } from '../cache_status.js';
import { Client } from '../client.js';
import { Zipf, generator, rank_to_id, weighted } from '../random.js';
import { Latencies, Tally } from '../tally.js';
import { route_of } from '../visit.js';

test('chance is the same each time, and differs by each seed', () => {
  const some = (...seeds) => { const next = generator(...seeds); return [next(), next(), next()]; };
  assert.deepEqual(some(1, 2, 3), some(1, 2, 3));
  for (const other of [[2, 2, 3], [1, 3, 3], [1, 2, 4]]) assert.notDeepEqual(some(1, 2, 3), some(...other));
  assert.ok(some(9).every((u) => u >= 0 && u < 1));
});

test('Zipf draws the first rank in its share, and every rank is possible', () => {
  const zipf = new Zipf(4, 1);                       // 1, 1/2, 1/3, 1/4 of 25/12
  assert.equal(zipf.draw(0), 1);
  assert.equal(zipf.draw(0.479), 1);
  assert.equal(zipf.draw(0.481), 2);
  assert.equal(zipf.draw(0.9999), 4);
  assert.deepEqual(new Set([1, 2, 3, 4, 5].map((rank) => rank_to_id(rank, 5))), new Set([1, 2, 3, 4, 5]));
  assert.equal(weighted([['a', 1], ['b', 3]], 0.2), 'a');
  assert.equal(weighted([['a', 1], ['b', 3]], 0.9), 'b');
});

test('Cache-Status becomes one of weir\'s words', () => {
  for (const [header, word, tier] of [
    [undefined, 'none'], ['', 'none'], ['other; hit', 'none'], ['weird; hit', 'none'],
    ['weir; hit; ttl=3412', 'hit', 'memory'], ['weir; hit; ttl=-4; detail=stale-while-revalidate', 'stale', 'memory'],
    ['weir; hit; ttl=5; detail=redis', 'hit', 'redis'], ['weir; fwd=uri-miss; stored', 'miss'],
    ['weir; fwd=uri-miss; collapsed', 'coalesced'], ['weir; fwd=stale; fwd-status=304', 'revalidated'],
    ['weir; fwd=stale; fwd-status=200; stored', 'expired'], ['weir; fwd=bypass; detail=method', 'bypass'],
    ['weir; fwd=method', 'bypass'], ['weir; fwd=uri-miss', 'uncacheable'],
    ['edge; detail="a, weir; hit", weir; fwd=uri-miss; stored', 'miss'], ['edge; fwd=miss, weir; hit; ttl=1', 'hit', 'memory'],
  ]) {
    const said = outcome(header);
    assert.equal(said.word, word, header);
    assert.equal(said.tier, tier, header);
  }
});

test('percentiles within their two per cent', () => {
  const latencies = new Latencies();
  for (let ms = 1; ms <= 1000; ms++) latencies.add(ms);
  const { p50, p95, p99, max } = latencies.report();
  for (const [is, right] of [[p50, 500], [p95, 950], [p99, 990], [max, 1000]]) assert.ok(Math.abs(is / right - 1) < 0.02, `${is}`);
});

test('hit rates are of what is cacheable, errors of everything', () => {
  const tally = new Tally();
  const said = ['weir; hit; ttl=1', 'weir; hit; ttl=1', 'weir; fwd=uri-miss; stored', 'weir; fwd=uri-miss; collapsed',
    'weir; fwd=bypass'];
  for (const cacheStatus of said) tally.add('browsing', 'GET /x', { ms: 1, bytes: 10, cacheStatus });
  tally.add('browsing', 'GET /x', { ms: 1, bytes: 0, error: 'timeout', cacheStatus: 'weir; hit' });
  const report = tally.report();
  assert.equal(report.hit_rate, 0.5);
  assert.equal(report.error_rate, 1 / 6);
  assert.deepEqual(report.errors_by_kind, { timeout: 1 });
  const both = new Tally();
  both.merge(tally);
  both.merge(tally);
  assert.equal(both.report().journeys.browsing.requests, 12);
});

test('routes are named without their numbers', () => {
  assert.equal(route_of('/api/videos/42/comments?limit=3'), '/api/videos/:id/comments');
  assert.equal(route_of('/media/7/seg-12.ts'), '/media/:id/seg-N.ts');
  assert.equal(route_of('/api/videos/trending'), '/api/videos/trending');
});

test('a client tells a late answer and a cut one from a whole one', async () => {
  const server = http.createServer((request, response) => {
    if (request.url === '/late') return;
    response.writeHead(200, { 'content-length': 10 });
    if (request.url === '/cut') response.write('12345', () => response.destroy()); else response.end('1234567890');
  });
  await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
  const { port } = server.address();
  const client = new Client(() => `http://127.0.0.1:${port}`, 300);
  assert.equal(String((await client.request('GET', '/')).body), '1234567890');
  assert.equal((await client.request('GET', '/cut')).error, 'truncated');
  assert.equal((await client.request('GET', '/late')).error, 'timeout');
  client.close();
  server.closeAllConnections();
  server.close();
  assert.equal((await client.request('GET', '/')).error, 'ECONNREFUSED');
});

const kRun = fileURLToPath(new URL('../run.js', import.meta.url));

const run = (...args) => new Promise((done) => {
  execFile(process.execPath, [kRun, ...args], { timeout: 100_000 }, (error, stdout, stderr) =>
    done({ code: error ? error.code : 0, stdout, stderr }));
});

test('wrong options are refused with the reason', async () => {
  for (const [args, reason] of [[['--weir', 'http://127.0.0.1:1'], /--api/], [['--nothing'], /nothing/], [['fly'], /fly/],
    [['--api', 'http://127.0.0.1:1', '--recommendations', 'ftp://x'], /--recommendations ftp/],
    [['--api', 'http://127.0.0.1:1', '--recommendations', 'http://127.0.0.1:1', '--mix', 'dancing=1'], /dancing/],
    [['--api', 'http://127.0.0.1:1', '--recommendations', 'http://127.0.0.1:1', '--stages', '1,x'], /--stages x/]]) {
    const { code, stderr } = await run(...args);
    assert.equal(code, 2, args.join(' '));
    assert.match(stderr, reason);
  }
  const gone = await run('straight', '--api', 'http://127.0.0.1:1', '--recommendations', 'http://127.0.0.1:1');
  assert.equal(gone.code, 1);
  assert.match(gone.stderr, /ECONNREFUSED|bad port/);
});

// In weir's place: routes as it would, and claims that every GET was a hit.
const kPretender = `#!${process.execPath}
const http = require('node:http');
const to = (path) => path.startsWith('/api/recommendations/') ? process.env.STREAMVIBE_RECOMMENDATIONS : process.env.STREAMVIBE_API;
const listen = (text, serve) => http.createServer(serve).listen(...text.split(':').reverse());
listen(process.env.WEIR_ADMIN_LISTEN, (request, response) => response.end('ready'));
listen(process.env.WEIR_LISTEN, (request, response) => {
  const { method, headers } = request;
  const onward = http.request(new URL(request.url, to(request.url)), { method, headers }, (answer) => {
    const said = method === 'GET' ? 'weir; hit; ttl=9' : 'weir; fwd=bypass; detail=method';
    response.writeHead(answer.statusCode, { ...answer.headers, 'cache-status': said });
    answer.pipe(response);
  });
  onward.on('error', () => response.destroy());
  request.pipe(onward);
});
process.on('SIGTERM', () => process.exit(0));
`;

test('a comparison starts all, does the same journeys twice, reports both and leaves nothing', { timeout: 120_000 }, async () => {
  const data = directory();
  try {
    const [weir, out] = [join(data, 'weir'), join(data, 'report.json')];
    writeFileSync(weir, kPretender, { mode: 0o755 });
    const { code, stdout, stderr } = await run('compare', '--data', join(data, 'vibe'), '--scale', '0.01', '--weir-program', weir,
      '--config', weir, '--stages', '4,12', '--journeys', '2', '--think', '0.02', '--ramp', '0.1', '--sockets', '0',
      '--mix', 'browsing,search,feed,social,upload,media', '--out', out);
    assert.equal(code, 0, stderr);
    const { runs: [straight, through] } = JSON.parse(readFileSync(out, 'utf8'));
    assert.deepEqual(straight.errors_by_kind, {});
    assert.deepEqual(through.errors_by_kind, {});
    assert.deepEqual(through.done, straight.done);
    assert.equal(Object.values(straight.done).reduce((a, b) => a + b), 2 * (4 + 12));
    assert.equal(through.requests, straight.requests);
    assert.equal(straight.origin.requests, straight.requests, 'the origin saw each of them');
    assert.ok(straight.origin.sql_queries > straight.requests);
    assert.equal(through.hit_rate, 1);
    assert.equal(straight.hit_rate, null);
    assert.equal(straight.stages.length, 2);
    assert.ok(straight.usage.api.cpu_seconds > 0 && straight.usage.api.peak_memory > 10 ** 7);
    for (const words of ['| requests/s', '## By journey', 'GET /api/videos/:id/comments']) assert.ok(stdout.includes(words), words);
    assert.equal(existsSync(join(data, 'vibe/cluster/postmaster.pid')), false, 'PostgreSQL has stopped');
  } finally { rmSync(data, { recursive: true, force: true }); }
});

test('WebSockets and the stress run', { timeout: 120_000 }, async () => {
  const data = directory();
  const vibe = await up(data);
  try {
    const out = join(data, 'report.json');
    const { code, stderr } = await run('straight', '--api', vibe.api, '--recommendations', vibe.recommendations, '--stages', '2',
      '--duration', '2.5', '--think', '0.1', '--mix', 'media', '--sockets', '2', '--stress', '--stress-seconds', '0.5',
      '--stress-clients', '20', '--out', out);
    assert.equal(code, 0, stderr);
    const { runs: [straight] } = JSON.parse(readFileSync(out, 'utf8'));
    assert.equal(straight.websockets.opened, 2);
    assert.equal(straight.websockets.lost, 0);
    assert.ok(straight.websockets.heard >= 2 && straight.websockets.ticks >= 2);
    assert.ok(straight.stress.peak > 0 && straight.stress.steps.length >= 1);
  } finally {
    await vibe.stop();
    rmSync(data, { recursive: true, force: true });
  }
});
