// prefer: origin asks the origin first; the kept copy is for when it fails or takes longer than `patience`.
import assert from 'node:assert/strict';
import { cacheStatus, isHit } from '../support/cache_status.js';
import { numbered } from '../support/origin.js';
import { eventually, gate } from '../support/patience.js';
import { scenario } from '../support/scenario.js';

const kRoutes = `
routes:
  - name: all
    match: /
    cache: { ttl: 10m, prefer: origin, patience: 250ms }
`;

scenario('an origin that answers is always asked', kRoutes, async ({ origin, get }) => {
  origin.on('/page', numbered());
  for (let i = 1; i < 5; i += 1) assert.equal((await get('/page')).text, `answer ${i}`);
});

const failures = {
  'a reset': (request, reply) => reply.reset(),
  'a 503': () => ({ status: 503 }),
};
for (const [what, fail] of Object.entries(failures)) {
  scenario(`${what}: the kept copy`, kRoutes, async ({ origin, get }) => {
    origin.on('/page', [{ body: 'kept' }, fail]);
    await get('/page');
    const answer = await get('/page');
    assert.equal(answer.text, 'kept');
    assert.ok(isHit(answer));
  });
}

scenario('an origin that is down: the kept copy', kRoutes, async ({ origin, get }) => {
  origin.on('/page', { body: 'kept' });
  await get('/page');
  await origin.die();
  assert.equal((await get('/page')).text, 'kept');
});

scenario('slower than patience: the kept copy now, the slow one when it is there', kRoutes, async ({ origin, get }) => {
  const told = gate();
  const slow = async () => {
    await told.opened;
    return { body: 'slow' };
  };
  origin.on('/page', [{ body: 'kept' }, slow, (request, reply) => reply.reset()]);
  await get('/page');
  assert.equal((await get('/page')).text, 'kept');
  told.open();
  await eventually(async () => (await get('/page')).text === 'slow', 'the slow answer was kept');
});

for (const control of ['no-cache', 'max-age=0, must-revalidate', 's-maxage=0']) {
  scenario(`slower than patience, and ${control}: it waits all the same`, kRoutes, async ({ origin, get }) => {
    const headers = { 'Cache-Control': control, ETag: '"1"' };
    const slow = () => new Promise((resolve) => setTimeout(() => resolve({ headers, body: 'slow' }), 600));
    origin.on('/page', [{ headers, body: 'kept' }, slow]);
    assert.ok(cacheStatus(await get('/page')).stored);
    assert.equal((await get('/page')).text, 'slow');
  });
}

scenario('nothing kept: it waits as long as it takes', kRoutes, async ({ origin, connect }) => {
  const told = gate();
  origin.on('/page', async () => {
    await told.opened;
    return { body: 'slow' };
  });
  const client = await connect();
  client.request('GET /page');
  await origin.reached('/page');
  await new Promise((resolve) => setTimeout(resolve, 400)); // past patience, with nothing to fall back on
  told.open();
  assert.equal((await client.answer()).text, 'slow');
});

scenario('an answer that is no failure is passed on', kRoutes, async ({ origin, get }) => {
  origin.on('/page', [{ body: 'kept' }, { status: 404, body: 'gone' }]);
  await get('/page');
  assert.equal((await get('/page')).status, 404);
});
