// refresh_ahead: a hit in the last part of a life starts one refresh, so that what is asked for never goes stale.
import assert from 'node:assert/strict';
import { cacheStatus, isHit } from '../support/cache_status.js';
import { fresh, numbered } from '../support/origin.js';
import { eventually, gate } from '../support/patience.js';
import { scenario } from '../support/scenario.js';

const kRoutes = `
routes:
  - name: all
    match: /
    cache: { ttl: 100s, refresh_ahead: 20% }
`;

scenario('no refresh before the last part of its life', kRoutes, async ({ origin, get, turn }) => {
  origin.on('/page', numbered());
  await get('/page');
  turn(78);
  for (let i = 0; i < 5; i += 1) assert.ok(isHit(await get('/page')));
  assert.equal(origin.count('/page'), 1);
});

scenario('in the last part hits go on, and one refresh brings the next life', kRoutes, async ({ origin, get, turn }) => {
  const told = gate();
  const second = async () => {
    await told.opened;
    return { body: 'new' };
  };
  origin.on('/page', [{ body: 'old' }, second]);
  await get('/page');
  turn(85);
  for (let i = 0; i < 10; i += 1) {
    const answer = await get('/page');
    assert.ok(isHit(answer));
    assert.equal(answer.text, 'old');
  }
  await origin.reached('/page', 2);
  told.open();
  await eventually(async () => (await get('/page')).text === 'new', 'the refreshed copy is served');
  assert.ok(cacheStatus(await get('/page')).ttl > 95);
  assert.equal(origin.count('/page'), 2);
});

scenario('over many lives nobody waits for the origin', kRoutes, async ({ origin, get, turn }) => {
  origin.on('/page', numbered());
  await get('/page');
  for (let life = 2; life < 8; life += 1) {
    turn(90);
    assert.ok(isHit(await get('/page')));
    await eventually(async () => (await get('/page')).text === `answer ${life}`, `life ${life}`);
  }
});

scenario('the refresh is conditional', kRoutes, async ({ origin, get, turn }) => {
  origin.on('/page', [{ headers: { ETag: '"1"' }, body: 'same' }, { status: 304, headers: { ETag: '"1"' } }]);
  await get('/page');
  turn(85);
  await get('/page');
  await eventually(async () => cacheStatus(await get('/page')).ttl > 90, 'its life begins again');
  assert.equal(origin.last('/page').get('if-none-match'), '"1"');
});

scenario('one that fails harms no hit', kRoutes, async ({ origin, get, turn }) => {
  origin.on('/page', [{ body: 'old' }, (request, reply) => reply.reset()]);
  await get('/page');
  turn(85);
  await get('/page');
  await origin.reached('/page', 2);
  const answer = await get('/page');
  assert.equal(answer.text, 'old');
  assert.ok(isHit(answer));
});

scenario('what nobody asks for is not refreshed', kRoutes, async ({ origin, get, turn }) => {
  origin.on('/page', numbered()).on('/other', numbered());
  await get('/page');
  turn(90);
  await get('/other');
  await get('/other');
  assert.equal(origin.count('/page'), 1);
});

scenario('a HEAD in the last part of a life starts it as well as a GET', kRoutes, async ({ origin, send, get, turn }) => {
  origin.on('/ahead', fresh(100));
  await get('/ahead');
  await turn(85);
  await send('HEAD /ahead');
  await eventually(() => origin.count('/ahead') === 2, 'a refresh is made');
});
