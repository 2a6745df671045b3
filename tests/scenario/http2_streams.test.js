// HTTP/2 streams share one connection and not each other's fate: windows that follow back-pressure to the origin, priorities (RFC 9218),
// and how a connection ends: idle, slow, at a reload, at a drain.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { connect } from '../support/h2.js';
import { kMaxWindow, uint } from '../support/h2_wire.js';
import { fresh, numbered } from '../support/origin.js';
import { eventually, gate, kPatience } from '../support/patience.js';
import { kPlain, scenario } from '../support/scenario.js';

const kKept = { 'Cache-Control': 'max-age=600' };
const hash = (data) => createHash('sha256').update(data).digest('hex');
const kLarge = `
cache: { memory: 1GiB, max_object: 80MiB }
routes:
  - { name: all, match: /, cache: origin, request: { max_body: 1GiB } }
`;

// --- many streams ---
scenario('a hundred at once, each its own answer, hits and misses alike', kPlain, async ({ origin, h2: open }) => {
  origin.otherwise((request) => ({ headers: request.path.startsWith('/kept') ? kKept : { 'Cache-Control': 'no-store' }, body: `this is ${request.path}` }));
  const h2 = await open();
  for (let round = 0; round < 5; round += 1) {
    const streams = Array.from({ length: 100 }, (_, i) => [`/${i % 2 ? 'kept' : 'own'}/${i}`, h2.request(`GET /${i % 2 ? 'kept' : 'own'}/${i}`)]);
    for (const [path, stream] of streams) assert.equal((await stream.answer()).text, `this is ${path}`);
  }
  assert.equal(origin.requests.length, 50 + 5 * 50);
});

scenario('a slow one holds nobody back', kPlain, async ({ origin, h2: open }) => {
  const told = gate();
  origin.on('/slow', async () => (await told.opened, { body: 'slow' })).on('/hit', fresh(60)).on('/miss', numbered({ 'Cache-Control': 'no-store' }));
  const h2 = await open();
  const slow = h2.request('GET /slow');
  await origin.reached('/slow');
  for (const path of ['/hit', '/hit', '/miss']) assert.equal((await h2.get(path)).status, 200);
  assert.equal(slow.over, null);
  told.open();
  assert.equal((await slow.answer()).text, 'slow');
});

for (const workers of [1, 3]) {
  scenario(`many connections, ${workers} workers`, `workers: ${workers}${kPlain}`, async ({ origin, h2: open }) => {
    origin.otherwise((request) => ({ headers: kKept, body: request.path }));
    const clients = await Promise.all(Array.from({ length: 12 }, () => open()));
    // Again and again: one that comes when another worker's fetch has just landed asks for it no more, either.
    for (let round = 1; round <= 30; round += 1) {
      const streams = clients.flatMap((h2) => Array.from({ length: 40 }, (_, i) => [`/${round}/${i}`, h2.request(`GET /${round}/${i}`)]));
      for (const [path, stream] of streams) assert.equal((await stream.answer()).text, path);
      assert.equal(origin.requests.length, 40 * round);
    }
  });
}

// --- windows ---
scenario('64 MiB through windows of 65535, as a plain client opens them: all of it, and nobody calls that abuse', kLarge, async ({ origin, h2: open }) => {
  const body = Buffer.alloc(64 << 20, 'download ');
  origin.on('/big', { headers: kKept, body });
  const h2 = await open();
  for (let i = 0; i < 2; i += 1) assert.equal(hash((await h2.get('/big')).body), hash(body), JSON.stringify(h2.goaway));
}, { timeout: 6 * kPatience });

scenario('windows of seven bytes', kPlain, async ({ origin, h2: open }) => {
  const body = Buffer.alloc(2000, 'in very small pieces ');
  origin.on('/page', { headers: kKept, body });
  const h2 = await open({ settings: { INITIAL_WINDOW_SIZE: 7 } });
  for (let i = 0; i < 2; i += 1) assert.ok((await h2.get('/page')).body.equals(body));
});

scenario('a stream without a window holds nobody back', kLarge, async ({ origin, h2: open }) => {
  const body = Buffer.alloc(1 << 20, 'x');
  origin.on('/big', { headers: { 'Cache-Control': 'no-store' }, body }).on('/kept', { headers: kKept, body }).on('/page', { headers: kKept, body: 'page' });
  const h2 = await open({ settings: { INITIAL_WINDOW_SIZE: 0 }, hand: true });
  const held = [h2.request('GET /big'), h2.request('GET /kept')];
  for (const stream of held) assert.equal((await stream.head()).status, 200);
  h2.grant(0, 4 << 20);
  const other = h2.request('GET /page');
  h2.grant(other.id, 100);
  assert.equal((await other.answer()).text, 'page');
  for (const stream of held) {
    assert.equal(stream.size, 0);
    h2.grant(stream.id, 2 << 20);
    assert.ok((await stream.answer()).body.equals(body));
  }
});

scenario('windows that shrink below nothing, and come back (RFC 9113 §6.9.2)', kLarge, async ({ origin, h2: open }) => {
  const body = Buffer.alloc(300_000, 'x');
  origin.on('/page', { headers: kKept, body });
  const h2 = await open({ hand: true });
  h2.grant(0, 1 << 20);
  const stream = h2.request('GET /page');
  await stream.holds(65535);
  h2.settings({ INITIAL_WINDOW_SIZE: 1000 });
  h2.grant(stream.id, 64535);
  await h2.settled();
  assert.equal(stream.size, 65535, 'the window is at 0 again, not above');
  h2.grant(stream.id, 400_000);
  assert.ok((await stream.answer()).body.equals(body));
});

scenario('an answer from the origin goes no faster than the client takes it; nothing piles up in between', kLarge, async ({ origin, h2: open }) => {
  const size = 64 << 20;
  const big = Buffer.alloc(size, 'x');
  origin.on('/big', (request, reply) => void reply.raw(`HTTP/1.1 200 Fine\r\nCache-Control: no-store\r\nContent-Length: ${size}\r\n\r\n`).raw(big));
  const h2 = await open({ hand: true });
  const stream = h2.request('GET /big');
  await stream.holds(65535);
  let last = -1;
  await eventually(async () => {
    const before = last;
    last = origin.connections[0].socket.writableLength;
    await new Promise((resolve) => setTimeout(resolve, 150));
    return before === last;
  }, 'the download stands still');
  assert.ok(last > 0, 'the origin got rid of all of it');
  h2.hand = false;
  h2.grant(0, 65535);
  h2.grant(stream.id, 65535);
  stream.kept = false;
  await stream.holds(size);
}, { timeout: 6 * kPatience });

scenario('an origin that does not read holds the client back, and then no longer', kLarge, async ({ origin, h2: open }) => {
  const told = gate();
  origin.on('/upload', async (request) => {
    request.connection.socket.pause();
    await told.opened;
    request.connection.socket.resume();
    await request.whole;
    return { body: hash(request.body) };
  }, { early: true }).on('/page', fresh(60));
  const body = Buffer.alloc(64 << 20, 'upload ');
  const h2 = await open();
  const stream = h2.request('POST /upload', { body });
  const others = Array.from({ length: 6 }, () => h2.request('POST /upload', { body: 'x'.repeat(200_000) }));
  await origin.reached('/upload', 7);
  let last = -1;
  await eventually(async () => {
    const before = last;
    last = stream.window;
    await new Promise((resolve) => setTimeout(resolve, 150));
    return before === last;
  }, 'the upload stands still');
  assert.ok(stream.window <= 0 || h2.window <= 0, `${stream.window} ${h2.window}`);
  const sent = h2.seen('WINDOW_UPDATE', stream.id).length;
  // The connection's window is not held by seven streams: another upload goes through.
  assert.equal((await h2.ask('POST /page', {}, 'x'.repeat(1000))).status, 200);
  assert.equal(h2.seen('WINDOW_UPDATE', stream.id).length, sent);
  told.open();
  assert.equal((await stream.answer()).text, hash(body));
  for (const other of others) assert.equal((await other.answer()).text, hash('x'.repeat(200_000)));
}, { timeout: 6 * kPatience });

// --- priorities (RFC 9218): the connection's window is what all of them wait for ---
const kPiece = 32768;
async function contended({ origin, h2: open }, ...priorities) {
  const body = Buffer.alloc(256 * 1024, 'x');
  const h2 = await open({ hand: true, settings: { INITIAL_WINDOW_SIZE: kMaxWindow } });
  origin.otherwise({ headers: kKept, body });
  await open().then((other) => Promise.all(priorities.map((_, i) => other.get(`/${i}`))));
  // The first takes the whole window, then there is none: what is sent next is weir's choice.
  const first = h2.request('GET /0', { headers: priorities[0] ? { Priority: priorities[0] } : {} });
  await first.holds(65535);
  const streams = [first, ...priorities.slice(1).map((priority, i) => h2.request(`GET /${i + 1}`, { headers: priority ? { Priority: priority } : {} }))];
  for (const stream of streams) assert.equal((await stream.head()).status, 200);
  const give = async (n) => {
    const wanted = () => streams.reduce((sum, { size }) => sum + size, 0);
    const until = Math.min(wanted() + n, streams.length * body.length);
    h2.grant(0, n);
    await h2.until(() => wanted() >= until, `${n} bytes on all streams`);
  };
  return { h2, streams, give, size: body.length };
}

scenario('priorities: the urgent one overtakes', kPlain, async (stage) => {
  const { h2, streams: [low, high], give, size } = await contended(stage, 'u=7', 'u=0');
  assert.equal(h2.theirs.NO_RFC7540_PRIORITIES, 1);
  while (!high.over) await give(kPiece);
  assert.equal(high.size, size);
  assert.ok(low.size <= 65535 + kPiece, `${low.size}`);
  while (!low.over) await give(kPiece);
});

scenario('priorities: of three, in the order of urgency, whatever the order in which they were asked', kPlain, async (stage) => {
  const { streams, give } = await contended(stage, 'u=6', 'u=5', 'u=1', 'u=3');
  const order = [];
  while (order.length < 4) {
    await give(kPiece);
    for (const stream of streams) if (stream.over && !order.includes(stream)) order.push(stream);
  }
  assert.deepEqual(order.map((stream) => streams.indexOf(stream)), [2, 3, 1, 0]);
});

scenario('priorities: one after another where they are not incremental, in turns where they are', kPlain, async (stage) => {
  const plain = await contended(stage, undefined, undefined);
  while (!plain.streams[0].over) await plain.give(kPiece);
  assert.ok(plain.streams[1].size <= kPiece, `${plain.streams[1].size}`);
  plain.h2.close();
  const turns = await contended(stage, 'i', 'i');
  await turns.give(4 * kPiece);
  for (const { size } of turns.streams.slice(1)) assert.ok(size >= kPiece, `${size}`);
});

const update = (h2, id, value) => h2.frame('PRIORITY_UPDATE', 0, 0, Buffer.concat([uint(id, 4), Buffer.from(value)]));
scenario('PRIORITY_UPDATE: while it is under way, and before it is asked', kPlain, async (stage) => {
  const { h2, streams, give } = await contended(stage, 'u=2', 'u=3', 'u=4');
  const [first, second, third] = streams;
  update(h2, third.id, 'u=0');
  while (!third.over) await give(kPiece);
  assert.ok(first.size <= 65535 + kPiece && second.size <= kPiece, `${first.size} ${second.size}`);
  const id = third.id + 2;
  update(h2, id, 'u=0');
  const last = h2.request('GET /0');
  assert.equal(last.id, id);
  assert.equal((await last.head()).status, 200);
  streams.push(last);
  while (last.size < kPiece) await give(kPiece);
  assert.ok(first.size <= 65535 + 2 * kPiece, `${first.size}`);
});

// --- how a connection ends ---
const kIdle = `
client: { timeouts: { idle: 400ms, slow: 400ms } }
${kPlain}`;
scenario('idle: GOAWAY without an error, and the end; not while a stream is open', kIdle, async ({ origin, h2: open }) => {
  const told = gate();
  origin.on('/page', fresh(60)).on('/slow', async () => (await told.opened, { body: 'slow' }));
  const busy = await open();
  const slow = busy.request('GET /slow');
  const h2 = await open();
  await h2.get('/page');
  assert.equal(await h2.closed(), 'NO_ERROR');
  assert.equal(slow.over, null);
  told.open();
  assert.equal((await slow.answer()).text, 'slow');
  assert.equal(await busy.closed(), 'NO_ERROR');
});

scenario('a client that never asks for anything, too', kIdle, async ({ h2: open }) => {
  const h2 = await open();
  assert.equal(await h2.closed(), 'NO_ERROR');
});

scenario('an upload that stops is given up; the origin sees no whole request', kIdle, async ({ origin, h2: open }) => {
  origin.on('/upload', (request) => (request.cut ? undefined : { body: 'taken for whole' }));
  const h2 = await open();
  const stream = h2.request('POST /upload', { end: false });
  await stream.write('some');
  await stream.closed();
  assert.notEqual(stream.answered?.status, 200);
  assert.equal(origin.requests.filter((request) => !request.cut).length, 0);
});

scenario('a reader that stops is given up', kIdle, async ({ origin, h2: open }) => {
  origin.on('/page', { headers: kKept, body: Buffer.alloc(1 << 20, 'x') });
  const h2 = await open({ hand: true });
  const stream = h2.request('GET /page');
  await stream.holds(65535);
  assert.notEqual(await stream.closed(), 'end');
});

for (const signal of ['SIGTERM', 'SIGINT']) {
  scenario(`${signal}: streams under way end well, the connection after them; none is lost`, kPlain, async ({ origin, h2: open, weir }) => {
    const told = gate();
    origin.on('/slow', async () => (await told.opened, { headers: kKept, body: 'slow' }));
    origin.on('/film', async (request, reply) => {
      reply.begin().chunk('first ');
      await told.opened;
      reply.chunk('second').end();
    });
    origin.on('/upload', (request) => ({ body: `${request.body.length} bytes` }));
    const h2 = await open();
    const streams = Array.from({ length: 20 }, () => h2.request('GET /slow'));
    const film = h2.request('GET /film');
    await film.holds(6);
    const upload = h2.request('POST /upload', { end: false });
    await upload.write('12345');
    const idle = await open();
    await h2.settled();
    await origin.reached('/slow');
    weir.signal(signal);
    await h2.until(() => h2.goaway, 'GOAWAY');
    assert.equal(await idle.closed(), 'NO_ERROR');
    told.open();
    for (const stream of streams) assert.equal((await stream.answer())?.text, 'slow');
    assert.equal((await film.answer()).text, 'first second');
    await upload.write('67890', { end: true });
    assert.equal((await upload.answer()).text, '10 bytes');
    assert.equal(await h2.closed(), 'NO_ERROR');
    assert.equal((await weir.ended()).code, 0);
  });
}

scenario('what GOAWAY promises never grows: what came after it is not served, and may be asked elsewhere', kPlain, async ({ origin, h2: open, weir }) => {
  const told = gate();
  origin.on('/slow', async () => (await told.opened, { headers: kKept, body: 'slow' }));
  const h2 = await open();
  const slow = h2.request('GET /slow');
  await origin.reached('/slow');
  weir.signal('SIGTERM');
  await h2.until(() => h2.goaways.length === 2, 'the second GOAWAY');
  for (let i = 0; i < 2; i += 1) h2.request('GET /slow');
  await h2.settled();
  h2.grant(0, 0);   // a fault
  await h2.closed();
  assert.deepEqual(h2.goaways.map(({ last }) => last).slice(1), [slow.id, slow.id]);
  assert.equal(origin.count('/slow'), 1);
  told.open();
});

scenario('a client that answers nothing does not hold up the drain', kPlain, async ({ origin, h2: open, weir }) => {
  origin.on('/page', fresh(60));
  const h2 = await open({ quiet: true });
  await h2.get('/page');
  weir.signal('SIGTERM');
  assert.equal(await h2.closed(), 'NO_ERROR');
  assert.equal((await weir.ended()).code, 0);
});

scenario('SIGTERM under load: each request is answered, or GOAWAY says that it was not taken', kPlain, async ({ origin, weir }) => {
  origin.otherwise((request) => ({ headers: { 'Cache-Control': 'no-store' }, body: request.path }));
  let answered = 0;
  const load = async (n) => {
    const h2 = await connect(weir);
    for (let i = 0; !h2.goaway && !h2.ended; i += 1) {
      const streams = Array.from({ length: 4 }, (_, k) => [`/${n}/${i}/${k}`, h2.request(`GET /${n}/${i}/${k}`)]);
      for (const [path, stream] of streams) {
        const answer = await stream.answer();
        if (answer) assert.equal(answer.text, path);
        else assert.ok(stream.ended === 'REFUSED_STREAM' || (h2.goaway && stream.id > h2.goaway.last), `stream ${stream.id}: ${stream.over} ${JSON.stringify(h2.goaways)}`);
        answered += answer ? 1 : 0;
      }
    }
    assert.equal(await h2.closed(), 'NO_ERROR');
    if (h2.fault) throw h2.fault;
    h2.close();
  };
  const clients = Promise.all(Array.from({ length: 4 }, (_, n) => load(n)));
  await Promise.race([eventually(() => answered > 100, 'the load runs'), clients]);
  weir.signal('SIGTERM');
  await clients;
  assert.equal((await weir.ended()).code, 0);
});

scenario('what takes longer than `drain` is given up', `drain: 300ms\n${kPlain}`, async ({ origin, h2: open, weir }) => {
  origin.on('/slow', () => gate().opened);
  const h2 = await open();
  const stream = h2.request('GET /slow');
  await origin.reached('/slow');
  weir.signal('SIGTERM');
  assert.notEqual(await stream.closed(), 'end');
  assert.equal((await weir.ended()).code, 0);
});

const version = (n) => `
routes:
  - { name: all, match: /, cache: origin, response: { headers: { set: { X-Config: "${n}" } } } }
`;
scenario('a reload: the connection goes on, new streams under the new file, those under way as they began', version(1), async ({ origin, h2: open, weir }) => {
  const told = gate();
  origin.on('/page', fresh(600)).on('/slow', async (request, reply) => {
    reply.begin(kKept).chunk('first ');
    await told.opened;
    reply.chunk('second').end();
  });
  const h2 = await open();
  const slow = h2.request('GET /slow');
  await slow.holds(6);
  assert.equal((await h2.get('/page')).get('x-config'), '1');
  weir.write(version(2));
  assert.equal((await weir.admin('POST /admin/reload')).status, 200);
  await eventually(async () => (await h2.get('/page')).get('x-config') === '2', 'the new file is in force');
  told.open();
  assert.equal((await slow.answer()).text, 'first second');
  assert.deepEqual([h2.goaways, h2.ended], [[], null]);
});
