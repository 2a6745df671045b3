// Promise 5: each answer, the log, the metrics and `weir explain` say the same thing in the same words.
import assert from 'node:assert/strict';
import { cacheStatus } from '../support/cache_status.js';
import { fresh, numbered } from '../support/origin.js';
import { eventually } from '../support/patience.js';
import { kPlain, scenario } from '../support/scenario.js';
import { weirCall } from '../support/weir.js';

const kRoutes = `
routes:
  - name: off
    match: /off
    cache: off
  - name: swr
    match: /swr
    cache: { ttl: 10s, stale_while_revalidate: 10m }
  - name: sie
    match: /sie
    cache: { ttl: 10s, stale_if_error: 10m }
  - name: rest
    match: /
    cache: origin
`;

scenario('Cache-Status of a miss, a hit, a stale copy', kRoutes, async ({ origin, get, turn }) => {
  origin.on('/page', [
    { headers: { 'Cache-Control': 'max-age=60', ETag: '"1"' }, body: '1' },
    { status: 304, headers: { 'Cache-Control': 'max-age=60', ETag: '"1"' } },
    { headers: { 'Cache-Control': 'max-age=60' }, body: '2' },
  ]);
  assert.equal((await get('/page')).get('cache-status'), 'weir; fwd=uri-miss; stored');
  assert.match((await get('/page')).get('cache-status'), /^weir; hit; ttl=(59|60)$/);
  turn(61);
  assert.match((await get('/page')).get('cache-status'), /^weir; fwd=stale; fwd-status=304/);
  turn(61);
  assert.match((await get('/page')).get('cache-status'), /^weir; fwd=stale; fwd-status=200; stored$/);
});

for (const control of ['no-cache', 'max-age=0', 'no-cache, max-age=60']) {
  scenario(`Cache-Status of what is kept to be validated: ${control}`, kRoutes, async ({ origin, get, weir }) => {
    const headers = { 'Cache-Control': control };
    origin.on('/page', [
      { headers: { ...headers, ETag: '"1"' }, body: '1' },
      { status: 304, headers: { ...headers, ETag: '"1"' } },
      { headers: { ...headers, ETag: '"2"' }, body: '2' },
    ]);
    const ask = async (id) => {
      const said = (await get('/page', { 'X-Request-Id': id })).get('cache-status');
      return [said, (await weir.logged(id)).result];
    };
    assert.deepEqual(await ask('first-1'), ['weir; fwd=uri-miss; stored', 'miss']);
    assert.deepEqual(await ask('second-1'), ['weir; fwd=stale; fwd-status=304', 'revalidated']);
    assert.deepEqual(await ask('third-1'), ['weir; fwd=stale; fwd-status=200; stored', 'expired']);
  });
}

scenario('Cache-Status of what the cache has no part in', kRoutes, async ({ origin, get, send }) => {
  origin.otherwise(numbered({ 'Cache-Control': 'no-store' }));
  const bypass = cacheStatus(await send('POST /page', {}, 'x'));
  assert.deepEqual([bypass.fwd, bypass.detail, bypass.stored], ['bypass', 'method', false]);
  assert.equal(cacheStatus(await get('/off')).fwd, 'bypass');
  const uncacheable = cacheStatus(await get('/page'));
  assert.deepEqual([uncacheable.fwd, uncacheable.stored], ['uri-miss', false]);
});

scenario('Cache-Status of a cache behind weir stands before weir\'s', kPlain, async ({ origin, get }) => {
  origin.on('/page', fresh(60, { 'Cache-Status': 'inner; hit; ttl=5' }));
  assert.match((await get('/page')).get('cache-status'), /^inner; hit; ttl=5, weir; fwd=uri-miss/);
});

scenario('Server-Timing tells hit from miss, and how long the origin took', kPlain, async ({ origin, get }) => {
  origin.on('/page', fresh(60, { 'Server-Timing': 'db;dur=5' }));
  const miss = (await get('/page')).get('server-timing');
  assert.match(miss, /cache;desc=miss/);
  assert.match(miss, /origin;dur=\d/);
  assert.match(miss, /db;dur=5/);
  const hit = (await get('/page')).get('server-timing');
  assert.match(hit, /cache;desc=hit/);
  assert.doesNotMatch(hit, /origin;dur=/);
});

scenario('X-Request-Id is passed on both ways, made where missing, and never a stored one', kPlain, async ({ origin, get }) => {
  origin.on('/page', fresh(60));
  const answer = await get('/page', { 'X-Request-Id': 'mine-1' });
  assert.equal(answer.get('x-request-id'), 'mine-1');
  assert.equal(origin.last('/page').get('x-request-id'), 'mine-1');
  assert.equal((await get('/page', { 'X-Request-Id': 'mine-2' })).get('x-request-id'), 'mine-2');
  const [one, other] = [await get('/page'), await get('/page')].map((a) => a.get('x-request-id'));
  assert.ok(one.length >= 16 && one !== other, `${one} ${other}`);
});

for (const [what, id] of [['too long', 'x'.repeat(300)], ['with spaces and quotes', 'a "b" c']]) {
  scenario(`an X-Request-Id that is ${what} is replaced`, kPlain, async ({ origin, get }) => {
    origin.on('/page', fresh(60));
    const answer = await get('/page', { 'X-Request-Id': id });
    assert.match(answer.get('x-request-id'), /^[\w.:-]{8,128}$/);
    assert.equal(origin.last('/page').get('x-request-id'), answer.get('x-request-id'));
  });
}

const kTrace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
scenario('traceparent: the same trace on the way to the origin, one made where missing or malformed', kPlain, async (stage) => {
  const { origin, get } = stage;
  origin.otherwise(numbered({ 'Cache-Control': 'no-store' }));
  await get('/page', { traceparent: kTrace });
  assert.equal(origin.last('/page').get('traceparent').split('-')[1], kTrace.split('-')[1]);
  for (const headers of [{}, { traceparent: 'nonsense' }, { traceparent: kTrace.replace(/0af\w+?-/, `${'0'.repeat(32)}-`) }]) {
    await get('/page', headers);
    assert.match(origin.last('/page').get('traceparent'), /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/);
  }
});

// What brings about each result word, as the last of some requests for /path.
const words = {
  miss: ['/page', () => {}],
  hit: ['/page', async ({ get }) => get('/page')],
  expired: ['/page', async ({ get, turn }) => (await get('/page'), turn(61))],
  revalidated: ['/etag', async ({ get, turn }) => (await get('/etag'), turn(61))],
  stale: ['/sie', async ({ get, turn, origin }) => (await get('/sie'), turn(20), origin.die())],
  updating: ['/swr', async ({ get, turn }) => (await get('/swr'), turn(20))],
  bypass: ['/off', () => {}],
  uncacheable: ['/private', () => {}],
  error: ['/page', ({ origin }) => origin.die()],
};

function prepared(origin) {
  const etag = { 'Cache-Control': 'max-age=60', ETag: '"1"' };
  origin.otherwise(numbered());
  origin.on('/page', fresh(60)).on('/private', numbered({ 'Cache-Control': 'private' }));
  origin.on('/etag', [{ headers: etag, body: 'x' }, { status: 304, headers: etag }]);
}

for (const [word, [path, before]] of Object.entries(words)) {
  scenario(`${word}: the same word in the log and in the metrics`, kRoutes, async (stage) => {
    const { origin, get, weir } = stage;
    prepared(origin);
    await before(stage);
    const count = await weir.metric('weir_requests_total', { result: word });
    const id = `word-${word}`;
    const answer = await get(path, { 'X-Request-Id': id });
    const line = await weir.logged(id);
    assert.equal(line.result, word, JSON.stringify(line));
    assert.equal(line.method, 'GET');
    assert.equal(line.status, answer.status);
    assert.equal(await weir.metric('weir_requests_total', { result: word }), count + 1);
  });
}

scenario('coalesced: those who waited', kRoutes, async ({ origin, crowd, weir }) => {
  origin.on('/page', async () => {
    await told;
    return { headers: { 'Cache-Control': 'max-age=60' } };
  });
  let open;
  const told = new Promise((resolve) => (open = resolve));
  const clients = await crowd(10);
  clients.ask('GET /page');
  await clients.settled();
  open();
  await clients.answers();
  const coalesced = () => weir.log.filter((line) => line.result === 'coalesced');  // the crowd's own fences coalesce, too
  await eventually(() => coalesced().filter((line) => line.target === '/page').length === 9, 'nine of ten coalesced');
  const counted = async () => (await weir.metric('weir_requests_total', { result: 'coalesced' })) === coalesced().length;
  await eventually(counted, 'the metrics say the same');
});

scenario('the log: a line of JSON a request, with what an operator asks for', kPlain, async ({ origin, get, weir }) => {
  origin.on('/page', fresh(60));
  await get('/page?a=1', { 'X-Request-Id': 'line-1', 'User-Agent': 'tester', Authorization: 'Bearer hidden', Cookie: 'c=hidden' });
  const line = await weir.logged('line-1');
  const text = JSON.stringify(line);
  for (const part of ['/page', 'streamvibe.test', '"all"', '127.0.0.1']) assert.ok(text.includes(part), `${part} in ${text}`);
  assert.equal(text.includes('hidden'), false);
});

scenario('the log escapes what would end a line or move a cursor', kPlain, async ({ origin, get, weir }) => {
  origin.on('/page', fresh(60));
  await get('/page?%0d%0a', { 'X-Request-Id': 'escape-1' }).catch(() => {});
  await get('/page?%22quoted%22', { 'X-Request-Id': 'escape-2', 'User-Agent': '"\\\t"' });
  await weir.logged('escape-2');
});

const kNoLog = `access_log: off\n${kPlain}`;
scenario('access_log: off writes none', kNoLog, async ({ origin, get, weir }) => {
  origin.on('/page', fresh(60));
  await get('/page');
  await weir.stop();
  assert.equal(weir.log.length, 0);
});

scenario('explain says before what the answer says after', kRoutes, async ({ origin, get, weir }) => {
  origin.on('/swr', numbered());
  const said = await weirCall(['explain', '-c', weir.file, 'GET /swr?b=2&a=1']);
  assert.equal(said.code, 0, said.err);
  for (const part of ['swr', 'a=1&b=2', '10s', '10m']) assert.ok(said.out.includes(part), `${part} in:\n${said.out}`);
  const admin = await weir.admin(`GET /admin/explain?request=${encodeURIComponent('GET /swr?b=2&a=1')}`);
  assert.equal(admin.status, 200);
  assert.equal(origin.count('/swr'), 0, 'explain sends nothing');
  await get('/swr?b=2&a=1');
  assert.equal(origin.last('/swr').target, '/swr?a=1&b=2');
});

const kTtl = 'routes: [ { name: ttl, match: /, cache: { ttl: 1m } } ]\n';
const explained = (weir, line, headers) =>
  weirCall(['explain', '-c', weir.file, line, ...Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`])]);
const refused = [
  ['TRACE /x', {}], ['CONNECT a:443', {}], ['CONNECT /x', {}], ['PURGE /x', {}], ['SOFTPURGE /x', {}], ['GET /x', { 'Transfer-Encoding': 'gzip' }], ['GET /x', { Expect: 'foo' }],
  ['GET /x', { 'Content-Length': 'abc' }], ['GET /x', { 'Content-Length': '1' }], ['POST /x', { 'Content-Length': '99999999999' }],
];
for (const [line, headers] of refused) {
  scenario(`explain says that it is refused: ${line} ${JSON.stringify(headers)}`, kTtl, async ({ origin, send, weir }) => {
    const { status, text } = await send(line, headers);
    const { code, out, err } = await explained(weir, line, headers);
    assert.equal(code, 0, err);
    assert.match(out, new RegExp(`refused +${status}: ${JSON.parse(text).detail} `));
    assert.match(out, /forwarded +nothing: no origin is asked/);
    assert.doesNotMatch(out, /server|looked up/);
    assert.equal(origin.requests.length, 0);
  });
}

// Fields that nobody named, and a query that is not in the key.
const kStrict = 'routes: [ { name: ttl, match: /, key: { query: [ q ] }, cache: { ttl: 1m } } ]\n';
for (const [line, more, whole] of [['GET', {}, false], ['GET', { 'Cache-Control': 'no-store' }, true], ['POST', {}, true], ['OPTIONS', {}, true]]) {
  scenario(`explain says what the origin gets to see: ${line} ${JSON.stringify(more)}`, kStrict, async ({ origin, send, weir }) => {
    origin.otherwise(fresh(60));
    const headers = { Authorization: 'Bearer t', 'X-Custom': '1', Cookie: 'a=1', ...more };
    const { out } = await explained(weir, `${line} /x?q=1&r=2`, headers);
    assert.match(out, whole ? /forwarded +the client's fields and query: nothing is kept/ : /forwarded +harmless fields, and those in the key/);
    await send(`${line} /x?q=1&r=2`, headers);
    const seen = origin.requests.at(-1);
    assert.equal(seen.target, whole ? '/x?q=1&r=2' : '/x?q=1');
    assert.equal(seen.get('x-custom'), whole ? '1' : undefined);
  });
}
