// etag: true makes a strong ETag from the body where the API sends none, and answers with it.
import assert from 'node:assert/strict';
import { isHit } from '../support/cache_status.js';
import { eventually } from '../support/patience.js';
import { scenario } from '../support/scenario.js';

const kRoutes = `
routes:
  - name: all
    match: /
    cache: { ttl: 60s, etag: true }
`;
const kStrong = /^"[^"]+"$/;

async function made({ origin, get }, answer = { body: 'a body' }) {
  origin.on('/page', answer);
  await get('/page');
  const { fields } = await get('/page');
  return fields.get('etag');
}

scenario('a stored answer has one, and it is strong', kRoutes, async (stage) => {
  assert.match(await made(stage), kStrong);
});

scenario('If-None-Match with it is a 304 without a body', kRoutes, async (stage) => {
  const etag = await made(stage);
  const answer = await stage.get('/page', { 'If-None-Match': etag });
  assert.equal(answer.status, 304);
  assert.equal(answer.get('etag'), etag);
  assert.ok(isHit(answer));
  assert.equal(stage.origin.count('/page'), 1);
});

scenario('the same body has the same one, another body another', kRoutes, async ({ origin, get }) => {
  origin.on('/a', { body: 'same' }).on('/b', { body: 'same' }).on('/c', { body: 'other' });
  const etags = [];
  for (const path of ['/a', '/b', '/c']) {
    await get(path);
    etags.push((await get(path)).get('etag'));
  }
  assert.equal(etags[0], etags[1]);
  assert.notEqual(etags[0], etags[2]);
});

scenario('the API\'s own stays as it is, also a weak one', kRoutes, async (stage) => {
  assert.equal(await made(stage, { headers: { ETag: 'W/"mine"' }, body: 'a body' }), 'W/"mine"');
});

scenario('a body that arrives in pieces has one, too, once it is stored', kRoutes, async ({ origin, get }) => {
  origin.on('/page', (request, reply) => {
    reply.begin().chunk('a ').chunk('body').end();
  });
  await get('/page');
  await eventually(async () => kStrong.test((await get('/page')).get('etag') ?? ''), 'it has an ETag');
});

scenario('a new body after its life: the client with the old one gets it whole', kRoutes, async ({ origin, get, turn }) => {
  origin.on('/page', [{ body: 'old' }, { body: 'new' }]);
  await get('/page');
  const etag = (await get('/page')).get('etag');
  turn(61);
  const answer = await get('/page', { 'If-None-Match': etag });
  assert.equal(answer.status, 200);
  assert.equal(answer.text, 'new');
});

scenario('the origin never sees an ETag that it did not make', kRoutes, async (stage) => {
  const { origin, get, turn } = stage;
  const etag = await made(stage);
  turn(61);
  await get('/page', { 'If-None-Match': etag });
  const asked = origin.last('/page').get('if-none-match');
  assert.ok(asked === undefined || asked === etag);
});

const kWithout = `
routes:
  - name: all
    match: /
    cache: { ttl: 60s }
`;
scenario('without etag: true none is made', kWithout, async (stage) => {
  assert.equal(await made(stage), undefined);
});
