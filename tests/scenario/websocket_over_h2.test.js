// WebSocket from an HTTP/2 client (RFC 8441) to an origin of HTTP/1.1: an extended CONNECT on a stream becomes an upgrade of weir's own,
// and bytes pass both ways between the stream and the origin's connection until both have ended.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { kHost } from '../support/client.js';
import { fresh } from '../support/origin.js';
import { eventually, gate, kPatience, within } from '../support/patience.js';
import { scenario } from '../support/scenario.js';
import { acceptFor, granting } from '../support/tunnel.js';

const kRoutes = `
routes:
  - { name: live, match: GET /live, cache: off, upgrade: [ websocket ] }
  - { name: all, match: /, cache: origin }
`;
const hash = (data) => createHash('sha256').update(data).digest('hex');

// Opens one; what `over` says of the fields goes over the usual ones, null leaves one out.
function dial(h2, path = '/live', over = {}) {
  const fields = {
    ':method': 'CONNECT', ':protocol': 'websocket', ':scheme': 'http', ':path': path, ':authority': kHost,
    'sec-websocket-version': '13', origin: 'https://a.test', ...over,
  };
  return h2.request(Object.entries(fields).filter(([, value]) => value !== null), { end: false });
}

const echo = async ({ socket, inbox }) => {
  for (let piece; (piece = await inbox.some()) !== null; ) socket.write(piece);
};

// Once it is open: what came of it so far, and what it says next.
async function opened(stream) {
  const head = await stream.head();
  assert.equal(head?.status, 200, `${head?.status} ${stream.over}`);
  return stream;
}
async function heard(stream, text) {
  await stream.holds(text.length);
  const all = Buffer.concat(stream.pieces).toString('latin1');
  assert.equal(all.slice(0, text.length), text);
}

scenario('it is announced, granted with a 200, and bytes pass both ways', kRoutes, async ({ origin, h2: open }) => {
  origin.on('/live', granting(echo, { fields: { 'Sec-WebSocket-Protocol': 'chat' } }));
  const h2 = await open();
  assert.equal(h2.theirs.ENABLE_CONNECT_PROTOCOL, 1);
  const stream = await opened(dial(h2, '/live', { 'sec-websocket-protocol': 'chat, other', cookie: 'session=1' }));
  const { fields } = stream.answered;
  assert.equal(fields.get('sec-websocket-protocol'), 'chat');
  for (const name of ['upgrade', 'connection', 'content-length', 'transfer-encoding']) assert.equal(fields.has(name), false, name);
  const asked = origin.last('/live');
  assert.equal(asked.method, 'GET');
  for (const [name, value] of [['connection', 'Upgrade'], ['upgrade', 'websocket'], ['sec-websocket-version', '13'], ['host', kHost],
    ['sec-websocket-protocol', 'chat, other'], ['origin', 'https://a.test'], ['cookie', 'session=1']]) {
    assert.equal(asked.get(name), value, name);
  }
  assert.match(asked.get('sec-websocket-key'), /^[A-Za-z0-9+/]{22}==$/);
  assert.equal(asked.fields.has('content-length') || asked.fields.has('transfer-encoding'), false);
  let all = '';
  for (const text of ['hello', '\x00\xff\r\n\r\nGET /evil HTTP/1.1\r\n\r\n', 'x'.repeat(100_000)]) {
    all += text;
    await stream.write(text);
    await heard(stream, all);
  }
  await stream.write('', { end: true });
  assert.equal(await stream.closed(), 'end');
});

scenario('each has a key of its own, weir\'s, whatever the client says', kRoutes, async ({ origin, h2: open }) => {
  origin.on('/live', granting(echo));
  const h2 = await open();
  for (let i = 0; i < 2; i += 1) await opened(dial(h2, '/live', { 'sec-websocket-key': 'c2l4dGVlbiBieXRlcyBvaw==' }));
  const keys = origin.asked('/live').map((request) => request.get('sec-websocket-key'));
  assert.equal(new Set([...keys, 'c2l4dGVlbiBieXRlcyBvaw==']).size, 3);
});

scenario('many on one connection, and requests beside them', kRoutes, async ({ origin, h2: open }) => {
  origin.on('/live', granting(echo)).on('/page', fresh(60));
  const h2 = await open();
  const streams = await Promise.all(Array.from({ length: 20 }, () => opened(dial(h2))));
  for (const [i, stream] of streams.entries()) await stream.write(`tunnel ${i}`);
  for (const [i, stream] of streams.entries()) await heard(stream, `tunnel ${i}`);
  assert.equal((await h2.get('/page')).status, 200);
  for (const stream of streams) await stream.write('', { end: true });
  for (const stream of streams) assert.equal(await stream.closed(), 'end');
});

scenario('what the client says before it is granted reaches the origin only then', kRoutes, async ({ origin, h2: open }) => {
  const told = gate();
  origin.on('/live', async (request, reply) => {
    await told.opened;
    return granting(echo)(request, reply);
  });
  const h2 = await open();
  const stream = dial(h2);
  await stream.write('early');
  await origin.reached('/live');
  await h2.settled();
  assert.equal(origin.last('/live').connection.seen.includes('early'), false);
  told.open();
  await heard(await opened(stream), 'early');
});

scenario('what the origin says in one breath with its 101', kRoutes, async ({ origin, h2: open }) => {
  origin.on('/live', granting(() => gate().opened, { data: 'at once' }));
  await heard(await opened(dial(await open())), 'at once');
});

// --- how it ends ---
scenario('END_STREAM of the client ends the origin\'s side for reading; it may go on to speak', kRoutes, async ({ origin, h2: open }) => {
  origin.on('/live', granting(async ({ socket, inbox }) => {
    const all = await inbox.rest();
    assert.equal(inbox.ended, 'end');
    socket.write(`heard ${all}`);
  }));
  const stream = await opened(dial(await open()));
  await stream.write('my last word', { end: true });
  assert.equal((await stream.answer()).text, 'heard my last word');
  assert.equal(stream.ended, 'end');
});

scenario('the end of the origin is END_STREAM; the client may go on to speak', kRoutes, async ({ origin, h2: open }) => {
  const told = gate();
  origin.on('/live', granting(async ({ socket, inbox }) => {
    socket.end('my last word');
    told.open(await inbox.rest());
  }));
  const stream = await opened(dial(await open()));
  assert.equal((await stream.answer()).text, 'my last word');
  await stream.write('and mine', { end: true });
  assert.equal((await told.opened).toString(), 'and mine');
});

for (const [what, cut] of [['resets its stream', (h2, stream) => stream.reset()], ['ends its connection', (h2) => h2.close()]]) {
  scenario(`a client that ${what}: the origin sees its connection close`, kRoutes, async ({ origin, h2: open }) => {
    origin.on('/live', granting(echo)).on('/page', fresh(60));
    const h2 = await open();
    const stream = await opened(dial(h2));
    cut(h2, stream);
    await within(origin.last('/live').connection.gone.opened, "the end of the origin's connection");
    assert.equal((await (await open()).get('/page')).status, 200);
  });
}

scenario('an origin that resets is RST_STREAM, no end; the other streams go on', kRoutes, async ({ origin, h2: open }) => {
  const told = gate();
  origin.on('/live', granting(async ({ reply }) => (await told.opened, reply.reset()))).on('/page', fresh(60));
  const h2 = await open();
  const stream = await opened(dial(h2));
  told.open();
  assert.ok(['CONNECT_ERROR', 'CANCEL', 'INTERNAL_ERROR'].includes(await stream.closed()), stream.over);
  assert.equal((await h2.get('/page')).status, 200);
});

scenario('a drain lets it go on; the connection ends after it', kRoutes, async ({ origin, h2: open, weir }) => {
  origin.on('/live', granting(echo));
  const h2 = await open();
  const stream = await opened(dial(h2));
  weir.signal('SIGTERM');
  await h2.until(() => h2.goaway, 'GOAWAY');
  await stream.write('still here');
  await heard(stream, 'still here');
  await stream.write('', { end: true });
  assert.equal(await stream.closed(), 'end');
  await h2.closed();
  assert.equal((await weir.ended()).code, 0);
});

scenario('but not for longer than `drain`', `drain: 300ms\n${kRoutes}`, async ({ origin, h2: open, weir }) => {
  origin.on('/live', granting(echo));
  const stream = await opened(dial(await open()));
  weir.signal('SIGTERM');
  assert.notEqual(await stream.closed(), 'end');
  assert.equal((await weir.ended()).code, 0);
});

// --- windows ---
scenario('megabytes both ways, through windows of 65535', kRoutes, async ({ origin, h2: open }) => {
  origin.on('/live', granting(echo));
  const stream = await opened(dial(await open()));
  const data = Buffer.alloc(8 << 20, 'tunnel ');
  await Promise.all([stream.write(data, { end: true }), stream.closed()]);
  assert.equal(hash((await stream.answer()).body), hash(data));
}, { timeout: 6 * kPatience });

const standsStill = async (value, what) => {
  let last = -1;
  await eventually(async () => {
    const before = last;
    last = value();
    await new Promise((resolve) => setTimeout(resolve, 150));
    return before === last;
  }, what);
};

scenario('an origin that does not read holds the client back', kRoutes, async ({ origin, h2: open }) => {
  const told = gate();
  origin.on('/live', granting(async ({ socket, inbox }) => {
    socket.pause();
    await told.opened;
    socket.resume();
    socket.write(hash(await inbox.rest()));
  })).on('/page', fresh(60));
  const h2 = await open();
  const stream = await opened(dial(h2));
  const data = Buffer.alloc(64 << 20, 'x');
  const sent = stream.write(data, { end: true });
  await standsStill(() => stream.window, 'it stands still');
  assert.ok(stream.window <= 0 || h2.window <= 0, `${stream.window} ${h2.window}`);
  assert.equal((await h2.get('/page')).status, 200);
  told.open();
  await sent;
  assert.equal((await stream.answer()).text, hash(data));
}, { timeout: 6 * kPatience });

scenario('a client that does not read holds the origin back', kRoutes, async ({ origin, h2: open }) => {
  const data = Buffer.alloc(64 << 20, 'x');
  let socket;
  origin.on('/live', granting(async (ends) => {
    ({ socket } = ends);
    socket.write(data);
    await gate().opened;
  }));
  const stream = await opened(dial(await open({ hand: true })));
  await stream.holds(65535);
  await standsStill(() => socket.writableLength, 'it stands still');
  assert.ok(socket.writableLength > 0, 'all of it went somewhere');
}, { timeout: 6 * kPatience });

// --- what is no tunnel ---
const kRefused = [400, 403, 404, 405, 501];
for (const [what, over] of Object.entries({
  'where the route does not allow it': { ':path': '/page' },
  'another protocol': { ':protocol': 'connect-udp' },
  'no protocol at all': { ':protocol': '' },
  'a plain CONNECT': { ':protocol': null, ':path': null, ':scheme': null },
  'without a path': { ':path': null },
  'without a scheme': { ':scheme': null },
  'without an authority': { ':authority': null },
  'a GET with :protocol': { ':method': 'GET' },
})) {
  scenario(`refused: ${what}; the origin hears nothing, the connection goes on`, kRoutes, async ({ origin, h2: open }) => {
    const h2 = await open();
    const stream = dial(h2, '/live', over);
    await stream.closed();
    const { status } = stream.answered ?? {};
    assert.ok(stream.ended === 'PROTOCOL_ERROR' || kRefused.includes(status), `${stream.ended} ${status}`);
    assert.equal(origin.requests.length, 0);
    origin.on('/page', fresh(60));
    assert.equal((await h2.get('/page')).status, 200);
  });
}

for (const [what, fields] of Object.entries({
  'a key that is not the answer to weir\'s': { 'Sec-WebSocket-Accept': acceptFor('another') },
  'no key': { 'Sec-WebSocket-Accept': null },
  'another protocol': { Upgrade: 'evil' },
  'no Upgrade': { Upgrade: null },
})) {
  scenario(`an origin that grants with ${what}: 502, and no byte passes`, kRoutes, async ({ origin, h2: open }) => {
    const told = gate();
    origin.on('/live', granting(async ({ inbox }) => told.open((await inbox.rest()).toString()), { fields }));
    const h2 = await open();
    const stream = dial(h2);
    await stream.write('secret');
    assert.equal((await stream.head())?.status, 502);
    assert.equal(await told.opened, '');
  });
}

for (const status of [200, 403, 404]) {
  scenario(`an origin that answers ${status} instead: it grants nothing`, kRoutes, async ({ origin, h2: open }) => {
    origin.on('/live', { status, body: 'not for you' }).on('/page', fresh(60));
    const h2 = await open();
    const stream = dial(h2);
    const answer = await stream.answer();
    // A 2xx to CONNECT would mean a tunnel: that it can't be.
    if (status === 200) return assert.ok(answer === null || answer.status >= 400, `${answer?.status}`);
    assert.deepEqual([answer?.status, answer?.text], [status, 'not for you']);
    assert.equal((await h2.get('/page')).status, 200);
  });
}
