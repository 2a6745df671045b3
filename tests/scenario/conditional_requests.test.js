// Validators: a hit is judged by weir itself, a stale copy is revalidated with the origin's validator (RFC 9110 §13, RFC 9111 §4.3).
import assert from 'node:assert/strict';
import { cacheStatus, isHit } from '../support/cache_status.js';
import { kPlain, scenario } from '../support/scenario.js';

const kWhen = 'Tue, 01 Jul 2025 10:00:00 GMT';
const kBefore = 'Tue, 01 Jul 2025 09:00:00 GMT';
const kAfter = 'Tue, 01 Jul 2025 11:00:00 GMT';
const page = { headers: { 'Cache-Control': 'max-age=60', ETag: '"v1"', 'Last-Modified': kWhen, 'X-Page': '1' }, body: 'a page' };

const onAHit = [
  ['If-None-Match, the same', { 'If-None-Match': '"v1"' }, 304],
  ['If-None-Match, weakly the same', { 'If-None-Match': 'W/"v1"' }, 304],
  ['If-None-Match, one of a list', { 'If-None-Match': '"v0", "v1"' }, 304],
  ['If-None-Match over two lines', { 'If-None-Match': ['"v0"', '"v1"'] }, 304],
  ['If-None-Match: *', { 'If-None-Match': '*' }, 304],
  ['If-None-Match, another', { 'If-None-Match': '"v2"' }, 200],
  ['If-None-Match without quotes', { 'If-None-Match': 'v1' }, 200],
  ['If-Modified-Since, the same', { 'If-Modified-Since': kWhen }, 304],
  ['If-Modified-Since, later', { 'If-Modified-Since': kAfter }, 304],
  ['If-Modified-Since, earlier', { 'If-Modified-Since': kBefore }, 200],
  ['If-Modified-Since that is no date', { 'If-Modified-Since': 'yesterday' }, 200],
  ['If-None-Match decides over If-Modified-Since', { 'If-None-Match': '"v2"', 'If-Modified-Since': kWhen }, 200],
];
for (const [what, headers, status] of onAHit) {
  scenario(`on a hit: ${what}: ${status}`, kPlain, async ({ origin, get }) => {
    origin.on('/page', page);
    await get('/page');
    const answer = await get('/page', headers);
    assert.equal(answer.status, status);
    assert.equal(answer.text, status === 200 ? 'a page' : '');
    assert.equal(answer.get('etag'), '"v1"');
    assert.ok(isHit(answer));
    assert.equal(origin.count('/page'), 1);
  });
}

scenario('a 304 of weir\'s own leaves the connection in step', kPlain, async ({ origin, connect }) => {
  origin.on('/page', page);
  const client = await connect();
  for (let i = 0; i < 3; i += 1) {
    assert.equal((await client.request('GET /page', { 'If-None-Match': '"v1"' }).answer()).status, i === 0 ? 304 : 304);
    assert.equal((await client.request('GET /page').answer()).text, 'a page');
  }
});

scenario('a miss with a condition stores the whole, and answers the client by it', kPlain, async ({ origin, get }) => {
  origin.on('/page', (request) => {
    const same = request.get('if-none-match') === '"v1"';
    return same ? { status: 304, headers: page.headers } : page;
  });
  assert.equal((await get('/page', { 'If-None-Match': '"v1"' })).status, 304);
  assert.equal((await get('/page')).text, 'a page');
});

scenario('stale: asked with both validators; a 304 brings the next life and new fields', kPlain, async (stage) => {
  const { origin, get, turn } = stage;
  const again = { status: 304, headers: { 'Cache-Control': 'max-age=200', ETag: '"v1"', 'X-Page': '2', 'Content-Length': '999' } };
  origin.on('/page', [page, again]);
  await get('/page');
  turn(61);
  const answer = await get('/page');
  assert.equal(origin.last('/page').get('if-none-match'), '"v1"');
  assert.equal(origin.last('/page').get('if-modified-since'), kWhen);
  assert.equal(answer.status, 200);
  assert.equal(answer.text, 'a page');
  assert.equal(answer.get('x-page'), '2');
  assert.deepEqual([cacheStatus(answer).fwd, cacheStatus(answer).fwdStatus], ['stale', 304]);
  turn(150);
  const hit = await get('/page');
  assert.ok(isHit(hit));
  assert.equal(hit.get('x-page'), '2');
  assert.equal(hit.get('content-length'), '6');
});

scenario('stale: a 200 takes its place', kPlain, async ({ origin, get, turn }) => {
  const other = { headers: { 'Cache-Control': 'max-age=60', ETag: '"v2"' }, body: 'another page' };
  origin.on('/page', [page, other]);
  await get('/page');
  turn(61);
  assert.equal((await get('/page')).text, 'another page');
  const hit = await get('/page');
  assert.equal(hit.text, 'another page');
  assert.equal(hit.fields.has('x-page'), false);
});

scenario('stale: the client\'s own condition is judged after the origin\'s answer', kPlain, async ({ origin, get, turn }) => {
  origin.on('/page', [page, { status: 304, headers: { 'Cache-Control': 'max-age=60', ETag: '"v1"' } }]);
  await get('/page');
  turn(61);
  assert.equal((await get('/page', { 'If-None-Match': '"v1"' })).status, 304);
  assert.equal((await get('/page')).text, 'a page');
});

scenario('stale: a client with an older validator gets the body, though the origin said 304 to weir', kPlain, async (stage) => {
  const { origin, get, turn } = stage;
  origin.on('/page', [page, { status: 304, headers: { 'Cache-Control': 'max-age=60', ETag: '"v1"' } }]);
  await get('/page');
  turn(61);
  const answer = await get('/page', { 'If-None-Match': '"v0"' });
  assert.equal(answer.status, 200);
  assert.equal(answer.text, 'a page');
});

scenario('a 304 that nobody asked for is no answer', kPlain, async ({ origin, get }) => {
  origin.on('/page', { status: 304, headers: { ETag: '"v1"' } });
  assert.equal((await get('/page')).status, 502);
});

scenario('If-Match and If-Unmodified-Since are the origin\'s to judge', kPlain, async ({ origin, send, get }) => {
  origin.on('/page', (request) => (request.get('if-match') ? { status: 412 } : page));
  await get('/page');
  assert.equal((await send('PUT /page', { 'If-Match': '"v0"' }, 'x')).status, 412);
  assert.ok(isHit(await get('/page')), 'what failed changed nothing');
});

scenario('a 304 to many variants refreshes the one it names', kPlain, async ({ origin, get, turn }) => {
  const variant = (lang) => ({ headers: { 'Cache-Control': 'max-age=60', Vary: 'X-Lang', ETag: `"${lang}"` }, body: lang });
  origin.on('/page', (request) => {
    const mine = variant(request.get('x-lang'));
    const known = request.get('if-none-match') ?? '';
    return known.includes(mine.headers.ETag) ? { status: 304, headers: mine.headers } : mine;
  });
  for (const lang of ['en', 'cy']) await get('/page', { 'X-Lang': lang });
  turn(61);
  for (const lang of ['en', 'cy']) assert.equal((await get('/page', { 'X-Lang': lang })).text, lang);
  for (const lang of ['en', 'cy']) assert.ok(isHit(await get('/page', { 'X-Lang': lang })));
});
