// A write makes what it changed invalid: by the route's own words, and by RFC 9111 §4.4 for the target of an unsafe method.
import assert from 'node:assert/strict';
import { isHit } from '../support/cache_status.js';
import { numbered } from '../support/origin.js';
import { eventually, gate } from '../support/patience.js';
import { kPlain, scenario } from '../support/scenario.js';

const kRoutes = `
routes:
  - name: video
    match: GET /api/videos/{id}
    cache: { ttl: 1h }
    tags: [ "video:\${id}" ]
  - name: video-write
    match: [ PUT, PATCH, DELETE ] /api/videos/{id}
    invalidate: { tags: [ "video:\${id}", trending ], urls: [ "/pages/\${id}" ], prefixes: [ "/lists/" ] }
  - name: touch
    match: POST /api/videos/{id}/touch
    invalidate: { tags: [ "video:\${id}" ], soft: true }
  - name: trending
    match: GET /api/trending
    cache: { ttl: 1h }
    tags: [ trending ]
  - name: rest
    match: /
    cache: { ttl: 1h }
`;
const kPaths = ['/api/videos/1', '/api/videos/2', '/api/trending', '/pages/1', '/pages/2', '/lists/a', '/lists'];

async function fill({ origin, get }) {
  for (const path of kPaths) {
    const gets = numbered();
    origin.on(path, (request) => (request.method === 'GET' ? gets() : { status: origin.writeStatus ?? 200, body: 'written' }));
  }
  for (const path of kPaths) await get(path);
}

async function gone({ get }) {
  const list = [];
  for (const path of kPaths) if (!isHit(await get(path))) list.push(path);
  return list;
}

for (const method of ['PUT', 'PATCH', 'DELETE']) {
  scenario(`${method}: the route's tags, URLs and prefixes are invalid when its answer is there`, kRoutes, async (stage) => {
    await fill(stage);
    assert.equal((await stage.send(`${method} /api/videos/1`, {}, 'x')).text, 'written');
    assert.deepEqual(await gone(stage), ['/api/videos/1', '/api/trending', '/pages/1', '/lists/a']);
  });
}

for (const status of [204, 303]) {
  scenario(`a ${status} invalidates`, kRoutes, async (stage) => {
    await fill(stage);
    stage.origin.writeStatus = status;
    await stage.send('PUT /api/videos/1', {}, 'x');
    assert.deepEqual(await gone(stage), ['/api/videos/1', '/api/trending', '/pages/1', '/lists/a']);
  });
}

for (const status of [400, 404, 409, 500, 503]) {
  scenario(`a ${status} changed nothing and invalidates nothing`, kRoutes, async (stage) => {
    await fill(stage);
    stage.origin.writeStatus = status;
    await stage.send('PUT /api/videos/1', {}, 'x');
    assert.deepEqual(await gone(stage), []);
  });
}

scenario('soft: true makes it stale', kRoutes, async (stage) => {
  const { origin, get, send } = stage;
  origin.on('/api/videos/1', (request) => {
    if (request.get('if-none-match')) return { status: 304, headers: { ETag: '"v"' } };
    return { headers: { ETag: '"v"' }, body: 'kept' };
  });
  origin.on('/api/videos/1/touch', {});
  await get('/api/videos/1');
  await send('POST /api/videos/1/touch');
  assert.equal((await get('/api/videos/1')).text, 'kept');
  assert.equal(origin.last('/api/videos/1').get('if-none-match'), '"v"');
});

scenario('a read that began before the write does not bring the old back', kRoutes, async (stage) => {
  const { origin, get, send, connect } = stage;
  const told = gate();
  let version = 'old';
  origin.on('/api/videos/1', async (request) => {
    if (request.method === 'PUT') {
      version = 'new';
      return {};
    }
    const seen = version;
    if (seen === 'old') await told.opened;
    return { body: seen };
  });
  const early = await connect();
  early.request('GET /api/videos/1');
  await origin.reached('/api/videos/1');
  await send('PUT /api/videos/1', {}, 'x');
  assert.equal((await get('/api/videos/1')).text, 'new');
  told.open();
  assert.equal((await early.answer()).text, 'old');
  assert.equal((await get('/api/videos/1')).text, 'new');
});

for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'FROBNICATE']) {
  scenario(`${method} invalidates its own target, whatever the route says`, kPlain, async ({ origin, get, send }) => {
    const gets = numbered({ 'Cache-Control': 'max-age=600' });
    origin.on('/thing', (request) => (request.method === 'GET' ? gets() : {}));
    origin.on('/other', numbered({ 'Cache-Control': 'max-age=600' }));
    await get('/thing');
    await get('/other');
    await send(`${method} /thing`, {}, 'x');
    assert.equal((await get('/thing')).text, 'answer 2');
    assert.equal((await get('/other')).text, 'answer 1');
  });
}

scenario('GET, HEAD and OPTIONS invalidate nothing', kPlain, async ({ origin, get, send }) => {
  origin.on('/thing', numbered({ 'Cache-Control': 'max-age=600' }));
  await get('/thing');
  await send('OPTIONS /thing');
  await send('HEAD /thing');
  assert.equal((await get('/thing')).text, 'answer 1');
});

for (const field of ['Location', 'Content-Location']) {
  scenario(`${field} on the same host is invalid as well, on another not`, kPlain, async ({ origin, get, send }) => {
    const kept = { 'Cache-Control': 'max-age=600' };
    origin.on('/made', numbered(kept)).on('/same', numbered(kept));
    origin.on('/make', { status: 201, headers: { [field]: '/made' } });
    origin.on('/cheat', { status: 201, headers: { [field]: 'http://elsewhere.test/same' } });
    await get('/made');
    await get('/same');
    const other = await get('/same', { Host: 'elsewhere.test' });
    assert.equal(other.text, 'answer 2');
    await send('POST /make', {}, 'x');
    await send('POST /cheat', {}, 'x');
    assert.equal((await get('/made')).text, 'answer 2');
    assert.equal((await get('/same')).text, 'answer 1');
    assert.equal((await get('/same', { Host: 'elsewhere.test' })).text, 'answer 2', 'no host invalidates another');
  });
}

for (const body of ['', 'new words']) {
  scenario(`a write ${body ? 'with' : 'without'} a body whose client leaves invalidates all the same`, kRoutes, async (stage) => {
    const { origin, get, connect, weir } = stage;
    const asked = gate();
    const answered = gate();
    const gets = numbered();
    origin.on('/api/videos/1', async (request) => {
      if (request.method === 'GET') return gets();
      asked.open();
      await answered.opened;
      return { body: 'written' };
    });
    await get('/api/videos/1');
    const writer = await connect();
    writer.request('PUT /api/videos/1', {}, body);
    await asked.opened;
    writer.reset();
    await eventually(async () => (await weir.metric('weir_connections')) === 0, 'weir has seen the client go');
    answered.open();
    await eventually(async () => !isHit(await get('/api/videos/1')), 'the copy is gone');
  });
}

// The GET's route keys by less of the query than the write's; the copy is the same one, however the write names it.
const kByLess = `
routes:
  - name: page
    match: GET /page
    key: { query: [ q ], normalise: { q: [ trim, lower ] } }
    cache: { ttl: 1h }
  - name: write
    match: /write
    invalidate: { urls: [ "/%70age?q=Cats&utm=5" ] }
  - name: write-below
    match: /lists/write
    invalidate: { prefixes: [ "/%70a" ] }
  - name: rest
    match: /
`;
const spellings = [
  ['its own target', 'POST /page?q=Cats&utm=2', {}],
  ['Location', 'POST /make', { Location: '/page?utm=3&q=%20cats' }],
  ['Content-Location', 'POST /make', { 'Content-Location': 'http://streamvibe.test/page?q=cats&utm=4#top' }],
  ['invalidate.urls', 'POST /write', {}],
  ['invalidate.prefixes', 'POST /lists/write', {}],
];
for (const [what, line, headers] of spellings) {
  scenario(`a write that names a copy by ${what}, in other words than its key: the copy is invalid`, kByLess, async (stage) => {
    const { origin, get, send } = stage;
    const gets = numbered();
    origin.otherwise((request) => (request.method === 'GET' ? gets() : { headers, body: 'written' }));
    await get('/page?q=cats&utm=1');
    assert.ok(isHit(await get('/page?q=CATS')));
    assert.equal((await send(line, {}, 'x')).text, 'written');
    assert.equal((await get('/page?q=cats&utm=1')).text, 'answer 2');
  });
}
