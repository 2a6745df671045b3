// HTTP/2 to origins: many requests on one connection, each with its own fate; what the origin says of limits, of leaving and of
// refusing is heeded; bodies and trailers pass both ways, as fast as both ends take them.
import assert from 'node:assert/strict';
import http2 from 'node:http2';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { Authority } from '../support/origin_certificates.js';
import { fetch } from '../support/client.js';
import { eventually, gate } from '../support/patience.js';
import { scenario } from '../support/scenario.js';
import { Weir, weirCall } from '../support/weir.js';

const ours = new Authority('ours');
after(() => ours.end());
const good = ours.sign();

const kNoStore = { 'cache-control': 'no-store' };
const own = (body) => ({ headers: kNoStore, body });
const upstream = (more = '') => (...origins) => `
upstreams:
  api:
    servers: [ ${origins.map(({ url }) => JSON.stringify(url)).join(', ')} ]
    ${origins[0].secured ? `tls: { ca_file: "${ours.file}" }` : 'protocol: h2'}
    ${more}
routes: [ { name: all, match: /, cache: origin } ]
`;
const kPlain = upstream();
const plain = { origins: [{ h2: true }] };
const secured = { origins: [{ h2: true, tls: good }] };
const settings = (given) => ({ origins: [{ h2: true, settings: given }] });
const server = async (weir) => (await weir.admin('GET /admin/upstreams')).json.api.servers[0];

for (const [how, kind] of [['chosen by ALPN', secured], ['by prior knowledge', plain],
  ['over a unix socket', { origins: [{ h2: true, path: path.join(os.tmpdir(), `weir-h2-${process.pid}.sock`) }] }]]) {
  scenario(`${how}: answers come, are kept, and one connection serves them all`, kPlain, async ({ origin, get, send, weir }) => {
    origin.on('/page', { headers: { 'cache-control': 'max-age=60' }, body: 'x'.repeat(1_000_000) });
    origin.on('/order', (request) => own(`${request.method} ${request.body.length}`));
    assert.equal((await get('/page')).text.length, 1_000_000);
    assert.match((await get('/page')).get('cache-status'), /hit/);
    for (let i = 0; i < 5; i += 1) assert.equal((await send('POST /order', {}, Buffer.alloc(500_000, 'y'))).text, 'POST 500000');
    assert.equal(origin.connections.length, 1);
    assert.equal(origin.requests.length, 6);
    assert.equal((await server(weir)).protocol, 'h2');
    assert.equal(await weir.metric('weir_upstream_http2'), 1);
  }, kind);
}

scenario('many at once share one connection, the first ones too', kPlain, async ({ origin, connect }) => {
  const told = gate();
  origin.on('/own', async (request) => (await told.opened, own(request.target)));
  const clients = await Promise.all(Array.from({ length: 40 }, connect));
  clients.forEach((client, i) => client.request(`POST /own?${i}`, {}, 'x'));
  await origin.reached('/own', 40);
  assert.equal(origin.connections.length, 1);
  told.open();
  for (const [i, client] of clients.entries()) assert.equal((await client.answer()).text, `/own?${i}`);
}, secured);

scenario('no more at once than the origin takes: past that another connection', kPlain, async ({ origin, connect, get }) => {
  origin.on('/own', own('first'));
  await get('/own'); // its SETTINGS are known
  const told = gate();
  origin.on('/own', async () => (await told.opened, own('x')));
  const clients = await Promise.all(Array.from({ length: 12 }, connect));
  for (const client of clients) client.request('POST /own', {}, 'x');
  await origin.reached('/own', 13);
  for (const { streams } of origin.connections) assert.ok([...streams.values()].filter(({ ended }) => ended).length <= 6);
  told.open();
  for (const client of clients) assert.equal((await client.answer()).status, 200);
  assert.ok(origin.connections.every(({ goodbye }) => !goodbye), 'they stay for the next ones');
}, settings({ MAX_CONCURRENT_STREAMS: 5 }));

scenario('connections.max bounds the requests under way', upstream('connections: { max: 2, queue: 1, queue_timeout: 20s }'), async ({ origin, connect, send }) => {
  const told = gate();
  origin.on('/own', async () => (await told.opened, own('x')));
  const clients = await Promise.all(Array.from({ length: 3 }, connect));
  for (const client of clients) client.request('POST /own', {}, 'x');
  await origin.reached('/own', 2);
  assert.equal((await send('POST /own', {}, 'x')).status, 503);
  assert.equal(origin.count('/own'), 2);
  told.open();
  for (const client of clients) assert.equal((await client.answer()).status, 200);
}, plain);

scenario('a request is the client\'s, in HTTP/2\'s words', kPlain, async ({ origin, send }) => {
  origin.otherwise(own('x'));
  await send('POST /a/b?c=d', { Host: 'Shop.example', Cookie: 'a=1', 'X-Mine': 'Mixed Case', TE: 'trailers, deflate', Connection: 'TE, X-Drop', 'X-Drop': '1' }, 'order');
  const request = origin.last('/a/b');
  assert.deepEqual(request.list.slice(0, 4), [[':method', 'POST'], [':scheme', 'http'], [':authority', 'shop.example'], [':path', '/a/b?c=d']]);
  assert.equal(request.get('x-mine'), 'Mixed Case');
  assert.equal(request.get('cookie'), 'a=1');
  assert.equal(request.get('content-length'), '5');
  assert.equal(request.get('te'), 'trailers');
  assert.equal(request.get('x-drop'), undefined);
  assert.equal(String(request.body), 'order');
}, plain);

scenario('te is passed on only where the client said trailers', kPlain, async ({ origin, get }) => {
  origin.otherwise(own('x'));
  await get('/none');
  await get('/other', { TE: 'deflate', Connection: 'TE' });
  assert.deepEqual(origin.requests.map((request) => request.get('te')), [undefined, undefined]);
}, plain);

scenario('trailers pass both ways', kPlain, async ({ origin, connect }) => {
  origin.on('/call', (request) => ({ headers: kNoStore, body: 'answer', trailers: { 'grpc-status': '0', 'x-sum': `${request.trailers?.length}` } }));
  const client = await connect();
  client.send('POST /call HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Check: 42\r\n\r\n');
  const answer = await client.answer('POST');
  assert.equal(answer.text, 'answer');
  assert.equal(answer.trailers.get('grpc-status'), '0');
  assert.equal(answer.trailers.get('x-sum'), '1');
  assert.deepEqual(origin.last('/call').trailers, [['x-check', '42']]);
  assert.equal(String(origin.last('/call').body), 'hello');
}, plain);

scenario('trailers only: a head that ends, and still says it all', kPlain, async ({ origin, send }) => {
  origin.on('/call', (request, reply) => reply.headers({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '12', ...kNoStore }, { end: true }));
  const answer = await send('POST /call', {}, 'x');
  assert.equal(answer.status, 200);
  assert.equal(answer.get('grpc-status'), '12');
  assert.equal(answer.text, '');
}, plain);

scenario('both bodies flow at once: an answer begins, and goes on, while its request is still being sent', kPlain, async ({ origin, connect }) => {
  origin.on('/talk', async (request, reply) => {
    reply.headers({ ':status': 200, ...kNoStore });
    request.onData = (piece) => reply.data(`heard ${piece}.`);
    await request.whole.opened;
    reply.data('over', { end: true });
  }, { early: true });
  const client = await connect();
  client.send('POST /talk HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
  const answer = await client.head('POST');
  assert.equal(answer.status, 200);
  for (const word of ['one', 'two', 'three']) {
    client.send(`${word.length}\r\n${word}\r\n`);
    let text = '';
    while (!text.endsWith('.')) text += await answer.reader.next();
    assert.equal(text, `heard ${word}.`);
  }
  client.send('0\r\n\r\n');
  assert.equal(String(await answer.reader.whole()), 'over');
}, plain);

scenario('an answer that comes before the upload is over ends the request; the connection goes on', kPlain, async ({ origin, connect, get }) => {
  origin.on('/big', (request, reply) => reply.send({ status: 413, headers: kNoStore, body: 'too much' }), { early: true });
  origin.on('/page', own('fine'));
  const client = await connect();
  client.send('POST /big HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nbegin');
  const answer = await client.answer('POST');
  assert.equal(answer.status, 413);
  assert.equal(answer.text, 'too much');
  assert.equal(await (await origin.reached('/big')).cancelled.opened, 8);
  assert.equal((await get('/page')).text, 'fine');
  assert.equal(origin.connections.length, 1);
}, plain);

scenario('an upload waits for the origin\'s window, and other requests don\'t', kPlain, async ({ origin, connect, get }) => {
  origin.on('/big', own('got it')).on('/page', own('fine'));
  await get('/page'); // its SETTINGS are known
  origin.hand = true;
  const client = await connect();
  client.request('POST /big', {}, Buffer.alloc(300_000, 'x'));
  const request = await origin.reached('/big');
  await eventually(() => request.arrived === 1000, 'its window is used up');
  assert.equal((await get('/page')).text, 'fine');
  assert.equal(request.arrived, 1000);
  request.connection.allow(request.stream, 299_000);
  assert.equal((await client.answer('POST')).text, 'got it');
  assert.equal(request.arrived, 300_000);
}, settings({ INITIAL_WINDOW_SIZE: 1000 }));

scenario('a client that doesn\'t read holds back its own stream, no other', kPlain, async ({ origin, connect, get }) => {
  const size = 30_000_000;
  origin.on('/big', own(Buffer.alloc(size, 'x'))).on('/page', own('fine'));
  const client = await connect();
  client.hold();
  client.request('GET /big');
  const request = await origin.reached('/big');
  const left = () => origin.connections[0].theirs.INITIAL_WINDOW_SIZE;
  await eventually(() => request.window < 16384, 'nothing more may be sent');
  assert.equal((await get('/page')).text, 'fine');
  assert.ok(left() <= 128 * 1024);
  client.go_on();
  assert.equal((await client.answer()).text.length, size);
}, plain);

scenario('a HEAD that is passed on has no content, whatever its length', (origin) => kPlain(origin).replace('cache: origin', 'cache: off'), async ({ origin, send }) => {
  origin.on('/head', { headers: { 'content-length': '1234' } });
  const head = await send('HEAD /head');
  assert.deepEqual([head.status, head.get('content-length'), head.text], [200, '1234', '']);
  assert.equal(origin.last('/head').method, 'HEAD');
}, plain);

scenario('204 and 304 have no content', kPlain, async ({ origin, get, turn }) => {
  origin.on('/none', { status: 204, headers: kNoStore });
  assert.equal((await get('/none')).status, 204);
  origin.on('/page', (request) => (request.get('if-none-match') === '"v"' ? { status: 304, headers: { etag: '"v"' } } : { headers: { etag: '"v"', 'cache-control': 'max-age=1' }, body: 'x' }));
  await get('/page');
  turn(2);
  assert.match((await get('/page')).get('cache-status'), /fwd-status=304/);
}, plain);

scenario('interim answers pass', kPlain, async ({ origin, connect }) => {
  origin.on('/page', (request, reply) => {
    reply.headers({ ':status': 103, link: '</a.css>; rel=preload' });
    reply.send(own('x'));
  });
  const client = await connect();
  client.request('GET /page');
  const answer = await client.answer();
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.interim.map(({ status, fields }) => [status, fields.get('link')]), [[103, '</a.css>; rel=preload']]);
}, plain);

// --- what ends ---
scenario('GOAWAY: what it hasn\'t looked at is asked again elsewhere, what it has goes on', kPlain, async ({ origin, connect, get }) => {
  const told = gate();
  origin.on('/own', async (request) => (await told.opened, own(`on ${request.connection.number}`)));
  const clients = await Promise.all(Array.from({ length: 4 }, connect));
  for (const client of clients) {
    client.request('DELETE /own');
    await origin.reached('/own', clients.indexOf(client) + 1);
  }
  origin.connections[0].goaway(3);
  await origin.reached('/own', 6);
  assert.equal(origin.connections.length, 2);
  told.open();
  const texts = [];
  for (const client of clients) texts.push((await client.answer()).text);
  assert.deepEqual(texts, ['on 0', 'on 0', 'on 1', 'on 1']);
  assert.equal((await get('/own')).text, 'on 1');
}, plain);

scenario('GOAWAY on an idle connection is no error', kPlain, async ({ origin, send }) => {
  origin.otherwise(own('x'));
  await send('POST /a', {}, 'x');
  origin.connections[0].goaway(1);
  origin.connections[0].end();
  await origin.connections[0].gone.opened;
  for (let i = 0; i < 3; i += 1) assert.equal((await send('POST /a', {}, 'x')).status, 200);
  assert.equal(origin.connections.length, 2);
}, plain);

scenario('a stream that is refused was not processed: it is asked again, once, whatever the method', kPlain, async ({ origin, send, get }) => {
  const refuse = (request, reply) => reply.reset('REFUSED_STREAM');
  origin.on('/once', [refuse, own('fine')]).on('/always', refuse);
  for (const method of ['DELETE', 'GET']) {
    assert.equal((await send(`${method} /once`)).text, 'fine');
    origin.on('/once', [refuse, own('fine')]);
  }
  assert.equal((await get('/always')).status, 502);
  assert.equal(origin.count('/always'), 2);
}, plain);

for (const code of ['CANCEL', 'INTERNAL_ERROR', 'NO_ERROR']) {
  scenario(`RST_STREAM ${code} before an answer is a 502, and hurts nobody else`, kPlain, async ({ origin, get }) => {
    origin.on('/bad', (request, reply) => reply.reset(code)).on('/page', own('fine'));
    const answer = await get('/bad');
    assert.equal(answer.status, 502);
    assert.match(JSON.parse(answer.text).detail, /reset the stream/);
    assert.equal((await get('/page')).text, 'fine');
    assert.equal(origin.count('/bad'), 1);
    assert.equal(origin.connections.length, 1);
  }, plain);
}

scenario('a stream that is reset midway is cut for its client, and not kept', kPlain, async ({ origin, get }) => {
  origin.on('/page', [(request, reply) => {
    reply.headers({ ':status': 200, 'cache-control': 'max-age=60' }).data('begin');
    setImmediate(() => reply.reset('INTERNAL_ERROR'));
  }, { headers: { 'cache-control': 'max-age=60' }, body: 'second' }]);
  const first = await get('/page');
  assert.ok(!first.whole || first.status === 502);
  assert.equal((await get('/page')).text, 'second');
}, plain);

scenario('a connection that breaks takes its streams with it: what may be repeated is, the rest is a 502', kPlain, async ({ origin, connect, get }) => {
  origin.on('/page', own('fine'));
  await get('/page');
  origin.on('/own', [(request) => void request, (request) => request.connection.cut(), own('again')]);
  const [reader, writer] = await Promise.all([connect(), connect()]);
  reader.request('GET /own');
  await origin.reached('/own');
  writer.request('POST /own', {}, 'order');
  assert.equal((await writer.answer('POST')).status, 502);
  assert.equal((await reader.answer()).text, 'again');
}, plain);

scenario('a connection on which nothing comes any more gets no new requests', upstream('timeouts: { first_byte: 300ms }'), async ({ origin, get }) => {
  origin.on('/page', own('fine'));
  await get('/page');
  const [first] = origin.connections;
  origin.on('/mute', () => void (first.over = true));
  assert.equal((await get('/mute')).status, 504);
  assert.equal((await get('/page')).text, 'fine');
  assert.equal(origin.connections.length, 2);
}, plain);

scenario('a client that leaves cancels its stream alone', (origin) => kPlain(origin).replace('cache: origin', 'cache: off'), async ({ origin, connect, get }) => {
  origin.on('/own', () => {}).on('/page', own('fine'));
  const client = await connect();
  client.request('POST /own', {}, 'x');
  const request = await origin.reached('/own');
  client.reset();
  assert.equal(await request.cancelled.opened, 8);
  assert.equal((await get('/page')).text, 'fine');
  assert.equal(origin.connections.length, 1);
}, plain);

scenario('weir says goodbye when it ends', kPlain, async ({ origin, get, weir }) => {
  origin.on('/page', own('x'));
  await get('/page');
  await weir.stop();
  await eventually(() => origin.connections[0].goodbye?.code === 0, 'GOAWAY');
}, plain);

// --- which protocol ---
const kTls = (protocol, origin) => `
upstreams:
  api: { servers: [ "${origin.url}" ], protocol: ${protocol}, tls: { ca_file: "${ours.file}" } }
routes: [ { name: all, match: /, cache: off } ]
`;
for (const [protocol, spoken] of [['auto', 'h1'], ['h1', 'h1']]) {
  scenario(`${protocol}: a server without HTTP/2 is spoken to in HTTP/1.1`, (origin) => kTls(protocol, origin), async ({ origin, get, weir }) => {
    origin.on('/page', own('x'));
    assert.equal((await get('/page')).text, 'x');
    assert.equal((await server(weir)).protocol, spoken);
    assert.equal(origin.connections[0].socket.alpnProtocol, 'http/1.1');
  }, { origins: [{ tls: { ...good, ALPNProtocols: ['http/1.1'] } }] });
}
scenario('h2: a server without HTTP/2 is a 502 that says so', (origin) => kTls('h2', origin), async ({ origin, get }) => {
  const answer = await get('/page');
  assert.equal(answer.status, 502);
  assert.match(JSON.parse(answer.text).detail, /the server does not offer HTTP\/2/);
  assert.equal(origin.requests.length, 0);
}, { origins: [{ tls: good }] });

scenario('h2 by prior knowledge to a server that speaks HTTP/1.1 is a 502', (origin) => `
upstreams: { api: { servers: [ "${origin.url}" ], protocol: h2 } }
`, async ({ origin, get }) => {
  assert.equal((await get('/page')).status, 502);
  origin.violations.length = 0; // it was sent no HTTP/1.1, and says so
}, {});

scenario('explain says what will be spoken', kPlain, async ({ weir }) => {
  const { out } = await weirCall(['explain', '-c', weir.file, 'GET /page']);
  assert.match(out, /protocol +h2 /);
}, plain);

// --- another implementation ---
for (const [how, create] of [['with TLS', (on) => http2.createSecureServer({ ...good }, on)], ['without TLS', (on) => http2.createServer(on)]]) {
  test(`Node's HTTP/2 server ${how}: megabytes both ways, trailers, many at once`, async () => {
    const node = create((request, response) => {
      const pieces = [];
      request.on('data', (piece) => pieces.push(piece)).on('end', () => {
        response.writeHead(200, { 'cache-control': 'no-store', trailer: 'x-length' });
        response.addTrailers({ 'x-length': `${Buffer.concat(pieces).length}` });
        response.end(Buffer.concat(pieces));
      });
    });
    await new Promise((resolve) => node.listen(0, '127.0.0.1', resolve));
    const url = `${how === 'with TLS' ? 'https' : 'http'}://127.0.0.1:${node.address().port}`;
    const weir = await Weir.start(upstream()({ url, secured: how === 'with TLS' }));
    const bodies = Array.from({ length: 20 }, (_, i) => Buffer.alloc(100_000 * (i + 1), String(i % 10)));
    const answers = await Promise.all(bodies.map((body) => fetch(weir, 'POST /echo', { TE: 'trailers', Connection: 'TE' }, body)));
    for (const [i, answer] of answers.entries()) {
      assert.equal(answer.status, 200);
      assert.ok(bodies[i].equals(answer.body), `${answer.body.length} of ${bodies[i].length}`);
      assert.equal(answer.trailers.get('x-length'), `${bodies[i].length}`);
    }
    await weir.stop();
    node.close();
  });
}
