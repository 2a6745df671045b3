// Each request is counted and logged once, when it is over: its answer with the kernel to the last byte, or its client gone.
import assert from 'node:assert/strict';
import { requestBytes } from '../support/client.js';
import { fresh } from '../support/origin.js';
import { eventually, gate } from '../support/patience.js';
import { scenario } from '../support/scenario.js';

const kRoutes = `
cache: { memory: 512MiB, max_object: 17MiB }
routes:
  - { name: big, match: GET /big, cache: { ttl: 1h } }
  - { name: all, match: /, cache: origin }
`;
const kBig = 16 << 20;  // more than the kernel takes for a client that doesn't read

async function keptBig({ origin, get }) {
  origin.on('/big', { body: Buffer.alloc(kBig, 'x') });
  await get('/big', { 'X-Request-Id': 'first' });
}

for (const [line, body, word] of [['GET /slow', '', 'miss'], ['PUT /slow', 'whole', 'bypass'], ['POST /slow', '', 'bypass']]) {
  scenario(`${line}: its client leaves before there is an answer`, kRoutes, async ({ origin, connect, weir }) => {
    origin.on('/slow', () => gate().opened);
    const client = await connect();
    client.request(line, { 'X-Request-Id': 'left' }, body);
    await origin.reached('/slow');
    client.close();
    const logged = await weir.logged('left');
    assert.deepEqual([logged.status, logged.result, logged.bytes, logged.cut, logged.route], [499, word, 0, true, 'all']);
    assert.equal(await weir.metric('weir_requests_total', { result: word }), 1);
  });
}

scenario('an upload that breaks off', kRoutes, async ({ connect, weir }) => {
  const client = await connect();
  client.send('PUT /slow HTTP/1.1\r\nHost: a\r\nX-Request-Id: left\r\nContent-Length: 100\r\n\r\nsome of it');
  await eventually(async () => (await weir.metric('weir_upstream_requests_total')) === 1, 'the upload is under way');
  client.close();
  assert.deepEqual([(await weir.logged('left')).status, (await weir.logged('left')).result], [499, 'bypass']);
});

scenario('a client that leaves in the middle of an answer from the origin', kRoutes, async ({ origin, connect, weir }) => {
  origin.on('/page', async (request, reply) => {
    reply.begin().chunk('some');
    await gate().opened;
  });
  const client = await connect();
  client.request('GET /page', { 'X-Request-Id': 'left' });
  await (await client.head()).reader.next();
  client.close();
  const logged = await weir.logged('left');
  assert.deepEqual([logged.status, logged.bytes, logged.cut], [200, 4, true]);
});

// Over HTTP/2 what the exchange has given away may still wait in weir: that the client never got.
scenario('HTTP/2: what the kernel never took of an answer that was cut is not counted', `client: { timeouts: { slow: 1s } }\n${kRoutes}`, async ({ origin, h2, weir }) => {
  origin.on('/film', { headers: { 'Cache-Control': 'no-store' }, body: Buffer.alloc(kBig, 'x') });
  const client = await h2({ settings: { INITIAL_WINDOW_SIZE: 2 ** 31 - 1 }, hand: true });   // what it wrote now would be answered by a reset
  client.grant(0, 2 ** 30);
  await client.settled();
  client.socket.pause();
  const stream = client.request('GET /film', { headers: { 'X-Request-Id': 'left' } });
  const logged = await weir.logged('left');
  client.socket.resume();
  await client.closed();
  assert.equal(logged.cut, true);
  assert.ok(Math.abs(logged.bytes - stream.size) < 16384, `${logged.bytes} of ${stream.size}, but for a part of a frame`);
});

scenario('a hit that its client reads slowly is over when the last byte is out', kRoutes, async (stage) => {
  await keptBig(stage);
  const { connect, weir, get } = stage;
  const client = await connect();
  client.hold();
  client.request('GET /big', { 'X-Request-Id': 'slow' });
  await get('/none', { 'X-Request-Id': 'later' });
  await weir.logged('later');
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal(weir.log.find((line) => line.request_id === 'slow'), undefined);
  assert.equal(await weir.metric('weir_requests_total', { result: 'hit' }), 0);
  client.go_on();
  assert.equal((await client.answer()).body.length, kBig);
  const logged = await weir.logged('slow');
  assert.deepEqual([logged.result, logged.bytes, logged.cut], ['hit', kBig, undefined]);
  assert.ok(logged.took_us >= 300_000, `${logged.took_us}`);
});

scenario('a hit whose client leaves counts for what was sent of it', kRoutes, async (stage) => {
  await keptBig(stage);
  const { connect, weir } = stage;
  const client = await connect();
  client.hold();
  client.request('GET /big', { 'X-Request-Id': 'left' });
  await eventually(async () => (await weir.metric('weir_connections')) === 1, 'no other client is there');
  await new Promise((resolve) => setTimeout(resolve, 100));
  client.reset();
  const logged = await weir.logged('left');
  assert.deepEqual([logged.status, logged.result, logged.cut], [200, 'hit', true]);
  assert.ok(logged.bytes > 0 && logged.bytes < kBig, `${logged.bytes}`);
  const { bytes } = await weir.logged('first');
  assert.equal(await weir.metric('weir_client_bytes_total', { route: 'big' }), bytes + logged.bytes);
});

scenario('pipelined: each once and in order, those that were sent whole and those that were not', kRoutes, async (stage) => {
  const { origin, connect, weir } = stage;
  await keptBig(stage);
  origin.on('/small', fresh(60));
  const client = await connect();
  const ask = (path, id) => requestBytes(`GET ${path}`, { 'X-Request-Id': id });
  client.hold();
  client.send(Buffer.concat([ask('/small', 'a'), ask('/small', 'b'), ask('/big', 'c'), ask('/small', 'd')]));
  await weir.logged('b');
  await new Promise((resolve) => setTimeout(resolve, 100));
  client.reset();
  await weir.logged('c');
  const lines = weir.log.filter((line) => line.request_id.length === 1);
  assert.deepEqual(lines.map((line) => [line.request_id, line.cut ?? false]), [['a', false], ['b', false], ['c', true]]);
});

scenario('thousands in one go are all counted', kRoutes, async ({ origin, connect, get, weir }) => {
  origin.on('/small', fresh(60));
  await get('/small');
  const client = await connect();
  const n = 5000;
  client.send(Buffer.concat(Array(n).fill(requestBytes('GET /small'))));
  for (let i = 0; i < n; i += 1) await client.answer();
  await eventually(async () => (await weir.metric('weir_requests_total', { result: 'hit' })) === n, `${n} hits`);
  await eventually(() => weir.log.length === n + 1, 'a line each');
});
