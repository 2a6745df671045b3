// An answer of an HTTP/2 origin is whole when its stream has ended, and no sooner: also one that has no content.
import assert from 'node:assert/strict';
import { gate } from '../support/patience.js';
import { scenario } from '../support/scenario.js';

const kRoutes = ({ url }) => `
upstreams: { api: { servers: "${url}", protocol: h2 } }
routes:
  - { name: off, match: /off, cache: off }
  - { name: all, match: /, cache: { ttl: 10m, stale_if_error: 0s } }
`;
const h2 = { origins: [{ h2: true }] };
const kEmpty = { 'a 204': { ':status': 204 }, 'a 200 of no length': { ':status': 200, 'content-length': '0' }, 'an answer to HEAD': { ':status': 200, 'content-length': '5' } };
const request_of = (what) => (what.endsWith('HEAD') ? ['HEAD /off', '/off'] : ['GET /page', '/page']);

for (const [what, head] of Object.entries(kEmpty)) {
  const [asked, path] = request_of(what);
  scenario(`${what} whose stream is reset is none`, kRoutes, async ({ origin, send, weir, h2: open }) => {
    const seen = gate();
    origin.on(path, async (request, reply) => {
      reply.headers({ ...head });
      await seen.opened;
      reply.reset('INTERNAL_ERROR');
    });
    const client = await open();
    const stream = client.request(asked);
    await origin.reached(path);
    assert.equal((await weir.admin('GET /admin/cache')).json.objects ?? 0, 0);
    seen.open();
    assert.equal((await stream.answer()).status, 502);
    origin.on(path, (request, reply) => reply.headers({ ...head }, { end: true }));
    const again = await send(asked);
    assert.equal(again.status, head[':status']);
    assert.doesNotMatch(again.get('cache-status'), /hit/);
  }, h2);

  for (const [how, end] of [['an empty frame', (reply) => reply.data('', { end: true })],
    ['trailers', (reply) => reply.headers({ 'x-trailer': '1' }, { end: true })]]) {
    scenario(`${what} that ends by ${how} that comes later is whole, and kept`, kRoutes, async ({ origin, send }) => {
      origin.on(path, (request, reply) => {
        reply.headers({ ...head, etag: '"v"', 'x-thing': 'some' });
        setImmediate(() => end(reply));
      });
      const first = await send(asked);
      assert.deepEqual([first.status, first.text, first.get('x-thing')], [head[':status'], '', 'some']);
      if (head['content-length'] === '0') assert.match((await send('GET /page')).get('cache-status'), /hit/);
    }, h2);
  }
}

scenario('a 304 with content makes nothing fresh', kRoutes, async ({ origin, get, weir }) => {
  origin.on('/page', [{ headers: { etag: '"v"' }, body: 'one' }, (request, reply) => {
    reply.headers({ ':status': 304, etag: '"v"' });
    setImmediate(() => reply.data('more', { end: true }));
  }]);
  await get('/page');
  for (let asked = 2; asked < 5; asked += 1) {
    weir.clock.turn(700);
    assert.equal((await get('/page')).status, 502);
    assert.ok(origin.count('/page') >= asked);
  }
}, h2);

scenario('a 304 that ends by an empty frame does', kRoutes, async ({ origin, get, weir }) => {
  origin.on('/page', [{ headers: { etag: '"v"' }, body: 'one' }, (request, reply) => {
    reply.headers({ ':status': 304, etag: '"v"' });
    setImmediate(() => reply.data('', { end: true }));
  }]);
  await get('/page');
  weir.clock.turn(700);
  assert.equal((await get('/page')).text, 'one');
  assert.match((await get('/page')).get('cache-status'), /hit/);
  assert.equal(origin.count('/page'), 2);
}, h2);
