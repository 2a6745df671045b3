// What a client may ask of the cache: only-if-cached, max-stale, min-fresh, max-age, no-cache, no-store, Pragma.
import assert from 'node:assert/strict';
import { cacheStatus, isHit } from '../support/cache_status.js';
import { fresh, numbered } from '../support/origin.js';
import { kPlain, scenario } from '../support/scenario.js';

const cc = (text) => ({ 'Cache-Control': text });

scenario('only-if-cached: a hit where there is one, else 504 without asking', kPlain, async ({ origin, get, turn }) => {
  origin.on('/page', fresh(60));
  assert.equal((await get('/page', cc('only-if-cached'))).status, 504);
  assert.equal(origin.count('/page'), 0);
  await get('/page');
  assert.equal((await get('/page', cc('only-if-cached'))).text, 'answer 1');
  turn(61);
  assert.equal((await get('/page', cc('only-if-cached'))).status, 504);
  assert.equal((await get('/page', cc('only-if-cached, max-stale'))).text, 'answer 1');
  assert.equal(origin.count('/page'), 1);
});

// A copy with a lifetime of 60 s, so many seconds old: is it what answers?
const aged = [
  ['max-age above its age', 30, 'max-age=40', true],
  ['max-age below its age', 30, 'max-age=20', false],
  ['max-age=0', 30, 'max-age=0', false],
  ['min-fresh that it has left', 30, 'min-fresh=20', true],
  ['min-fresh that it has not', 30, 'min-fresh=40', false],
  ['max-stale without a bound', 100, 'max-stale', true],
  ['max-stale within its bound', 70, 'max-stale=20', true],
  ['max-stale past its bound', 100, 'max-stale=20', false],
  ['an unknown directive', 30, 'friendly', true],
  ['nothing, and stale', 70, 'x', false],
];
for (const [what, seconds, directive, hit] of aged) {
  scenario(`${what}: ${hit ? 'the copy' : 'the origin'}`, kPlain, async ({ origin, get, turn }) => {
    origin.on('/page', fresh(60));
    await get('/page');
    turn(seconds);
    assert.equal((await get('/page', cc(directive))).text, hit ? 'answer 1' : 'answer 2');
  });
}

scenario('max-stale does not move must-revalidate', kPlain, async ({ origin, get, turn }) => {
  origin.on('/page', numbered({ 'Cache-Control': 'max-age=10, must-revalidate' }));
  await get('/page');
  turn(20);
  assert.equal((await get('/page', cc('max-stale'))).text, 'answer 2');
});

for (const headers of [cc('no-cache'), { Pragma: 'no-cache' }, cc('max-age=0')]) {
  scenario(`${JSON.stringify(headers)}: asks the origin, and the new answer is for all`, kPlain, async ({ origin, get, turn }) => {
    origin.on('/page', fresh(600));
    await get('/page');
    turn(5);
    const answer = await get('/page', headers);
    assert.equal(answer.text, 'answer 2');
    assert.equal(cacheStatus(answer).fwd, 'request');
    assert.equal((await get('/page')).text, 'answer 2');
  });
}

scenario('no-cache cannot hammer the origin: one a second for a key', kPlain, async ({ origin, get, turn }) => {
  origin.on('/page', fresh(600));
  await get('/page');
  turn(5);
  for (let i = 0; i < 20; i += 1) await get('/page', cc('no-cache'));
  assert.ok(origin.count('/page') <= 4, `${origin.count('/page')} origin requests`);
  const before = origin.count('/page');
  turn(5);
  await get('/page', cc('no-cache'));
  assert.equal(origin.count('/page'), before + 1);
});

const kTrusting = `
routes:
  - name: all
    match: /
    cache: { ttl: 10m, trust_client: true }
`;
scenario('trust_client: each no-cache reaches it', kTrusting, async ({ origin, get }) => {
  origin.on('/page', numbered());
  await get('/page');
  for (let i = 0; i < 5; i += 1) await get('/page', cc('no-cache'));
  assert.equal(origin.count('/page'), 6);
});

scenario('no-store: not kept, and what was kept before stays', kPlain, async ({ origin, get }) => {
  origin.on('/page', fresh(600));
  const answer = await get('/page', cc('no-store'));
  assert.equal(cacheStatus(answer).stored, false);
  await get('/page');
  assert.ok(isHit(await get('/page')));
});

scenario('stale-if-error in a request widens what is acceptable', kPlain, async ({ origin, get, turn }) => {
  origin.on('/page', [{ headers: cc('max-age=10'), body: 'kept' }, { status: 503 }]);
  await get('/page');
  turn(20);
  assert.equal((await get('/page', cc('stale-if-error=60'))).text, 'kept');
  assert.equal((await get('/page')).status, 503);
});
