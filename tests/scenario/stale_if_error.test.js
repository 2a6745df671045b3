// After its life a copy is served where the origin fails: connection, time, or a 5xx (RFC 5861 §4).
import assert from 'node:assert/strict';
import { cacheStatus } from '../support/cache_status.js';
import { gate } from '../support/patience.js';
import { kPlain, scenario } from '../support/scenario.js';

const routes = (cache) => (origin) => `
upstreams:
  api:
    servers: [ "${origin.url}" ]
    timeouts: { connect: 1s, first_byte: 300ms, between_bytes: 1s }
routes:
  - name: all
    match: /
    cache: ${cache}
`;
const kRoutes = routes('{ ttl: 60s, stale_if_error: 1h }');

async function afterItsLife({ origin, get, turn }, headers, fail, seconds = 100) {
  origin.on('/page', [{ headers, body: 'kept' }, fail]);
  await get('/page');
  turn(seconds);
  return get('/page');
}

const errors = { 500: { status: 500 }, 502: { status: 502 }, 503: { status: 503 }, 504: { status: 504 } };
const failures = { ...errors, 'a reset': (request, reply) => reply.reset(), silence: () => gate().opened };

for (const [what, fail] of Object.entries(failures)) {
  scenario(`${what}: the kept copy`, kRoutes, async (stage) => {
    const answer = await afterItsLife(stage, {}, fail);
    assert.equal(answer.status, 200);
    assert.equal(answer.text, 'kept');
    assert.ok(cacheStatus(answer).ttl < 0);
    assert.ok(Number(answer.get('age')) >= 100);
  });
}

for (const status of [400, 403, 404, 410, 429]) {
  scenario(`a ${status} is an answer, not a failure`, kRoutes, async (stage) => {
    assert.equal((await afterItsLife(stage, {}, { status, body: 'no' })).status, status);
  });
}

scenario('past its window the failure is the answer', kRoutes, async (stage) => {
  assert.equal((await afterItsLife(stage, {}, { status: 503 }, 3700)).status, 503);
});

scenario('the response may set its own window', kPlain, async (stage) => {
  const headers = { 'Cache-Control': 'max-age=10, stale-if-error=60' };
  assert.equal((await afterItsLife(stage, headers, { status: 503 }, 50)).text, 'kept');
  stage.turn(30);
  assert.equal((await stage.get('/page')).status, 503);
});

for (const directive of ['must-revalidate', 'proxy-revalidate', 'no-cache', 's-maxage=10']) {
  scenario(`${directive} forbids it: the failure is the answer`, kRoutes, async (stage) => {
    const answer = await afterItsLife(stage, { 'Cache-Control': `max-age=10, ${directive}` }, { status: 503 });
    assert.equal(answer.status, 503);
  });
}

scenario('must-revalidate and no connection: a clean 5xx', kRoutes, async (stage) => {
  const headers = { 'Cache-Control': 'max-age=10, must-revalidate' };
  const answer = await afterItsLife(stage, headers, (request, reply) => reply.reset());
  assert.ok(answer.status >= 500);
  assert.ok(answer.whole);
});

scenario('no window at all: stale where the origin cannot be reached, a 503 is passed on', kPlain, async (stage) => {
  const headers = { 'Cache-Control': 'max-age=10' };
  assert.equal((await afterItsLife(stage, headers, { status: 503 })).status, 503);
  await stage.origin.die();
  assert.equal((await stage.get('/page')).text, 'kept');
});

scenario('an error is never stored over the good copy', kRoutes, async (stage) => {
  const { origin, get, turn } = stage;
  await afterItsLife(stage, {}, { status: 500, headers: { 'Cache-Control': 'max-age=60' }, body: 'sorry' });
  await origin.die();
  turn(10);
  assert.equal((await get('/page')).status, 200);
});
