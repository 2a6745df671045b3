// How long an answer is kept: the origin's own headers, a route's ttl where they say nothing, override above them.
import assert from 'node:assert/strict';
import { cacheStatus, isHit } from '../support/cache_status.js';
import { fresh, numbered } from '../support/origin.js';
import { kPlain, scenario } from '../support/scenario.js';

const kRoutes = `
routes:
  - name: off
    match: /off
    cache: off
  - name: origin
    match: /origin/
    cache: origin
  - name: forced
    match: /forced
    cache: { ttl: 100s, override: true }
  - name: status
    match: /status
    cache: { ttl: 100s, status: { 302: 50s, 500: 5s, 404: 20s } }
  - name: adaptive
    match: /adaptive
    cache: { ttl: 10s, adaptive: { min: 10s, max: 40s } }
  - name: client
    match: /client
    cache: { ttl: 100s }
    response: { client_ttl: 7s }
  - name: rest
    match: /
    cache: { ttl: 100s }
`;

// Fresh for so many seconds, to the second.
async function freshFor({ get, turn }, path, seconds) {
  await get(path);
  if (seconds === 0) {
    assert.equal(isHit(await get(path)), false, 'it is not kept');
    return;
  }
  turn(seconds - 2);
  assert.ok(isHit(await get(path)), `${seconds - 2} s later`);
  turn(3);
  assert.equal(isHit(await get(path)), false, `${seconds + 1} s later`);
}

const date = (seconds) => new Date(Date.now() + seconds * 1000).toUTCString();
const cases = [
  ['no word of the origin: the route\'s ttl', '/page', {}, 100],
  ['max-age stands above the ttl', '/page', { 'Cache-Control': 'max-age=30' }, 30],
  ['and so when it is longer', '/page', { 'Cache-Control': 'max-age=300' }, 300],
  ['s-maxage above max-age', '/page', { 'Cache-Control': 'max-age=30, s-maxage=60' }, 60],
  ['CDN-Cache-Control above both', '/page', { 'Cache-Control': 's-maxage=60', 'CDN-Cache-Control': 'max-age=80' }, 80],
  ['an invalid CDN-Cache-Control is as none', '/page', { 'Cache-Control': 'max-age=60', 'CDN-Cache-Control': 'max-age="80' }, 60],
  ['CDN-Cache-Control: no-store', '/page', { 'Cache-Control': 'max-age=60', 'CDN-Cache-Control': 'no-store' }, 0],
  ['Expires', '/page', { Expires: date(40), Date: date(0) }, 40],
  ['a malformed Expires is past', '/page', { Expires: '0' }, 0],
  ['max-age=0', '/page', { 'Cache-Control': 'max-age=0' }, 0],
  ['two max-age that differ are not fresh', '/page', { 'Cache-Control': ['max-age=30', 'max-age=60'] }, 0],
  ['a negative max-age is not fresh', '/page', { 'Cache-Control': 'max-age=-1' }, 0],
  ['Age has eaten part of it', '/page', { 'Cache-Control': 'max-age=60', Age: '20' }, 40],
  ['override: the route\'s ttl, whatever the origin says', '/forced', { 'Cache-Control': 'max-age=5' }, 100],
  ['override above max-age=0', '/forced', { 'Cache-Control': 'max-age=0' }, 100],
  ['override never above no-store', '/forced', { 'Cache-Control': 'no-store' }, 0],
  ['override never above private', '/forced', { 'Cache-Control': 'private' }, 0],
  ['off: nothing is kept', '/off', { 'Cache-Control': 'max-age=60' }, 0],
  ['origin: only what the origin says', '/origin/a', { 'Cache-Control': 'max-age=60' }, 60],
  ['origin: nothing where it says nothing', '/origin/a', {}, 0],
];
for (const [what, path, headers, seconds] of cases) {
  scenario(what, kRoutes, async (stage) => {
    stage.origin.on(path, numbered(headers));
    await freshFor(stage, path, seconds);
  });
}

for (const status of [200, 203, 300, 301, 308, 404, 410]) {
  scenario(`a ttl applies to a ${status}`, kRoutes, async (stage) => {
    stage.origin.on('/page', numbered({}, { status }));
    await freshFor(stage, '/page', 100);
  });
}

for (const status of [201, 302, 303, 307, 400, 403, 405, 413, 414, 418, 429, 431, 500, 501, 502, 503, 504]) {
  scenario(`a ttl does not apply to a ${status}`, kRoutes, async (stage) => {
    stage.origin.on('/page', numbered({}, { status }));
    await freshFor(stage, '/page', 0);
  });
}

for (const [status, seconds] of Object.entries({ 302: 50, 500: 5, 404: 20, 200: 100, 503: 0 })) {
  scenario(`status: entries give a ${status} ${seconds} s`, kRoutes, async (stage) => {
    stage.origin.on('/status', numbered({}, { status: Number(status) }));
    await freshFor(stage, '/status', seconds);
  });
}

scenario('explicit freshness keeps a 302', kRoutes, async (stage) => {
  stage.origin.on('/page', numbered({ 'Cache-Control': 'max-age=30' }, { status: 302 }));
  await freshFor(stage, '/page', 30);
});

scenario('the ttl is told, and Age counts', kPlain, async ({ origin, get, turn }) => {
  origin.on('/page', fresh(100, { Age: '10' }));
  await get('/page');
  turn(30);
  const answer = await get('/page');
  const age = Number(answer.get('age'));
  assert.ok(age >= 40 && age <= 42, `Age: ${age}`);
  const { ttl } = cacheStatus(answer);
  assert.ok(ttl >= 58 && ttl <= 60, `ttl=${ttl}`);
});

scenario('client_ttl: browsers see their own Cache-Control, weir keeps to its own', kRoutes, async (stage) => {
  const { origin, get } = stage;
  origin.on('/client', numbered({ 'Cache-Control': 'max-age=50' }));
  for (let i = 0; i < 2; i += 1) assert.match((await get('/client')).get('cache-control'), /^(public, )?max-age=7$/);
  stage.turn(40);
  assert.ok(isHit(await get('/client')));
});

scenario('client_ttl counts from now: no Age, and Date is now', kRoutes, async ({ origin, get, turn }) => {
  const headers = { 'Last-Modified': date(-3600), Date: date(0) };
  origin.on('/client', numbered(headers)).on('/image', numbered(headers));
  for (const path of ['/client', '/image']) await get(path);
  turn(60);
  for (const conditions of [{}, { 'If-Modified-Since': date(0) }]) {
    const answer = await get('/client', conditions);
    assert.ok(isHit(answer));
    assert.equal(answer.fields.has('age'), false);
    const now = Date.parse(answer.get('date')) - Date.parse(headers.Date);
    assert.ok(now >= 60_000 && now < 70_000, answer.get('date'));
  }
  const other = await get('/image');
  assert.ok(Number(other.get('age')) >= 60);
  assert.equal(other.get('date'), headers.Date);
});

scenario('adaptive: unchanged revalidations lengthen a life, up to max', kRoutes, async ({ origin, get, turn }) => {
  origin.on('/adaptive', (request) => {
    if (request.get('if-none-match') === '"same"') return { status: 304, headers: { ETag: '"same"' } };
    return { headers: { ETag: '"same"' }, body: 'same' };
  });
  await get('/adaptive');
  let last = 0;
  for (let i = 0; i < 6; i += 1) {
    turn(41);
    await get('/adaptive');
    const { ttl } = cacheStatus(await get('/adaptive'));
    assert.ok(ttl >= last && ttl <= 40, `ttl=${ttl} after ${last}`);
    last = ttl;
  }
  assert.ok(last >= 38, `ttl=${last} in the end`);
});

scenario('adaptive: the origin\'s own lifetime stays above it', kRoutes, async ({ origin, get }) => {
  const headers = { ETag: '"same"', 'Cache-Control': 'max-age=0, must-revalidate' };
  origin.on('/adaptive', (request) => (request.get('if-none-match') ? { status: 304, headers } : { headers, body: 'same' }));
  for (let i = 1; i < 5; i += 1) {
    assert.equal(isHit(await get('/adaptive')), false);
    assert.equal(origin.count('/adaptive'), i);
  }
});

scenario('Date is the origin\'s, and made where it sends none', kPlain, async ({ origin, get }) => {
  const sent = date(0);
  origin.on('/dated', fresh(60, { Date: sent })).on('/undated', fresh(60));
  assert.equal((await get('/dated')).get('date'), sent);
  assert.equal((await get('/dated')).get('date'), sent);
  assert.match((await get('/undated')).get('date'), /GMT$/);
});
