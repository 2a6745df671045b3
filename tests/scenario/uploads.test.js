// Request bodies stream to the origin as they come, no faster than it takes them, re-framed by weir, and never look whole when
// they are not.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { requestBytes } from '../support/client.js';
import { chunk, kLastChunk } from '../support/origin.js';
import { eventually, gate } from '../support/patience.js';
import { scenario } from '../support/scenario.js';

const kRoutes = `
routes:
  - name: small
    match: POST /small
    request: { max_body: 1KiB }
  - name: rest
    match: /
    request: { max_body: 1GiB }
`;
const hash = (data) => createHash('sha256').update(data).digest('hex');

for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'FROBNICATE']) {
  scenario(`${method} with a Content-Length arrives as it was sent`, kRoutes, async ({ origin, send }) => {
    origin.on('/upload', (request) => ({ body: hash(request.body) }));
    const body = Array.from({ length: 100_000 }, (_, i) => String.fromCharCode(i % 256)).join('');
    assert.equal((await send(`${method} /upload`, {}, body)).text, hash(Buffer.from(body, 'latin1')));
    assert.equal(origin.last('/upload').method, method);
  });
}

scenario('chunks arrive as one body, whatever their sizes', kRoutes, async ({ origin, connect }) => {
  origin.on('/upload', (request) => ({ body: request.body.toString() }));
  const client = await connect();
  client.send('POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
  client.send(Buffer.concat([chunk('a'), chunk('b'.repeat(5000)), chunk('c')]));
  client.send(kLastChunk);
  assert.equal((await client.answer()).text, `a${'b'.repeat(5000)}c`);
});

scenario('an empty body is one, too', kRoutes, async ({ origin, send, connect }) => {
  origin.on('/upload', (request) => ({ body: `${request.body.length}` }));
  assert.equal((await send('POST /upload', { 'Content-Length': 0 })).text, '0');
  assert.equal((await send('POST /upload')).text, '0');
  const client = await connect();
  client.send(`POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${kLastChunk}`);
  assert.equal((await client.answer()).text, '0');
});

scenario('the origin gets the first bytes before the client has sent the last', kRoutes, async ({ origin, connect }) => {
  origin.on('/upload', async (request) => {
    await request.whole;
    return { body: request.body.toString() };
  }, { early: true });
  const client = await connect();
  client.send('POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345');
  await eventually(() => origin.connections[0]?.seen.includes('12345'), 'the origin has the first half');
  client.send('67890');
  assert.equal((await client.answer()).text, '1234567890');
});

scenario('an origin that does not read holds the client back; nothing piles up in between', kRoutes, async ({ origin, connect }) => {
  const told = gate();
  origin.on('/upload', async (request) => {
    request.connection.socket.pause();
    await told.opened;
    request.connection.socket.resume();
    await request.whole;
    return { body: hash(request.body) };
  }, { early: true });
  const size = 64 << 20;
  const body = Buffer.alloc(size, 'upload ');
  const client = await connect();
  client.send(`POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`);
  await origin.reached('/upload');
  client.send(body);
  const taken = () => client.socket.bytesWritten - client.socket.writableLength;
  let last = -1;
  await eventually(async () => {
    const before = last;
    last = taken();
    await new Promise((resolve) => setTimeout(resolve, 150));
    return before === last;
  }, 'the upload stands still');
  assert.ok(client.socket.writableLength > 0, `${last} of ${size} bytes went somewhere`);
  told.open();
  assert.equal((await client.answer()).text, hash(body));
});

scenario('Expect: 100-continue is answered at once', kRoutes, async ({ origin, connect }) => {
  origin.on('/upload', (request) => ({ body: request.body.toString() }));
  const client = await connect();
  client.send('POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n');
  const go = await client.inbox.until('\r\n\r\n', '100 Continue');
  assert.match(go.toString(), /^HTTP\/1\.1 100 /);
  client.send('hello');
  const answer = await client.answer();
  assert.equal(answer.text, 'hello');
  assert.equal(answer.interim.length, 0);
});

scenario('an Expect that is something else: 417', kRoutes, async ({ origin, send }) => {
  origin.otherwise({ body: 'x' });
  assert.equal((await send('POST /upload', { Expect: 'a-miracle' }, 'x')).status, 417);
  assert.equal(origin.requests.length, 0);
});

scenario('a Content-Length past max_body: 413 before a byte is sent on', kRoutes, async ({ origin, connect }) => {
  origin.otherwise({ body: 'x' });
  const client = await connect();
  client.send('POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 1025\r\nExpect: 100-continue\r\n\r\n');
  const answer = await client.answer();
  assert.equal(answer.status, 413);
  assert.equal(answer.interim.length, 0);
  assert.equal(origin.requests.length, 0);
});

scenario('chunks past max_body: 413, and the origin never sees a whole request', kRoutes, async ({ origin, connect }) => {
  origin.otherwise({ body: 'x' });
  const client = await connect();
  client.send('POST /small HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
  client.send(Buffer.concat([chunk('x'.repeat(1000)), chunk('x'.repeat(1000)), Buffer.from(kLastChunk)]));
  assert.equal((await client.answer()).status, 413);
  await client.rest();
  assert.equal(origin.requests.filter((request) => !request.cut).length, 0);
});

scenario('exactly max_body is taken', kRoutes, async ({ origin, send }) => {
  origin.on('/small', (request) => ({ body: `${request.body.length}` }));
  assert.equal((await send('POST /small', {}, 'x'.repeat(1024))).text, '1024');
});

const ends = {
  'in a body with a length': 'POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nonly this',
  'in a chunk': 'POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nonly this',
  'before the last chunk': 'POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nonly this\r\n',
};
for (const [what, data] of Object.entries(ends)) {
  for (const how of ['finish', 'reset']) {
    scenario(`a client that ends ${what} (${how}): the origin sees no whole request`, kRoutes, async ({ origin, connect, send }) => {
      origin.on('/upload', (request) => (request.cut ? undefined : { body: 'taken for whole' }));
      origin.on('/after', { body: 'after' });
      const client = await connect();
      client.send(data);
      await eventually(() => origin.connections[0]?.seen.includes('only this'), 'the upload has begun');
      client[how]();
      await origin.connections[0].gone.opened;
      await origin.reached('/upload');
      assert.ok(origin.last('/upload').cut);
      assert.equal((await send('POST /after', {}, 'x')).text, 'after');
      assert.notEqual(origin.last('/after').connection.number, 0);
    });
  }
}

scenario('an origin that answers before it has read all: the client gets the answer', kRoutes, async ({ origin, connect, send }) => {
  origin.on('/upload', { status: 422, body: 'not like this' }, { unread: true });
  origin.on('/after', { body: 'after' });
  const client = await connect();
  client.send('POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nsome');
  const answer = await client.answer();
  assert.equal(answer.status, 422);
  assert.equal(answer.text, 'not like this');
  assert.equal((await send('POST /after', {}, 'x')).text, 'after');
  assert.notEqual(origin.last('/after').connection, origin.last('/upload').connection, 'that connection is not in step');
});

scenario('the body of a request that a hit answers is not the next request', kRoutes, async ({ origin, connect }) => {
  origin.on('/page', { headers: { 'Cache-Control': 'max-age=60' }, body: 'page' });
  origin.on('/evil', { body: 'evil' });
  const client = await connect();
  await client.request('GET /page').answer();
  const inner = requestBytes('GET /evil').toString('latin1');
  client.request('GET /page', {}, inner);
  const answer = await client.answer();
  assert.ok([200, 400].includes(answer.status));
  client.finish();
  const rest = await client.rest();
  assert.equal(rest.includes('evil'), false);
  assert.equal(origin.count('/evil'), 0);
});

scenario('uploads on one connection, one after another', kRoutes, async ({ origin, connect }) => {
  origin.on('/upload', (request) => ({ body: `${request.body.length}` }));
  const client = await connect();
  for (const size of [1, 70_000, 0, 5, 200_000]) {
    assert.equal((await client.request('POST /upload', { 'Content-Length': size }, 'x'.repeat(size)).answer()).text, `${size}`);
  }
});
