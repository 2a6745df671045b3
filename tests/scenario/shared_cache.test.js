// Several weirs that share a Redis are one cache: what one fetched the others don't fetch again, and no trouble of Redis is a
// client's.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isHit } from '../support/cache_status.js';
import { decoded } from '../support/codings.js';
import { fleet } from '../support/fleet.js';
import { fresh, numbered, validated } from '../support/origin.js';
import { eventually, gate } from '../support/patience.js';
import { Relay } from '../support/relay.js';
import { Weir } from '../support/weir.js';

const kRoutes = `
defaults:
  compress: { min_size: 1KiB }
routes:
  - name: alone
    match: GET /alone
    cache: { ttl: 10m, shared: false }
  - name: apart
    match: GET /apart
    cache: { ttl: 10m, coalesce: node }
  - name: vary
    match: GET /vary
    cache: origin
  - name: all
    match: /
    cache: { ttl: 10m, stale_if_error: 1h }
    tags: [ all ]
`;
const kJson = { 'Content-Type': 'application/json' };
const kText = JSON.stringify(Array.from({ length: 200 }, (_, i) => ({ id: i, title: `video number ${i}` })));

fleet('what one node fetched the other finds in Redis, and then has itself', kRoutes, async ({ origin, get, nodes, written }) => {
  origin.on('/a', fresh(600, { ETag: '"v1"', 'X-Own': 'kept' }));
  assert.equal((await get(0, '/a')).text, 'answer 1');
  await written();
  const second = await get(1, '/a');
  assert.equal(second.text, 'answer 1');
  assert.equal(second.get('etag'), '"v1"');
  assert.equal(second.get('x-own'), 'kept');
  assert.match(second.get('cache-status'), /^weir; hit; ttl=\d+; detail=redis$/);
  assert.equal((await nodes[1].logged(second.get('x-request-id'))).tier, 'redis');
  const third = await get(1, '/a');
  assert.ok(isHit(third));
  assert.doesNotMatch(third.get('cache-status'), /redis/);
  assert.equal(origin.count('/a'), 1);
});

fleet('every form of a large body, from either node', kRoutes, async ({ origin, get, written }) => {
  const large = kText.repeat(300);   // some MiB: in parts
  origin.on('/large', { headers: { ...kJson, 'Cache-Control': 'max-age=600' }, body: large });
  await get(0, '/large');
  await written();
  for (const coding of [undefined, 'zstd', 'br', 'gzip']) {
    const answer = await get(1, '/large', coding ? { 'Accept-Encoding': coding } : {});
    assert.equal(decoded(answer), large);
  }
  const part = await get(1, '/large', { Range: 'bytes=1000-1999' });
  assert.equal(part.status, 206);
  assert.equal(part.text, large.slice(1000, 2000));
  assert.equal(origin.count('/large'), 1);
});

fleet('variants of an answer are kept apart', kRoutes, async ({ origin, get, written }) => {
  origin.on('/vary', (request) => ({
    headers: { Vary: 'Accept-Language', 'Cache-Control': 'max-age=600' }, body: `in ${request.get('accept-language') ?? 'any'}`,
  }));
  const speaks = (language) => ({ 'Accept-Language': language });
  await get(0, '/vary', speaks('de'));
  await written(2);   // the entry, and the note that says by what it varies
  assert.equal((await get(1, '/vary', speaks('de'))).text, 'in de');
  assert.equal(origin.count('/vary'), 1);
  assert.equal((await get(1, '/vary', speaks('fr'))).text, 'in fr');
  await written(3);
  assert.equal((await get(0, '/vary', speaks('fr'))).text, 'in fr');
  assert.equal((await get(0, '/vary')).text, 'in any');
  assert.equal(origin.count('/vary'), 3);
});

fleet('every key that is written has a time to live', kRoutes, async ({ origin, get, redis, written }) => {
  origin.on('/a', fresh(600));
  await get(0, '/a');
  await written();
  for (const key of await redis.keys('test:{*')) {
    const left = await redis.ask(['PTTL', key]);
    assert.ok(left > 0 && left <= 3600_000 + 600_000, `${key}: ${left}`);
  }
});

fleet('what a route says is not shared isn\'t', kRoutes, async ({ origin, get, redis }) => {
  origin.on('/alone', fresh(600));
  assert.equal((await get(0, '/alone')).text, 'answer 1');
  assert.equal((await get(1, '/alone')).text, 'answer 2');
  assert.deepEqual(await redis.keys('test:{*}:e'), []);
});

fleet('private answers and credentials never reach Redis', kRoutes, async ({ origin, get, redis }) => {
  origin.on('/private', fresh(600, { 'Cache-Control': 'private, max-age=600' }));
  origin.on('/auth', fresh(600));
  await get(0, '/private');
  await get(0, '/auth', { Authorization: 'Bearer secret-of-one' });
  await get(1, '/private');
  await get(1, '/auth', { Authorization: 'Bearer secret-of-two' });
  assert.equal(origin.count('/private'), 2);
  assert.equal(origin.count('/auth'), 2);
  for (const key of await redis.keys()) assert.doesNotMatch(key, /:e$|:v:/);
});

fleet('where users are kept apart, their answers are shared between nodes, and purged by user', `
routes:
  - name: follow
    match: POST /follow
    key: { user: { header: Authorization } }
    invalidate: { tags: [ "feed:\${user}" ] }
  - name: feed
    match: GET /feed
    key: { user: { header: Authorization } }
    cache: { ttl: 10m }
    tags: [ "feed:\${user}" ]
`, async ({ origin, get, send, redis, written }) => {
  const versions = {};
  origin.on('/feed', (request) => ({ body: `${request.get('authorization')} ${versions[request.get('authorization')] ??= 1}` }));
  origin.on('/follow', (request) => {
    versions[request.get('authorization')] += 1;
    return { body: 'done' };
  });
  const [ann, bob] = ['ann', 'bob'].map((name) => ({ Authorization: `Bearer ${name}` }));
  await get(0, '/feed', ann);
  await get(0, '/feed', bob);
  await written(2);
  assert.equal((await get(1, '/feed', ann)).text, 'Bearer ann 1');
  assert.equal((await get(1, '/feed', bob)).text, 'Bearer bob 1');
  assert.equal(origin.count('/feed'), 2);
  await send(0, 'POST /follow', ann);
  assert.equal((await get(1, '/feed', ann)).text, 'Bearer ann 2');
  assert.equal((await get(1, '/feed', bob)).text, 'Bearer bob 1');
  for (const key of await redis.keys()) {
    assert.doesNotMatch(key, /ann|bob/);
    if (/:e$/.test(key)) assert.doesNotMatch((await redis.ask(['GET', key])).split('Bearer')[0], /ann|bob/);
  }
});

fleet('one fetch for all clients of all nodes, and all of them get it', kRoutes, async ({ origin, get, nodes }) => {
  const asked = gate(), answer = gate();
  origin.on('/cold', async () => {
    asked.open();
    await answer.opened;
    return { headers: { 'Cache-Control': 'max-age=60' }, body: 'once' };
  });
  const all = nodes.flatMap((_, node) => Array.from({ length: 10 }, () => get(node, '/cold')));
  await asked.opened;
  answer.open();
  for (const got of await Promise.all(all)) assert.equal(got.text, 'once');
  assert.equal(origin.count('/cold'), 1);
}, { count: 3 });

fleet('a node that dies while it fetches: one more fetch, no error', kRoutes, async ({ origin, get, nodes }) => {
  let n = 0;
  const first = gate(), dead = gate();
  origin.on('/cold', async () => {
    n += 1;
    if (n === 1) {
      first.open();
      await dead.opened;
    }
    return { headers: { 'Cache-Control': 'max-age=60' }, body: 'once' };
  });
  const lost = get(0, '/cold').catch(() => null);
  await first.opened;
  const others = [1, 2].flatMap((node) => Array.from({ length: 5 }, () => get(node, '/cold')));
  const doomed = nodes.shift();
  doomed.signal('SIGKILL');
  await doomed.exited.opened;
  dead.open();
  await lost;
  for (const got of await Promise.all(others)) assert.equal(got.text, 'once');
  assert.equal(origin.count('/cold'), 2);
}, { count: 3 });

fleet('an answer that can not be shared isn\'t waited for', kRoutes, async ({ origin, get }) => {
  const together = gate();
  let asked = 0;
  origin.on('/own', async () => {
    asked += 1;
    if (asked === 2) together.open();
    if (asked > 1) await together.opened;
    return { headers: { 'Cache-Control': 'no-store' }, body: 'own' };
  });
  await get(0, '/own');
  const both = await Promise.all([get(0, '/own'), get(1, '/own')]);   // each waits for the other one's to reach the origin
  for (const got of both) assert.equal(got.text, 'own');
});

fleet('coalesce: node leaves each node its own fetch, and what stands in Redis is used all the same', kRoutes, async (stage) => {
  const { origin, get, nodes, written } = stage;
  const both = gate();
  origin.on('/apart', async () => {
    if (origin.count('/apart') === 2) both.open();
    await both.opened;
    return { headers: { 'Cache-Control': 'max-age=60' }, body: 'mine' };
  });
  await Promise.all([get(0, '/apart'), get(1, '/apart')]);
  assert.equal(origin.count('/apart'), 2);
  await written();
  nodes.push(await stage.node());
  await stage.joined([nodes[2]]);
  assert.equal((await get(2, '/apart')).text, 'mine');
  assert.equal(origin.count('/apart'), 2);
});

fleet('a node that starts anew finds all in Redis', kRoutes, async (stage) => {
  const { origin, get, nodes, written } = stage;
  for (let i = 0; i < 20; i += 1) origin.on(`/page/${i}`, fresh(600));
  for (let i = 0; i < 20; i += 1) await get(0, `/page/${i}`);
  await written(20);
  await nodes.shift().stop();
  nodes.push(await stage.node());
  await eventually(async () => (await nodes[1].admin('GET /admin/nodes')).json.trusted, 'the new node follows the log');
  for (let i = 0; i < 20; i += 1) assert.equal((await get(1, `/page/${i}`)).text, 'answer 1');
  assert.equal(origin.requests.filter(({ path }) => path.startsWith('/page/')).length, 20);
});

fleet('what is stale in Redis is validated, not fetched', kRoutes, async ({ origin, get, nodes, written }) => {
  origin.on('/v', validated('"v1"', { 'Cache-Control': 'max-age=10' }, 'content'));
  await get(0, '/v');
  await written();
  await nodes[0].invalidate({ tags: ['all'], soft: true, wait: '5s' });
  const answer = await get(1, '/v');
  assert.equal(answer.text, 'content');
  assert.match(answer.get('cache-status'), /fwd-status=304|hit/);
  assert.equal(origin.last('/v').get('if-none-match'), '"v1"');
});

fleet('what is stale in Redis is read once, however long its successor takes', kRoutes, async ({ origin, get, nodes, written }) => {
  const asked = gate(), answer = gate();
  const body = randomBytes(50_000).toString('hex');
  origin.on('/large', [{ headers: { 'Cache-Control': 'max-age=600' }, body }, async () => {
    asked.open();
    await answer.opened;
    return { headers: { 'Cache-Control': 'max-age=600' }, body: `new ${body}` };
  }]);
  await get(0, '/large');
  await written();
  await nodes[0].invalidate({ tags: ['all'], soft: true, wait: '5s' });
  const leads = get(0, '/large');
  await asked.opened;
  const waits = get(1, '/large');
  await eventually(async () => await nodes[1].metric('weir_redis_leases_total', { result: 'held' }) >= 5, 'node 1 has looked again and again');
  answer.open();
  assert.equal((await leads).text, `new ${body}`);
  assert.equal((await waits).text, `new ${body}`);
  assert.equal(origin.count('/large'), 2);
  const read = await nodes[1].metric('weir_redis_read_bytes_total');
  assert.ok(read < 1.3 * body.length, `${read} bytes were read of two entries that have half of ${body.length} each`);
});

fleet('of two stale copies the newer one is validated', kRoutes, async ({ origin, get, nodes, written }) => {
  const dated = (etag, seconds) => (request) => {
    const same = request.get('if-none-match') === etag;
    const headers = { ETag: etag, Date: new Date(Date.now() - seconds * 1000).toUTCString(), 'Cache-Control': 'max-age=3600' };
    return same ? { status: 304, headers } : { headers, body: `content ${etag}` };
  };
  const stale = () => nodes[0].invalidate({ tags: ['all'], soft: true, wait: '5s' });
  origin.on('/v', [dated('"v1"', 120), dated('"v2"', 60)]);
  await get(0, '/v');
  await written();
  assert.equal((await get(1, '/v')).text, 'content "v1"');   // both have it
  await stale();
  assert.equal((await get(0, '/v')).text, 'content "v2"');
  await eventually(async () => await nodes[0].metric('weir_redis_puts_total') >= 2, 'Redis has the newer one');
  await stale();
  assert.equal((await get(1, '/v')).text, 'content "v2"');
  assert.equal(origin.last('/v').get('if-none-match'), '"v2"');
  assert.equal(origin.count('/v'), 3);
});

fleet('what this node\'s log can\'t place yet is read once and waited for, not fetched', kRoutes, async (stage) => {
  const { origin, get, nodes, redis, written } = stage;
  const relay = await Relay.start(() => redis.port);
  try {
    nodes.push(await Weir.start(stage.text.replaceAll(`:${redis.port}`, `:${relay.port}`), { origins: [origin] }));
    await stage.joined();
    origin.on('/ahead', fresh(600));
    relay.hold('XREAD');   // the second node doesn't read on
    await nodes[0].invalidate({ tags: ['another'] });
    await get(0, '/ahead');
    await written();
    const waits = get(1, '/ahead');
    await eventually(async () => await nodes[1].metric('weir_redis_hits_total') >= 1, 'it has the entry');
    await sleep(50);   // some pauses
    relay.mend();
    const answer = await waits;
    assert.equal(answer.text, 'answer 1');
    assert.match(answer.get('cache-status'), /detail=redis/);
    assert.equal(origin.count('/ahead'), 1);
    assert.equal(await nodes[1].metric('weir_redis_hits_total'), 1);
  } finally {
    await relay.close();
  }
}, { count: 1, invalidation: '{ lease: 8s }' });

fleet('what an entry took to come is taken from the time of its parts once', kRoutes, async (stage) => {
  const { origin, get, nodes, redis, written } = stage;
  const relay = await Relay.start(() => redis.port);
  try {
    const text = stage.text.replaceAll(`:${redis.port}`, `:${relay.port}`).replace('timeout: 200ms', 'timeout: 10s');
    nodes.push(await Weir.start(text, { origins: [origin] }));
    await stage.joined();
    const body = randomBytes(3 * 2 ** 20).toString('base64');
    origin.on('/parts', { headers: { 'Cache-Control': 'max-age=600' }, body });
    await get(0, '/parts');
    await written();
    relay.hold('EVAL');
    const waits = get(1, '/parts');
    await eventually(async () => await nodes[1].metric('weir_redis_finds_total') >= 1, 'it asks for the entry');
    nodes[1].clock.turn(7);   // of 10: that leaves the parts 3
    relay.mend();
    relay.hold('\r\nGET\r\n');
    await sleep(100);
    relay.mend();
    const answer = await waits;
    assert.match(answer.get('cache-status'), /detail=redis/);
    assert.ok(answer.text === body);
    assert.equal(origin.count('/parts'), 1);
  } finally {
    await relay.close();
  }
}, { count: 1, invalidation: '{ lease: 60s }' });

fleet('what is stale in Redis is served where the origin fails', kRoutes, async ({ origin, get, nodes, written }) => {
  origin.on('/s', [{ headers: { 'Cache-Control': 'max-age=600' }, body: 'kept' }, { status: 500, body: 'broken' }]);
  await get(0, '/s');
  await written();
  await nodes[0].invalidate({ tags: ['all'], soft: true, wait: '5s' });
  const answer = await get(1, '/s');
  assert.equal(answer.status, 200);
  assert.equal(answer.text, 'kept');
  assert.match(answer.get('cache-status'), /stale-if-error/);
});

fleet('entries that don\'t verify are misses, counted and deleted', kRoutes, async ({ origin, get, redis, nodes, written }) => {
  origin.on('/a', fresh(600));
  await get(0, '/a');
  await written();
  const [key] = await redis.keys('test:{*}:e');
  await redis.ask(['SET', key, 'not an entry', 'PX', '60000']);
  assert.equal((await get(1, '/a')).text, 'answer 2');
  assert.equal(await nodes[1].metric('weir_redis_misses_total', { reason: 'foreign' }), 1);
});

// The user that docs/sharing.md and docker/compose.yaml name.
const kAcl = ('--user default on nopass ~* &* +@all ' +
  '--user weir on >sesame ~test:* ~{test}:* resetchannels -@all +@read +@write +@connection +@stream -@dangerous ' +
  '+eval +time +wait +role +cluster|slots -scan -randomkey').split(' ');
fleet('a user of Redis that may do no more than it needs', kRoutes, async (stage) => {
  const { origin, get, nodes, written } = stage;
  origin.on('/a', fresh(600));
  await get(0, '/a');
  await written();
  assert.equal((await get(1, '/a')).text, 'answer 1');
  const { missing } = await nodes[0].invalidate({ tags: ['all'], wait: '10s' });
  assert.deepEqual(missing, []);
  assert.equal((await get(1, '/a')).text, 'answer 2');
  for (const weir of nodes) {
    assert.equal(await weir.metric('weir_redis_errors_total'), 0);
    assert.doesNotMatch(weir.output, /sesame/);
    assert.doesNotMatch((await weir.admin('GET /admin/config')).text, /sesame/);
  }
}, { redis: kAcl, user: 'weir:sesame@' });

fleet('Redis paused, killed, back: no client sees it', kRoutes, async ({ origin, get, redis, nodes, joined, written }) => {
  origin.on('/a', numbered({ 'Cache-Control': 'max-age=600' }));
  const fine = async (node) => assert.equal((await get(node, '/a')).status, 200);
  await fine(0);
  await written();
  redis.pause();
  for (let i = 0; i < 5; i += 1) await Promise.all([fine(0), fine(1)]);
  origin.on('/new', fresh(600));
  assert.equal((await get(1, '/new')).text, 'answer 1');
  redis.resume();
  await eventually(async () => (await nodes[1].admin('GET /admin/nodes')).json.trusted, 'it is trusted again');
  await redis.kill();
  for (let i = 0; i < 5; i += 1) await Promise.all([fine(0), fine(1)]);
  await redis.begin();
  for (const weir of nodes) await eventually(async () => (await weir.admin('GET /admin/nodes')).json.trusted, 'all is well');
  let n = 0;
  await eventually(async () => {   // each time another object: who has fetched one itself doesn't ask again
    const path = `/after/${n += 1}`;
    origin.on(path, fresh(600));
    await get(0, path);
    return (await get(1, path)).text === 'answer 1';
  }, 'nodes share again');
}, { invalidation: '{ lease: 500ms }' });
