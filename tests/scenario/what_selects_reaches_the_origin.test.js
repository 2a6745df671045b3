// Key, Vary and origin see the same fields of a request: what one of them doesn't get must not count for the others.
import assert from 'node:assert/strict';
import { cacheStatus, isHit } from '../support/cache_status.js';
import { fresh } from '../support/origin.js';
import { scenario } from '../support/scenario.js';

const kRoutes = `
routes:
  - name: keyed
    match: GET /keyed
    cache: { ttl: 10m }
    key: { headers: [ X-Tenant ] }
  - name: strict
    match: GET /strict
    cache: { ttl: 10m }
    request: { forward: [ X-Seen ] }
  - name: all
    match: /
    cache: origin
`;
const seen = (name, headers = {}) => (request) => ({
  headers: { 'Cache-Control': 'max-age=600', ...headers },
  body: `${name}=${request.get(name)}`,
});

scenario('a keyed field that Connection takes away is in nobody\'s key', kRoutes, async ({ origin, get }) => {
  origin.on('/keyed', seen('X-Tenant'));
  assert.equal((await get('/keyed', { 'X-Tenant': 'acme', Connection: 'X-Tenant' })).text, 'X-Tenant=undefined');
  const honest = await get('/keyed', { 'X-Tenant': 'acme' });
  assert.equal(honest.text, 'X-Tenant=acme');
  assert.equal(isHit(honest), false);
});

scenario('nor does it select a variant', kRoutes, async ({ origin, get }) => {
  origin.on('/page', seen('Accept-Language', { Vary: 'Accept-Language' }));
  await get('/page', { 'Accept-Language': 'fr', Connection: 'close, Accept-Language' });
  assert.equal((await get('/page', { 'Accept-Language': 'fr' })).text, 'Accept-Language=fr');
});

for (const name of ['X-Forwarded-For', 'X-Request-Id', 'traceparent']) {
  scenario(`an answer that varies by ${name}, which weir writes itself, is nobody else's`, kRoutes, async ({ origin, get }) => {
    origin.on('/page', fresh(600, { Vary: name }));
    await get('/page');
    const second = await get('/page');
    assert.equal(second.text, 'answer 2');
    assert.equal(isHit(second), false);
  });
}

for (const name of ['X-Forwarded-Host', 'X-Forwarded-Proto', 'Forwarded', 'X-Real-IP']) {
  scenario(`${name} is the same for all that share a key: Vary on it keeps nobody apart`, kRoutes, async ({ origin, get }) => {
    origin.on('/page', fresh(600, { Vary: name }));
    await get('/page', { [name]: 'a' });
    assert.ok(isHit(await get('/page', { [name]: 'b' })));
  });
}

scenario('Vary on fields that the route does not pass on splits nothing', kRoutes, async ({ origin, get }) => {
  origin.on('/strict', fresh(600, { Vary: 'Accept-Encoding, Cookie, X-Seen' }));
  await get('/strict', { Cookie: 'a=1', 'Accept-Encoding': 'gzip', 'X-Seen': '1' });
  assert.ok(isHit(await get('/strict', { Cookie: 'a=2', 'X-Seen': '1' })));
  assert.equal(cacheStatus(await get('/strict', { 'X-Seen': '2' })).fwd, 'vary-miss');
});
