// What an operator sees of tunnels: they outlive reloads, end with a drain, are counted and logged.
import assert from 'node:assert/strict';
import { eventually } from '../support/patience.js';
import { scenario } from '../support/scenario.js';
import { ask, echo, granting, take } from '../support/tunnel.js';

const kRoutes = `
routes:
  - name: live
    match: GET /live
    cache: off
    upgrade: [ websocket ]
  - name: rest
    match: /
    cache: origin
`;

scenario('a reload leaves tunnels, also where the new file allows none', kRoutes, async ({ origin, connect, weir }) => {
  origin.on('/live', granting(echo));
  const client = await connect();
  await ask(client, '/live');
  weir.write('routes: [ { name: other, match: /, cache: off } ]');
  assert.equal((await weir.admin('POST /admin/reload')).status, 200);
  client.send('still here');
  assert.equal(await take(client.inbox, 10), 'still here');
});

scenario('drain: a tunnel goes on until its end', kRoutes, async ({ origin, connect, weir }) => {
  origin.on('/live', granting(echo));
  const client = await connect();
  await ask(client, '/live');
  weir.signal('SIGTERM');
  await eventually(async () => (await weir.admin('GET /ready').catch(() => null))?.status !== 200, '/ready fails');
  client.send('still here');
  assert.equal(await take(client.inbox, 10), 'still here');
  client.finish();
  assert.equal(await client.rest(), '');
  assert.equal((await weir.ended()).code, 0);
});

scenario('drain: past `drain` it is closed', `drain: 300ms\n${kRoutes}`, async ({ origin, connect, weir }) => {
  origin.on('/live', granting(echo));
  const client = await connect();
  await ask(client, '/live');
  weir.signal('SIGTERM');
  await client.rest();
  assert.equal((await weir.ended()).code, 0);
});

scenario('it is counted and logged: open tunnels, and bytes both ways', `access_log: stdout\n${kRoutes}`, async ({ origin, connect, weir }) => {
  origin.on('/live', granting(async ({ socket, inbox }) => socket.write((await take(inbox, 3)).repeat(2))));
  const client = await connect();
  const answer = await ask(client, '/live');
  assert.equal(await weir.metric('weir_tunnels'), 1);
  assert.equal(await weir.metric('weir_tunnels_total', { route: 'live' }), 1);
  assert.equal(await weir.metric('weir_requests_total', { route: 'live' }), 0, 'it is not over');
  client.send('abc');
  client.finish();
  assert.equal(await client.rest(), 'abcabc');
  const line = await weir.logged(answer.get('x-request-id'));
  assert.equal(line.status, 101);
  assert.equal(line.upgrade, 'websocket');
  assert.equal(line.received, 3);
  assert.equal(line.bytes, 6);
  assert.equal(line.result, 'bypass');
  assert.equal(line.cut, undefined);
  assert.equal(await weir.metric('weir_tunnels'), 0);
  assert.equal(await weir.metric('weir_tunnel_client_bytes_total', { route: 'live' }), 3);
  assert.equal(await weir.metric('weir_client_bytes_total', { route: 'live' }), 6);
  assert.equal(await weir.metric('weir_request_duration_seconds_count', { route: 'live' }), 0, 'its length is no latency');
});

scenario('a tunnel is a request under way to its server, and its connection serves no other', (origin) => `
upstreams:
  api:
    servers: [ "${origin.url}" ]
    connections: { max: 1, queue: 10, queue_timeout: 10s }
${kRoutes}`, async ({ origin, connect, get }) => {
  origin.on('/live', granting(echo)).on('/page', { body: 'page' });
  const client = await connect();
  await ask(client, '/live');
  const page = get('/page');
  client.send('first');
  assert.equal(await take(client.inbox, 5), 'first');
  assert.equal(origin.count('/page'), 0);
  client.finish();
  await client.rest();
  assert.equal((await page).text, 'page');
  assert.equal(origin.connections.length, 2);
});
