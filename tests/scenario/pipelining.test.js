// Requests that come in one go are answered in order, hits and misses alike; and the bytes may come in any pieces.
import assert from 'node:assert/strict';
import { requestBytes } from '../support/client.js';
import { fresh, numbered } from '../support/origin.js';
import { gate } from '../support/patience.js';
import { kPlain, scenario } from '../support/scenario.js';

const together = (...requests) => Buffer.concat(requests.map((request) => requestBytes(...[request].flat())));

async function texts(client, methods) {
  const list = [];
  for (const method of methods) list.push((await client.answer(method)).text);
  return list;
}

scenario('hits and misses, in order', kPlain, async ({ origin, connect, get }) => {
  origin.on('/hit', fresh(60)).on('/miss', numbered({ 'Cache-Control': 'no-store' }));
  await get('/hit');
  const client = await connect();
  client.send(together('GET /hit', 'GET /miss', 'GET /hit', 'HEAD /hit', 'GET /miss', 'GET /hit'));
  const methods = ['GET', 'GET', 'GET', 'HEAD', 'GET', 'GET'];
  assert.deepEqual(await texts(client, methods), ['answer 1', 'answer 1', 'answer 1', '', 'answer 2', 'answer 1']);
});

scenario('a slow one holds back those behind it, not their order', kPlain, async ({ origin, connect, get }) => {
  const told = gate();
  origin.on('/slow', async () => (await told.opened, { body: 'slow' })).on('/hit', fresh(60));
  await get('/hit');
  const client = await connect();
  client.send(together('GET /slow', 'GET /hit', 'GET /hit'));
  await origin.reached('/slow');
  told.open();
  assert.deepEqual(await texts(client, ['GET', 'GET', 'GET']), ['slow', 'answer 1', 'answer 1']);
});

scenario('with bodies between them', kPlain, async ({ origin, connect }) => {
  origin.on('/echo', (request) => ({ body: `${request.method} ${request.body}` }));
  const client = await connect();
  client.send(together(['POST /echo', {}, 'one'], 'GET /echo', ['PUT /echo', {}, 'GET /evil HTTP/1.1\r\n\r\n'], 'GET /echo'));
  const expected = ['POST one', 'GET ', 'PUT GET /evil HTTP/1.1\r\n\r\n', 'GET '];
  assert.deepEqual(await texts(client, ['POST', 'GET', 'PUT', 'GET']), expected);
  assert.equal(origin.count('/evil'), 0);
});

scenario('nothing after Connection: close is answered', kPlain, async ({ origin, connect, get }) => {
  origin.on('/hit', fresh(60)).on('/after', numbered());
  await get('/hit');
  const client = await connect();
  client.send(together('GET /hit', ['GET /hit', { Connection: 'close' }], 'GET /after'));
  assert.deepEqual(await texts(client, ['GET', 'GET']), ['answer 1', 'answer 1']);
  assert.equal(await client.rest(), '');
  assert.equal(origin.count('/after'), 0);
});

scenario('nothing after a malformed one is answered', kPlain, async ({ origin, connect, get }) => {
  origin.on('/hit', fresh(60)).on('/after', numbered());
  await get('/hit');
  const client = await connect();
  client.send(Buffer.concat([together('GET /hit'), Buffer.from('GET /hit HTTP/1.1\r\nHost : a\r\n\r\n'), together('GET /after')]));
  assert.equal((await client.answer()).status, 200);
  const bad = await client.answer();
  assert.equal(bad.status, 400);
  assert.equal(await client.rest(), '');
  assert.equal(origin.count('/after'), 0);
});

scenario('five thousand hits in one go', kPlain, async ({ origin, connect, get }) => {
  origin.on('/hit', fresh(60));
  await get('/hit');
  const client = await connect();
  const n = 5000;
  client.send(Buffer.concat(Array(n).fill(requestBytes('GET /hit'))));
  for (let i = 0; i < n; i += 1) assert.equal((await client.answer()).text, 'answer 1');
});

scenario('a client that sends on and on without reading is held back, and harms nobody', kPlain, async ({ origin, connect, get }) => {
  const body = Buffer.alloc(100_000, 'x');
  origin.on('/hit', { headers: { 'Cache-Control': 'max-age=60' }, body }).on('/other', fresh(60));
  await get('/hit');
  const client = await connect();
  client.hold();
  const n = 300;
  client.send(Buffer.concat(Array(n).fill(requestBytes('GET /hit'))));
  for (let i = 0; i < 20; i += 1) assert.equal((await get('/other')).text, 'answer 1');
  client.go_on();
  for (let i = 0; i < n; i += 1) assert.equal((await client.answer()).body.length, body.length);
});

scenario('a request cut into two pieces at every byte', kPlain, async ({ origin, connect, get }) => {
  origin.on('/hit', fresh(60)).on('/echo', (request) => ({ body: `${request.body}` }));
  await get('/hit');
  const client = await connect();
  const data = together('GET /hit', ['POST /echo', {}, 'body']);
  for (let at = 1; at < data.length; at += 1) {
    client.send(data.subarray(0, at));
    await new Promise((resolve) => setImmediate(resolve));
    client.send(data.subarray(at));
    assert.deepEqual(await texts(client, ['GET', 'POST']), ['answer 1', 'body']);
  }
});

scenario('a request that comes byte by byte', kPlain, async ({ origin, connect }) => {
  origin.on('/page', fresh(60));
  const client = await connect();
  for (const byte of requestBytes('GET /page')) {
    client.send(Buffer.of(byte));
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal((await client.answer()).text, 'answer 1');
});

// Its end may mean that it left: nobody asks the origin for it any more. What is kept goes out all the same.
scenario('a client that ends its side after the last request still gets the answers that are there', kPlain, async ({ origin, connect, get }) => {
  origin.on('/page', fresh(60));
  await get('/page');
  const client = await connect();
  client.send(together('GET /page', 'GET /page'));
  client.finish();
  assert.deepEqual(await texts(client, ['GET', 'GET']), ['answer 1', 'answer 1']);
  assert.equal(await client.rest(), '');
});
