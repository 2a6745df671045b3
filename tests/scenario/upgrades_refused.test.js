// An upgrade that isn't allowed, or isn't granted, is a request like any other, and what comes behind it is never passed on as
// it is (hostile.md 13, 16).
import assert from 'node:assert/strict';
import { scenario } from '../support/scenario.js';
import { acceptFor, ask, askingBytes, grant, granting, kAsking, kKey } from '../support/tunnel.js';

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

const bad = {
  'another protocol': { Upgrade: 'chat' },
  'two protocols': { Upgrade: ['websocket', 'websocket'] },
  'a list of protocols': { Upgrade: 'websocket, chat' },
  'no protocol': { Upgrade: null },
  'no Connection': { Connection: null },
  'Connection without upgrade': { Connection: 'keep-alive' },
  'a proof of another key': { 'Sec-WebSocket-Accept': acceptFor('dGhlIHNhbXBsZSBub25jZQ==') },
  'no proof': { 'Sec-WebSocket-Accept': null },
};
for (const [what, fields] of Object.entries(bad)) {
  scenario(`a 101 with ${what}: 502, and no tunnel`, kRoutes, async ({ origin, connect, weir }) => {
    origin.on('/live', (request, reply) => {
      reply.connection.over = true;
      reply.raw(`${grant(request, fields)}HTTP/1.1 200 Fine\r\nContent-Length: 4\r\n\r\nevil`);
    });
    const client = await connect();
    const answer = await ask(client, '/live', {}, 'GET /evil HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal(answer.status, 502);
    assert.equal(await client.rest(), '');
    assert.equal(origin.last('/live').connection.seen.includes('evil'), false);
    assert.equal(origin.count('/evil'), 0);
    assert.equal(await weir.metric('weir_tunnels_total'), 0);
  });
}

for (const status of [200, 204, 302, 403, 426, 500]) {
  scenario(`an answer of ${status} to an upgrade passes as it is, and nothing behind the request is passed on`, kRoutes, async ({ origin, connect }) => {
    origin.on('/live', { status, headers: { Upgrade: 'websocket', Connection: 'Upgrade', 'X-Why': 'no' }, body: 'refused' });
    const client = await connect();
    const answer = await ask(client, '/live', {}, 'GET /evil HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal(answer.status, status);
    assert.equal(answer.get('x-why'), 'no');
    assert.equal(answer.body.toString(), status === 204 ? '' : 'refused');
    assert.match(answer.get('connection'), /close/i);
    assert.equal(answer.get('upgrade'), status === 426 ? 'websocket' : undefined);
    assert.equal(/upgrade/i.test(answer.get('connection')), status === 426);
    assert.equal(await client.rest(), '');
    const { connection } = origin.last('/live');
    assert.equal(connection.seen.includes('evil'), false);
    assert.equal(origin.count('/evil'), 0);
  });
}

scenario('a refusal leaves the connection to the origin in step', kRoutes, async ({ origin, connect, get }) => {
  origin.on('/live', { status: 403, body: 'no' }).on('/page', { body: 'page' });
  await ask(await connect(), '/live', {}, 'junk');
  assert.equal((await get('/page')).text, 'page');
  assert.equal(origin.connections.length, 1);
});

const plain = {
  'on a route that allows none': ['GET /other', kAsking],
  'to a protocol that the route does not allow': ['GET /live', { ...kAsking, Upgrade: 'chat' }],
  'to HTTP/2': ['GET /live', { ...kAsking, Upgrade: 'h2c', Connection: 'Upgrade, HTTP2-Settings', 'HTTP2-Settings': 'AAMAAABkAAQAAP__' }],
  'by two Upgrade lines': ['GET /live', { ...kAsking, Upgrade: ['websocket', 'websocket'] }],
  'that Connection does not name': ['GET /live', { ...kAsking, Connection: 'keep-alive' }],
  'of something that is no list of protocols': ['GET /live', { ...kAsking, Upgrade: 'websocket, a b' }],
};
for (const [what, [line, fields]] of Object.entries(plain)) {
  scenario(`an upgrade ${what}: a request like any other`, kRoutes, async ({ origin, connect }) => {
    const path = line.split(' ')[1];
    origin.on(path, { body: 'plain' }).on('/next', { body: 'next' });
    const client = await connect();
    const answer = await client.request(line, fields).answer();
    assert.equal(answer.status, 200);
    assert.equal(answer.text, 'plain');
    assert.equal(origin.last(path).get('upgrade'), undefined);
    assert.equal(/upgrade/i.test(origin.last(path).get('connection') ?? ''), false);
    assert.equal((await client.request('GET /next').answer()).text, 'next');
  });
}

scenario('an upgrade of a request with content, and one of HTTP/1.0: requests like any other', kRoutes.replace('GET /live', '/live'), async (stage) => {
  const { origin, connect } = stage;
  origin.on('/live', (request) => ({ body: `${request.method} ${request.body}` }));
  const client = await connect();
  assert.equal((await client.request('POST /live', kAsking, 'body').answer()).text, 'POST body');
  assert.equal((await client.request('GET /live', kAsking, 'body').answer()).text, 'GET body');
  assert.equal((await client.request('POST /live', kAsking).answer()).text, 'POST ');
  client.send(askingBytes('/live').toString().replace('HTTP/1.1', 'HTTP/1.0'));
  assert.equal((await client.answer('GET')).text, 'GET ');
  for (const request of origin.asked('/live')) assert.equal(request.get('upgrade'), undefined);
});

for (const [what, key] of [['none', null], ['two', [kKey, kKey]], ['one that is too short', 'c2hvcnQ='], ['an empty one', '']]) {
  scenario(`a WebSocket's key must be one (${what}): 400`, kRoutes, async ({ origin, connect }) => {
    origin.on('/live', granting());
    const client = await connect();
    const answer = await ask(client, '/live', { 'Sec-WebSocket-Key': key }, 'GET /evil HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal(answer.status, 400);
    assert.equal(await client.rest(), '');
    assert.equal(origin.requests.length, 0);
  });
}
