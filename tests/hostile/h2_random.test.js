// Frames at random, right ones and wrong ones, cut anywhere, on many connections: weir writes only whole frames, serves everybody else, and
// when they are all gone holds nothing of theirs. A failure names its seed: H2_SEED=N runs that one, H2_SEEDS=N so many.
import assert from 'node:assert/strict';
import net from 'node:net';
import { fieldsOf } from '../support/h2.js';
import { frame, FrameReader, kCode, kMaxWindow, kPreface, kSetting, kType, padded, settingsPayload, uint } from '../support/h2_wire.js';
import { block, indexed, literal, resize } from '../support/hpack.js';
import { eventually, gate, kPatience, within } from '../support/patience.js';
import { scenario } from '../support/scenario.js';
import { Random } from '../coherence/random.js';
import { unharmed } from './table.js';

// The origin is in the same process as all the clients: it gets its time. And it has room: a write that it has got is waited for, reset or not.
const kRoutes = (origin) => `
upstreams:
  api:
    servers: [ "${origin.url}" ]
    connections: { max: 2000 }
    timeouts: { connect: 5s, first_byte: 5s, between_bytes: 5s }
client:
  timeouts: { head: 600ms, idle: 5s, slow: 600ms }
routes:
  - { name: kept, match: GET /kept/, cache: { ttl: 1h } }
  - { name: off, match: /off/, cache: off }
  - { name: rest, match: /, cache: origin }
`;
const kSeeds = Number(process.env.H2_SEEDS ?? 200);
const kFrames = 60;
const kSizes = [0, 1, 2, 100, 16383, 16384, 65535, 65536, 2 ** 24 - 1, 2 ** 24, kMaxWindow, kMaxWindow + 1, 2 ** 32 - 1];
const kTypes = [...Object.values(kType), 0xee];

// One connection's frames. Most are what a client might send, on streams that there are; the wild ones, of which each seed has few or many,
// would mostly end the connection.
class Storm {
  constructor(seed) {
    this.random = new Random(seed);
    this.last = -1;
    this.open = new Set();   // streams that we may still send on
    this.wild = [0, 0, 1, 10][seed % 4];   // in a hundred
  }

  stream() {
    return Math.max(1, this.last - 2 * this.random.below(6));
  }

  text(n) {
    return Buffer.alloc(this.random.below(n), 'z');
  }

  head() {
    const { random } = this;
    const path = random.pick(['/page/1', '/page/2', '/off/x', '/off/never', '/kept/a', '/kept/never', '/none', '*', '']);
    const list = fieldsOf(`${random.pick(['GET', 'GET', 'POST', 'HEAD', 'OPTIONS', 'CONNECT'])} ${path}`);
    if (random.below(10) === 0) list.splice(random.below(list.length), 1);
    if (random.below(6) === 0) list.push(random.pick([['content-length', '5'], ['te', 'trailers'], ['connection', 'close'], ['X', 'y'], ['expect', '100-continue']]));
    const parts = [block(list)];
    if (random.below(5) === 0) parts.push(literal('x-kept', 'v'.repeat(random.below(300)), { how: 'keep', coded: random.below(2) === 0 }));
    if (random.below(8) === 0) parts.push(indexed(1 + random.below(61)));
    if (random.below(8) === 0) parts.unshift(resize(random.pick([0, 100, 4096])));
    return Buffer.concat(parts);
  }

  // Of a request that begins now.
  request() {
    this.last += 2;
    const head = this.head();
    const end = this.random.below(3) ? 1 : 0;
    if (!end) this.open.add(this.last);
    if (this.random.below(8)) return frame('HEADERS', 4 | end, this.last, head);
    const cut = this.random.below(head.length);
    return Buffer.concat([frame('HEADERS', end, this.last, head.subarray(0, cut)), frame('CONTINUATION', 4, this.last, head.subarray(cut))]);
  }

  content() {
    const { random } = this;
    if (this.open.size === 0) return this.request();
    const stream = random.pick([...this.open]);
    const end = random.below(3) === 0;
    if (end) this.open.delete(stream);
    if (random.below(6) === 0) {
      this.open.delete(stream);
      return frame('HEADERS', 4 | (random.below(5) ? 1 : 0), stream, block([['x-sum', '1'], ...(random.below(4) ? [] : [[':path', '/evil']])]));
    }
    if (random.below(6) === 0) return frame('DATA', 8 | end, stream, padded(this.text(100), random.below(50)));
    return frame('DATA', end ? 1 : 0, stream, this.text(random.pick([1, 10, 1000, 16000])));
  }

  tame() {
    const { random } = this;
    const any = random.below(100);
    if (any < 35 || this.last < 0) return this.request();
    if (any < 65) return this.content();
    if (any < 72) {
      const stream = this.stream();
      this.open.delete(stream);
      return frame('RST_STREAM', 0, stream, uint(random.below(14), 4));
    }
    if (any < 80) return frame('WINDOW_UPDATE', 0, random.below(2) ? 0 : this.stream(), uint(random.pick([1, 1000, 65535]), 4));
    if (any < 84) return frame('SETTINGS', 0, 0, settingsPayload([random.pick([['HEADER_TABLE_SIZE', 0], ['INITIAL_WINDOW_SIZE', 10], ['INITIAL_WINDOW_SIZE', 70_000], [99, 1]])]));
    if (any < 88) return frame('PING', random.below(2), 0, uint(random.below(1000), 8));
    if (any < 92) return frame('PRIORITY', 0, this.stream(), Buffer.concat([uint(random.below(9), 4), uint(15, 1)]));
    if (any < 96) return frame('PRIORITY_UPDATE', 0, 0, Buffer.concat([uint(this.stream(), 4), Buffer.from(random.pick(['u=0', 'u=7, i', ';;', '']))]));
    return frame(0xee, random.below(256), this.stream(), this.text(50));
  }

  untamed() {
    const { random } = this;
    const stream = random.below(4) ? this.stream() : random.pick([0, 2, 2 ** 31 - 1, this.last + 2, 2 ** 31 + 1]);
    const any = random.below(7);
    if (any === 0) return frame('SETTINGS', 0, 0, settingsPayload([[random.pick(Object.keys(kSetting)), random.pick(kSizes)]]));
    if (any === 1) return frame('WINDOW_UPDATE', 0, stream, uint(random.pick([0, kMaxWindow]), 4));
    if (any === 2) return frame('DATA', 8 | random.below(2), stream, padded(this.text(100), random.below(50), random.below(200)));
    if (any === 3) return frame('HEADERS', 4 | random.below(2), stream, Buffer.concat([this.head(), indexed(random.below(100)), resize(random.below(5000))]));
    if (any === 4) return frame('GOAWAY', 0, 0, Buffer.concat([uint(0, 4), uint(kCode.NO_ERROR, 4)]));
    const one = any === 5 ? this.tame() : frame(random.pick(kTypes), random.below(256), stream, this.text(50));
    one[random.below(one.length)] = random.below(256);
    return one;
  }

  bytes() {
    const parts = [Buffer.from(kPreface), frame('SETTINGS', 0, 0)];
    for (let i = 0; i < kFrames; i += 1) parts.push(this.random.below(100) < this.wild ? this.untamed() : this.tame());
    return Buffer.concat(parts);
  }
}

async function play(weir, seed) {
  const storm = new Storm(seed);
  const { random } = storm;
  const data = storm.bytes();
  const socket = net.connect({ host: '127.0.0.1', port: weir.port, noDelay: true });
  const reader = new FrameReader();
  const over = gate();
  const heard = gate();
  let fault;
  socket.on('error', () => {}).on('close', () => over.open()).on('end', () => over.open()).on('data', (received) => {
    for (const { type, flags, stream, payload } of reader.frames(received)) {
      if (payload.length > 16384 || /^0x|PUSH_PROMISE/.test(type)) fault = `${type} of ${payload.length} on ${stream}`;
      if (type === 'PING' && flags & 1 && payload.readUInt32BE(0) === 0xfeed) heard.open();
    }
  });
  const say = async (whole) => {
    for (let at = 0; at < whole.length && !socket.destroyed; ) {
      const size = random.below(4) ? 1 + random.below(3000) : 1 + random.below(20);
      socket.write(whole.subarray(at, at + size));
      at += size;
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await say(data);
  if (random.below(3)) {
    // Either it is still in step, or it has ended.
    await say(frame('PING', 0, 0, Buffer.concat([uint(0xfeed, 4), uint(0, 4)])));
    await within(Promise.race([heard.opened, over.opened]), 'an answer or an end');
  }
  if (socket.readyState === 'open' && random.below(2)) socket.resetAndDestroy();
  else socket.destroy();
  assert.equal(fault, undefined, 'weir wrote what is no frame of its own');
}

scenario('frames at random', kRoutes, async ({ origin, weir }) => {
  origin.otherwise((request) => (request.cut ? undefined : { headers: { 'Cache-Control': 'max-age=600' }, body: `page ${request.target}` }));
  for (const path of ['/off/never', '/kept/never']) origin.on(path, () => gate().opened, { early: true });
  const only = process.env.H2_SEED;
  const seeds = only ? [Number(only)] : Array.from({ length: kSeeds }, (_, i) => i + 1);
  for (let at = 0; at < seeds.length; at += 8) {
    const some = seeds.slice(at, at + 8);
    await Promise.all(some.map((seed) => play(weir, seed).catch((error) => {
      error.message += ` (seed ${seed})`;
      throw error;
    })));
    await unharmed({ weir, origin }, origin.requests.length);
  }
  await eventually(async () => (await weir.metric('weir_connections')) === 0, 'all connections are gone');
  await eventually(async () => (await weir.metric('weir_upstream_busy')) === 0, 'nothing is asked of the origin any more');
  await eventually(async () => (await weir.metric('weir_flights')) === 0, 'no fetch is left');
}, { timeout: 12 * kPatience });
