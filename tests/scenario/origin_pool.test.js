// Connections to the origin: kept while they are in step, never reused when they may not be, bounded in number.
import assert from 'node:assert/strict';
import { numbered } from '../support/origin.js';
import { eventually, gate } from '../support/patience.js';
import { kPlain, scenario } from '../support/scenario.js';

const kNoStore = { 'Cache-Control': 'no-store' };
const own = (body) => ({ headers: kNoStore, body });

scenario('one connection serves many requests', kPlain, async ({ origin, get }) => {
  origin.on('/page', own('x'));
  for (let i = 0; i < 10; i += 1) await get('/page');
  assert.equal(origin.connections.length, 1);
});

scenario('many at once are many connections, which are kept', kPlain, async ({ origin, connect }) => {
  const told = gate();
  origin.on('/page', async () => (await told.opened, own('x')));
  const clients = await Promise.all(Array.from({ length: 10 }, connect));
  for (const client of clients) client.request('POST /page', {}, 'x');
  await origin.reached('/page', 10);
  told.open();
  for (const client of clients) await client.answer();
  for (const client of clients) client.request('POST /page', {}, 'x');
  for (const client of clients) assert.equal((await client.answer()).status, 200);
  assert.equal(origin.connections.length, 10);
});

// After these answers a connection is not in step any more, or says that it is over.
const last = {
  'Connection: close': (request, reply) => reply.send({ headers: { ...kNoStore, Connection: 'close' }, body: 'x' }),
  'HTTP/1.0': (request, reply) => reply.raw('HTTP/1.0 200 Fine\r\nContent-Length: 1\r\n\r\nx'),
  'a body until the connection ends': (request, reply) => {
    reply.raw('HTTP/1.1 200 Fine\r\n\r\nx');
    reply.cut();
  },
  'more bytes than its length': (request, reply) => reply.raw('HTTP/1.1 200 Fine\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 200 Evil\r\nContent-Length: 4\r\n\r\nevil'),
  'bytes after its last chunk': (request, reply) => reply.raw('HTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\nevil'),
  'a body after a 204': (request, reply) => reply.raw('HTTP/1.1 204 None\r\nContent-Length: 4\r\n\r\nevil'),
};
for (const [what, answer] of Object.entries(last)) {
  scenario(`${what}: the next request goes by another connection`, kPlain, async ({ origin, get }) => {
    origin.on('/odd', answer).on('/page', own('mine'));
    const odd = await get('/odd');
    assert.ok([200, 204].includes(odd.status));
    assert.equal(odd.text, odd.status === 204 ? '' : 'x');
    for (let i = 0; i < 3; i += 1) assert.equal((await get('/page')).text, 'mine');
    assert.notEqual(origin.last('/page').connection.number, origin.asked('/odd')[0].connection.number);
  });
}

scenario('bytes that an idle connection sends close it, and answer nobody', kPlain, async ({ origin, get }) => {
  origin.on('/page', own('mine'));
  await get('/page');
  origin.connections[0].socket.write('HTTP/1.1 200 Evil\r\nContent-Length: 4\r\n\r\nevil');
  await origin.connections[0].gone.opened;
  for (let i = 0; i < 3; i += 1) assert.equal((await get('/page')).text, 'mine');
});

scenario('an idle connection that the origin closes is not used', kPlain, async ({ origin, get, send }) => {
  origin.on('/page', own('x'));
  await get('/page');
  origin.connections[0].over = true;
  origin.connections[0].socket.end();
  await origin.connections[0].gone.opened;
  assert.equal((await send('POST /page', {}, 'order')).status, 200);
  assert.equal(origin.connections.length, 2);
  assert.equal(origin.count('/page'), 2);
});

// The race that keep-alive brings: the origin closes a reused connection just as a request comes.
const kClosing = [own('first'), (request, reply) => reply.cut(), own('second')];
scenario('a GET that meets a closing connection is sent once more', kPlain, async ({ origin, get }) => {
  origin.on('/page', kClosing);
  await get('/page');
  assert.equal((await get('/page')).text, 'second');
  assert.equal(origin.count('/page'), 3);
});

scenario('a POST that meets one is not: it may have been done', kPlain, async ({ origin, get, send }) => {
  origin.on('/page', kClosing);
  await get('/page');
  assert.equal((await send('POST /page', {}, 'order')).status, 502);
  assert.equal(origin.count('/page'), 2);
});

scenario('a GET is sent twice at most', kPlain, async ({ origin, get }) => {
  origin.on('/page', [own('first'), (request, reply) => reply.cut()]);
  await get('/page');
  assert.equal((await get('/page')).status, 502);
  assert.ok(origin.count('/page') <= 3, `${origin.count('/page')} requests`);
});

scenario('a request whose client leaves does not leave its connection in the pool', kPlain.replace('cache: origin', 'cache: off'), async ({ origin, connect, get }) => {
  const told = gate();
  origin.on('/own', async () => (await told.opened, own('for nobody'))).on('/page', own('mine'));
  const client = await connect();
  client.request('POST /own', {}, 'x');
  const { connection } = await origin.reached('/own');
  client.reset();
  await connection.gone.opened;
  told.open();
  for (let i = 0; i < 3; i += 1) assert.equal((await get('/page')).text, 'mine');
});

const kFew = (origin) => `
upstreams:
  api:
    servers: [ "${origin.url}" ]
    connections: { max: 2, queue: 1, queue_timeout: 300ms }
`;
scenario('past connections.max requests queue, past the queue they are refused', kFew, async ({ origin, connect, send }) => {
  const told = gate();
  origin.on('/page', async () => (await told.opened, own('x')));
  const ask = async () => (await connect()).request('POST /page', {}, 'x');
  const running = [await ask(), await ask()];
  await origin.reached('/page', 2);
  const queued = await ask();
  const answers = await Promise.all([send('POST /page', {}, 'x'), send('POST /page', {}, 'x')]);
  for (const { status } of answers) assert.equal(status, 503);
  assert.equal((await queued.answer()).status, 503, 'it waited as long as the queue allows');
  assert.equal(origin.connections.length, 2);
  told.open();
  for (const client of running) assert.equal((await client.answer()).status, 200);
});

const kQueue = (origin) => `
upstreams:
  api:
    servers: [ "${origin.url}" ]
    connections: { max: 2, queue: 100, queue_timeout: 20s }
`;
scenario('those in the queue have their turn', kQueue, async ({ origin, connect }) => {
  const told = gate();
  origin.on('/page', async () => (await told.opened, own('x')));
  const clients = await Promise.all(Array.from({ length: 20 }, connect));
  for (const client of clients) client.request('POST /page', {}, 'x');
  await origin.reached('/page', 2);
  told.open();
  for (const client of clients) assert.equal((await client.answer()).status, 200);
  assert.equal(origin.connections.length, 2);
});

for (const balance of ['round_robin', 'least_conn', 'hash']) {
  const both = (first, second) => `
upstreams:
  api:
    servers: [ "${first.url}", "${second.url}" ]
    balance: ${balance}
`;
  scenario(`${balance}: two servers share what comes`, both, async ({ origins, get }) => {
    for (const one of origins) one.otherwise(numbered(kNoStore));
    for (let i = 0; i < 40; i += 1) assert.equal((await get(`/page/${i}`)).status, 200);
    const counts = origins.map((one) => one.requests.length);
    assert.equal(counts[0] + counts[1], 40);
    if (balance === 'round_robin') assert.deepEqual(counts, [20, 20]);
    if (balance === 'hash') assert.ok(Math.min(...counts) >= 5, `${counts}`);
  }, { origins: 2 });
}

scenario('hash: a key always has the same server', (first, second) => `
upstreams:
  api:
    servers: [ "${first.url}", "${second.url}" ]
    balance: hash
`, async ({ origins, get }) => {
  for (const one of origins) one.otherwise(numbered(kNoStore));
  for (let i = 0; i < 10; i += 1) await get('/page');
  assert.deepEqual(origins.map((one) => one.requests.length).sort(), [0, 10]);
}, { origins: 2 });

scenario('a server that is gone: the other one answers a GET', kPlain, async ({ origins, get }) => {
  const [first, second] = origins;
  first.otherwise(numbered(kNoStore));
  await second.die();
  for (let i = 0; i < 6; i += 1) assert.equal((await get('/page')).status, 200);
}, { origins: 2 });

scenario('a connection idles for as long as the pool keeps it, and is closed when weir ends', kPlain, async ({ origin, get, weir }) => {
  origin.on('/page', own('x'));
  await get('/page');
  await weir.stop();
  await eventually(() => origin.connections[0].inbox.ended, 'weir closed it');
});
