// What a connection of HTTP/2 to an origin takes, for how long, and who gets one: its SETTINGS are known before requests are
// shared out, a slow one is no dead one, a dead one gets no new requests, and one that could be HTTP/2 is asked for it.
import assert from 'node:assert/strict';
import http2 from 'node:http2';
import { after, test } from 'node:test';
import { connect as connectTo, fetch } from '../support/client.js';
import { H2Origin } from '../support/h2_origin.js';
import { Authority } from '../support/origin_certificates.js';
import { eventually, gate } from '../support/patience.js';
import { scenario } from '../support/scenario.js';
import { acceptFor, ask } from '../support/tunnel.js';
import { Weir } from '../support/weir.js';

const ours = new Authority('ours');
after(() => ours.end());
const good = ours.sign();

const upstream = (more = '') => (...origins) => `
upstreams:
  api:
    servers: [ ${origins.map(({ url }) => JSON.stringify(url)).join(', ')} ]
    protocol: h2
    ${more}
routes: [ { name: all, match: /, cache: off } ]
`;
const plain = { origins: [{ h2: true }] };
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// --- how many ---
scenario('the first requests, however many: no connection gets more than it takes, and none is refused', upstream(), async ({ origin, connect }) => {
  const told = gate();
  origin.on('/own', async () => (await told.opened, { body: 'x' }));
  const clients = await Promise.all(Array.from({ length: 40 }, connect));
  for (const client of clients) client.request('POST /own', {}, 'order');
  await origin.reached('/own', 40);
  for (const { streams } of origin.connections) assert.ok(streams.size <= 5, `${streams.size} at once`);
  told.open();
  for (const client of clients) assert.equal((await client.answer()).status, 200);
}, { origins: [{ h2: true, settings: { MAX_CONCURRENT_STREAMS: 5 } }] });

scenario('a server that takes none at all is a 502', upstream(), async ({ get, origin }) => {
  const answer = await get('/own');
  assert.equal(answer.status, 502);
  assert.match(JSON.parse(answer.text).detail, /takes no requests/);
  assert.equal(origin.connections.length, 1);
}, { origins: [{ h2: true, settings: { MAX_CONCURRENT_STREAMS: 0 } }] });

scenario('a server that never says its SETTINGS: another one is asked, a write too', upstream('timeouts: { first_byte: 300ms }'), async ({ origins, send }) => {
  const [mute, other] = origins;
  mute.greeting = null;
  other.otherwise((request) => ({ body: `${request.body}` }));
  for (let i = 0; i < 2; i += 1) assert.equal((await send('POST /own', {}, 'order')).text, 'order');
  assert.equal(mute.requests.length, 0);
  await other.die();
  const answer = await send('POST /own', {}, 'order');
  assert.equal(answer.status, 502);
}, { origins: [{ h2: true }, { h2: true }] });

// So many requests under way at once, on whatever connections that takes; all are answered once this is over.
async function burst({ origin, connect }, count) {
  const told = gate();
  const before = origin.count('/burst');
  origin.on('/burst', async () => (await told.opened, { body: 'x' }));
  const clients = await Promise.all(Array.from({ length: count }, connect));
  for (const client of clients) client.request('POST /burst', {}, 'order');
  await origin.reached('/burst', before + count);
  told.open();
  for (const client of clients) assert.equal((await client.answer()).status, 200);
}
const single = { origins: [{ h2: true, settings: { MAX_CONCURRENT_STREAMS: 1 } }] };

scenario('connections that as many requests at once needed are kept for the next ones, the oldest is used first', upstream(), async (stage) => {
  const { origin, get } = stage;
  for (let i = 0; i < 3; i += 1) await burst(stage, 6);
  assert.equal(origin.connections.length, 6);
  origin.on('/page', { body: 'x' });
  for (let i = 0; i < 5; i += 1) await get('/page');
  assert.deepEqual(origin.asked('/page').map(({ connection }) => connection.number), Array(5).fill(0));
}, single);

scenario('one of them that the server leaves is replaced when it is needed', upstream(), async (stage) => {
  const { origin } = stage;
  await burst(stage, 3);
  origin.connections[1].goaway(1);
  await origin.connections[1].gone.opened;
  await burst(stage, 3);
  assert.equal(origin.connections.length, 4);
}, single);

scenario('where one turns out to be over, a request is asked again on none that may be over, too', upstream(), async (stage) => {
  const { origin, get } = stage;
  await burst(stage, 2);
  origin.on('/page', (request, reply) => {
    if (request.connection.number > 1) return { body: 'fine' };
    reply.used = true;   // it left before it heard of the request
    return void request.connection.goaway(1);
  });
  assert.equal((await get('/page')).text, 'fine');
  assert.deepEqual(origin.asked('/page').map(({ connection }) => connection.number), [0, 2]);
}, single);

scenario('a reload that changes the upstream leaves none of them', upstream(), async (stage) => {
  const { origin, weir } = stage;
  await burst(stage, 3);
  weir.write(upstream('connections: { max: 9 }')(origin));
  assert.equal((await weir.admin('POST /admin/reload')).status, 200);
  await eventually(() => origin.connections.every(({ goodbye }) => goodbye), 'weir said goodbye on each');
}, single);

scenario('REFUSED_STREAM: a write is asked again while its body is there', upstream(), async ({ origin, send }) => {
  const refuse = (request, reply) => reply.reset('REFUSED_STREAM');
  for (const size of [5, 16_000]) {
    origin.on('/once', [refuse, (request) => ({ body: `${request.body}` })]);
    assert.equal((await send('POST /once', {}, 'x'.repeat(size))).text, 'x'.repeat(size));
  }
  origin.on('/large', [refuse, { body: 'fine' }]);
  assert.equal((await send('POST /large', {}, 'x'.repeat(60_000))).status, 502);
  assert.equal(origin.count('/large'), 1);
}, plain);

// --- how long ---
scenario('an upload that the origin takes slowly goes on as long as it moves', upstream('timeouts: { between_bytes: 3s }'), async ({ origin, send }) => {
  origin.hand = true;
  origin.on('/up', async (request, reply) => {
    for (; !request.ended; await pause(500)) request.connection.allow(request.stream, 1000);
    reply.send({ body: `${request.arrived}` });
  }, { early: true });
  const answer = await send('POST /up', {}, 'x'.repeat(9000));
  assert.equal(answer.text, '9000');
}, { origins: [{ h2: true, settings: { INITIAL_WINDOW_SIZE: 1000 } }] });

scenario('one that the origin takes no more of is a 504', upstream('timeouts: { between_bytes: 300ms }'), async ({ origin, send }) => {
  origin.hand = true;
  origin.on('/up', () => {}, { early: true });
  assert.equal((await send('POST /up', {}, 'x'.repeat(9000))).status, 504);
}, { origins: [{ h2: true, settings: { INITIAL_WINDOW_SIZE: 1000 } }] });

const kMute = upstream('timeouts: { first_byte: 300ms, between_bytes: 300ms }');
const mute = async ({ origin, get }) => {
  origin.on('/page', { body: 'fine' }).on('/mute', (request) => void (request.connection.over = true), { early: true });
  await get('/page');
};
const moved_on = async ({ origin, get }) => {
  assert.equal((await get('/page')).text, 'fine');
  assert.equal(origin.connections.length, 2);
};
scenario('a connection that fell silent under an open upload gets no new requests once its client gives up', kMute, async (stage) => {
  await mute(stage);
  const client = await stage.connect();
  client.send('POST /mute HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n');
  await stage.origin.reached('/mute');
  await pause(600);
  client.reset();
  await eventually(() => stage.weir.metric('weir_fetch_failures_total', { route: 'all' }), 'it is given up');
  await moved_on(stage);
}, plain);

scenario('nor one that fell silent in the middle of an upload', kMute, async (stage) => {
  stage.origin.hand = true;
  await mute(stage);
  assert.equal((await stage.send('POST /mute', {}, 'x'.repeat(9000))).status, 504);
  await moved_on(stage);
}, { origins: [{ h2: true, settings: { INITIAL_WINDOW_SIZE: 1000 } }] });

// --- whoever waits no more ---
const kHour = 'timeouts: { first_byte: 1h }';
scenario('a write whose client leaves is cancelled at once where it makes nothing invalid', upstream(kHour), async ({ origin, connect, h2 }) => {
  origin.on('/own', () => {});
  const client = await connect();
  client.request('POST /own', {}, 'order');
  const request = await origin.reached('/own');
  client.reset();
  assert.equal(await request.cancelled.opened, 8);
  const call = (await h2()).request('POST /own', { body: 'order' });
  const other = await origin.reached('/own', 2);
  call.reset();
  assert.equal(await other.cancelled.opened, 8);
}, plain);

const kKept = (origin) => upstream(kHour)(origin).replace('routes: [', 'routes: [ { name: write, match: POST /, cache: off }, ').replace('match: /, cache: off', 'match: /, cache: { ttl: 1h }');
scenario('where a GET of its target could be kept it is not', kKept, async ({ origin, connect, get, weir }) => {
  const told = gate();
  origin.on('/page', [{ body: 'first' }, async () => (await told.opened, { body: 'written' }), { body: 'second' }]);
  assert.equal((await get('/page')).text, 'first');
  const client = await connect();
  client.request('POST /page', {}, 'order');
  const request = await origin.reached('/page', 2);
  client.reset();
  await eventually(async () => (await weir.metric('weir_connections')) === 0, 'weir has heard of it');
  assert.equal(request.reset, undefined);
  told.open();   // and once the head has come, the rest of the answer is for nobody
  await eventually(async () => (await get('/page')).text === 'second', 'the write made the copy invalid');
}, plain);

// --- which protocol ---
const kAuto = (port) => `
upstreams: { api: { servers: [ "https://127.0.0.1:${port}" ], tls: { ca_file: "${ours.file}" } } }
routes: [ { name: ws, match: GET /ws, upgrade: [ websocket ], cache: off }, { name: all, match: /, cache: off } ]
`;
test('auto: a WebSocket, which is HTTP/1.1, keeps no later request from HTTP/2', async () => {
  const seen = [];
  const sessions = new Set();
  const server = http2.createSecureServer({ ...good, allowHTTP1: true }, (request, response) => {
    seen.push(request.httpVersion);
    response.end('x');
  });
  server.on('session', (session) => sessions.add(session));
  server.on('upgrade', (request, socket) => {
    socket.on('error', () => {}).on('end', () => socket.end());
    socket.write(`HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acceptFor(request.headers['sec-websocket-key'])}\r\n\r\n`);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const weir = await Weir.start(kAuto(server.address().port));
  await fetch(weir, 'GET /a');
  const client = await connectTo(weir);
  assert.equal((await ask(client, '/ws')).status, 101);
  for (const session of sessions) session.destroy();
  await eventually(async () => (await fetch(weir, 'GET /b')).status === 200, 'the other connection is gone');
  assert.deepEqual(new Set(seen), new Set(['2.0']));
  client.close();
  await weir.stop();
  for (const session of sessions) session.destroy();
  server.close();
});

scenario('auto: a server that learns HTTP/2 is spoken to in it from the next connection on', (origin) => kAuto(origin.port), async ({ origin, get, weir }) => {
  origin.otherwise({ headers: { Connection: 'close' }, body: 'old' });
  assert.equal((await get('/page')).text, 'old');
  await origin.die();
  const young = await H2Origin.start({ tls: good });
  young.server.close();
  await young.listen(origin.port);
  young.otherwise({ body: 'new' });
  const answers = await Promise.all(Array.from({ length: 5 }, () => get('/page')));
  assert.deepEqual(answers.map(({ text }) => text), Array(5).fill('new'));
  // Each had thought that it needs a connection of its own; one is enough for the next ones.
  await Promise.all(Array.from({ length: 5 }, () => get('/page')));
  assert.equal(new Set(young.requests.slice(5).map(({ connection }) => connection)).size, 1);
  assert.equal((await weir.admin('GET /admin/upstreams')).json.api.servers[0].protocol, 'h2');
  await young.close();
}, { origins: [{ tls: { ...good, ALPNProtocols: ['http/1.1'] } }] });
