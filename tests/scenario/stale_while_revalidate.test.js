// After its life a copy is served at once for a while, and refreshed once in the background (RFC 5861 §3).
import assert from 'node:assert/strict';
import { cacheStatus, isHit } from '../support/cache_status.js';
import { fresh, numbered } from '../support/origin.js';
import { eventually, gate } from '../support/patience.js';
import { kPlain, scenario } from '../support/scenario.js';

const kRoutes = `
routes:
  - name: all
    match: /
    cache: { ttl: 60s, stale_while_revalidate: 30s }
`;

const freshAgain = (get, path, text) =>
  eventually(async () => {
    const answer = await get(path);
    return answer.text === text && cacheStatus(answer).ttl > 0;
  }, `${path} is fresh and says ${text}`);

scenario('served at once, and fresh afterwards', kRoutes, async ({ origin, get, turn }) => {
  const told = gate();
  const second = async () => {
    await told.opened;
    return { body: 'new' };
  };
  origin.on('/page', [{ body: 'old' }, second]);
  await get('/page');
  turn(70);
  const answer = await get('/page');
  assert.equal(answer.text, 'old');
  const status = cacheStatus(answer);
  assert.equal(status.hit, true);
  assert.ok(status.ttl <= -10 && status.ttl >= -12, `ttl=${status.ttl}`);
  assert.equal(status.detail, 'stale-while-revalidate');
  assert.ok(Number(answer.get('age')) >= 70);
  told.open();
  await freshAgain(get, '/page', 'new');
  assert.equal(origin.count('/page'), 2);
});

scenario('many who ask start one refresh', kRoutes, async ({ origin, get, turn }) => {
  const told = gate();
  const second = async () => {
    await told.opened;
    return { body: 'new' };
  };
  origin.on('/page', [{ body: 'old' }, second]);
  await get('/page');
  turn(70);
  const answers = await Promise.all(Array.from({ length: 30 }, () => get('/page')));
  for (const answer of answers) assert.equal(answer.text, 'old');
  told.open();
  await freshAgain(get, '/page', 'new');
  assert.equal(origin.count('/page'), 2);
});

scenario('the refresh is conditional, and a 304 makes the copy fresh', kRoutes, async ({ origin, get, turn }) => {
  origin.on('/page', [{ headers: { ETag: '"1"' }, body: 'same' }, { status: 304, headers: { ETag: '"1"' } }]);
  await get('/page');
  turn(70);
  await get('/page');
  await freshAgain(get, '/page', 'same');
  assert.equal(origin.last('/page').get('if-none-match'), '"1"');
  assert.equal(origin.count('/page'), 2);
});

scenario('past its window a request waits for the origin', kRoutes, async ({ origin, get, turn }) => {
  origin.on('/page', numbered());
  await get('/page');
  turn(91);
  const answer = await get('/page');
  assert.equal(answer.text, 'answer 2');
  assert.equal(isHit(answer), false);
});

scenario('a refresh that fails leaves the copy where it is', kRoutes, async ({ origin, get, turn }) => {
  origin.on('/page', [{ body: 'old' }, { status: 500, body: 'sorry' }, { body: 'new' }]);
  await get('/page');
  turn(65);
  assert.equal((await get('/page')).text, 'old');
  await origin.reached('/page', 2);
  turn(10);
  assert.equal((await get('/page')).text, 'old');
  await freshAgain(get, '/page', 'new');
});

scenario('the response asks for it where the route does not', kPlain, async ({ origin, get, turn }) => {
  origin.on('/page', numbered({ 'Cache-Control': 'max-age=10, stale-while-revalidate=20' }));
  await get('/page');
  turn(15);
  assert.equal((await get('/page')).text, 'answer 1');
  await freshAgain(get, '/page', 'answer 2');
});

scenario('the response has the last word on its window', kRoutes, async ({ origin, get, turn }) => {
  origin.on('/page', numbered({ 'Cache-Control': 'max-age=10, stale-while-revalidate=0' }));
  await get('/page');
  turn(15);
  assert.equal((await get('/page')).text, 'answer 2');
});

for (const directive of ['must-revalidate', 'proxy-revalidate', 'no-cache', 's-maxage=10']) {
  scenario(`${directive} forbids it`, kRoutes, async ({ origin, get, turn }) => {
    origin.on('/page', numbered({ 'Cache-Control': `max-age=10, ${directive}` }));
    await get('/page');
    turn(15);
    assert.equal((await get('/page')).text, 'answer 2');
  });
}

scenario('without the word of route or response nothing stale is served', kPlain, async ({ origin, get, turn }) => {
  origin.on('/page', fresh(10));
  await get('/page');
  turn(11);
  assert.equal((await get('/page')).text, 'answer 2');
});
