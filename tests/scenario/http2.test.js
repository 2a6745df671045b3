// An HTTP/2 client gets what an HTTP/1.1 client gets: from the same port, the same copies, the same fetches. Bodies, trailers and interim
// answers are in http2_bodies, what streams do beside each other in http2_streams.
import assert from 'node:assert/strict';
import { cacheStatus, isHit } from '../support/cache_status.js';
import { decoded } from '../support/codings.js';
import { fresh, numbered } from '../support/origin.js';
import { eventually, gate, within } from '../support/patience.js';
import { kPlain, scenario } from '../support/scenario.js';

const kKept = { 'Cache-Control': 'max-age=600' };
const kUnkept = { 'Cache-Control': 'no-store' };

// --- the same answers ---
// What differs from one request to the next, and what belongs to a connection of HTTP/1.
const kOwn = /^(x-request-id|server-timing|traceparent|age|date|connection|keep-alive|transfer-encoding|cache-status)$/i;
const plainly = (answer) => ({
  status: answer.status,
  body: answer.body.toString('latin1').replace(/"request_id":"\w+"/, ''),
  fields: answer.fields.list.filter(([name]) => !kOwn.test(name)).map(([name, value]) => [name.toLowerCase(), value]).sort(),
  hit: cacheStatus(answer)?.hit,
});
const kPage = JSON.stringify(Array.from({ length: 400 }, (_, i) => ({ id: i, title: `video ${i}` })));
const kAsked = {
  'a hit': ['GET /page', {}],
  'HEAD': ['HEAD /page', {}],
  'a 304': ['GET /page', { 'If-None-Match': '"one"' }],
  'a HEAD that is a 304': ['HEAD /page', { 'If-None-Match': '"one"' }],
  'a condition that fails': ['GET /page', { 'If-None-Match': '"other"' }],
  'a 412': ['GET /page', { 'If-Match': '"other"' }],
  'a range': ['GET /page', { Range: 'bytes=10-99' }],
  'the last bytes': ['GET /page', { Range: 'bytes=-5' }],
  'a range that there is not': ['GET /page', { Range: 'bytes=9999999-' }],
  'If-Range': ['GET /page', { Range: 'bytes=0-1', 'If-Range': '"one"' }],
  'If-Range of another': ['GET /page', { Range: 'bytes=0-1', 'If-Range': '"other"' }],
  'gzip': ['GET /page', { 'Accept-Encoding': 'gzip' }],
  'br': ['GET /page', { 'Accept-Encoding': 'br' }],
  'zstd': ['GET /page', { 'Accept-Encoding': 'zstd' }],
  'HEAD as gzip': ['HEAD /page', { 'Accept-Encoding': 'gzip' }],
  'identity': ['GET /page', { 'Accept-Encoding': 'identity' }],
  'the origin\'s 404': ['GET /none', {}],
  'only-if-cached, and it is not': ['GET /cold', { 'Cache-Control': 'only-if-cached' }],
  'a method that is refused': ['TRACE /page', {}],
  'a path that is malformed': ['GET /page%zz', {}],
  'an empty body': ['GET /empty', {}],
  'a 204': ['GET /nothing', {}],
  'two cookies set': ['GET /cookies', {}],
};
const kCoded = `
defaults: { compress: { encodings: [ zstd, br, gzip ], min_size: 1KiB } }
${kPlain}`;
scenario('every kind of answer is the same by both', kCoded, async ({ origin, get, send, h2: open }) => {
  origin.on('/page', { headers: { ...kKept, ETag: '"one"', 'Content-Type': 'application/json', 'X-Own': 'MiXed', 'Last-Modified': 'Mon, 02 Jan 2023 03:04:05 GMT' }, body: kPage });
  origin.on('/empty', { headers: kKept }).on('/nothing', { status: 204, headers: kUnkept });
  origin.on('/cookies', { headers: { ...kUnkept, 'Set-Cookie': ['a=1; Path=/', 'b=2'] }, body: 'cookies' });
  const h2 = await open();
  for (const coding of ['identity', 'gzip', 'br', 'zstd']) await eventually(async () => isHit(await get('/page', { 'Accept-Encoding': coding })), `${coding} is kept`);
  for (const [what, [line, headers]] of Object.entries(kAsked)) {
    await send(line, headers);
    const expected = plainly(await send(line, headers));
    assert.deepEqual(plainly(await h2.ask(line, headers)), expected, what);
  }
  assert.equal(decoded(await h2.get('/page', { 'Accept-Encoding': 'br' })), kPage);
});

scenario('a copy that one fetched is a hit for the other', kPlain, async ({ origin, get, h2: open }) => {
  origin.on('/one', fresh(60)).on('/two', fresh(60));
  const h2 = await open();
  assert.deepEqual([isHit(await get('/one')), isHit(await h2.get('/one'))], [false, true]);
  assert.deepEqual([isHit(await h2.get('/two')), isHit(await get('/two'))], [false, true]);
  assert.equal(origin.requests.length, 2);
});

scenario('one flight: clients of both on one cold URL are one request', kPlain, async ({ origin, connect, h2: open }) => {
  const told = gate();
  origin.on('/slow', async (request, reply) => {
    reply.begin(kKept).chunk('first ');
    await told.opened;
    reply.chunk('second').end();
  });
  const leader = await connect();
  leader.request('GET /slow');
  await origin.reached('/slow');
  const h2 = await open();
  const streams = Array.from({ length: 50 }, () => h2.request('GET /slow'));
  const other = await open();
  streams.push(other.request('GET /slow'));
  // As it arrives: the first half is with all of them before the origin has sent the second.
  for (const stream of streams) await stream.holds('first '.length);
  const later = await connect();
  later.request('GET /slow');
  told.open();
  for (const client of [...streams, leader, later]) assert.equal((await client.answer()).text, 'first second');
  assert.equal(origin.count('/slow'), 1);
  assert.ok(isHit(await h2.get('/slow')));
});

scenario('an HTTP/2 leader that leaves: the others get their answer from the same fetch', kPlain, async ({ origin, connect, h2: open }) => {
  const told = gate();
  origin.on('/slow', async () => (await told.opened, { headers: kKept, body: 'slow' }));
  const h2 = await open();
  const leader = h2.request('GET /slow');
  await origin.reached('/slow');
  const follower = await connect();
  follower.request('GET /slow');
  const beside = h2.request('GET /slow');
  await h2.settled();
  leader.reset();
  told.open();
  assert.equal((await follower.answer()).text, 'slow');
  assert.equal((await beside.answer()).text, 'slow');
  assert.equal(origin.count('/slow'), 1);
});

scenario('stale, revalidated, expired: as the clock turns', kPlain, async ({ origin, h2: open, turn }) => {
  origin.on('/page', (request) => (request.get('if-none-match') ? { status: 304, headers: { ...kKept, ETag: '"v"' } } : { headers: { ...kKept, ETag: '"v"' }, body: 'page' }));
  const h2 = await open();
  await h2.get('/page');
  turn(700);
  const answer = await h2.get('/page');
  assert.equal(answer.text, 'page');
  assert.equal(cacheStatus(answer).fwdStatus, 304);
  assert.ok(isHit(await h2.get('/page')));
});

scenario('a write by one makes the copy of the other invalid', kPlain, async ({ origin, get, h2: open }) => {
  origin.on('/page', fresh(600));
  const h2 = await open();
  await get('/page');
  assert.equal((await h2.ask('POST /page', {}, 'x')).status, 200);
  assert.equal(isHit(await get('/page')), false);
});

scenario('it says why, and each answer has its id', kPlain, async ({ origin, weir, h2: open }) => {
  origin.on('/page', fresh(600));
  const h2 = await open();
  const miss = await h2.get('/page', { 'X-Request-Id': 'mine' });
  assert.deepEqual([cacheStatus(miss).fwd, cacheStatus(miss).stored], ['uri-miss', true]);
  assert.equal(miss.get('x-request-id'), 'mine');
  const hit = await h2.get('/page');
  assert.ok(isHit(hit) && hit.get('age') !== undefined);
  assert.match(hit.get('server-timing') ?? '', /cache;desc="?hit/);
  const line = await weir.logged('mine');
  assert.deepEqual([line.method, line.target, line.status, line.result, line.bytes, line.host], ['GET', '/page', 200, 'miss', 8, 'streamvibe.test']);
  if ('protocol' in line) assert.equal(line.protocol, 'HTTP/2');
  assert.equal(await weir.metric('weir_requests_total', { result: 'hit' }), 1);
});

// --- what reaches the origin ---
scenario('the request is one of HTTP/1.1, in no way different', kPlain, async ({ origin, get, h2: open }) => {
  origin.on('/page', numbered(kUnkept));
  const h2 = await open();
  const sent = { 'X-Own': 'a value', Accept: 'text/html', 'User-Agent': 'tester' };
  await get('/page', sent);
  await h2.get('/page', sent);
  const [one, two] = origin.asked('/page').map(({ fields }) => fields.list.map(([name, value]) => [name.toLowerCase(), value])
    .filter(([name]) => !/^(via|x-request-id|traceparent|x-forwarded-\w+|forwarded|connection)$/.test(name)).sort());
  assert.deepEqual(two, one);
  assert.match(origin.last('/page').get('via'), /^2(\.0)? weir$/);
});

scenario('cookies that came in crumbs are joined (RFC 9113 §8.2.3)', kPlain, async ({ origin, h2: open }) => {
  origin.on('/page', numbered(kUnkept));
  const h2 = await open();
  await h2.get('/page', { Cookie: ['a=1', 'b=2; c=3', 'd=4'] });
  assert.deepEqual(origin.last('/page').fields.all('cookie'), ['a=1; b=2; c=3; d=4']);
});

scenario('fields that come twice stay two, or become a list', kPlain, async ({ origin, h2: open }) => {
  origin.on('/page', numbered(kUnkept));
  const h2 = await open();
  await h2.get('/page', { 'X-Own': ['a', 'b'], 'Accept-Language': ['de', 'en'] });
  assert.equal(origin.last('/page').get('x-own'), 'a, b');
  assert.equal(origin.last('/page').get('accept-language'), 'de, en');
});

scenario('what belongs to the origin\'s connection does not reach the client', kPlain, async ({ origin, h2: open }) => {
  origin.on('/page', { headers: { ...kKept, Connection: 'X-Hop, keep-alive', 'X-Hop': '1', 'Keep-Alive': 'timeout=5', Upgrade: 'h2c', 'Proxy-Connection': 'x', 'X-End': '1' }, body: 'page' });
  const h2 = await open();
  for (let i = 0; i < 2; i += 1) {
    const { fields } = await h2.get('/page');
    for (const name of ['connection', 'x-hop', 'keep-alive', 'upgrade', 'proxy-connection', 'transfer-encoding']) assert.equal(fields.has(name), false, name);
    assert.equal(fields.get('x-end'), '1');
  }
});

scenario('`Upgrade: h2c` of an HTTP/1.1 client is not taken up, nor passed on (RFC 9113 §3.1)', kPlain, async ({ origin, connect }) => {
  origin.on('/page', numbered(kUnkept));
  const client = await connect();
  for (let i = 0; i < 2; i += 1) client.request('GET /page', { Connection: 'Upgrade, HTTP2-Settings', Upgrade: 'h2c', 'HTTP2-Settings': 'AAMAAABkAAQAAP__' });
  for (let i = 0; i < 2; i += 1) {
    const answer = await client.answer();
    assert.deepEqual([answer.status, answer.interim.length, answer.version], [200, 0, 'HTTP/1.1']);
  }
  assert.equal(origin.last('/page').fields.has('upgrade'), false);
  assert.equal(origin.last('/page').fields.has('http2-settings'), false);
});

// --- what fails ---
const cuts = {
  'short of its length': ['Content-Length: 1000\r\n\r\nonly this', 'cut'],
  'without a last chunk': ['Transfer-Encoding: chunked\r\n\r\n9\r\nonly this\r\n', 'cut'],
  'by a reset': ['Content-Length: 1000\r\n\r\nonly this', 'reset'],
};
for (const [what, [bytes, end]] of Object.entries(cuts)) {
  scenario(`a body that ends too early (${what}): the stream is reset, never ended, and the others go on`, kPlain, async ({ origin, h2: open }) => {
    const told = gate();
    origin.on('/page', async (request, reply) => {
      reply.raw(`HTTP/1.1 200 Fine\r\nCache-Control: max-age=60\r\n${bytes}`);
      await told.opened;
      reply[end]();
    }).on('/other', fresh(60));
    const h2 = await open();
    const stream = h2.request('GET /page');
    await stream.holds('only this'.length);
    told.open();
    const answer = await stream.answer();
    assert.ok(['INTERNAL_ERROR', 'CANCEL', 'CONNECT_ERROR', 'PROTOCOL_ERROR'].includes(answer.cut), answer.cut);
    assert.equal((await h2.get('/other')).status, 200);
  });
}

scenario('an origin that is dead is a 502, one that is silent a 504; the connection goes on', (origin) => `
upstreams: { api: { servers: [ "${origin.url}" ], timeouts: { first_byte: 300ms } } }
${kPlain}`, async ({ origin, h2: open }) => {
  origin.on('/silent', () => gate().opened).on('/page', fresh(60));
  const h2 = await open();
  assert.equal((await h2.get('/silent')).status, 504);
  await origin.die();
  assert.equal((await h2.get('/page')).status, 502);
  await origin.listen();
  assert.equal((await h2.get('/page')).status, 200);
});

// Only weir's own wish can end those: no timeout of the origin's does.
const kPatient = (origin) => `
upstreams: { api: { servers: [ "${origin.url}" ], timeouts: { first_byte: 1h, between_bytes: 1h } } }
routes:
  - { name: off, match: /off/, cache: off }
  - { name: all, match: /, cache: origin }
`;
scenario('a client that resets its stream stops the work for it', kPatient, async ({ origin, h2: open }) => {
  const half = (request, reply) => reply.begin(kUnkept).chunk('half');
  origin.on('/off/early', () => gate().opened).on('/page', fresh(60));
  for (const path of ['/off/late', '/late']) origin.on(path, (request, reply) => (half(request, reply), gate().opened));
  const h2 = await open();
  for (const path of ['/off/early', '/off/late', '/late']) {
    const stream = h2.request(`GET ${path}`);
    const { connection } = await origin.reached(path);
    if (path !== '/off/early') await stream.holds(4);
    stream.reset();
    await within(connection.gone.opened, `the end of the origin's connection for ${path}`);
  }
  assert.equal((await h2.get('/page')).status, 200);
});

scenario('but a write that the origin has got is waited for: it makes copies invalid', kPatient, async ({ origin, h2: open }) => {
  const told = gate();
  const page = fresh(600);
  origin.on('/page', async (request) => {
    if (request.method === 'GET') return page(request);
    await told.opened;
    return { body: 'written' };
  });
  const h2 = await open();
  await h2.get('/page');
  const write = h2.request('POST /page', { body: 'x' });
  await origin.reached('/page', 2);
  write.reset();
  await h2.settled();
  assert.ok(isHit(await h2.get('/page')));
  told.open();
  await eventually(async () => !isHit(await h2.get('/page')), 'the copy is invalid');
});

scenario('but what is fetched for the store goes on', kPlain, async ({ origin, h2: open, get }) => {
  const told = gate();
  origin.on('/page', async (request, reply) => {
    reply.begin(kKept).chunk('half ');
    await told.opened;
    reply.chunk('whole').end();
  });
  const h2 = await open();
  const stream = h2.request('GET /page');
  await stream.holds(5);
  stream.reset();
  await h2.settled();
  told.open();
  await eventually(async () => isHit(await get('/page')), 'it is kept');
  assert.equal((await h2.get('/page')).text, 'half whole');
  assert.equal(origin.count('/page'), 1);
});
