// What an HTTP/2 origin confirms by a 304 is fresh once its stream has ended, and no sooner.
import assert from 'node:assert/strict';
import { scenario } from '../support/scenario.js';

const kRoutes = ({ url }) => `
upstreams: { api: { servers: "${url}", protocol: h2, timeouts: { first_byte: 2s, between_bytes: 2s } } }
routes: [ { name: all, match: /, cache: { ttl: 10m, stale_if_error: 0s } } ]
`;
const h2 = { origins: [{ h2: true }] };
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

for (const [how, end] of [['is reset', (reply) => reply.reset('INTERNAL_ERROR')], ['never ends', () => {}]]) {
  scenario(`a 304 that ${how} makes nothing fresh, and isn't asked for again`, kRoutes, async ({ origin, get, weir }) => {
    origin.on('/page', [{ headers: { etag: '"v"' }, body: 'one' }, (request, reply) => {
      reply.headers({ ':status': 304, etag: '"v"' });
      setImmediate(() => end(reply));
    }]);
    await get('/page');
    for (let asked = 2; asked < 4; asked += 1) {
      weir.clock.turn(700);
      assert.ok([502, 504].includes((await get('/page')).status));
      assert.equal(origin.count('/page'), asked);
    }
  }, h2);
}
