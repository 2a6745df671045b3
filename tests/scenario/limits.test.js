// Every size, number and time has a bound, and a clear answer past it (hostile.md 14).
import assert from 'node:assert/strict';
import { connect as connectTo, requestBytes } from '../support/client.js';
import { eventually } from '../support/patience.js';
import { fresh } from '../support/origin.js';
import { kPlain, scenario } from '../support/scenario.js';

const fill = (n) => Object.fromEntries(Array.from({ length: n }, (_, i) => [`X-${i}`, 'y']));
const page = fresh(60);

// A head that is at, and one that is past, each limit.
const sizes = [
  ['a request line of 8 KiB', (k) => [`GET /page?${'x'.repeat(8 * 1024 - 22 + k)}`, {}], 414],
  ['a field line of 8 KiB', (k) => ['GET /page', { 'X-Long': 'x'.repeat(8 * 1024 - 10 + k) }], 431],
  ['a hundred fields', (k) => ['GET /page', fill(99 + (k > 0 ? 1 : 0))], 431],
];
for (const [what, make, status] of sizes) {
  scenario(`${what} is taken, a little more is a ${status}`, kPlain, async ({ origin, connect, get }) => {
    origin.on('/page', page);
    assert.equal((await get('/page')).status, 200);
    const client = await connect();
    assert.equal((await client.request(...make(0)).answer()).status, 200);
    const answer = await client.request(...make(8)).answer();
    assert.equal(answer.status, status);
    assert.match(answer.get('connection'), /close/i);
    assert.equal(await client.rest(), '');
  });
}

scenario('a head of more than 32 KiB: 431, though each line is short', kPlain, async ({ origin, connect }) => {
  origin.on('/page', page);
  const client = await connect();
  const headers = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`X-${i}`, 'y'.repeat(1000)]));
  assert.equal((await client.request('GET /page', headers).answer()).status, 431);
  assert.equal(await client.rest(), '');
});

scenario('a head without end: refused when the limit is reached, not later', kPlain, async ({ connect }) => {
  const client = await connect();
  client.send(`GET /page HTTP/1.1\r\nHost: a\r\nX: ${'y'.repeat(40_000)}`);
  assert.equal((await client.answer()).status, 431);
  const other = await connect();
  other.send(`GET /${'x'.repeat(40_000)}`);
  assert.equal((await other.answer()).status, 414);
});

const kSmall = `
client: { limits: { head: 2KiB, line: 512B, fields: 10 } }
${kPlain}`;
scenario('the limits are the file\'s', kSmall, async ({ origin, get }) => {
  origin.on('/page', page);
  assert.equal((await get('/page', fill(9))).status, 200);
  assert.equal((await get('/page', fill(10))).status, 431);
  assert.equal((await get('/page', { X: 'y'.repeat(600) })).status, 431);
  assert.equal((await get(`/page?${'x'.repeat(600)}`)).status, 414);
});

const kHasty = `
client:
  timeouts: { head: 300ms, idle: 400ms, slow: 500ms }
  min_rate: 1KiB
${kPlain}`;
scenario('a head that is not complete in time: 408 and the end', kHasty, async ({ connect }) => {
  const client = await connect();
  client.send('GET /page HTTP/1.1\r\nHost: a\r\n');
  const answer = await client.answer();
  assert.equal(answer.status, 408);
  assert.equal(await client.rest(), '');
});

scenario('a head that drips: the bound is for the whole of it', kHasty, async ({ connect }) => {
  const client = await connect();
  client.send('GET /page HTTP/1.1\r\nHost: a\r\n');
  const drip = setInterval(() => client.send('X: y\r\n'), 50);
  try {
    assert.equal((await client.answer()).status, 408);
  } finally {
    clearInterval(drip);
  }
});

scenario('a connection that says nothing is closed without a word', kHasty, async ({ origin, connect }) => {
  origin.on('/page', page);
  const silent = await connect();
  const used = await connect();
  await used.request('GET /page').answer();
  assert.equal(await silent.rest(), '');
  assert.equal(await used.rest(), '');
});

scenario('an upload slower than min_rate is given up', kHasty, async ({ origin, connect }) => {
  origin.on('/upload', (request) => (request.cut ? undefined : { body: 'whole' }));
  const client = await connect();
  client.send('POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n');
  const drip = setInterval(() => client.send('x'), 50);
  try {
    const answer = await client.answer().catch(() => null);
    if (answer) assert.equal(answer.status, 408);
    await eventually(() => client.inbox.ended, 'weir closes');
  } finally {
    clearInterval(drip);
  }
  await origin.reached('/upload');
  assert.ok(origin.last('/upload').cut);
});

scenario('a reader slower than min_rate is given up', kHasty, async ({ origin, connect, get }) => {
  const body = Buffer.alloc(20 << 20, 'x');
  origin.on('/big', { headers: { 'Cache-Control': 'no-store' }, body }).on('/page', page);
  const client = await connect();
  client.hold();
  client.request('GET /big');
  const { connection } = await origin.reached('/big');
  await connection.gone.opened;
  assert.equal((await get('/page')).status, 200);
  client.go_on();
  const answer = await client.answer();
  assert.equal(answer.whole, false);
});

const kFewClients = `
client: { limits: { connections: 10 } }
${kPlain}`;
scenario('more connections than allowed are not taken; those that are there go on', kFewClients, async (stage) => {
  const { origin, connect, weir } = stage;
  origin.on('/page', page);
  const clients = await Promise.all(Array.from({ length: 10 }, connect));
  for (const client of clients) assert.equal((await client.request('GET /page').answer()).status, 200);
  const extra = await connectTo(weir);
  stage.onEnd(() => extra.close());
  extra.send(requestBytes('GET /page'));
  for (const client of clients) assert.equal((await client.request('GET /page').answer()).status, 200);
  clients[0].close();
  const late = await extra.answer().catch(() => null);
  assert.ok(late === null || late.status === 200 || late.status === 503, 'taken, refused or closed; never left hanging');
  assert.equal((await clients[1].request('GET /page').answer()).status, 200);
});

scenario('a response head past 64 KiB, or of a hundred and more fields: 502', kPlain, async ({ origin, get }) => {
  const long = Object.fromEntries(Array.from({ length: 70 }, (_, i) => [`X-${i}`, 'y'.repeat(1000)]));
  origin.on('/long', { headers: long }).on('/page', page);
  assert.equal((await get('/long')).status, 502);
  assert.equal((await get('/page')).status, 200);
});
