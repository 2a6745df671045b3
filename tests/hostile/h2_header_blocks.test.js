// HTTP/2 header blocks: HPACK that is wrong ends the connection (RFC 7541), one that is right but too much is refused and harms no other
// stream: what it put into the table is known to the next request (hostile.md 35). CONTINUATIONs have an end.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect, fieldsOf } from '../support/h2.js';
import { frame, kFlag } from '../support/h2_wire.js';
import { block, huffman, indexed, integer, kStatic, literal, resize, string } from '../support/hpack.js';
import { closes, connection, fine, frames, goes_on, status, stream } from './h2_table.js';
import { hostileStage, unharmed } from './table.js';

const stage = hostileStage();
const kDynamic = kStatic.length + 1;   // the newest entry of the dynamic table
const get = (path = '/off/x') => block(fieldsOf(`GET ${path}`));
const evil = get('/evil');
const kAsked = { asked: ['GET /off/x'] };
const bytes = (hex) => Buffer.from(hex, 'hex');
const kCompression = connection('COMPRESSION_ERROR');

// The parts of a block behind those of a request for /evil, which must never arrive.
const wrong = (...parts) => (h2) => void h2.headers(h2.next(), Buffer.concat([evil, ...parts]), { end: true });
const before = (...parts) => (h2) => void h2.headers(h2.next(), Buffer.concat([...parts, evil]), { end: true });

frames(stage, 'HPACK', [
  ['index 0', wrong(indexed(0)), kCompression],
  ['an index past the static table', wrong(indexed(kDynamic)), kCompression],
  ['an index past all tables', wrong(indexed(100_000)), kCompression],
  ['the name of an index past the table', wrong(literal(kDynamic, 'x')), kCompression],
  ['the name of an index past the table, to be kept', wrong(literal(kDynamic, 'x', { how: 'keep' })), kCompression],
  ['an index without end', wrong(bytes('ffffffffffffffffffffffffffffffff')), kCompression],
  ['an index past 32 bits', wrong(bytes('ffffffffff7f')), kCompression],
  ['an index past 64 bits', wrong(bytes('ffffffffffffffffffff7f')), kCompression],
  ['an index that ends in the middle', wrong(bytes('ff80')), kCompression],
  ['a length without end', wrong(bytes('00'), bytes('7fffffffffffffffffffffff')), kCompression],
  ['a length of 2^32', wrong(bytes('00'), integer(2 ** 32, 7)), kCompression],
  ['a name longer than the block', wrong(bytes('00'), integer(100, 7), Buffer.from('x')), kCompression],
  ['a value longer than the block', wrong(bytes('00'), string('x-a'), integer(100, 7), Buffer.from('x')), kCompression],
  ['a value of 1 GiB that does not come', wrong(bytes('00'), string('x-a'), integer(2 ** 30, 7), Buffer.from('x')), kCompression],
  ['a field without a value', wrong(bytes('00'), string('x-a')), kCompression],
  ['a table size past what is allowed', before(resize(4097)), kCompression],
  ['a table size of 2^31', before(resize(2 ** 31)), kCompression],
  ['a table size in the middle', wrong(resize(0)), kCompression],
  ['a table size in the middle, the same as before', wrong(resize(4096)), kCompression],
  // §4.2 wants it at the beginning of the next block, and is silent of a block with nothing else.
  ['a table size at the end', (h2) => void h2.headers(h2.next(), Buffer.concat([evil, resize(100)]), { end: true }), kCompression],
  ['Huffman: padding of zeros', wrong(bytes('00'), string('x-a'), coded(huffman('a', { padding: '000' }))), kCompression],
  ['Huffman: padding of a whole byte', wrong(bytes('00'), string('x-a'), coded(Buffer.concat([huffman('a'), bytes('ff')]))), kCompression],
  ['Huffman: EOS', wrong(bytes('00'), string('x-a'), coded(huffman('aaa', { eos: true }))), kCompression],
  ['Huffman: nothing but padding', wrong(bytes('00'), string('x-a'), coded(bytes('ffffffff'))), kCompression],
  ['Huffman: a name that is wrong', wrong(bytes('00'), coded(huffman('x-a', { eos: true })), string('b')), kCompression],
]);
function coded(data) {
  return Buffer.concat([integer(data.length, 7, 0x80), data]);
}

const ask = (...parts) => (h2) => h2.request(Buffer.concat(parts));
frames(stage, 'HPACK that is right', [
  ['each way of writing a field', ask(get(), ...['plain', 'never', 'keep'].flatMap((how) => [literal('x-a', 'b', { how }), literal('x-a', 'c', { how, coded: true })])),
    fine, kAsked],
  ['a table size before all else', ask(resize(0), get()), fine, kAsked],
  ['two of them: the smallest, then the last (§4.2)', ask(resize(0), resize(4096), get()), fine, kAsked],
  ['an empty value, and one of an empty Huffman string', ask(get(), literal('x-a', ''), literal('x-b', '', { coded: true })), fine, kAsked],
  ['an index written longer than need be', ask(get(), bytes('00'), string('x-a'), bytes('7f808000'), Buffer.alloc(127, 'y')), [fine, kCompression], { asked: null }],
  // A block without a field is a request without pseudo-headers.
  ['an empty block', ask(Buffer.alloc(0)), [stream('PROTOCOL_ERROR'), status(400)]],
  ['a block of a table size alone', ask(resize(100)), [stream('PROTOCOL_ERROR'), status(400)]],
]);

// Ask for `path` with `parts` behind, and see what the origin was told of x-name.
async function told(h2, path, ...parts) {
  const { origin } = stage();
  const answer = await h2.request(Buffer.concat([...parts.filter((part) => part[0] >> 5 === 1), get(path), ...parts.filter((part) => part[0] >> 5 !== 1)])).answer();
  return answer?.status === 200 ? origin.last(path).fields.all('x-name').join() : `${answer?.status}`;
}
const keep = (value) => literal('x-name', value, { how: 'keep' });

test('the dynamic table: kept entries, evicted ones, a smaller table, an entry larger than it', async () => {
  const { origin, weir } = stage();
  const since = origin.requests.length;
  const h2 = await connect(weir);
  assert.equal(await told(h2, '/off/1', keep('first')), 'first');
  assert.equal(await told(h2, '/off/2', indexed(kDynamic)), 'first');
  assert.equal(await told(h2, '/off/3', keep('second'), indexed(kDynamic + 1)), 'second,first');
  assert.equal(await told(h2, '/off/4', literal(kDynamic, 'third', { how: 'keep' }), indexed(kDynamic + 2)), 'third,first');
  assert.equal(await told(h2, '/off/5', resize(100), indexed(kDynamic), indexed(kDynamic + 1)), 'third,second');
  assert.equal(await told(h2, '/off/6', keep('y'.repeat(200))), 'y'.repeat(200), 'it is larger than the table, and empties it');
  h2.request(Buffer.concat([evil, indexed(kDynamic)]));
  assert.equal(await h2.closed(), 'COMPRESSION_ERROR');
  h2.close();
  await unharmed(stage(), since);
});

test('a field that is evicted while it names its successor (§4.4)', async () => {
  const h2 = await connect(stage().weir);
  const long = 'z'.repeat(4096 - 32 - 'x-name'.length);
  assert.equal(await told(h2, '/off/1', keep('first')), 'first');
  assert.equal(await told(h2, '/off/2', literal(kDynamic, long, { how: 'keep' })), long);
  assert.equal(await told(h2, '/off/3', indexed(kDynamic)), long);
  h2.close();
});

// --- too much (35): what is counted is what the origin would get, each reference anew ---
const kTooMuch = [status(431), stream('PROTOCOL_ERROR', 'ENHANCE_YOUR_CALM', 'REFUSED_STREAM', 'INTERNAL_ERROR', 'CANCEL')];
const bomb = literal('x-bomb', 'b'.repeat(4096 - 32 - 6), { how: 'keep' });
const times = (n, part) => Buffer.concat(Array(n).fill(part));
const plain = (n, size = 1) => Array.from({ length: n }, (_, i) => literal(`x-${i}`, 'y'.repeat(size)));
const cookies = (n) => Array.from({ length: n }, (_, i) => literal('cookie', `c${i}=1`));

frames(stage, 'too much in one head (35)', [
  ['a bomb: one field of 4 KiB, and ten references', ask(evil, bomb, times(10, indexed(kDynamic))), kTooMuch],
  ['a bomb: ten thousand references', ask(evil, bomb, times(10_000, indexed(kDynamic))), kTooMuch],
  ['a bomb: small fields, a hundred references', ask(evil, literal('x-small', 'y', { how: 'keep' }), times(110, indexed(kDynamic))), kTooMuch],
  ['a bomb of the static table', ask(evil, times(15_000, indexed(16))), kTooMuch],
  ['a bomb of crumbs of cookies', ask(evil, literal('cookie', 'a=b', { how: 'keep' }), times(5_000, indexed(kDynamic))), kTooMuch],
  ['a bomb of empty names and values', ask(evil, literal('x', '', { how: 'keep' }), times(15_000, indexed(kDynamic))), kTooMuch],
  ['a hundred and ten fields', ask(evil, ...plain(110)), kTooMuch],
  ['a hundred and ten cookies', ask(evil, ...cookies(110)), kTooMuch],
  ['40 KiB in all', ask(evil, ...plain(10, 4096)), kTooMuch],
  ['one value of 40 KiB', ask(evil, literal('x-a', 'y'.repeat(40_000))), kTooMuch],
  ['120 KiB in all', ask(evil, ...plain(30, 4096)), kTooMuch],
  ['one value of 9 KiB', ask(evil, literal('x-a', 'y'.repeat(9_000))), kTooMuch],
  ['one name of 9 KiB', ask(evil, literal(`x-${'n'.repeat(9_000)}`, 'y')), kTooMuch],
  ['a value of 35 KiB as Huffman of 22', ask(evil, literal('x-a', 'a'.repeat(35_000), { coded: true })), kTooMuch],
  ['a path of 9 KiB', ask(get(`/evil${'x'.repeat(9_000)}`)), [status(414, 431), ...kTooMuch.slice(1)]],
  ['90 fields are fine', ask(get(), ...plain(90)), fine, kAsked],
  ['24 KiB are fine', ask(get(), ...plain(6, 4096)), fine, kAsked],
]);

test('too much in one head: what it put into the table is there afterwards, and other streams are well', async () => {
  const { origin, weir } = stage();
  const since = origin.requests.length;
  const h2 = await connect(weir);
  const open = h2.request('POST /off/open', { end: false });
  for (const flood of [times(100, indexed(kDynamic)), Buffer.concat(plain(120))]) {
    // The last of it is kept only by who reads to the end.
    const refused = h2.request(Buffer.concat([evil, bomb, flood, keep('from the refused one')]));
    await refused.closed();
    assert.notEqual(refused.answered?.status, 200);
    assert.equal(await told(h2, '/off/after', indexed(kDynamic)), 'from the refused one');
  }
  await open.write('still here', { end: true });
  assert.equal((await open.answer()).text, 'POST /off/open still here');
  await goes_on(h2);
  h2.close();
  await unharmed(stage(), since);
});

test('trailers that are too much: the origin sees no whole request, the connection goes on', async () => {
  const { origin, weir } = stage();
  for (const trailers of [plain(120), plain(3, 4096), [bomb, times(100, indexed(kDynamic))]]) {
    const since = origin.requests.length;
    const h2 = await connect(weir);
    const one = h2.request('POST /evil', { end: false });
    h2.data(one.id, 'x').headers(one.id, Buffer.concat(trailers), { end: true });
    await one.closed();
    assert.ok(one.code || [400, 413, 431].includes(one.answered?.status), `${one.code} ${one.answered?.status}`);
    await goes_on(h2);
    h2.close();
    await unharmed(stage(), since);
  }
});

// --- CONTINUATION floods: nghttp2 ends at nine without a word, so that an end without GOAWAY is right ---
const kFlood = [connection('ENHANCE_YOUR_CALM', 'PROTOCOL_ERROR', 'INTERNAL_ERROR', 'FRAME_SIZE_ERROR', 'COMPRESSION_ERROR'), closes];
async function flood(h2, what, most = 100_000) {
  let n = 0;
  for (; n < most && !h2.ended && !h2.goaway; n += 1) {
    h2.send(what);
    await h2.drained();
    if (n % 64 === 63) await new Promise((resolve) => setImmediate(resolve));
  }
  await h2.closed();
  return n;
}
test('CONTINUATIONs without end: the connection ends soon', async () => {
  const { origin, weir } = stage();
  const kinds = { 'empty ones': '', 'of a byte': 'x', 'of fields that are fine': literal('x-a', 'b'), 'of 16 KiB': literal('x-a', 'y'.repeat(16_000)) };
  for (const [what, data] of Object.entries(kinds)) {
    const since = origin.requests.length;
    const h2 = await connect(weir);
    h2.headers(h2.next(), evil, { end: true, endHeaders: false });
    const n = await flood(h2, frame('CONTINUATION', 0, 1, data));
    assert.ok(n < 100_000, what);
    assert.ok([...kFlood[0].text.split(' '), null].includes(h2.goaway?.code ?? null), h2.goaway?.code);
    h2.close();
    await unharmed(stage(), since);
  }
});
frames(stage, 'CONTINUATIONs', [
  ['forty of a field each', (h2) => {
    h2.headers(h2.next(), evil, { end: true, endHeaders: false });
    for (let i = 0; i < 40; i += 1) h2.continuation(1, literal(`x-${i}`, 'y'), { endHeaders: i === 39 });
    return h2.streams.get(1);
  }, [...kFlood, ...kTooMuch]],
  ['one of them, in the middle of a field, is fine', (h2) => {
    const whole = Buffer.concat([get(), literal('x-a', 'y'.repeat(100))]);
    h2.headers(h2.next(), whole.subarray(0, -50), { end: true, endHeaders: false }).continuation(1, whole.subarray(-50), { endHeaders: true });
    return h2.streams.get(1);
  }, fine, kAsked],
]);

test('a header block that never ends and never goes on: the connection ends', async () => {
  const { origin, weir } = stage();
  const since = origin.requests.length;
  const h2 = await connect(weir);
  h2.frame('HEADERS', kFlag.END_STREAM, h2.next(), evil);
  await h2.closed();
  h2.close();
  await unharmed(stage(), since);
});
