// HTTP/2, frame by frame: preface, sizes, streams and their states, settings, windows (RFC 9113 §3.4-§6). What a row expects is what the
// RFC asks for; a row with more than one outcome says what allows the other.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect as connectH1, fetch } from '../support/client.js';
import { connect, fieldsOf } from '../support/h2.js';
import { frame, kFlag, kMaxWindow, kPreface, kSetting, kType, padded, priorityPayload, settingsPayload, uint } from '../support/h2_wire.js';
import { block } from '../support/hpack.js';
import { scenario } from '../support/scenario.js';
import { closes, connection, fine, frames, status, stream } from './h2_table.js';
import { hostileStage, unharmed } from './table.js';

const stage = hostileStage();
const get = block(fieldsOf('GET /off/x'));
const kAsked = { asked: ['GET /off/x'] };
const kMaybe = { asked: null };

// Streams in each state that a client can bring about.
const opened = (h2) => h2.request('POST /off/x', { end: false });
const half = (h2) => h2.request('GET /off/x');
const ended = async (h2) => {
  const one = h2.request('GET /off/x');
  await one.answer();
  return one;
};
const reset = (h2) => {
  const one = opened(h2);
  one.reset();
  return one;
};
// Of stream `of`, sent on stream `id`.
const update = (h2, id, of, value) => h2.frame('PRIORITY_UPDATE', 0, id, Buffer.concat([uint(of, 4), Buffer.from(value)]));
const on = (state, play) => async (h2) => {
  const under = await state(h2);
  await play(h2, under.id);
  return under;
};

// --- §3.4, the preface: raw bytes on a new connection; all that is allowed is an end, in HTTP/1 or HTTP/2 ---
const kStart = Buffer.concat([Buffer.from(kPreface), frame('SETTINGS', 0, 0)]);
const evil = 'GET /evil HTTP/1.1\r\nHost: a\r\n\r\n';
const prefaces = [
  ['another second half', `PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n${evil}`],
  ['only its first line', `PRI * HTTP/2.0\r\n\r\n${evil}`],
  ['bare LFs', `PRI * HTTP/2.0\n\nSM\n\n${evil}`],
  ['a field in it', `PRI * HTTP/2.0\r\nHost: a\r\n\r\nSM\r\n\r\n${evil}`],
  ['another version', `PRI * HTTP/3.0\r\n\r\nSM\r\n\r\n${evil}`],
  ['after it HTTP/1.1', kPreface + evil],
  ['after it PING', [kPreface, frame('PING', 0, 0, uint(0, 8))]],
  ['after it a request', [kPreface, frame('HEADERS', kFlag.END_HEADERS | kFlag.END_STREAM, 1, block(fieldsOf('GET /evil')))]],
  ['after it the ACK of SETTINGS that nobody sent', [kPreface, frame('SETTINGS', kFlag.ACK, 0)]],
  ['twice', [kStart, kStart]],
  ['as the second request of HTTP/1.1', [`GET /page/fence HTTP/1.1\r\nHost: a\r\n\r\n${kPreface}`, frame('SETTINGS', 0, 0), evil]],
  ['half of it, then silence', 'PRI * HTTP/2.0\r\n\r\nS'],
  ['a part of SETTINGS, then silence', [kPreface, frame('SETTINGS', 0, 0, settingsPayload({ ENABLE_PUSH: 0 })).subarray(0, 11)]],
];
for (const [what, parts] of prefaces) {
  test(`the preface: ${what}: refused, and the connection ends`, async () => {
    const { origin, weir } = stage();
    const since = origin.requests.length;
    const client = await connectH1(weir);
    client.send(Buffer.concat([parts].flat().map((part) => Buffer.from(part, 'latin1'))));
    await client.rest();
    client.close();
    await unharmed(stage(), since);
  });
}
test('the preface: byte by byte is fine', async () => {
  const h2 = await connect(stage().weir, { raw: true, quiet: true });   // no ACK in the middle of a frame
  for (const byte of Buffer.concat([kStart, frame('HEADERS', 5, h2.next(), get)])) {
    h2.send(Buffer.from([byte]));
    await new Promise((resolve) => setImmediate(resolve));
  }
  const answer = await h2.streams.get(1).answer();
  assert.equal(answer?.status, 200, `${h2.streams.get(1).over} ${h2.ended} ${JSON.stringify(h2.goaway)}`);
  h2.close();
});
test('the preface: and HTTP/1.1 on the same port', async () => {
  assert.equal((await fetch(stage().weir, 'GET /page/h1')).text, 'page /page/h1');
  const h2 = await connect(stage().weir);
  assert.equal((await h2.get('/page/h1')).text, 'page /page/h1');
  assert.equal(h2.theirs.MAX_CONCURRENT_STREAMS, 100, 'hostile.md 36');
  h2.close();
});

// --- §4.2, sizes. One that could change the whole connection is its error; nghttp2 makes all of them so, as §5.4.1 allows ---
const kSize = connection('FRAME_SIZE_ERROR');
const tooLong = Buffer.alloc(16385);
frames(stage, 'frame size', [
  ['DATA of 16385', on(opened, (h2, id) => h2.frame('DATA', 0, id, tooLong)), [kSize, stream('FRAME_SIZE_ERROR')]],
  ['HEADERS of 16385', (h2) => void h2.frame('HEADERS', 5, 1, tooLong), kSize],
  // Whose content is wrong, too: nghttp2 looks at that first.
  ['CONTINUATION of 16385', (h2) => void h2.headers(1, get, { endHeaders: false }).frame('CONTINUATION', 4, 1, tooLong),
    connection('FRAME_SIZE_ERROR', 'COMPRESSION_ERROR')],
  ['an unknown type of 16385', (h2) => void h2.frame(0xee, 0, 0, tooLong), kSize],
  ['16 MiB that never come', (h2) => void h2.frame('DATA', 0, 1, '', { length: 2 ** 24 - 1 }), kSize],
  ['DATA of 16384 is fine', on(opened, (h2, id) => h2.data(id, 'x'.repeat(16384), { end: true })), fine,
    { asked: [`POST /off/x ${'x'.repeat(16384)}`] }],
  ...[['PING', 0, 7], ['PING', 0, 9], ['PING', 0, 0], ['SETTINGS', 0, 5], ['SETTINGS', 0, 7], ['GOAWAY', 0, 7], ['WINDOW_UPDATE', 0, 3],
    ['WINDOW_UPDATE', 0, 5], ['RST_STREAM', 1, 3], ['RST_STREAM', 1, 5], ['WINDOW_UPDATE', 1, 5]].map(([type, id, size]) => [
    `${type} of ${size} on ${id ? 'a stream' : 'the connection'}`, (h2) => void (opened(h2), h2.frame(type, 0, id, Buffer.alloc(size))), kSize]),
  ['the ACK of SETTINGS with a payload', (h2) => void h2.frame('SETTINGS', kFlag.ACK, 0, settingsPayload({ ENABLE_PUSH: 0 })), kSize],
  // §6.3 makes it a stream error.
  ...[4, 6].map((size) => [`PRIORITY of ${size}`, on(opened, (h2, id) => h2.frame('PRIORITY', 0, id, Buffer.alloc(size))),
    [kSize, stream('FRAME_SIZE_ERROR')]]),
  // No room for what the flags announce: §4.2 by size, §6.1 and §6.2 by padding.
  ['HEADERS too short for its priority', (h2) => void h2.frame('HEADERS', 5 | kFlag.PRIORITY, 1, 'abcd'), connection('FRAME_SIZE_ERROR', 'PROTOCOL_ERROR')],
  ['HEADERS too short for its padding', (h2) => void h2.frame('HEADERS', 5 | kFlag.PADDED, 1, ''), connection('FRAME_SIZE_ERROR', 'PROTOCOL_ERROR')],
  ['DATA too short for its padding', on(opened, (h2, id) => h2.frame('DATA', kFlag.PADDED, id, '')), connection('FRAME_SIZE_ERROR', 'PROTOCOL_ERROR')],
]);

const kProtocol = connection('PROTOCOL_ERROR');
frames(stage, 'on the wrong stream', [
  ...['DATA', 'HEADERS', 'CONTINUATION'].map((type) => [`${type} on 0`, (h2) => void h2.frame(type, 4, 0, get), kProtocol]),
  ['RST_STREAM on 0', (h2) => void h2.frame('RST_STREAM', 0, 0, uint(8, 4)), kProtocol],
  ['PRIORITY on 0', (h2) => void h2.priority(0, 1), kProtocol],
  ['PRIORITY_UPDATE on a stream', (h2) => void update(h2, 1, 1, 'u=1'), kProtocol],
  ['PRIORITY_UPDATE of stream 0', (h2) => void update(h2, 0, 0, 'u=1'), kProtocol],
  ['SETTINGS on a stream', (h2) => void h2.frame('SETTINGS', 0, 1), kProtocol],
  ['PING on a stream', (h2) => void h2.frame('PING', 0, 1, uint(0, 8)), kProtocol],
  ['GOAWAY on a stream', (h2) => void h2.frame('GOAWAY', 0, 1, uint(0, 8)), kProtocol],
  ['an even id', (h2) => void h2.frame('HEADERS', 5, 2, get), kProtocol],
  ['PUSH_PROMISE of a client', (h2) => void h2.frame('PUSH_PROMISE', 4, 1, Buffer.concat([uint(2, 4), get])), kProtocol],
  ['PUSH_PROMISE on an open stream', on(opened, (h2, id) => h2.frame('PUSH_PROMISE', 4, id, Buffer.concat([uint(2, 4), get]))), kProtocol],
  ['the reserved bit set is fine', (h2) => (h2.frame('HEADERS', 5, h2.next() + 2 ** 31, get), h2.streams.get(1)), fine, kAsked],
]);
test('the largest stream id is answered; there is none after it', async () => {
  const h2 = await connect(stage().weir);
  h2.headers(h2.next('GET', kMaxWindow), get, { end: true });
  assert.equal((await h2.streams.get(kMaxWindow).answer()).status, 200);
  h2.close();
});

// §5.1.1 makes it the connection's error. A server can't tell an id that was left out from one of a stream that it has reset, of which
// §5.1 says to drop what comes: dropped is right, too, as long as nobody ever gets to see the request.
const kPast = [connection('PROTOCOL_ERROR', 'STREAM_CLOSED'), fine];
frames(stage, 'ids that decrease', [
  ['below an open stream', (h2) => {
    h2.headers(h2.next('POST', 5), fieldsOf('POST /off/x'));
    h2.headers(3, fieldsOf('GET /evil'), { end: true });
  }, kPast],
  ['below an answered one', async (h2) => {
    h2.headers(h2.next('GET', 5), get, { end: true });
    await h2.streams.get(5).answer();
    h2.headers(3, fieldsOf('GET /evil'), { end: true });
  }, kPast, kAsked],
]);

frames(stage, 'on a stream that is idle', [
  ['DATA', (h2) => void h2.frame('DATA', 0, 1, 'x'), kProtocol],
  ['RST_STREAM', (h2) => void h2.rst(1), kProtocol],
  ['WINDOW_UPDATE', (h2) => void h2.grant(1, 1), kProtocol],
  ['CONTINUATION', (h2) => void h2.continuation(1, get, { endHeaders: true }), kProtocol],
  ['DATA of an even id', (h2) => void h2.frame('DATA', 0, 2, 'x'), kProtocol],
  ['RST_STREAM of an even id', (h2) => void h2.rst(2), kProtocol],
  ['PRIORITY is fine', (h2) => void h2.priority(3, 0), fine],
  ['PRIORITY_UPDATE is fine', (h2) => void update(h2, 0, 1, 'u=1'), fine],
]);

// §5.1: half-closed (remote) is a stream error; closed may be a connection error, and what comes after our own reset may be dropped.
const kClosed = [stream('STREAM_CLOSED'), connection('STREAM_CLOSED')];
frames(stage, 'on a stream whose client has ended', [
  ['DATA', on(half, (h2, id) => h2.frame('DATA', 0, id, 'x')), kClosed, kMaybe],
  ['DATA with END_STREAM', on(half, (h2, id) => h2.frame('DATA', 1, id, '')), kClosed, kMaybe],
  ['HEADERS', on(half, (h2, id) => h2.frame('HEADERS', 5, id, block(fieldsOf('GET /evil')))), [...kClosed, kProtocol], kMaybe],
  ['CONTINUATION', on(half, (h2, id) => h2.continuation(id, '', { endHeaders: true })), [...kClosed, kProtocol], kMaybe],
  ['WINDOW_UPDATE is fine', on(half, (h2, id) => h2.frame('WINDOW_UPDATE', 0, id, uint(1, 4))), fine, kAsked],
  ['PRIORITY is fine', on(half, (h2, id) => h2.priority(id, 0)), fine, kAsked],
]);
const kAfter = (state) => [
  ['DATA', on(state, (h2, id) => h2.frame('DATA', 0, id, 'x')), [...kClosed, fine], kMaybe],
  ['HEADERS', on(state, (h2, id) => h2.frame('HEADERS', 5, id, block(fieldsOf('GET /evil')))), [...kClosed, kProtocol, fine], kMaybe],
  ['WINDOW_UPDATE is fine', on(state, (h2, id) => h2.frame('WINDOW_UPDATE', 0, id, uint(1, 4))), [fine, ...kClosed], kMaybe],
  ['RST_STREAM is fine', on(state, (h2, id) => h2.rst(id)), [fine, ...kClosed], kMaybe],
  ['PRIORITY is fine', on(state, (h2, id) => h2.priority(id, 0)), fine, kMaybe],
];
frames(stage, 'on an answered stream', kAfter(ended));
frames(stage, 'on a stream that the client has reset', kAfter(reset));
test('DATA on streams that are reset gives the connection its window back', async () => {
  const { weir } = stage();
  const h2 = await connect(weir);
  for (let round = 0; round < 8; round += 1) {
    const one = reset(h2);
    for (let i = 0; i < 4 && h2.window > 16000; i += 1) h2.data(one.id, Buffer.alloc(3000));
    assert.ok(await h2.settled(), JSON.stringify(h2.goaway));
  }
  const body = 'x'.repeat(60_000);
  assert.equal((await h2.ask('POST /off/x', {}, body)).text, `POST /off/x ${body}`);
  h2.close();
});

frames(stage, 'header blocks (6.2, 6.10)', [
  ['a second HEADERS without END_STREAM', on(opened, (h2, id) => h2.headers(id, [['x-a', 'b']])),
    [stream('PROTOCOL_ERROR'), kProtocol, status(400)]],
  ['CONTINUATION after END_HEADERS', on(opened, (h2, id) => h2.continuation(id, get, { endHeaders: true })), kProtocol],
  ['CONTINUATION of another stream', (h2) => void h2.headers(1, get, { end: true, endHeaders: false }).continuation(3, '', { endHeaders: true }), kProtocol],
  ...Object.entries({
    DATA: frame('DATA', 0, 1, 'x'), PING: frame('PING', 0, 0, uint(0, 8)), SETTINGS: frame('SETTINGS', 0, 0),
    WINDOW_UPDATE: frame('WINDOW_UPDATE', 0, 0, uint(1, 4)), HEADERS: frame('HEADERS', 5, 3, get), GOAWAY: frame('GOAWAY', 0, 0, uint(0, 8)),
    RST_STREAM: frame('RST_STREAM', 0, 1, uint(8, 4)), PRIORITY: frame('PRIORITY', 0, 1, priorityPayload(0)),
    'an unknown type': frame(0xee, 0, 0, 'x'),
  }).map(([what, between]) => [`${what} within a header block`,
    (h2) => void h2.headers(1, get, { end: true, endHeaders: false }).send(between).continuation(1, '', { endHeaders: true }), kProtocol]),
  ['a block in eight CONTINUATIONs is fine', (h2) => {
    h2.headers(h2.next(), get.subarray(0, 5), { end: true, endHeaders: false });
    for (let i = 1; i <= 8; i += 1) h2.continuation(1, get.subarray(i * 5, i === 8 ? undefined : i * 5 + 5), { endHeaders: i === 8 });
    return h2.streams.get(1);
  }, fine, kAsked],
  ['an empty HEADERS and the rest behind is fine', (h2) => {
    h2.headers(h2.next(), Buffer.alloc(0), { end: true, endHeaders: false }).continuation(1, get, { endHeaders: true });
    return h2.streams.get(1);
  }, fine, kAsked],
]);

// §6.1, §6.2
frames(stage, 'padding', [
  ['as long as the payload of DATA', on(opened, (h2, id) => h2.frame('DATA', kFlag.PADDED, id, padded('', 4, 5))), kProtocol],
  ['longer than the payload of DATA', on(opened, (h2, id) => h2.frame('DATA', kFlag.PADDED, id, padded('x', 0, 255))), kProtocol],
  ['longer than the payload of HEADERS', (h2) => void h2.frame('HEADERS', 5 | kFlag.PADDED, 1, padded(get, 0, 255)), kProtocol],
  ['that leaves no room for priority', (h2) => void h2.frame('HEADERS', 5 | kFlag.PADDED | kFlag.PRIORITY, 1, padded('abc', 3)),
    connection('PROTOCOL_ERROR', 'FRAME_SIZE_ERROR')],
  ['and nothing else is fine', on(opened, (h2, id) => h2.data(id, '', { pad: 255 }).data(id, 'x', { pad: 10, end: true })), fine, { asked: ['POST /off/x x'] }],
  ['of HEADERS is fine', (h2) => h2.request('GET /off/x', { pad: 255, priority: priorityPayload(0) }), fine, kAsked],
]);

// RFC 9113 has no dependencies any more; RFC 7540 §5.3.1 made one on itself an error.
const kSelf = [fine, stream('PROTOCOL_ERROR'), kProtocol];
frames(stage, 'priority', [
  ['a stream that depends on itself', on(opened, (h2, id) => h2.priority(id, id).data(id, '', { end: true })), kSelf, kMaybe],
  ['a stream that is opened so', (h2) => h2.request('GET /off/x', { priority: priorityPayload(1) }), kSelf, kMaybe],
  ['a cycle', (h2) => void h2.priority(3, 5, 0, true).priority(5, 3, 0, true).priority(7, 5, 255, true).priority(3, 7), fine],
  ['an update that is no structured field is ignored', (h2) => void update(h2, 0, 1, 'u=9, ;;\x01'), fine],
  ['an update too short', (h2) => void h2.frame('PRIORITY_UPDATE', 0, 0, 'abc'), kSize],
]);

const kBounded = [fine, connection('ENHANCE_YOUR_CALM'), closes];
const set = (list) => (h2) => void h2.settings(list);
frames(stage, 'settings (6.5)', [
  ['ENABLE_PUSH 2', set({ ENABLE_PUSH: 2 }), kProtocol],
  ['an INITIAL_WINDOW_SIZE of 2^31', set({ INITIAL_WINDOW_SIZE: 2 ** 31 }), connection('FLOW_CONTROL_ERROR')],
  ['an INITIAL_WINDOW_SIZE of 2^32 - 1', set({ INITIAL_WINDOW_SIZE: 2 ** 32 - 1 }), connection('FLOW_CONTROL_ERROR')],
  ['a MAX_FRAME_SIZE of 16383', set({ MAX_FRAME_SIZE: 16383 }), kProtocol],
  ['a MAX_FRAME_SIZE of 2^24', set({ MAX_FRAME_SIZE: 2 ** 24 }), kProtocol],
  ['a MAX_FRAME_SIZE of 0', set({ MAX_FRAME_SIZE: 0 }), kProtocol],
  // RFC 8441 §3 lets only a server send it, RFC 9218 §2.1 bounds it: a receiver may look at neither.
  ['ENABLE_CONNECT_PROTOCOL 2', set({ ENABLE_CONNECT_PROTOCOL: 2 }), [kProtocol, fine]],
  ['NO_RFC7540_PRIORITIES 2', set({ NO_RFC7540_PRIORITIES: 2 }), [kProtocol, fine]],
  ['NO_RFC7540_PRIORITIES that changes', set([['NO_RFC7540_PRIORITIES', 1], ['NO_RFC7540_PRIORITIES', 0]]), [kProtocol, fine]],
  // §6.5.3 says nothing of an ACK that nobody waits for.
  ['an ACK that nobody waits for', (h2) => void h2.frame('SETTINGS', kFlag.ACK, 0).frame('SETTINGS', kFlag.ACK, 0), [fine, kProtocol]],
  ['unknown ones are fine', set([[0x99, 1], [0xffff, 2 ** 32 - 1], [0, 0]]), fine],
  ['the bounds are fine', set([['INITIAL_WINDOW_SIZE', kMaxWindow], ['MAX_FRAME_SIZE', 2 ** 24 - 1], ['MAX_FRAME_SIZE', 16384], ['ENABLE_PUSH', 1],
    ['MAX_CONCURRENT_STREAMS', 0], ['HEADER_TABLE_SIZE', 2 ** 32 - 1], ['MAX_HEADER_LIST_SIZE', 0]]), fine],
  ['a table of no bytes, and back, is fine', async (h2) => {
    for (const size of [0, 4096, 100, 4096]) {
      h2.settings({ HEADER_TABLE_SIZE: size });
      assert.equal((await h2.get('/page/fence')).text, 'page /page/fence');
    }
  }, fine],
  // 2,700 in one frame: a budget may stop it.
  ['thousands in a frame', set(Array.from({ length: 2700 }, (_, i) => [kSetting.MAX_CONCURRENT_STREAMS, i])), kBounded],
  ['thousands of windows in a frame', (h2) => {
    opened(h2);
    h2.settings(Array.from({ length: 2700 }, (_, i) => ['INITIAL_WINDOW_SIZE', i % 2 ? kMaxWindow : 0]));
  }, kBounded],
]);

// §6.9: 0 is an error of what it is about; §5.4.1 lets a stream's error be the connection's.
const kZero = [stream('PROTOCOL_ERROR'), kProtocol];
const kOverflow = [stream('FLOW_CONTROL_ERROR'), connection('FLOW_CONTROL_ERROR')];
frames(stage, 'windows (6.9)', [
  ['an increment of 0 on the connection', (h2) => void h2.grant(0, 0), kProtocol],
  ['an increment of 0 on a stream', on(opened, (h2, id) => h2.grant(id, 0)), kZero],
  ['0 with the reserved bit', on(opened, (h2, id) => h2.grant(id, 2 ** 31)), kZero],
  ['past 2^31 - 1 on the connection', (h2) => void h2.grant(0, kMaxWindow), connection('FLOW_CONTROL_ERROR')],
  ['past 2^31 - 1 on a stream', on(opened, (h2, id) => h2.grant(id, kMaxWindow)), kOverflow],
  ['past it in two steps', on(opened, (h2, id) => h2.grant(id, kMaxWindow - 65535).grant(id, 1)), kOverflow],
  // §6.9.2 makes it the connection's; nghttp2 resets the stream, which harms nobody else.
  ['past it by SETTINGS', on(opened, (h2, id) => h2.grant(id, kMaxWindow - 65535).settings({ INITIAL_WINDOW_SIZE: 65536 })), kOverflow],
  ['up to it is fine', (h2) => void h2.grant(0, kMaxWindow - 65535), fine],
]);

// What weir has allowed is what may come: a stream that goes on past it, towards an origin that doesn't read. How much that is
// depends on what the kernel takes for the origin.
const kLarge = 'routes:\n  - { name: all, match: /, cache: off, request: { max_body: 1GiB } }\n';
scenario('windows (6.9): DATA past the window of a stream', kLarge, async ({ origin, h2: open, get }) => {
  origin.on('/deaf', () => new Promise(() => {}), { deaf: true });
  const h2 = await open();
  const one = h2.request('POST /deaf', { end: false });
  for (let i = 0; i < 8192 && !one.over; i += 1) {
    h2.data(one.id, Buffer.alloc(16384));
    await h2.drained();
  }
  await one.closed();
  assert.equal(one.code, 'FLOW_CONTROL_ERROR', `${h2.goaway?.code} ${h2.ended}`);
  assert.equal((await get('/none')).status, 404);
});
scenario('windows (6.9): DATA past the window of the connection, on streams that are each within their own', kLarge, async (theatre) => {
  const { origin, h2: open, get } = theatre;
  origin.on('/deaf', () => new Promise(() => {}), { deaf: true });
  const h2 = await open();
  for (let i = 0; i < 60 && !h2.ended; i += 1) {
    const one = h2.request('POST /deaf', { end: false });
    while (one.window > 0 && !one.over) {
      h2.data(one.id, Buffer.alloc(Math.min(one.window, 16384)));
      await h2.drained();
    }
  }
  // Where weir has opened the window for all of that, there is nothing to complain of.
  if ((await h2.settled()) && h2.window < 0) assert.equal(await h2.closed(), 'FLOW_CONTROL_ERROR');
  else if (h2.ended) assert.equal(h2.goaway?.code, 'FLOW_CONTROL_ERROR');
  assert.equal((await get('/none')).status, 404);
});

const kBye = { text: 'the end without an error', fits: (it) => it.ended && [null, 'NO_ERROR'].includes(it.goaway) };
frames(stage, 'GOAWAY of the client', [
  ['what is under way is still answered', async (h2) => {
    const one = half(h2);
    h2.leave(0, 0);
    assert.equal((await one.answer()).status, 200);
    await h2.closed();
    return one;
  }, kBye, kAsked],
  ['with an error and many words', async (h2) => {
    h2.leave(2, 0, 'x'.repeat(16000));
    await h2.closed();
  }, kBye],
  // What is meant for servers (§6.8): for a client the number is none of a stream of weir's.
  ['with the largest id', async (h2) => {
    h2.leave(0, kMaxWindow);
    await h2.closed();
  }, [kBye, kProtocol]],
]);

frames(stage, 'what weir does not know', [
  ['every other type, with any flags, on any stream', (h2) => {
    const known = Object.values(kType).filter((type) => type !== kType.ALTSVC && type !== kType.ORIGIN);
    for (let type = 0; type < 256; type += 1) if (!known.includes(type)) h2.frame(type, type, type % 3 ? 0 : 1, 'whatever');
    return half(h2);
  }, fine, kAsked],
  ['flags that a type does not have', (h2) => void h2.frame('PING', 0xfe, 0, uint(0, 8)).frame('SETTINGS', 0xfe, 0), fine],
]);
