// An HTTP/2 origin that means harm, frame by frame (hostile.md 15-19, 36): what is malformed is a 502 and never kept, what is incomplete
// never looks whole, floods and pushes end the connection, and no stream pays for another one unless the connection itself is broken.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { connect, fetch } from '../support/client.js';
import { block, indexed, literal, resize } from '../support/hpack.js';
import { frame, kFlag, padded, settingsPayload, uint } from '../support/h2_wire.js';
import { gate } from '../support/patience.js';
import { sharedStage } from '../support/scenario.js';

const kRoutes = (origin) => `
upstreams:
  api:
    servers: [ "${origin.url}" ]
    protocol: h2
    timeouts: { connect: 5s, first_byte: 1500ms, between_bytes: 1500ms }
routes:
  - { name: kept, match: GET /kept/, cache: { ttl: 1h } }
  - { name: rest, match: /, cache: origin }
`;
const stage = sharedStage({ before, after }, kRoutes, { origins: [{ h2: true }] }, ({ origin }) => {
  origin.otherwise((request) => ({ headers: { 'cache-control': 'no-store' }, body: `page ${request.target}` }));
});

let number = 0;
const kOk = [[':status', '200']];
const ok = (...more) => [...kOk, ...more];

// A row: [what, (connection, stream) => …writes…, { status, body, kept, cut, alone, ask }]
//   status  what the client sees (502 unless said); with `cut`, a visibly incomplete body is right as well
//   kept    whether a second client gets the same from the cache
//   alone   the connection lives, and a request that was under way beside this one is answered (yes unless said; not where
//           both wait as long as they may)
function rows(title, list) {
  for (const [what, act, expected] of list) {
    test(`${title}: ${what}`, async () => {
      const { origin, weir } = stage();
      const { status = 502, body, kept = false, cut = false, alone = true, ask = 'GET', headers } = expected;
      number += 1;
      const [path, beside, told] = [`/kept/${number}`, `/beside/${number}`, gate()];
      origin.on(beside, async () => (await told.opened, { headers: { 'cache-control': 'no-store' }, body: 'beside' }));
      origin.on(path, [(request) => void act(request.connection, request.stream), { body: 'the second answer' }], { early: true });
      const neighbour = await connect(weir);
      neighbour.request(`GET ${beside}`);
      await origin.reached(beside);
      const answer = await fetch(weir, `${ask} ${path}`, headers);
      told.open();
      if (cut) {
        assert.ok(!answer.whole || answer.status === 502 || answer.text === 'the second answer', `${answer.status} ${answer.text} looks whole`);
      } else {
        assert.ok([status].flat().includes(answer.status), `${answer.status} ${answer.text}`);
        if (body !== undefined) assert.equal(answer.text, body);
      }
      if (alone) assert.equal((await neighbour.answer()).text, 'beside');
      neighbour.close();
      const second = await fetch(weir, `GET ${path}`);
      assert.equal(second.text === 'the second answer', !kept, second.text.slice(0, 200));
      assert.equal((await fetch(weir, `GET /page/${number}`)).text, `page /page/${number}`, 'the next client is served its own page');
      assert.equal(weir.exit, undefined, 'weir is alive');
      assert.deepEqual(origin.violations, []);
    });
  }
}

const answer = (fields, content = 'hello') => (c, id) => c.headers(id, fields).data(id, content, { end: true, wild: true });
const fine = { status: 200, body: 'hello', kept: true };
const bad = {};
const cut = { cut: true };
const broken = { alone: false };
const brokenCut = { alone: false, cut: true };
const literals = (list) => block(list);

rows('fine', [
  ['a length', answer(ok(['content-length', '5'])), fine],
  ['padding', (c, id) => c.headers(id, kOk).write(frame('DATA', kFlag.PADDED | kFlag.END_STREAM, id, padded('hello', 200))), fine],
  ['a head in many frames', (c, id) => {
    const pieces = [literals(kOk), ...Array.from({ length: 6 }, (_, i) => literals([[`x-${i}`, 'y']]))];
    pieces.forEach((piece, i) => c.write(frame(i ? 'CONTINUATION' : 'HEADERS', i === 6 ? kFlag.END_HEADERS : 0, id, piece)));
    c.data(id, 'hello', { end: true });
  }, fine],
  ['a frame of a type that nobody knows', (c, id) => c.write(frame(0xee, 0, id, 'what?')).headers(id, kOk).data(id, 'hello', { end: true }), fine],
  ['an interim answer first', (c, id) => c.headers(id, [[':status', '103'], ['link', '<a>']]).headers(id, kOk).data(id, 'hello', { end: true }), fine],
  ['a PING and new SETTINGS between', (c, id) => c.headers(id, kOk).write(frame('PING', 0, 0, '12345678')).write(frame('SETTINGS', 0, 0, settingsPayload({ INITIAL_WINDOW_SIZE: 100_000 }))).data(id, 'hello', { end: true }), fine],
  ['trailers', (c, id) => c.headers(id, kOk).data(id, 'hello').headers(id, [['x-sum', '5']], { end: true }), fine],
]);

rows('heads (15)', [
  ['no status', answer([['a', 'b']]), bad],
  ['a status of 600', answer([[':status', '600']]), bad],
  ['a status of 099', answer([[':status', '099']]), bad],
  ['a status of two digits', answer([[':status', '20']]), bad],
  ['a status of four digits', answer([[':status', '2000']]), bad],
  ['a status with letters', answer([[':status', '2OO']]), bad],
  ['a status twice', answer([[':status', '200'], [':status', '204']]), bad],
  ['a status behind a field', answer([['a', 'b'], [':status', '200']]), bad],
  ['a pseudo-field of requests', answer(ok([':path', '/evil'])), bad],
  ['a pseudo-field that nobody knows', answer(ok([':evil', 'x'])), bad],
  ['a name in capitals', answer(ok(['X-A', 'b'])), bad],
  ['a name with a space', answer(ok(['x a', 'b'])), bad],
  ['a name with a colon', answer(ok(['x:a', 'b'])), bad],
  ['a name with CR LF', answer(ok(['x\r\ny', 'b'])), bad],
  ['no name', answer(ok(['', 'b'])), bad],
  ['CR LF in a value', answer(ok(['x', 'a\r\nevil: b'])), bad],
  ['a bare CR in a value', answer(ok(['x', 'a\rb'])), bad],
  ['a bare LF in a value', answer(ok(['x', 'a\nb'])), bad],
  ['NUL in a value', answer(ok(['x', 'a\0b'])), bad],
  ['DEL in a value', answer(ok(['x', 'a\x7fb'])), bad],
  ['connection', answer(ok(['connection', 'close'])), bad],
  ['keep-alive', answer(ok(['keep-alive', 'timeout=5'])), bad],
  ['transfer-encoding', answer(ok(['transfer-encoding', 'chunked'])), bad],
  ['upgrade', answer(ok(['upgrade', 'websocket'])), bad],
  ['a thousand fields', answer(ok(...Array(1000).fill(['x', 'y']))), bad],
  ['a head of 70 KiB', answer(ok(...Array.from({ length: 70 }, (_, i) => [`x-${i}`, 'y'.repeat(1000)]))), bad],
  ['trailers with a status', (c, id) => c.headers(id, kOk).data(id, 'hello').headers(id, kOk, { end: true }), cut],
  ['trailers that end nothing', (c, id) => c.headers(id, kOk).data(id, 'hello').headers(id, [['x', 'y']]), cut],
  ['trailers with CR LF', (c, id) => c.headers(id, kOk).data(id, 'hello').headers(id, [['x', 'a\r\nb']], { end: true }), cut],
]);

rows('lengths (15)', [
  ['two that differ', answer(ok(['content-length', '5'], ['content-length', '6'])), bad],
  ['two that are equal', answer(ok(['content-length', '5'], ['content-length', '5'])), bad],
  ['a list', answer(ok(['content-length', '5, 5'])), bad],
  ['negative', answer(ok(['content-length', '-5'])), bad],
  ['a plus', answer(ok(['content-length', '+5'])), bad],
  ['past 64 bits', answer(ok(['content-length', '18446744073709551621'])), bad],
  ['empty', answer(ok(['content-length', ''])), bad],
  ['more content than it says', answer(ok(['content-length', '3'])), cut],
  ['less content than it says', answer(ok(['content-length', '500'])), cut],
  ['a length, and the end at once', (c, id) => c.headers(id, ok(['content-length', '5']), { end: true }), bad],
]);

rows('interim answers (16)', [
  ['nine of them', (c, id) => {
    for (let i = 0; i < 9; i += 1) c.headers(id, [[':status', '103']]);
    c.headers(id, kOk).data(id, 'hello', { end: true });
  }, bad],
  ['a 101', answer([[':status', '101']]), bad],
  ['one that ends', (c, id) => c.headers(id, [[':status', '103']], { end: true }), bad],
  ['one with content', (c, id) => c.headers(id, [[':status', '103']]).data(id, 'hello', { end: true }), { cut: true, alone: false }],
  ['and never a final one', (c, id) => c.headers(id, [[':status', '103']]), { status: 504, alone: false }],
]);

rows('content that can\'t be (17)', [
  ['of a 204', answer([[':status', '204']], 'evil'), { status: [204, 502] }],
  ['behind the end', (c, id) => answer(kOk)(c, id) && c.write(frame('DATA', 0, id, 'evil')), { ...fine, alone: false }],
  ['a second head behind the end', (c, id) => answer(kOk)(c, id) && c.headers(id, ok(['x-evil', '1'])), { ...fine, alone: false }],
  ['before the head', (c, id) => c.data(id, 'evil', { end: true, wild: true }), broken],
  ['on a stream that nobody opened', (c, id) => c.write(frame('DATA', 0, id + 100, 'evil')), brokenCut],
  ['on the connection', (c) => c.write(frame('DATA', 0, 0, 'evil')), brokenCut],
  ['a head on a stream that nobody opened', (c, id) => c.headers(id + 100, kOk), brokenCut],
  ['a head on an even stream', (c) => c.headers(2, kOk), brokenCut],
]);

rows('incomplete (18)', [
  ['a reset midway', (c, id) => c.headers(id, ok(['content-length', '500'])).data(id, 'hello').reset(id, 'INTERNAL_ERROR'), cut],
  ['a reset midway that says NO_ERROR', (c, id) => c.headers(id, kOk).data(id, 'hello').reset(id, 'NO_ERROR'), cut],
  ['a reset midway that says REFUSED_STREAM', (c, id) => c.headers(id, kOk).data(id, 'hello').reset(id, 'REFUSED_STREAM'), cut],
  ['a reset before the head', (c, id) => c.reset(id, 'PROTOCOL_ERROR'), bad],
  ['the connection ends without END_STREAM', (c, id) => c.headers(id, kOk).data(id, 'hello').end(), brokenCut],
  ['the connection ends within a frame', (c, id) => c.headers(id, kOk).write(frame('DATA', kFlag.END_STREAM, id, 'hello').subarray(0, 12)).end(), brokenCut],
  ['GOAWAY and the end, midway', (c, id) => c.headers(id, kOk).data(id, 'hello').goaway(id).end(), brokenCut],
  ['GOAWAY with an error, midway', (c, id) => c.headers(id, kOk).data(id, 'hello').goaway(0, 'PROTOCOL_ERROR').end(), brokenCut],
  ['silence behind the head', (c, id) => c.headers(id, kOk).data(id, 'hello'), brokenCut],
  ['silence within the head', (c, id) => c.write(frame('HEADERS', 0, id, literals(kOk))), { status: 504, alone: false }],
  ['silence', () => {}, { status: 504, alone: false }],
]);

rows('conditions nobody made (19)', [
  ['a 304', (c, id) => c.headers(id, [[':status', '304'], ['etag', '"x"']], { end: true }), bad],
  ['a 206', answer([[':status', '206'], ['content-range', 'bytes 0-4/10']]), bad],
]);

const many = (n, one) => (c, id) => c.headers(id, kOk).write(Buffer.concat(Array(n).fill(one(id))));
rows('floods (36)', [
  ['PING', many(5000, () => frame('PING', 0, 0, '12345678')), brokenCut],
  ['SETTINGS', many(5000, () => frame('SETTINGS', 0, 0)), brokenCut],
  ['empty DATA', many(5000, (id) => frame('DATA', 0, id)), brokenCut],
  ['DATA that is padding alone', many(5000, (id) => frame('DATA', kFlag.PADDED, id, padded('', 10))), brokenCut],
  ['WINDOW_UPDATE', many(5000, () => frame('WINDOW_UPDATE', 0, 0, uint(1, 4))), brokenCut],
  ['PRIORITY', many(5000, (id) => frame('PRIORITY', 0, id, Buffer.alloc(5))), brokenCut],
  ['RST_STREAM of what is over', many(5000, (id) => frame('RST_STREAM', 0, id - 2, uint(8, 4))), brokenCut],
  ['CONTINUATION', (c, id) => {
    c.write(frame('HEADERS', 0, id, literals(kOk)));
    for (let i = 0; i < 1000; i += 1) c.write(frame('CONTINUATION', 0, id, literals([['x', 'y']])));
  }, broken],
  ['empty CONTINUATION', (c, id) => c.write(frame('HEADERS', 0, id, literals(kOk))).write(Buffer.concat(Array(5000).fill(frame('CONTINUATION', 0, id)))), broken],
  ['content for a stream that weir gave up', (c, id) => {
    c.headers(id, ok(['content-length', '1'])).data(id, 'too much');
    for (let i = 0; i < 200; i += 1) c.write(frame('DATA', 0, id, Buffer.alloc(16384)));
  }, { cut: true, alone: false }],
]);

rows('HPACK', [
  ['a bomb: one large field, ten thousand times', (c, id) => c.headers(id, Buffer.concat([literals(kOk), literal('x', 'y'.repeat(3000), { how: 'keep' }), Buffer.concat(Array(10_000).fill(indexed(62)))])), bad],
  ['an index past the table', (c, id) => c.headers(id, Buffer.concat([literals(kOk), indexed(200)])), broken],
  ['index 0', (c, id) => c.headers(id, Buffer.concat([literals(kOk), indexed(0)])), broken],
  ['a table larger than allowed', (c, id) => c.headers(id, Buffer.concat([resize(100_000), literals(kOk)])), broken],
  ['a string that is cut', (c, id) => c.headers(id, literals(ok(['abc', 'def'])).subarray(0, -2)), broken],
  ['a number without end', (c, id) => c.headers(id, Buffer.concat([literals(kOk), Buffer.from([0xff, ...Array(20).fill(0xff)])])), broken],
]);

rows('windows', [
  ['an increment of 0 on the connection', (c) => c.write(frame('WINDOW_UPDATE', 0, 0, uint(0, 4))), broken],
  ['an increment of 0 on the stream', (c, id) => c.write(frame('WINDOW_UPDATE', 0, id, uint(0, 4))), { cut: true, alone: false }],
  ['a connection\'s window past all bounds', (c) => c.write(frame('WINDOW_UPDATE', 0, 0, uint(2 ** 31 - 1, 4))), broken],
  ['a stream\'s window past all bounds', (c, id) => c.write(frame('WINDOW_UPDATE', 0, id, uint(2 ** 31 - 1, 4))), { cut: true }],
  ['an initial window past all bounds', (c) => c.write(frame('SETTINGS', 0, 0, settingsPayload([[4, 2 ** 31]]))), broken],
]);

rows('frames', [
  ['HTTP/1', (c) => c.write('HTTP/1.1 200 Fine\r\nContent-Length: 5\r\n\r\nhello'), broken],
  ['garbage', (c) => c.write(Buffer.alloc(100_000, 0xa5)), broken],
  ['a push', (c, id) => c.write(frame('PUSH_PROMISE', kFlag.END_HEADERS, id, Buffer.concat([uint(2, 4), literals([[':method', 'GET'], [':scheme', 'http'], [':authority', 'a'], [':path', '/evil']])]))), broken],
  ['a frame larger than allowed', (c, id) => c.headers(id, kOk).write(frame('DATA', 0, id, Buffer.alloc(20_000))), brokenCut],
  ['padding longer than the frame', (c, id) => c.headers(id, kOk).write(frame('DATA', kFlag.PADDED, id, padded('x', 0, 200))), brokenCut],
  ['SETTINGS of a length that can\'t be', (c) => c.write(frame('SETTINGS', 0, 0, 'xyz')), broken],
  ['SETTINGS on a stream', (c, id) => c.write(frame('SETTINGS', 0, id)), broken],
  ['PING of a length that can\'t be', (c) => c.write(frame('PING', 0, 0, 'xyz')), broken],
  ['RST_STREAM on the connection', (c) => c.write(frame('RST_STREAM', 0, 0, uint(8, 4))), broken],
  ['RST_STREAM of what nobody opened', (c, id) => c.write(frame('RST_STREAM', 0, id + 100, uint(8, 4))), broken],
  ['GOAWAY on a stream', (c, id) => c.write(frame('GOAWAY', 0, id, Buffer.alloc(8))), broken],
  ['another frame within a head', (c, id) => c.write(frame('HEADERS', 0, id, literals(kOk))).write(frame('PING', 0, 0, '12345678')), broken],
  ['CONTINUATION of nothing', (c, id) => c.write(frame('CONTINUATION', kFlag.END_HEADERS, id, literals(kOk))), broken],
  ['a stream that depends on itself', (c, id) => c.write(frame('HEADERS', kFlag.END_HEADERS | kFlag.PRIORITY, id, Buffer.concat([uint(id, 4), Buffer.from([1]), literals(kOk)]))), { cut: true, alone: false }],
]);

test('content past the window is an error, while nobody reads', async () => {
  const { origin, weir } = stage();
  origin.on('/wild', (request, reply) => {
    reply.headers({ ':status': 200, 'cache-control': 'no-store' });
    for (let i = 0; i < 2000; i += 1) reply.data(Buffer.alloc(16_384), { wild: true });
  });
  const client = await connect(weir);
  client.hold();
  client.request('GET /wild');
  const { connection } = await origin.reached('/wild');
  await connection.gone.opened;
  client.close();
  assert.equal((await fetch(weir, 'GET /page/after')).text, 'page /page/after');
});
