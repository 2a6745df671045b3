// Vary: a copy for each value of the request fields that the answer names, bounded in number.
import assert from 'node:assert/strict';
import { cacheStatus, isHit } from '../support/cache_status.js';
import { fresh } from '../support/origin.js';
import { scenario } from '../support/scenario.js';

const kRoutes = `
routes:
  - name: capped
    match: GET /capped
    cache: { ttl: 10m, max_variants: 4 }
    request: { forward: [ X-Lang ] }
  - name: all
    match: /
    cache: origin
`;

// Whether the second request is answered from what the first has left.
async function shared({ origin, get }, vary, first, second) {
  origin.on('/page', fresh(600, { Vary: vary }));
  await get('/page', first);
  return isHit(await get('/page', second));
}

const cases = [
  ['the same value', 'X-Lang', { 'X-Lang': 'en' }, { 'X-Lang': 'en' }, true],
  ['another value', 'X-Lang', { 'X-Lang': 'en' }, { 'X-Lang': 'cy' }, false],
  ['missing in both', 'X-Lang', {}, {}, true],
  ['missing in one', 'X-Lang', { 'X-Lang': 'en' }, {}, false],
  ['empty is not missing', 'X-Lang', { 'X-Lang': '' }, {}, false],
  ['names are case-blind', 'x-LANG', { 'X-Lang': 'en' }, { 'X-Lang': 'en' }, true],
  ['two names, both the same', 'X-A, X-B', { 'X-A': '1', 'X-B': '2' }, { 'X-A': '1', 'X-B': '2' }, true],
  ['two names, one differs', 'X-A, X-B', { 'X-A': '1', 'X-B': '2' }, { 'X-A': '1', 'X-B': '3' }, false],
  ['names over two lines', ['X-A', 'X-B'], { 'X-A': '1', 'X-B': '2' }, { 'X-A': '1', 'X-B': '3' }, false],
  ['the lines of a request field are one list', 'X-A', { 'X-A': ['1', '2'] }, { 'X-A': '1, 2' }, true],
  ['* is never shared', '*', {}, {}, false],
  ['* among others is never shared', 'X-A, *', {}, {}, false],
  ['more than eight names are never shared', 'A, B, C, D, E, F, G, H, I', {}, {}, false],
  ['a malformed list is never shared', 'X A;b', {}, {}, false],
  ['Accept-Encoding in another order and case', 'Accept-Encoding', { 'Accept-Encoding': 'gzip, br' }, { 'Accept-Encoding': 'BR,gzip' }, true],
  ['Accept-Encoding that means something else', 'Accept-Encoding', { 'Accept-Encoding': 'gzip' }, { 'Accept-Encoding': 'gzip;q=0' }, false],
];
for (const [what, vary, first, second, expected] of cases) {
  scenario(`${what}: ${expected ? 'one copy' : 'no sharing'}`, kRoutes, async (stage) => {
    assert.equal(await shared(stage, vary, first, second), expected);
  });
}

scenario('a known key whose variants do not match says vary-miss', kRoutes, async ({ origin, get }) => {
  origin.on('/page', fresh(600, { Vary: 'X-Lang' }));
  await get('/page', { 'X-Lang': 'en' });
  assert.equal(cacheStatus(await get('/page', { 'X-Lang': 'cy' })).fwd, 'vary-miss');
});

scenario('variants live side by side', kRoutes, async ({ origin, get }) => {
  origin.on('/page', (request) => ({
    headers: { 'Cache-Control': 'max-age=60', Vary: 'X-Lang' },
    body: request.get('x-lang'),
  }));
  for (const lang of ['en', 'cy', 'fr', 'en', 'cy', 'fr']) assert.equal((await get('/page', { 'X-Lang': lang })).text, lang);
  assert.equal(origin.count('/page'), 3);
});

scenario('past max_variants the least used goes, the most used stays', kRoutes, async ({ origin, get, weir }) => {
  origin.on('/capped', (request) => ({ headers: { Vary: 'X-Lang' }, body: request.get('x-lang') ?? 'none' }));
  for (let i = 0; i < 10; i += 1) await get('/capped', { 'X-Lang': 'hot' });
  for (let i = 0; i < 100; i += 1) assert.equal((await get('/capped', { 'X-Lang': `l${i}` })).text, `l${i}`);
  assert.ok(isHit(await get('/capped', { 'X-Lang': 'hot' })), 'the most used is still there');
  const { json } = await weir.admin('GET /admin/cache/stats');
  assert.ok(json.objects <= 4, `${json.objects} objects`);
});

scenario('an origin that begins to vary: the old copy does not answer for all', kRoutes, async ({ origin, get, turn }) => {
  origin.on('/page', [
    { headers: { 'Cache-Control': 'max-age=10' }, body: 'for all' },
    { headers: { 'Cache-Control': 'max-age=60', Vary: 'X-Lang' }, body: 'en' },
    { headers: { 'Cache-Control': 'max-age=60', Vary: 'X-Lang' }, body: 'cy' },
  ]);
  await get('/page');
  turn(11);
  assert.equal((await get('/page', { 'X-Lang': 'en' })).text, 'en');
  assert.equal((await get('/page', { 'X-Lang': 'cy' })).text, 'cy');
  assert.equal((await get('/page', { 'X-Lang': 'en' })).text, 'en');
});
