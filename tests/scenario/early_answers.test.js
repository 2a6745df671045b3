// An origin may answer before it has read all of a request. The client gets that answer at once, whole, and what it still sends
// is read away if it is little; else the connection closes. Never is a byte of it taken for a request (hostile.md 8, 9).
import assert from 'node:assert/strict';
import { chunk } from '../support/origin.js';
import { eventually, gate } from '../support/patience.js';
import { scenario } from '../support/scenario.js';

const kRoutes = `
routes:
  - name: rest
    match: /
    cache: off
    request: { max_body: 1GiB }
`;
const kEvil = 'GET /evil HTTP/1.1\r\nHost: a\r\n\r\n';
const refusal = { status: 413, body: 'too much' };

for (const [what, head] of [['a length', 'Content-Length: 100000000'], ['chunks', 'Transfer-Encoding: chunked']]) {
  scenario(`much is still to come (${what}): the answer says close, and so it is`, kRoutes, async ({ origin, connect }) => {
    origin.on('/upload', refusal, { unread: true });
    const client = await connect();
    client.send(`POST /upload HTTP/1.1\r\nHost: a\r\n${head}\r\n\r\n`);
    client.send(what === 'chunks' ? chunk('some') : 'some');
    const answer = await client.answer('POST');
    assert.equal(answer.status, 413);
    assert.equal(answer.text, 'too much');
    assert.match(answer.get('connection'), /close/i);
    client.send(kEvil);
    assert.equal(await client.rest(), '');
    assert.equal(origin.count('/evil'), 0);
    assert.equal(origin.last('/upload').connection.seen.includes('evil'), false);
  });
}

scenario('little is still to come: it is read away, and the connection goes on', kRoutes, async ({ origin, connect }) => {
  origin.on('/upload', refusal, { unread: true }).on('/next', { body: 'next' });
  const client = await connect();
  client.send('POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n');
  client.send('some');
  const answer = await client.answer('POST');
  assert.equal(answer.status, 413);
  assert.equal(answer.get('connection'), undefined);
  client.send(kEvil + 'x'.repeat(60000 - 4 - kEvil.length));
  assert.equal((await client.request('GET /next').answer()).text, 'next');
  assert.equal(origin.count('/evil'), 0);
});

scenario('a client that pours on regardless gets the answer, too', kRoutes, async ({ origin, connect }) => {
  origin.on('/upload', refusal, { unread: true });
  const client = await connect();
  client.send('POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 20000000\r\n\r\n');
  client.send(Buffer.alloc(20_000_000, 'x'));
  const answer = await client.answer('POST');
  assert.equal(answer.status, 413);
  assert.equal(answer.text, 'too much');
});

scenario('the body of the answer flows while the request still does', kRoutes, async ({ origin, connect }) => {
  const told = gate();
  origin.on('/talk', async (request, reply) => {
    reply.begin().chunk('I hear you. ');
    await request.whole;
    told.open();
    reply.chunk(`You said ${request.body}`).end();
  }, { early: true });
  const client = await connect();
  client.send('POST /talk HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
  client.send(chunk('hello '));
  const answer = await client.head('POST');
  assert.equal((await answer.reader.next()).toString(), 'I hear you. ');
  client.send(chunk('world'));
  client.send('0\r\n\r\n');
  await told.opened;
  assert.equal((await answer.reader.whole()).toString(), 'You said hello world');
});

scenario('an answer that breaks off while the request still flows: never whole', kRoutes, async ({ origin, connect }) => {
  origin.on('/talk', (request, reply) => {
    reply.begin().chunk('I hear');
    reply.reset();
  }, { unread: true });
  const client = await connect();
  client.send('POST /talk HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nsome');
  const answer = await client.answer('POST');
  assert.ok(answer === null || answer.status === 502 || !answer.whole);
  await client.rest();
});

scenario('a client that leaves in the middle of such an exchange: the origin sees no whole request', kRoutes, async ({ origin, connect }) => {
  origin.on('/talk', async (request, reply) => {
    reply.begin().chunk('I hear you. ');
    await request.whole;
  }, { early: true });
  const client = await connect();
  client.send('POST /talk HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nsome');
  const answer = await client.head('POST');
  await answer.reader.next();
  client.reset();
  await eventually(() => origin.last('/talk').connection.inbox.ended !== null, 'the origin hears of it');
  await eventually(() => origin.last('/talk').cut, 'and knows that the request was cut');
});

scenario('Expect: refused by weir without a 100, and the connection says what becomes of it', kRoutes.replace('match: /', 'match: /known'), async ({ connect }) => {
  const client = await connect();
  client.send('POST /unknown HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n');
  const answer = await client.answer('POST');
  assert.equal(answer.status, 404);
  assert.equal(answer.interim.length, 0);
  assert.match(answer.get('connection'), /close/i);
  assert.equal(await client.rest(), '');
});

scenario('Expect: no 100 where no origin can be reached', kRoutes, async ({ origin, connect }) => {
  await origin.die();
  const client = await connect();
  client.send('PUT /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n');
  const answer = await client.answer('PUT');
  assert.equal(answer.status, 502);
  assert.equal(answer.interim.length, 0);
  assert.match(answer.get('connection'), /close/i);
  await client.rest();
});

scenario('Expect: an origin that refuses at once, after weir said 100', kRoutes, async ({ origin, connect }) => {
  origin.on('/upload', { status: 401, body: 'who are you?' }, { unread: true });
  const client = await connect();
  client.send('PUT /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\r\n');
  const answer = await client.answer('PUT');
  assert.deepEqual(answer.interim.map((one) => one.status), [100]);
  assert.equal(answer.status, 401);
  assert.match(answer.get('connection'), /close/i);
  await client.rest();
});

scenario('Expect is weir\'s to answer: the origin never sees it', kRoutes, async ({ origin, connect }) => {
  origin.on('/upload', (request) => ({ body: `${request.body}` }));
  const client = await connect();
  client.send('PUT /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n');
  await client.inbox.until('\r\n\r\n', '100 Continue');
  client.send('hello');
  assert.equal((await client.answer('PUT')).text, 'hello');
  assert.equal(origin.last('/upload').get('expect'), undefined);
});
