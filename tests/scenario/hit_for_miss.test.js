// An uncacheable answer is remembered for a while: later requests for its key go to the origin side by side.
import assert from 'node:assert/strict';
import { cacheStatus, isHit } from '../support/cache_status.js';
import { gate } from '../support/patience.js';
import { kPlain, scenario } from '../support/scenario.js';

const kRoutes = `
routes:
  - name: all
    match: /
    cache: { ttl: 60s, hit_for_miss: 30s }
`;
const kPrivate = { 'Cache-Control': 'private' };

// After a first, uncacheable answer: does a second request wait for another one that is under way?
async function secondWaits({ origin, connect, crowd }, path = '/page') {
  const told = gate();
  const before = origin.count(path);
  origin.on(path, async () => {
    await told.opened;
    return { headers: kPrivate, body: 'mine' };
  });
  const beside = await crowd(1);
  const client = await connect();
  client.request(`GET ${path}`);
  await origin.reached(path, before + 1);
  beside.ask(`GET ${path}`);
  await beside.settled();
  await beside.settled();
  const waits = origin.count(path) === before + 1;
  told.open();
  await client.answer();
  await beside.answers();
  return waits;
}

scenario('requests after an uncacheable answer do not queue', kRoutes, async (stage) => {
  stage.origin.on('/page', { headers: kPrivate });
  await stage.get('/page');
  assert.equal(await secondWaits(stage), false);
});

scenario('for as long as the route says', kRoutes, async (stage) => {
  stage.origin.on('/page', { headers: kPrivate });
  await stage.get('/page');
  stage.turn(31);
  assert.equal(await secondWaits(stage), true);
});

scenario('an answer that may be kept ends it', kRoutes, async ({ origin, get }) => {
  origin.on('/page', [{ headers: kPrivate, body: 'mine' }, { body: 'for all' }]);
  await get('/page');
  assert.equal(cacheStatus(await get('/page')).stored, true);
  const answer = await get('/page');
  assert.ok(isHit(answer));
  assert.equal(answer.text, 'for all');
});

scenario('another key is not concerned', kRoutes, async (stage) => {
  stage.origin.on('/page', { headers: kPrivate });
  await stage.get('/page');
  assert.equal(await secondWaits(stage, '/other'), true);
});

scenario('a failure is not remembered as uncacheable', kRoutes, async (stage) => {
  stage.origin.on('/page', (request, reply) => reply.reset());
  await stage.get('/page');
  assert.equal(await secondWaits(stage), true);
});

scenario('an answer that ends with the connection is remembered, too', kPlain, async ({ origin, crowd, get }) => {
  origin.on('/endless', (request, reply) => {
    reply.raw('HTTP/1.1 200 Fine\r\nCache-Control: max-age=60\r\n\r\nto the end');
    reply.cut();
  });
  await get('/endless');
  const parallel = gate();
  let waiting = 0;
  origin.on('/endless', async (request, reply) => {
    if ((waiting += 1) === 3) parallel.open();
    await parallel.opened;
    reply.raw('HTTP/1.1 200 Fine\r\nCache-Control: max-age=60\r\n\r\nto the end');
    reply.cut();
  });
  const clients = await crowd(3);
  for (const answer of await clients.ask('GET /endless').answers()) assert.equal(answer.text, 'to the end');
});

scenario('a range of what will not be kept reaches the origin as it is', kPlain, async ({ origin, get }) => {
  origin.on('/film', (request) =>
    request.get('range')
      ? { status: 206, headers: { 'Content-Range': 'bytes 0-3/10', 'Cache-Control': 'no-store' }, body: 'part' }
      : { headers: { 'Cache-Control': 'no-store' }, body: '0123456789' });
  await get('/film');
  const answer = await get('/film', { Range: 'bytes=0-3' });
  assert.equal(answer.status, 206);
  assert.equal(answer.text, 'part');
});
