// WebSocket and other upgrades: where the route allows it and the origin says 101, bytes pass both ways until both have ended.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readHead } from '../support/wire.js';
import { eventually, gate } from '../support/patience.js';
import { scenario } from '../support/scenario.js';
import { acceptFor, answered, ask, askingBytes, echo, granting, kKey, take } from '../support/tunnel.js';

const route = (more = '') => `
routes:
  - name: live
    match: GET /live
    cache: off
    upgrade: [ websocket ]
${more}
  - name: rest
    match: /
    cache: origin
`;
const kRoutes = route();

scenario('a granted upgrade: bytes pass both ways', kRoutes, async ({ origin, connect }) => {
  origin.on('/live', granting(echo));
  const client = await connect();
  const answer = await ask(client, '/live', { Origin: 'https://a.test', 'Sec-WebSocket-Protocol': 'chat', Cookie: 'session=1' });
  assert.equal(answer.status, 101);
  assert.equal(answer.get('upgrade'), 'websocket');
  assert.equal(answer.get('connection'), 'Upgrade');
  assert.equal(answer.get('sec-websocket-accept'), acceptFor(kKey));
  assert.equal(answer.get('transfer-encoding'), undefined);
  assert.match(answer.get('cache-status'), /^weir; fwd=bypass; detail=upgrade/);
  const asked = origin.last('/live');
  for (const [name, value] of [['connection', 'Upgrade'], ['upgrade', 'websocket'], ['sec-websocket-key', kKey], ['sec-websocket-version', '13'],
    ['sec-websocket-protocol', 'chat'], ['origin', 'https://a.test'], ['cookie', 'session=1'], ['x-forwarded-for', '127.0.0.1']]) {
    assert.equal(asked.get(name), value, name);
  }
  for (const text of ['hello', '\x00\xff\r\n\r\nGET /evil HTTP/1.1\r\n\r\n', 'x'.repeat(100_000)]) {
    client.send(text);
    assert.equal(await take(client.inbox, text.length), text);
  }
  client.finish();
  assert.equal(await client.rest(), '');
  assert.equal(client.inbox.ended, 'end');
});

scenario('what either side says together with its head arrives behind the other head', kRoutes, async ({ origin, connect }) => {
  const heard = gate();
  origin.on('/live', granting(async ({ inbox }) => heard.open(await take(inbox, 5)), { data: 'at once' }));
  const client = await connect();
  const answer = await ask(client, '/live', {}, 'early');
  assert.equal(answer.status, 101);
  assert.equal(await take(client.inbox, 7), 'at once');
  assert.equal(await heard.opened, 'early');
});

scenario('nothing of what the client says early reaches the origin before its 101', kRoutes, async ({ origin, connect, get }) => {
  const told = gate();
  origin.on('/live', async (request, reply) => {
    await told.opened;
    return granting(async ({ inbox }) => reply.raw(await take(inbox, 5)))(request, reply);
  });
  const client = await connect();
  client.send(Buffer.concat([askingBytes('/live'), Buffer.from('early')]));
  await origin.reached('/live');
  assert.equal((await get('/other')).status, 404); // weir has read all that came until now
  assert.equal(origin.last('/live').connection.seen.includes('early'), false);
  told.open();
  assert.equal((await answered(client)).status, 101);
  assert.equal(await take(client.inbox, 5), 'early');
});

scenario('the end of the client is passed on; the origin goes on', kRoutes, async ({ origin, connect }) => {
  origin.on('/live', granting(async ({ socket, inbox }) => {
    const all = await inbox.rest();
    assert.equal(inbox.ended, 'end');
    socket.write(`heard ${all}`);
  }));
  const client = await connect();
  await ask(client, '/live', {}, 'my last word');
  client.finish();
  assert.equal(await client.rest(), 'heard my last word');
  assert.equal(client.inbox.ended, 'end');
});

scenario('the end of the origin is passed on; the client goes on', kRoutes, async ({ origin, connect }) => {
  origin.on('/live', granting(({ socket }) => { socket.write('my last word'); }));
  const client = await connect();
  await ask(client, '/live');
  assert.equal(await client.rest(), 'my last word');
  assert.equal(client.inbox.ended, 'end');
  const { connection } = origin.last('/live');
  client.send('not yet mine');
  assert.equal(await take(connection.inbox, 12), 'not yet mine');
  client.finish();
  await eventually(() => connection.inbox.ended === 'end', 'the origin sees the end of the client');
});

scenario('a reset of the client is one for the origin', kRoutes, async ({ origin, connect, weir }) => {
  const begun = gate(), ended = gate();
  origin.on('/live', granting(async ({ inbox }) => {
    begun.open(await take(inbox, 1));
    await inbox.rest();
    ended.open(inbox.ended);
  }));
  const client = await connect();
  await ask(client, '/live', {}, 'x');
  await begun.opened;
  client.reset();
  assert.equal(await ended.opened, 'reset');
  await eventually(async () => (await weir.metric('weir_tunnels')) === 0, 'no tunnel is open');
});

scenario('a reset of the origin is one for the client', kRoutes, async ({ origin, connect }) => {
  origin.on('/live', granting(async ({ inbox, reply }) => {
    await take(inbox, 1);
    reply.reset();
  }));
  const client = await connect();
  await ask(client, '/live');
  client.send('x');
  await client.rest();
  assert.equal(client.inbox.ended, 'reset');
});

scenario('an origin that is gone altogether after its last word: the client has it all', kRoutes, async ({ origin, connect }) => {
  origin.on('/live', granting(({ socket }) => {
    socket.end('the last word');
    socket.destroySoon();
  }));
  const client = await connect();
  await ask(client, '/live');
  assert.equal(await take(client.inbox, 13), 'the last word');
  for (let i = 0; i < 50 && !client.socket.destroyed; i += 1) {
    client.send('anybody there? ');
    await new Promise((resolve) => setImmediate(resolve));
  }
  client.finish();
  await client.rest();
});

const kPieces = 200;
const piecesOf = () => Array.from({ length: kPieces }, (_, i) => randomBytes(1 + ((i * 7919) % 60_000)));
const digest = (data) => createHash('sha256').update(data).digest('hex');

scenario('both sides talk at once, much and in pieces of all sizes: each byte arrives once and in order', kRoutes, async ({ origin, connect }) => {
  const mine = piecesOf(), theirs = piecesOf();
  const heard = gate();
  origin.on('/live', granting(async ({ socket, inbox }) => {
    for (const piece of theirs) socket.write(piece);
    socket.end();
    heard.open(digest(await inbox.rest()));
  }));
  const client = await connect();
  await ask(client, '/live');
  for (const piece of mine) client.send(piece);
  client.finish();
  assert.equal(digest(Buffer.from(await client.rest(), 'latin1')), digest(Buffer.concat(theirs)));
  assert.equal(await heard.opened, digest(Buffer.concat(mine)));
});

const kFlood = 64 << 20;
const standsStill = async (counter, what) => {
  let last = -1;
  await eventually(async () => {
    const before = last;
    last = counter();
    await new Promise((resolve) => setTimeout(resolve, 150));
    return last > 0 && before === last;
  }, `${what} stands still`);
  return last;
};

scenario('a client that does not read holds the origin back, and loses nothing', kRoutes, async ({ origin, connect }) => {
  const flood = Buffer.alloc(kFlood, 'flood ');
  origin.on('/live', granting(({ socket }) => { socket.write(flood); }));
  const client = await connect();
  await ask(client, '/live');
  client.hold();
  const { socket } = origin.last('/live').connection;
  await standsStill(() => socket.bytesWritten - socket.writableLength, 'the origin');
  assert.ok(socket.writableLength > 0, 'not all of it went somewhere');
  client.go_on();
  assert.equal(digest(Buffer.from(await client.rest(), 'latin1')), digest(flood));
});

scenario('an origin that does not read holds the client back, and loses nothing', kRoutes, async ({ origin, connect }) => {
  const flood = Buffer.alloc(kFlood, 'flood ');
  const told = gate(), heard = gate();
  origin.on('/live', granting(async ({ socket, inbox }) => {
    socket.pause();
    await told.opened;
    socket.resume();
    heard.open(digest(await inbox.rest()));
  }));
  const client = await connect();
  await ask(client, '/live');
  client.send(flood);
  client.finish();
  await standsStill(() => client.socket.bytesWritten - client.socket.writableLength, 'the client');
  assert.ok(client.socket.writableLength > 0, 'not all of it went somewhere');
  told.open();
  assert.equal(await heard.opened, digest(flood));
});

scenario('a tunnel in which nothing moves for its idle time is closed', route('    timeouts: { idle: 300ms }'), async (stage) => {
  const { origin, connect, weir } = stage;
  const ended = gate();
  origin.on('/live', granting(async ({ inbox }) => {
    await inbox.rest();
    ended.open(true);
  }));
  const client = await connect();
  const answer = await ask(client, '/live', {}, 'x');
  await client.rest();
  await ended.opened;
  const line = await weir.logged(answer.get('x-request-id'));
  assert.equal(line.cut, true);
});

for (const who of ['the client', 'the origin']) {
  scenario(`one in which ${who} says something now and then outlives one that is silent`, route('    timeouts: { idle: 1s }'), async (stage) => {
    const { origin, connect } = stage;
    const silent = await connect(), talking = await connect();
    const over = () => silent.inbox.ended !== null;
    const talk = async (socket) => {
      for (; !over(); await new Promise((resolve) => setTimeout(resolve, 5))) socket.write('.');
    };
    origin.on('/live', [granting(({ inbox }) => inbox.rest()), granting(({ socket, inbox }) => (who === 'the origin' ? talk(socket) : inbox.rest()))]);
    assert.equal((await ask(silent, '/live')).status, 101);
    assert.equal((await ask(talking, '/live')).status, 101);
    if (who === 'the client') await talk(talking.socket);
    else await silent.rest();
    talking.finish();
    const heard = await talking.rest();
    assert.equal(talking.inbox.ended, 'end');
    assert.equal(heard.length > 0, who === 'the origin');
  });
}

const kImpatient = `
client:
  timeouts: { head: 200ms, idle: 200ms, slow: 200ms }
  min_rate: 1MiB
upstreams:
  api:
    servers: [ ORIGIN ]
    timeouts: { first_byte: 300ms, between_bytes: 300ms }
${kRoutes}`;
const impatient = (origin) => kImpatient.replace('ORIGIN', `"${origin.url}"`);

scenario('neither the patience with slow clients nor that with origins ends a silent tunnel', impatient, async ({ origin, connect }) => {
  origin.on('/live', granting(echo));
  const client = await connect();
  await ask(client, '/live');
  for (let i = 0; i < 4; i += 1) await (await connect()).rest(); // idle ones go meanwhile
  client.send('still here');
  assert.equal(await take(client.inbox, 10), 'still here');
});

scenario('an origin that does not answer the upgrade: 504', impatient, async ({ origin, connect }) => {
  origin.on('/live', () => gate().opened);
  const answer = await ask(await connect(), '/live');
  assert.equal(answer.status, 504);
});

scenario('other protocols than WebSocket, by the name that the route gives', kRoutes.replace('[ websocket ]', '[ chat/2, Other ]'), async (stage) => {
  const { origin, connect } = stage;
  origin.on('/live', granting(echo, { fields: { Upgrade: 'OTHER', 'Sec-WebSocket-Accept': null } }));
  const client = await connect();
  const answer = await ask(client, '/live', { Upgrade: 'websocket, other, chat/2', 'Sec-WebSocket-Key': null });
  assert.equal(answer.status, 101);
  assert.equal(origin.last('/live').get('upgrade'), 'other', 'the first of the client that is allowed, and no more');
  assert.equal(answer.get('upgrade'), 'other');
  client.send('hi');
  assert.equal(await take(client.inbox, 2), 'hi');
});

const kFiltered = `
routes:
  - name: live
    match: GET /live
    cache: { ttl: 1h }
    compress: { encodings: [ gzip ], min_size: 1B }
    request: { max_body: 1KiB, headers: { set: { X-Mine: set } } }
    response: { client_ttl: 1h, headers: { set: { X-Added: yes } } }
    tags: [ live ]
    upgrade: [ websocket ]
`;
scenario('filters see the heads and leave the bytes alone; nothing of it is kept', kFiltered, async ({ origin, connect, get }) => {
  const text = 'a text that could be shorter '.repeat(500);
  origin.on('/live', granting(echo, { fields: { 'Content-Type': 'text/plain', 'Cache-Control': 'max-age=60' } }));
  for (let i = 0; i < 2; i += 1) {
    const client = await connect();
    const answer = await ask(client, '/live', { 'Accept-Encoding': 'gzip', Range: 'bytes=0-1' });
    assert.equal(answer.status, 101);
    assert.equal(answer.get('x-added'), 'yes');
    assert.equal(answer.get('content-encoding'), undefined);
    assert.equal(answer.get('upgrade'), 'websocket');
    client.send(text);
    assert.equal(await take(client.inbox, text.length), text);
    client.finish();
    await client.rest();
  }
  assert.equal(origin.last('/live').get('x-mine'), 'set');
  assert.equal(origin.count('/live'), 2);
  origin.on('/live', { body: 'page' });
  assert.equal((await get('/live')).text, 'page');
});

scenario('an early hint and a 100 before the 101', kRoutes, async ({ origin, connect }) => {
  origin.on('/live', (request, reply) => {
    reply.raw('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n');
    return granting(echo)(request, reply);
  });
  const client = await connect();
  client.send(askingBytes('/live'));
  assert.match((await readHead(client.inbox)).start, /103/);
  assert.equal((await answered(client)).status, 101);
  client.send('hi');
  assert.equal(await take(client.inbox, 2), 'hi');
});

scenario('requests before an upgrade on the same connection are answered first', kRoutes, async ({ origin, connect }) => {
  origin.on('/live', granting(echo)).on('/page', { headers: { 'Cache-Control': 'max-age=60' }, body: 'page' });
  const client = await connect();
  client.request('GET /page').request('GET /page');
  client.send(Buffer.concat([askingBytes('/live'), Buffer.from('GET /evil HTTP/1.1\r\nHost: a\r\n\r\n')]));
  assert.equal((await client.answer()).text, 'page');
  assert.equal((await client.answer()).text, 'page');
  assert.equal((await answered(client)).status, 101);
  assert.match(await take(client.inbox, 5), /^GET \//);
  assert.equal(origin.count('/evil'), 0);
});
