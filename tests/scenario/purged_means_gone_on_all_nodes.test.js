// What was purged through one node is gone from all, once that is acknowledged; and a node that can't know asks the origin.
import assert from 'node:assert/strict';
import { isHit } from '../support/cache_status.js';
import { fleet } from '../support/fleet.js';
import { fresh } from '../support/origin.js';
import { eventually, gate } from '../support/patience.js';

const kRoutes = `
admin: { address: "127.0.0.1:0", purge_from: [ 127.0.0.1 ] }
routes:
  - name: write
    match: [ PUT ] /item/{id}
    invalidate: { tags: [ "item:\${id}" ] }
  - name: item
    match: GET /item/{id}
    cache: { ttl: 10m }
    tags: [ "item:\${id}", items ]
`;

const kinds = [
  ['a tag', { tags: ['item:1'] }],
  ['a URL', { urls: ['http://streamvibe.test/item/1'] }],
  ['a prefix', { prefix: '/item/' }],
  ['a pattern', { pattern: '/item/*' }],
  ['all', { all: true }],
];
for (const [kind, what] of kinds) {
  fleet(`${kind}, purged through one node, is gone from memory and Redis of all`, kRoutes, async ({ origin, get, nodes, written }) => {
    origin.on('/item/1', fresh(600));
    for (const node of [0, 1, 2]) assert.equal((await get(node, '/item/1')).text, 'answer 1', await written());
    const { applied, missing } = await nodes[0].invalidate({ ...what, wait: '10s' });
    assert.equal(applied.length, 3);
    assert.deepEqual(missing, []);
    for (const node of [2, 1, 0]) assert.equal((await get(node, '/item/1')).text, 'answer 2');
    assert.equal(origin.count('/item/1'), 2);
  }, { count: 3 });
}

fleet('a write is answered when all nodes have applied what it makes invalid', kRoutes, async ({ origin, get, send }) => {
  let version = 0;
  origin.on('/item/1', (request) => {
    if (request.method === 'PUT') version += 1;
    return { headers: { 'Cache-Control': 'max-age=600' }, body: `version ${version}` };
  });
  for (let i = 0; i < 10; i += 1) {
    for (const node of [0, 1]) assert.equal((await get(node, '/item/1')).text, `version ${i}`);
    await send(i % 2, 'PUT /item/1', {}, 'x');
  }
});

fleet('PURGE on the public port is for all nodes', kRoutes, async ({ origin, get, send }) => {
  origin.on('/item/1', fresh(600));
  await get(0, '/item/1');
  await get(1, '/item/1');
  assert.equal((await send(0, 'PURGE /item/1')).status, 200);
  assert.equal((await get(1, '/item/1')).text, 'answer 2');
});

fleet('a fetch that began before a purge on another node brings nothing back', kRoutes, async ({ origin, get, nodes }) => {
  const begun = gate(), go = gate();
  origin.on('/item/1', async () => {
    if (origin.count('/item/1') > 1) return { headers: { 'Cache-Control': 'max-age=600' }, body: 'new' };
    begun.open();
    await go.opened;
    return { headers: { 'Cache-Control': 'max-age=600' }, body: 'old' };
  });
  const slow = get(0, '/item/1');
  await begun.opened;
  await nodes[1].invalidate({ tags: ['items'], wait: '10s' });
  go.open();
  assert.equal((await slow).text, 'old');   // it asked before
  for (const node of [0, 1]) assert.equal((await get(node, '/item/1')).text, 'new');
});

fleet('a soft purge marks as stale on all nodes', kRoutes, async ({ origin, get, nodes }) => {
  origin.on('/item/1', fresh(600));
  await get(0, '/item/1');
  await get(1, '/item/1');
  await nodes[0].invalidate({ tags: ['item:1'], soft: true, wait: '10s' });
  assert.equal((await get(1, '/item/1')).text, 'answer 2');
});

fleet('a node that is killed holds up an acknowledgement for a lease, and no more', kRoutes, async ({ origin, get, nodes }) => {
  origin.on('/item/1', fresh(600));
  await get(0, '/item/1');
  const doomed = nodes.pop();
  doomed.signal('SIGKILL');
  await doomed.exited.opened;
  const { missing } = await nodes[0].invalidate({ tags: ['item:1'], wait: '30s' });
  assert.deepEqual(missing, []);
  assert.equal((await get(0, '/item/1')).text, 'answer 2');
}, { invalidation: '{ lease: 500ms }' });

fleet('a node that stands still: named as missing, and it serves nothing old when it goes on', kRoutes, async ({ origin, get, nodes }) => {
  origin.on('/item/1', fresh(600));
  await get(0, '/item/1');
  await get(1, '/item/1');
  const [, name] = (await nodes[1].admin('GET /admin/nodes')).json.self.split(/^(.*)$/);
  nodes[1].signal('SIGSTOP');
  const hasty = await nodes[0].invalidate({ tags: ['other'], wait: '1ms' });
  assert.deepEqual(hasty.missing, [name]);
  const { missing } = await nodes[0].invalidate({ tags: ['item:1'], wait: '30s' });
  assert.deepEqual(missing, []);
  const late = get(1, '/item/1');
  nodes[1].signal('SIGCONT');
  assert.notEqual((await late).text, 'answer 1');
}, { invalidation: '{ lease: 500ms }' });

fleet('without Redis a purge is a 503, a write goes through, and what is kept is asked about', kRoutes, async ({ origin, get, send, redis, nodes }) => {
  let version = 1;
  origin.on('/item/1', (request) => {
    if (request.method === 'PUT') version += 1;
    return { headers: { 'Cache-Control': 'max-age=600' }, body: `version ${version}` };
  });
  await get(0, '/item/1');
  await get(1, '/item/1');
  redis.pause();
  const refused = await nodes[0].admin('POST /admin/cache/invalidate', { tags: ['item:1'] });
  assert.equal(refused.status, 503);
  const written = await send(0, 'PUT /item/1', {}, 'x');
  assert.equal(written.status, 200);
  assert.match(written.get('cache-status'), /detail=invalidation-pending/);
  const own = await get(0, '/item/1');
  assert.equal(own.text, 'version 2');
  assert.match(own.get('cache-status'), /detail=cut-off/);
  await eventually(async () => !(await nodes[1].admin('GET /admin/nodes')).json.trusted, 'the other node is cut off, too');
  assert.equal((await get(1, '/item/1')).text, 'version 2');
  redis.resume();
  for (const weir of nodes) await eventually(async () => (await weir.admin('GET /admin/nodes')).json.trusted, 'both follow again');
  await eventually(async () => (await nodes[0].metric('weir_log_unlogged')) === 0, 'the record is in the log');
  for (const node of [0, 1]) await eventually(async () => isHit(await get(node, '/item/1')), 'hits again');
  for (const node of [0, 1]) assert.equal((await get(node, '/item/1')).text, 'version 2');
}, { invalidation: '{ lease: 500ms }' });

fleet('cut off, clients of one key share fetches all the same', kRoutes, async ({ origin, get, redis, nodes }) => {
  let under_way = 0, most = 0;
  origin.on('/item/1', async () => {
    under_way += 1;
    most = Math.max(most, under_way);
    await new Promise((done) => setTimeout(done, 20));
    under_way -= 1;
    return { headers: { 'Cache-Control': 'max-age=600' }, body: 'same' };
  });
  await get(0, '/item/1');
  redis.pause();
  await eventually(async () => !(await nodes[0].admin('GET /admin/nodes')).json.trusted, 'it is cut off');
  const all = await Promise.all(Array.from({ length: 100 }, () => get(0, '/item/1')));
  for (const answer of all) assert.equal(answer.text, 'same');
  assert.ok(most <= 4, `${most} at once`);
  redis.resume();
}, { invalidation: '{ lease: 500ms }', count: 1 });

fleet('cut_off: serve goes on with what it has', kRoutes, async ({ origin, get, redis, nodes }) => {
  origin.on('/item/1', fresh(600));
  await get(0, '/item/1');
  await redis.kill();
  await eventually(async () => !(await nodes[0].admin('GET /admin/nodes')).json.following, 'it is cut off');
  assert.ok(isHit(await get(0, '/item/1')));
  await redis.begin();
}, { invalidation: '{ lease: 300ms, cut_off: serve }', count: 1 });

fleet('all that Redis had is flushed: nothing old comes back', kRoutes, async ({ origin, get, redis, nodes }) => {
  origin.on('/item/1', fresh(600));
  await get(0, '/item/1');
  await get(1, '/item/1');
  await nodes[0].invalidate({ tags: ['item:1'], wait: '10s' });
  for (const node of [0, 1]) assert.equal((await get(node, '/item/1')).text, 'answer 2');
  await redis.ask(['FLUSHALL']);
  await eventually(async () => (await nodes[0].metric('weir_log_lost_total')) > 0, 'it is noticed');
  await eventually(async () => (await nodes[1].metric('weir_log_lost_total')) > 0, 'on both');
  for (const node of [0, 1]) assert.equal((await get(node, '/item/1')).text, 'answer 3');
});

fleet('too few replicas have a purge: it is in effect, and not called safe', kRoutes, async ({ origin, get, send, nodes }) => {
  origin.on('/item/1', fresh(600));
  await get(0, '/item/1');
  const answer = await nodes[0].admin('POST /admin/cache/invalidate', { tags: ['item:1'], wait: '10s' });
  assert.equal(answer.status, 202);
  assert.equal(answer.json.replicated, false);
  assert.equal((await get(0, '/item/1')).text, 'answer 2');
  assert.match((await send(0, 'PUT /item/1', {}, 'x')).get('cache-status'), /detail=invalidation-pending/);
}, { shared: '    replicas: 1\n', count: 1 });

fleet('what is said of Redis changes at the next start only, and a reload says so', kRoutes, async (stage) => {
  const [weir] = stage.nodes;
  weir.write(stage.text.replace('prefix: test', 'prefix: other'));
  const { text } = await weir.admin('POST /admin/reload');
  assert.match(text, /at the next start only: cache.redis and invalidation/);
}, { count: 1 });
