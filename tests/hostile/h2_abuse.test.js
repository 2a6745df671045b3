// HTTP/2 that is right, frame by frame, and too much of it (hostile.md 36, 38): each kind of frame that costs weir more than the client has a
// budget on its connection, past it GOAWAY ENHANCE_YOUR_CALM. Below it nothing happens. Nobody else notices, and memory stays bounded.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { connect, fieldsOf } from '../support/h2.js';
import { kMaxWindow, priorityPayload, uint } from '../support/h2_wire.js';
import { eventually, gate, kPatience, within } from '../support/patience.js';
import { scenario } from '../support/scenario.js';
import { goes_on } from './h2_table.js';
import { hostileStage, unharmed } from './table.js';

const stage = hostileStage();
const kRound = 50;
const kCalm = 'ENHANCE_YOUR_CALM';

// `once` again and again, until `most` are sent or the connection ends; after each round weir has read what was sent so far.
async function flood(h2, once, most) {
  let sent = 0;
  const began = Date.now();
  while (sent < most && !h2.ended && h2.goaways.length === 0) {
    for (let i = 0; i < kRound; i += 1) once(h2, sent + i);
    sent += kRound;
    if (!(await h2.settled())) break;
  }
  return { sent, seconds: (Date.now() - began) / 1000 };
}

// A row: [what, state, once]: `once(h2, i, state)` is sent. 800 in a row are fine; of 5,000, the budget's thousand in ten seconds and no more.
const opened = (h2) => h2.request('POST /off/x', { end: false });
const update = (h2, of) => h2.frame('PRIORITY_UPDATE', 0, 0, Buffer.concat([uint(of, 4), Buffer.from('u=1')]));
const floods = [
  ['PING', null, (h2) => h2.ping()],
  ['SETTINGS', null, (h2) => h2.settings({})],
  ['SETTINGS that change the table', null, (h2, i) => h2.settings({ HEADER_TABLE_SIZE: i % 2 ? 0 : 4096 })],
  ['SETTINGS that change the windows', opened, (h2, i) => h2.settings({ INITIAL_WINDOW_SIZE: 65535 + (i % 2) })],
  ['empty DATA', opened, (h2, i, { id }) => h2.data(id, '')],
  ['DATA of padding alone', opened, (h2, i, { id }) => h2.frame('DATA', 8, id, Buffer.from([0]))],
  ['WINDOW_UPDATE of the connection', null, (h2) => h2.grant(0, 1)],
  ['WINDOW_UPDATE of a stream', opened, (h2, i, { id }) => h2.grant(id, 1)],
  ['PRIORITY', null, (h2, i) => h2.priority(1001 + 2 * (i % 100), 1001 + 2 * ((i + 1) % 100))],
  ['PRIORITY_UPDATE of one stream', null, (h2) => update(h2, 1001)],
  ['PRIORITY_UPDATE of thousands', null, (h2, i) => update(h2, 1001 + 2 * i)],
];
for (const [what, state, once] of floods) {
  test(`800 times ${what}: fine`, { timeout: 2 * kPatience }, async () => {
    const h2 = await connect(stage().weir);
    const under = state?.(h2);
    const { sent } = await flood(h2, (_, i) => once(h2, i, under), 800);
    assert.equal(sent, 800, JSON.stringify(h2.goaway));
    await goes_on(h2);
    if (h2.fault) throw h2.fault;
    h2.close();
  });

  test(`5,000 times ${what}: the connection ends soon after a thousand`, { timeout: 2 * kPatience }, async () => {
    const { origin, weir } = stage();
    const since = origin.requests.length;
    const h2 = await connect(weir);
    const under = state?.(h2);
    const { sent, seconds } = await flood(h2, (_, i) => once(h2, i, under), 5000);
    assert.ok(sent <= 1000 * (1 + seconds / 10) + 2 * kRound, `${sent} in ${seconds} s`);
    assert.equal(await h2.closed(), kCalm);
    h2.close();
    await unharmed(stage(), since);
  });
}

// Frames that cost nothing may come without end; they may also be too much.
for (const [what, once] of Object.entries({
  'of an unknown type': (h2) => h2.frame(0xee, 0, 0, 'what'),
  'of an unknown type, large': (h2) => h2.frame(0xee, 0, 0, Buffer.alloc(16384)),
  'PING ACKs': (h2) => h2.frame('PING', 1, 0, uint(0, 8)),
})) {
  test(`5,000 frames ${what}: ignored, or the end`, { timeout: 2 * kPatience }, async () => {
    const { origin, weir } = stage();
    const since = origin.requests.length;
    const h2 = await connect(weir);
    await flood(h2, once, 5000);
    if (h2.goaway || h2.ended) assert.equal(await h2.closed(), kCalm);
    else await goes_on(h2);
    h2.close();
    await unharmed(stage(), since);
  });
}

// --- resets: those of the client, and those that it makes weir send ---
const never = () => gate().opened;
const ask = (h2, fields, end = true) => {
  const id = h2.next(fields.find(([name]) => name === ':method')?.[1]);
  h2.headers(id, fields, { end });
  return id;
};
const slow = fieldsOf('GET /off/never');
const post = fieldsOf('POST /off/never');
const resets = {
  'the client resets': (h2) => h2.rst(ask(h2, slow)),
  'the client resets an upload': (h2) => h2.rst(ask(h2, post, false)),
  'the client resets what may be kept': (h2) => h2.rst(ask(h2, fieldsOf(`GET /kept/never/${h2.streams.size}`))),
  'a WINDOW_UPDATE of 0': (h2) => h2.grant(ask(h2, post, false), 0),
  'a window past 2^31 - 1': (h2) => h2.grant(ask(h2, post, false), kMaxWindow),
  'DATA after END_STREAM': (h2) => h2.data(ask(h2, slow), 'x'),
  'HEADERS after END_STREAM': (h2) => h2.headers(ask(h2, slow), slow, { end: true }),
  'trailers without END_STREAM': (h2) => h2.headers(ask(h2, post, false), [['x-a', 'b']]),
  'an upper case name': (h2) => ask(h2, [...slow, ['X-Name', 'a']]),
  'no pseudo-header': (h2) => ask(h2, [['x-name', 'a']]),
  'a length that is wrong': (h2) => ask(h2, [...post, ['content-length', '5']]),
  'a body past its length': (h2) => h2.data(ask(h2, [...post, ['content-length', '1']], false), 'xyz'),
  'PRIORITY of four bytes': (h2) => h2.frame('PRIORITY', 0, ask(h2, post, false), priorityPayload(0).subarray(1)),
  'a stream that depends on itself': (h2) => h2.rst(ask(h2, post, false)).priority(h2.next() - 2, h2.next() - 4),
};
const kItself = ['PROTOCOL_ERROR', 'FLOW_CONTROL_ERROR', 'STREAM_CLOSED', 'FRAME_SIZE_ERROR'];
for (const [what, once] of Object.entries(resets)) {
  const own = what.startsWith('the client');
  test(`a thousand resets: ${what}: the connection ends soon after two hundred`, { timeout: 2 * kPatience }, async () => {
    const { origin, weir } = stage();
    for (const path of ['/off/never', '/kept/never']) origin.on(path, never, { early: true });
    const since = origin.requests.length;
    const h2 = await connect(weir);
    const { sent, seconds } = await flood(h2, once, 1000);
    // Where what is wrong is answered, nothing is reset; where it is the connection's error, it ends at once.
    const answered = !h2.ended && h2.goaways.length === 0 && [...h2.streams.values()].every((one) => one.answered?.status >= 400);
    if (own || !answered) {
      assert.ok(sent <= 200 + 20 * seconds + 2 * kRound, `${sent} in ${seconds} s`);
      const code = await h2.closed();
      assert.ok(code === kCalm || (!own && kItself.includes(code)), code);
    }
    if (h2.fault) throw h2.fault;
    h2.close();
    await unharmed(stage(), since);
  });
}

test('150 resets in a row are what a browser does', async () => {
  const { origin, weir } = stage();
  origin.on('/off/never', never, { early: true });
  const h2 = await connect(weir);
  const { sent } = await flood(h2, resets['the client resets'], 150);
  assert.equal(sent, 150, JSON.stringify(h2.goaway));
  await goes_on(h2);
  h2.close();
});

// --- streams ---
const kMany = (origin) => `
upstreams:
  api:
    servers: [ "${origin.url}" ]
    connections: { max: 200, queue: 1000, queue_timeout: 10s }
    timeouts: { first_byte: 1h, between_bytes: 1h }
client: { timeouts: { slow: 1s } }
routes:
  - { name: off, match: /off/, cache: off }
  - { name: all, match: /, cache: origin }
`;
const page = { headers: { 'Cache-Control': 'max-age=600' }, body: 'page' };

async function tooMany({ origin, h2: open }, options) {
  const told = gate();
  origin.on('/off/held', async () => {
    await told.opened;
    return { body: 'held' };
  });
  const h2 = await open(options);
  const first = Array.from({ length: 100 }, () => h2.request('GET /off/held'));
  await origin.reached('/off/held', 100);
  const more = Array.from({ length: 20 }, () => h2.request('GET /off/held'));
  await h2.settled();
  assert.equal(origin.count('/off/held'), 100);
  return { h2, first, more, told };
}

scenario('a hundred streams at once; a client that has not heard so yet is refused those past it, and has room again', kMany, async (theatre) => {
  const { h2, first, more, told } = await tooMany(theatre, { quiet: true });
  for (const one of more) assert.equal(await one.closed(), 'REFUSED_STREAM', JSON.stringify(h2.goaway));
  told.open();
  for (const one of first) assert.equal((await one.answer())?.text, 'held');
  assert.equal((await h2.get('/off/held')).text, 'held');
});

// RFC 9113 §5.1.2 has two codes for the stream; §5.4.1 lets it be the connection's error, and who knew better has earned it.
scenario('a client that knows of the hundred is refused those past it, or ended', kMany, async (theatre) => {
  const { h2, more, told } = await tooMany(theatre);
  if (h2.goaway) assert.ok(['PROTOCOL_ERROR', kCalm].includes(await h2.closed()), h2.goaway.code);
  else for (const one of more) assert.ok(['REFUSED_STREAM', 'PROTOCOL_ERROR'].includes(await one.closed()), one.over);
  told.open();
  assert.equal((await theatre.get('/off/held')).text, 'held');
});

scenario('thousands past a hundred streams: never more than those at the origin, and the connection ends', kMany, async ({ origin, h2: open, get }) => {
  origin.on('/page', page);
  origin.on('/off/never', never, { early: true });
  const h2 = await open();
  for (let i = 0; i < 100; i += 1) ask(h2, slow);
  const { sent } = await flood(h2, () => ask(h2, slow), 2000);
  assert.ok(sent < 2000);
  assert.ok([kCalm, 'PROTOCOL_ERROR'].includes(await h2.closed()), h2.goaway?.code);
  assert.ok(origin.count('/off/never') <= 100, `${origin.count('/off/never')}`);
  assert.equal((await get('/page')).text, 'page');
});

scenario('work for a reset stream stops: the origin sees its connection close', kMany, async ({ origin, h2: open }) => {
  origin.on('/off/never', never, { early: true });
  const h2 = await open();
  for (let i = 0; i < 20; i += 1) {
    const one = h2.request('GET /off/never');
    await origin.reached('/off/never', i + 1);
    one.reset();
  }
  for (const { connection } of origin.asked('/off/never')) await within(connection.gone.opened, "the end of the origin's connection");
});

// What they changed may have to be told to the cache, so their answers are waited for; but they count as if they were still open.
scenario('writes that were reset go on at the origin, and count among the hundred', kMany, async ({ origin, h2: open }) => {
  const told = gate();
  origin.on('/held', () => told.opened.then(() => ({ body: 'held' })), { early: true });
  const h2 = await open();
  const writes = fieldsOf('POST /held');
  for (let sent = 20; sent <= 100; sent += 20) {
    const asked = Array.from({ length: 20 }, () => ask(h2, writes));
    await origin.reached('/held', sent);
    for (const id of asked) h2.rst(id);
    await h2.settled();
  }
  assert.equal(await h2.request('GET /off/refused').closed(), 'REFUSED_STREAM');
  told.open();
  origin.on('/off/after', { body: 'after' });
  await eventually(async () => {
    const after = h2.request('GET /off/after');
    return (await after.closed()) !== 'REFUSED_STREAM' && after.answered?.status === 200;
  }, 'there is room again');
});

// --- clients that don't read ---
const resident = (weir) => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${weir.process.pid}/status`))[1]) * 1024;
const sanitized = (weir) => /lib[at]san/.test(readFileSync(`/proc/${weir.process.pid}/maps`, 'utf8'));
// What a hundred streams may hold (38), and as much again for what comes with them; a sanitizer keeps freed memory for a while.
const kHeld = 100 * 256 * 1024;
const bounded = (weir, before) => {
  const grown = resident(weir) - before;
  assert.ok(grown < 2 * kHeld + (sanitized(weir) ? 6 * kHeld : 0), `${grown >> 20} MiB more than before`);
};
const standsStill = async (value, what) => {
  let last = -1;
  await eventually(async () => {
    const before = last;
    last = value();
    await new Promise((resolve) => setTimeout(resolve, 150));
    return before === last;
  }, what);
};

scenario('a client that asks and asks and never reads: weir stops to listen or ends it, and holds little', kMany, async (theatre) => {
  const { origin, weir, h2: open, get } = theatre;
  origin.on('/page', { ...page, headers: { ...page.headers, 'X-Long': 'y'.repeat(4000) } });
  await get('/page');
  const h2 = await open();
  const before = resident(weir);
  h2.hold();
  const fields = fieldsOf('GET /page');
  for (let i = 0; i < 20_000; i += 1) h2.headers(1 + 2 * i, fields, { end: true });
  await standsStill(() => h2.socket.bytesWritten - h2.socket.writableLength, 'nothing moves any more');
  bounded(weir, before);
  assert.equal((await get('/page')).text, 'page');
  await eventually(async () => (await weir.metric('weir_connections')) === 0, 'the connection ends');
});

for (const [what, once] of [['PING', (h2) => h2.ping()], ['SETTINGS', (h2) => h2.settings({})]]) {
  scenario(`a client that sends ${what} and never reads the answers: the connection ends`, kMany, async ({ origin, weir, h2: open, get }) => {
    origin.on('/page', page);
    const h2 = await open({ quiet: true });
    const before = resident(weir);
    h2.hold();
    for (let i = 0; i < 200_000; i += 1) once(h2);
    await eventually(async () => (await weir.metric('weir_connections')) === 0, 'the connection ends');
    bounded(weir, before);
    assert.equal((await get('/page')).text, 'page');
  });
}

const kBig = 8 << 20;
for (const [what, options, grants] of [
  ['no window for any stream', { settings: { INITIAL_WINDOW_SIZE: 0 } }, false],
  ['a window for each stream, none for the connection', { settings: { INITIAL_WINDOW_SIZE: kMaxWindow } }, false],
  ['windows that open by a byte', { settings: { INITIAL_WINDOW_SIZE: 0 } }, true],
]) {
  scenario(`a hundred answers of 8 MiB, and ${what}: memory is bounded, others are served, and it ends`, kMany, async (theatre) => {
    const { origin, weir, h2: open, get } = theatre;
    origin.on('/page', page).on('/off/miss', { body: 'miss' });
    const big = Buffer.alloc(kBig, 'b');
    // The same bytes for all of them, not a copy each.
    for (let i = 0; i < 100; i += 1) origin.on(`/off/big/${i}`, (request, reply) => void reply.raw(`HTTP/1.1 200 Fine\r\nContent-Length: ${kBig}\r\n\r\n`).raw(big));
    await get('/page');
    const h2 = await open({ ...options, hand: true });
    const before = resident(weir);
    const streams = Array.from({ length: 100 }, (_, i) => h2.request(`GET /off/big/${i}`));
    for (const one of streams) assert.equal((await one.head())?.status, 200);
    if (grants) for (const one of streams) h2.grant(one.id, 1);
    await standsStill(() => origin.connections.reduce((sum, { socket }) => sum + socket.writableLength, 0), 'the origin is held back');
    bounded(weir, before);
    // Where the first were given up already, their sockets say nothing any more.
    assert.ok(origin.connections.some(({ socket }) => socket.writableLength > 0) || streams.some((one) => one.over), 'nobody took 800 MiB');
    assert.equal((await get('/page')).text, 'page');
    assert.equal((await get('/off/miss')).text, 'miss');
    const other = await open();
    assert.equal((await other.get('/page')).text, 'page');
    for (const one of streams) await one.closed();
    assert.ok(streams.every((one) => one.size < kBig));
  }, { timeout: 6 * kPatience });
}
