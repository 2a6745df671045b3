// What belongs to one connection stays on it; weir names itself in Via; HTTP/1.0 clients are served as such.
import assert from 'node:assert/strict';
import { isHit } from '../support/cache_status.js';
import { fresh } from '../support/origin.js';
import { kPlain, scenario } from '../support/scenario.js';

scenario('Via, both ways, after what is there already', kPlain, async ({ origin, get }) => {
  origin.on('/page', fresh(60, { Via: '1.1 inner' }));
  for (let i = 0; i < 2; i += 1) assert.equal((await get('/page', { Via: '1.0 outer' })).get('via'), '1.1 inner, 1.1 weir');
  assert.equal(origin.last('/page').get('via'), '1.0 outer, 1.1 weir');
});

const kHops = {
  'Keep-Alive': 'timeout=5',
  'Proxy-Connection': 'keep-alive',
  'Proxy-Authenticate': 'Basic',
  'Proxy-Authorization': 'Basic x',
  'Proxy-Authentication-Info': 'x',
  TE: 'trailers',
  Upgrade: 'h2c',
  'HTTP2-Settings': 'AAMAAABkAAQAAP__',
  'X-Hop': 'one hop only',
};
const connection = { Connection: 'X-Hop, keep-alive' };
const kGone = [...Object.keys(kHops), 'Proxy-Connection'];

scenario('hop-by-hop fields and those that Connection names: not to the origin', kPlain, async ({ origin, get }) => {
  origin.on('/page', fresh(60));
  await get('/page', { ...kHops, ...connection, 'X-End': 'end to end' });
  const { fields } = origin.last('/page');
  for (const name of kGone) assert.equal(fields.has(name), false, name);
  assert.equal(fields.get('x-end'), 'end to end');
});

scenario('nor to the client, and not in the copy', kPlain, async ({ origin, get }) => {
  origin.on('/page', fresh(60, { ...kHops, ...connection, 'X-End': 'end to end' }));
  for (let i = 0; i < 2; i += 1) {
    const { fields } = await get('/page');
    for (const name of kGone) assert.equal(fields.has(name), false, name);
    assert.equal(fields.get('x-end'), 'end to end');
  }
});

for (const name of ['Host', 'Content-Length', 'Content-Type', 'Authorization', 'Cookie', 'Cache-Control', 'Transfer-Encoding']) {
  scenario(`a Connection that names ${name}: 400`, kPlain, async ({ origin, get }) => {
    origin.on('/page', fresh(60));
    assert.equal((await get('/page', { Connection: `close, ${name}` })).status, 400);
    assert.equal(origin.requests.length, 0);
  });
}

scenario('an HTTP/1.0 client: answered, without chunks, and the connection ends', kPlain, async ({ origin, connect }) => {
  origin.on('/page', (request, reply) => {
    reply.begin({ 'Cache-Control': 'no-store' }).chunk('in ').chunk('pieces').end();
  });
  const client = await connect();
  client.send('GET /page HTTP/1.0\r\nHost: a\r\n\r\n');
  const answer = await client.answer();
  assert.equal(answer.fields.has('transfer-encoding'), false);
  assert.equal(answer.text, 'in pieces');
  assert.equal(client.inbox.ended, 'end');
});

// The reset comes after the client has read: where both lie there at once, Node shows a connection that ended well.
scenario('an HTTP/1.0 client and a body that is cut: it can tell', kPlain, async ({ origin, connect }) => {
  let cut;
  origin.on('/page', (request, reply) => {
    reply.begin({ 'Cache-Control': 'no-store' }).chunk('half');
    cut = () => reply.cut();
  });
  const client = await connect();
  client.send('GET /page HTTP/1.0\r\nHost: a\r\n\r\n');
  const answer = await client.head();
  assert.equal(answer.status, 200);
  assert.equal((await answer.reader.next()).toString(), 'half');
  cut();
  assert.equal(await answer.reader.next(), null);
  assert.equal(answer.reader.cut, 'reset');
});

scenario('HTTP/1.0 with keep-alive and a known length', kPlain, async ({ origin, connect, get }) => {
  origin.on('/page', fresh(60));
  await get('/page');
  const client = await connect();
  client.send('GET /page HTTP/1.0\r\nHost: streamvibe.test\r\nConnection: keep-alive\r\n\r\n');
  const answer = await client.answer();
  assert.equal(answer.text, 'answer 1');
  assert.ok(isHit(answer));
});

scenario('an origin of HTTP/1.0: its answer is passed on as 1.1', kPlain, async ({ origin, get }) => {
  origin.on('/page', (request, reply) => {
    reply.raw('HTTP/1.0 200 Fine\r\nCache-Control: max-age=60\r\nContent-Length: 3\r\n\r\nold');
    reply.cut();
  });
  const answer = await get('/page');
  assert.equal(answer.version, 'HTTP/1.1');
  assert.equal(answer.text, 'old');
  assert.ok(isHit(await get('/page')));
});

scenario('a body until the connection ends: passed on whole, not kept', kPlain, async ({ origin, get }) => {
  let n = 0;
  origin.on('/page', (request, reply) => {
    reply.raw(`HTTP/1.1 200 Fine\r\nCache-Control: max-age=60\r\n\r\nbody ${(n += 1)}`);
    reply.cut();
  });
  assert.equal((await get('/page')).text, 'body 1');
  assert.equal((await get('/page')).text, 'body 2');
});

const kUnterminated = `
routes:
  - name: all
    match: /
    cache: { ttl: 60s, store_unterminated: true }
`;
scenario('unless the route says so', kUnterminated, async ({ origin, get }) => {
  origin.on('/page', (request, reply) => {
    reply.raw('HTTP/1.1 200 Fine\r\n\r\nbody');
    reply.cut();
  });
  await get('/page');
  assert.ok(isHit(await get('/page')));
});

scenario('OPTIONS * is weir\'s or the origin\'s to answer, never a file named *', kPlain, async ({ origin, send }) => {
  origin.otherwise({ status: 204 });
  const answer = await send('OPTIONS *');
  assert.ok(answer.status < 500);
  for (const request of origin.requests) assert.equal(request.target, '*');
});

for (const method of ['TRACE', 'CONNECT']) {
  scenario(`${method} is refused`, kPlain, async ({ origin, send }) => {
    origin.otherwise({ body: 'x' });
    const { status } = await send(method === 'CONNECT' ? 'CONNECT a.test:443' : 'TRACE /');
    assert.ok([400, 405, 501].includes(status), `${status}`);
    assert.equal(origin.requests.length, 0);
  });
}

for (const [status, headers] of [[304, {}], [206, { 'Content-Range': 'bytes 0-3/10' }]]) {
  scenario(`a ${status} that nobody asked for is a 502 on every route`, `
routes:
  - name: off
    match: /
    cache: off
`, async ({ origin, get }) => {
    origin.on('/page', { status, headers, body: status === 206 ? 'part' : '' });
    assert.equal((await get('/page')).status, 502);
  });
}
