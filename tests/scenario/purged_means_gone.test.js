// Promise 3: once an invalidation is acknowledged, nothing that it covers is served any more.
import assert from 'node:assert/strict';
import { cacheStatus, isHit } from '../support/cache_status.js';
import { fresh, numbered, validated } from '../support/origin.js';
import { gate } from '../support/patience.js';
import { kPlain, scenario } from '../support/scenario.js';

const kRoutes = `
routes:
  - name: video
    match: GET /api/videos/{id}
    cache: { ttl: 1h }
    tags: [ "video:\${id}", videos ]
  - name: soft
    match: GET /soft
    cache: { ttl: 1h, stale_while_revalidate: 1h, stale_if_error: 1h }
  - name: short
    match: GET /short
    cache: { ttl: 1h, stale_while_revalidate: 30s }
  - name: rest
    match: /
    cache: { ttl: 1h }
    request: { forward: [ X-Lang ] }
`;

const kPaths = ['/api/videos/1', '/api/videos/2', '/api/search?q=weir', '/about'];

// Fills the cache, invalidates, and says which of kPaths are gone.
async function goneAfter({ origin, get, weir }, what, paths = kPaths) {
  for (const path of paths) origin.on(path.split('?')[0], numbered());
  for (const path of paths) await get(path);
  for (const path of paths) assert.ok(isHit(await get(path)), `${path} is kept`);
  const answer = await weir.invalidate(what);
  const gone = [];
  for (const path of paths) if ((await get(path)).text === 'answer 2') gone.push(path);
  for (const path of gone) assert.ok(isHit(await get(path)), `${path} is kept again`);
  return { gone, answer };
}

const cases = [
  ['a tag of the route', { tags: ['video:1'] }, ['/api/videos/1']],
  ['a tag that several share', { tags: ['videos'] }, ['/api/videos/1', '/api/videos/2']],
  ['a tag that nothing has', { tags: ['video:3'] }, []],
  ['several tags', { tags: ['video:1', 'video:2'] }, ['/api/videos/1', '/api/videos/2']],
  ['a URL by its path, for any host', { urls: ['/api/videos/2'] }, ['/api/videos/2']],
  ['a URL with its host', { urls: ['http://streamvibe.test/api/videos/2'] }, ['/api/videos/2']],
  ['a URL of another host', { urls: ['http://elsewhere.test/api/videos/2'] }, []],
  ['a URL with its query', { urls: ['/api/search?q=weir'] }, ['/api/search?q=weir']],
  ['a URL with another query', { urls: ['/api/search?q=wier'] }, []],
  ['a prefix', { prefix: '/api/' }, ['/api/videos/1', '/api/videos/2', '/api/search?q=weir']],
  ['a prefix with escapes', { prefix: '/%61pi/' }, ['/api/videos/1', '/api/videos/2', '/api/search?q=weir']],
  ['a pattern', { pattern: '/api/*/2' }, ['/api/videos/2']],
  ['a pattern with escapes', { pattern: '/%61pi/*/2' }, ['/api/videos/2']],
  ['everything', { all: true }, kPaths],
];
for (const [what, request, expected] of cases) {
  scenario(`${what}: gone at once, and nothing else with it`, kRoutes, async (stage) => {
    const { gone } = await goneAfter(stage, request);
    assert.deepEqual(gone, expected);
  });
}

for (const what of [{ urls: ['/caf%c3%a9/1'] }, { prefix: '/caf%c3%a9/' }, { pattern: '/caf%c3%a9/*' }]) {
  scenario(`escapes in small letters, as sent: ${JSON.stringify(what)}`, kRoutes, async ({ origin, get, weir }) => {
    origin.otherwise(numbered());
    await get('/caf%c3%a9/1');
    await weir.invalidate(what);
    assert.equal((await get('/caf%c3%a9/1')).text, 'answer 2');
  });
}

for (const field of ['Surrogate-Key', 'Cache-Tag', 'xkey']) {
  scenario(`tags come from ${field}, which no client sees`, kRoutes, async ({ origin, get, weir }) => {
    const list = field === 'Cache-Tag' ? 'red, green' : 'red green';
    origin.on('/a', fresh(600, { [field]: list })).on('/b', fresh(600, { [field]: 'blue' }));
    for (const path of ['/a', '/b']) assert.equal((await get(path)).fields.has(field), false);
    await weir.invalidate({ tags: ['green'] });
    assert.equal((await get('/a')).text, 'answer 2');
    assert.equal((await get('/b')).text, 'answer 1');
    assert.equal((await get('/b')).fields.has(field), false);
  });
}

scenario('each acknowledgement carries a later log position', kRoutes, async ({ weir }) => {
  const positions = [];
  for (const tag of ['a', 'b', 'c']) positions.push((await weir.invalidate({ tags: [tag] })).position);
  assert.ok(positions[0] > 0 && positions[1] > positions[0] && positions[2] > positions[1], `${positions}`);
});

scenario('all variants of a URL go with it', kRoutes, async ({ origin, get, weir }) => {
  origin.on('/page', fresh(600, { Vary: 'X-Lang' }));
  const both = async () => [(await get('/page', { 'X-Lang': 'en' })).text, (await get('/page', { 'X-Lang': 'cy' })).text];
  assert.deepEqual(await both(), ['answer 1', 'answer 2']);
  assert.deepEqual(await both(), ['answer 1', 'answer 2']);
  await weir.invalidate({ urls: ['/page'] });
  assert.deepEqual(await both(), ['answer 3', 'answer 4']);
});

scenario('soft: stale instead of gone, so it is revalidated', kRoutes, async ({ origin, get, weir }) => {
  origin.on('/page', validated('"v1"', { 'Cache-Control': 'max-age=600' }, 'kept'));
  await get('/page');
  await weir.invalidate({ urls: ['/page'], soft: true });
  const answer = await get('/page');
  assert.equal(origin.last('/page').get('if-none-match'), '"v1"');
  assert.equal(answer.text, 'kept');
  assert.equal(cacheStatus(answer).fwdStatus, 304);
  assert.ok(isHit(await get('/page')));
  assert.equal(origin.count('/page'), 2);
});

scenario('soft: what may be served stale is, while it is refreshed', kRoutes, async ({ origin, get, weir }) => {
  origin.on('/soft', numbered());
  await get('/soft');
  await weir.invalidate({ urls: ['/soft'], soft: true });
  assert.equal((await get('/soft')).text, 'answer 1');
  await origin.reached('/soft', 2);
});

scenario('hard: not even an origin that is down brings it back', kRoutes, async ({ origin, get, weir }) => {
  origin.on('/soft', numbered());
  await get('/soft');
  await weir.invalidate({ urls: ['/soft'] });
  await origin.die();
  assert.equal((await get('/soft')).status, 502);
});

scenario('soft: the time in which it may be served stale begins with the purge', kRoutes, async (stage) => {
  const { origin, get, weir, turn } = stage;
  origin.on('/short', [{ body: 'old' }, { status: 500 }, { status: 500 }, { status: 500 }, { body: 'new' }]);
  await get('/short');
  for (let i = 1; i <= 3; i += 1) {  // a further purge doesn't begin it anew
    await weir.invalidate({ urls: ['/short'], soft: true });
    const status = cacheStatus(await get('/short'));
    assert.equal(status.detail, 'stale-while-revalidate');
    assert.ok(status.ttl <= 0 && status.ttl > -30, `ttl=${status.ttl}`);
    const { json } = await weir.admin('GET /admin/cache/entry?url=http://streamvibe.test/short');
    assert.equal(json.variants[0].invalidated, 'soft');
    assert.ok(json.variants[0].ttl <= 0, `the entry's ttl=${json.variants[0].ttl}`);
    await origin.reached('/short', i + 1);
    turn(9);
  }
  turn(4);
  const answer = await get('/short');
  assert.equal(answer.text, 'new');
  assert.equal(cacheStatus(answer).fwd, 'stale');
});

scenario('soft: an origin that is down does', kRoutes, async ({ origin, get, weir, turn }) => {
  origin.on('/soft', numbered());
  await get('/soft');
  await weir.invalidate({ urls: ['/soft'], soft: true });
  await origin.die();
  turn(1);
  assert.equal((await get('/soft')).text, 'answer 1');
});

for (const [what, request] of [
  ['tag', { tags: ['video:1'] }],
  ['URL', { urls: ['/api/videos/1'] }],
  ['prefix', { prefix: '/api' }],
  ['purge of all', { all: true }],
]) {
  scenario(`a fetch that began before it does not outlive the ${what}`, kRoutes, async ({ origin, connect, get, weir }) => {
    const told = gate();
    const old = async () => {
      await told.opened;
      return { body: 'old' };
    };
    origin.on('/api/videos/1', [old, { body: 'new' }]);
    const early = await connect();
    early.request('GET /api/videos/1');
    await origin.reached('/api/videos/1');
    await weir.invalidate(request);
    const late = await connect();
    late.request('GET /api/videos/1');
    await origin.reached('/api/videos/1', 2);
    assert.equal((await late.answer()).text, 'new');
    told.open();
    assert.equal((await early.answer()).text, 'old');
    assert.equal((await get('/api/videos/1')).text, 'new');
    assert.equal((await get('/api/videos/1')).text, 'new');
  });
}

scenario('a tag that only the response names: the fetch under way is covered as well', kRoutes, async (stage) => {
  const { origin, connect, get, weir } = stage;
  const told = gate();
  const old = async () => {
    await told.opened;
    return { headers: { 'Surrogate-Key': 'late' }, body: 'old' };
  };
  origin.on('/page', [old, { headers: { 'Surrogate-Key': 'late' }, body: 'new' }]);
  const early = await connect();
  early.request('GET /page');
  await origin.reached('/page');
  await weir.invalidate({ tags: ['late'] });
  told.open();
  assert.equal((await early.answer()).text, 'old');
  assert.equal((await get('/page')).text, 'new');
});

scenario('a body that is still arriving when it is purged is not kept', kRoutes, async ({ origin, connect, get, weir }) => {
  const told = gate();
  const old = async (request, reply) => {
    reply.begin().chunk('o');
    await told.opened;
    reply.chunk('ld').end();
  };
  origin.on('/page', [old, { body: 'new' }]);
  const early = await connect();
  early.request('GET /page');
  await early.head();
  await weir.invalidate({ urls: ['/page'] });
  told.open();
  assert.equal((await get('/page')).text, 'new');
  assert.equal((await get('/page')).text, 'new');
});

scenario('an object renewed again and again has the tags of its last answer, each once', kPlain, async ({ origin, get, weir }) => {
  let n = 0;
  origin.on('/page', () => ({ headers: { 'Cache-Control': 'max-age=60', 'Surrogate-Key': `all v${(n += 1)}` }, body: 'x' }));
  for (let i = 0; i < 4; i += 1) {
    await get('/page');
    await weir.invalidate({ tags: ['all'], soft: true });
  }
  await get('/page');
  const { json } = await weir.admin('GET /admin/cache/entry?url=http://streamvibe.test/page');
  assert.deepEqual(json.variants[0].tags.sort(), ['all', `v${n}`]);
});
