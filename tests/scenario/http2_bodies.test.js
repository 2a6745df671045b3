// What comes with an HTTP/2 message beside its head passes whole, as it comes, and in both directions: bodies, trailers, interim answers.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { eventually, gate } from '../support/patience.js';
import { kPlain, scenario } from '../support/scenario.js';

const kUnkept = { 'Cache-Control': 'no-store' };
const hash = (data) => createHash('sha256').update(data).digest('hex');

for (const known of [true, false]) {
  scenario(`a POST ${known ? 'with' : 'without'} a content-length arrives as it was sent`, kPlain, async ({ origin, h2: open }) => {
    origin.on('/upload', (request) => ({ body: hash(request.body) }));
    const h2 = await open();
    for (const size of [0, 1, 16384, 300_000]) {
      const body = Buffer.alloc(size, 'upload ');
      const answer = await h2.request('POST /upload', { body, headers: known ? { 'Content-Length': size } : {} }).answer();
      assert.equal(answer.text, hash(body));
      const { fields } = origin.last('/upload');
      if (known) assert.equal(fields.get('content-length'), `${size}`);
      else if (size) assert.equal(fields.get('transfer-encoding'), 'chunked');
    }
  });
}

scenario('the origin gets the first bytes before the client has sent the last', kPlain, async ({ origin, h2: open }) => {
  origin.on('/upload', async (request) => {
    await request.whole;
    return { body: request.body.toString() };
  }, { early: true });
  const h2 = await open();
  const stream = h2.request('POST /upload', { end: false });
  await stream.write('12345');
  await eventually(() => origin.connections[0]?.seen.includes('12345'), 'the origin has the first half');
  await stream.write('67890', { end: true });
  assert.equal((await stream.answer()).text, '1234567890');
});

for (const [what, cut] of [['resets its upload', (h2, stream) => stream.reset()], ['leaves', (h2) => h2.close()]]) {
  scenario(`a client that ${what}: the origin sees no whole request`, kPlain, async ({ origin, h2: open, send }) => {
    origin.on('/upload', (request) => (request.cut ? undefined : { body: 'taken for whole' })).on('/after', { body: 'after' });
    const h2 = await open();
    const stream = h2.request('POST /upload', { end: false, headers: { 'Content-Length': 100 } });
    await stream.write('only this');
    await eventually(() => origin.connections[0]?.seen.includes('only this'), 'the upload has begun');
    cut(h2, stream);
    await origin.reached('/upload');
    assert.ok(origin.last('/upload').cut);
    assert.equal((await send('POST /after', {}, 'x')).text, 'after');
    assert.notEqual(origin.last('/after').connection.number, 0);
  });
}

scenario('an origin that answers before it has read all: the client gets the answer', kPlain, async ({ origin, h2: open }) => {
  origin.on('/upload', { status: 422, body: 'not like this' }, { unread: true }).on('/after', { body: 'after' });
  const h2 = await open();
  const stream = h2.request('POST /upload', { end: false, headers: { 'Content-Length': 1_000_000 } });
  await stream.write('some');
  const answer = await stream.answer();
  assert.deepEqual([answer.status, answer.text], [422, 'not like this']);
  assert.equal((await h2.ask('POST /after', {}, 'x')).text, 'after');
});

scenario('trailers are those of their own request, accepted ones alone', kPlain, async ({ origin, h2: open }) => {
  origin.on('/upload', (request) => ({ headers: kUnkept, body: JSON.stringify(request.trailers?.list ?? []) }));
  const h2 = await open();
  const send = async (trailers) => (await h2.request('POST /upload', { body: 'body', trailers }).answer())?.text;
  assert.equal(await send(), '[]');
  assert.equal(await send({ 'x-token': 'alice' }), '[["x-token","alice"]]');
  assert.equal(await send(), '[]');
  assert.deepEqual(await Promise.all([send({ 'x-a': '1' }), send(), send({ 'x-c': '3' }), send()]), ['[["x-a","1"]]', '[]', '[["x-c","3"]]', '[]']);
  const refused = h2.request('POST /upload', { body: 'body', end: false });
  await refused.write('body');
  h2.headers(refused.id, [['x-a', '1'], [':path', '/']], { end: true });
  await refused.closed();
  assert.equal(await send(), '[]');
});

scenario('Expect: 100-continue is answered at once', kPlain, async ({ origin, h2: open }) => {
  origin.on('/upload', (request) => ({ body: request.body.toString() }));
  const h2 = await open();
  const stream = h2.request('POST /upload', { end: false, headers: { Expect: '100-continue', 'Content-Length': 5 } });
  await h2.until(() => stream.interim.length > 0, '100 Continue');
  assert.equal(stream.interim[0].status, 100);
  await stream.write('hello', { end: true });
  const answer = await stream.answer();
  assert.deepEqual([answer.text, answer.interim.length], ['hello', 1]);
});

scenario('Expect: no 100 where no origin can be reached', kPlain, async ({ origin, h2: open }) => {
  await origin.die();
  const h2 = await open();
  const answer = await h2.request('PUT /upload', { end: false, headers: { Expect: '100-continue', 'Content-Length': 1000 } }).answer();
  assert.deepEqual([answer.status, answer.interim.length], [502, 0]);
});

const kSmall = `
routes:
  - { name: all, match: /, request: { max_body: 1KiB } }
`;
scenario('a body past max_body: 413, by its length or as it comes; the connection goes on', kSmall, async ({ origin, h2: open }) => {
  origin.on('/upload', (request) => (request.cut ? undefined : { body: 'taken' }));
  const h2 = await open();
  const told = h2.request('POST /upload', { end: false, headers: { 'Content-Length': 1025 } });
  assert.equal((await told.answer()).status, 413);
  assert.equal((await h2.request('POST /upload', { body: 'x'.repeat(3000) }).answer()).status, 413);
  assert.equal(origin.requests.filter((request) => !request.cut).length, 0);
  assert.equal((await h2.request('POST /upload', { body: 'x'.repeat(1024) }).answer()).text, 'taken');
});

// --- trailers and interim answers ---
scenario('the origin\'s trailers reach the client, behind the body', kPlain, async ({ origin, h2: open }) => {
  origin.on('/page', (request, reply) => void reply.begin({ ...kUnkept, Trailer: 'X-Sum' }).chunk('body').end({ 'X-Sum': 'abc', 'X-Other': '1' }));
  const h2 = await open();
  const answer = await h2.get('/page', { TE: 'trailers' });
  assert.equal(answer.text, 'body');
  assert.equal(answer.trailers.get('x-sum'), 'abc');
  assert.equal(answer.fields.has('x-sum'), false);
});

scenario('trailers that may be none never arrive', kPlain, async ({ origin, h2: open }) => {
  const evil = { Connection: 'close', 'Transfer-Encoding': 'chunked', 'Content-Length': '9', 'Set-Cookie': 'session=evil' };
  const h2 = await open();
  for (const [name, value] of Object.entries(evil)) {
    origin.on('/page', (request, reply) => void reply.begin(kUnkept).chunk('body').end({ [name]: value, 'X-Sum': '1' }));
    const answer = await h2.get('/page', { TE: 'trailers' });
    // One that says how long the message is makes all of it doubtful.
    assert.ok(answer.text === 'body' || answer.status === 502 || !answer.whole, `${answer.status} ${answer.text}`);
    assert.equal(answer.trailers.has(name) || (answer.status === 200 && answer.fields.has(name)), false, name);
  }
});

scenario('the client\'s trailers reach the origin, but for those that may be none', kPlain, async ({ origin, h2: open }) => {
  origin.on('/upload', (request) => ({ body: request.body.toString() }));
  const h2 = await open();
  const stream = h2.request('POST /upload', { body: 'body', trailers: { 'x-sum': 'abc', authorization: 'evil', cookie: 'evil' } });
  assert.equal((await stream.answer()).text, 'body');
  const { fields, trailers } = origin.last('/upload');
  assert.equal(trailers.get('x-sum'), 'abc');
  for (const name of ['authorization', 'cookie']) assert.equal(trailers.has(name) || fields.has(name), false, name);
});

scenario('early hints reach the client that led, and are no part of the copy', kPlain, async ({ origin, h2: open }) => {
  const hint = 'HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n';
  const told = gate();
  origin.on('/page', async (request, reply) => {
    reply.raw(hint);
    await told.opened;
    reply.raw('HTTP/1.1 200 Fine\r\nCache-Control: max-age=60\r\nContent-Length: 5\r\n\r\nfinal');
  });
  const h2 = await open();
  const stream = h2.request('GET /page');
  await h2.until(() => stream.interim.length > 0, 'the hint, before there is an answer');
  told.open();
  const answer = await stream.answer();
  assert.equal(answer.text, 'final');
  assert.deepEqual(answer.interim.map((one) => [one.status, one.get('link')]), [[103, '</style.css>; rel=preload']]);
  assert.equal((await h2.get('/page')).interim.length, 0);
});

scenario('an answer\'s head longer than a frame goes on in CONTINUATIONs; the connection goes on', kPlain, async ({ origin, h2: open }) => {
  const long = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`X-Long-${i}`, `${i}`.repeat(600)]));
  origin.on('/page', { headers: { 'Cache-Control': 'max-age=60', ...long }, body: 'page' });
  const h2 = await open();
  for (let i = 0; i < 3; i += 1) {
    const answer = await h2.get('/page');
    assert.equal(answer.text, 'page');
    for (const [name, value] of Object.entries(long)) assert.equal(answer.get(name), value);
  }
  assert.ok(h2.seen('CONTINUATION').length >= 3);
});
