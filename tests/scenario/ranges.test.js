// Parts of what is kept (RFC 9110 §14): from the stored whole, or from the whole that is still arriving.
import assert from 'node:assert/strict';
import { isHit } from '../support/cache_status.js';
import { eventually, gate } from '../support/patience.js';
import { kPlain, scenario } from '../support/scenario.js';

const kBody = '0123456789abcdefghijklmnopqrstuvwxyz';
const kDates = { 'Last-Modified': 'Mon, 01 Jan 2024 00:00:00 GMT' };
const kKept = { 'Cache-Control': 'max-age=600', ETag: '"v1"', 'Content-Type': 'text/plain', ...kDates };
const serve = (origin, body = kBody) => origin.on('/page', { headers: kKept, body });

const single = [
  ['bytes=0-0', '0', '0-0'], ['bytes=0-9', '0123456789', '0-9'], ['bytes=10-', kBody.slice(10), '10-35'],
  ['bytes=-3', 'xyz', '33-35'], ['bytes=-100', kBody, '0-35'], ['bytes=30-99', 'uvwxyz', '30-35'],
  ['bytes=35-35', 'z', '35-35'], ['Bytes=1-2', '12', '1-2'], ['bytes= 1-2 ', '12', '1-2'],
  ['bytes=0-18446744073709551616', kBody, '0-35'],
];
scenario('a single range of a kept copy', kPlain, async ({ origin, get }) => {
  serve(origin);
  const whole = await get('/page');
  assert.equal(whole.status, 200);
  for (const [range, text, content_range] of single) {
    const answer = await get('/page', { Range: range });
    assert.equal(answer.status, 206, range);
    assert.equal(answer.text, text, range);
    assert.equal(answer.get('content-range'), `bytes ${content_range}/36`);
    assert.equal(answer.get('content-length'), String(text.length));
    assert.equal(answer.get('etag'), '"v1"');
    assert.equal(answer.get('content-type'), 'text/plain');
    assert.ok(isHit(answer));
  }
  assert.equal((await get('/page')).get('accept-ranges'), 'bytes');
  assert.equal(origin.count('/page'), 1);
});

const whole = [
  'bytes', 'bytes=', 'bytes=a-b', 'bytes=9-1', 'lines=0-1', 'bytes=0-1;', 'bytes 0-1', 'bytes=0-5, 3-8', 'bytes=1-1,1-1',
  `bytes=${Array.from({ length: 17 }, (_, i) => `${2 * i}-${2 * i}`).join(',')}`, 'bytes=--1', 'bytes=-',
];
scenario('what is no range, too many, or overlapping: the whole, once', kPlain, async ({ origin, get }) => {
  serve(origin);
  for (const range of whole) {
    const answer = await get('/page', { Range: range });
    assert.equal(answer.status, 200, range);
    assert.equal(answer.text, kBody, range);
  }
});

scenario('a range outside: 416 and how long it is', kPlain, async ({ origin, get }) => {
  serve(origin);
  await get('/page');
  for (const range of ['bytes=36-', 'bytes=100-200', 'bytes=-0']) {
    const answer = await get('/page', { Range: range });
    assert.equal(answer.status, 416, range);
    assert.equal(answer.get('content-range'), 'bytes */36');
    assert.equal(answer.text, '');
  }
});

scenario('several ranges: multipart, each part where it says', kPlain, async ({ origin, get }) => {
  serve(origin);
  await get('/page');
  const answer = await get('/page', { Range: 'bytes=0-1, 10-12, -2' });
  assert.equal(answer.status, 206);
  const [, boundary] = /^multipart\/byteranges; boundary="?([^"]+)"?$/.exec(answer.get('content-type'));
  assert.equal(Number(answer.get('content-length')), answer.body.length);
  assert.equal(answer.get('content-range'), undefined);
  const parts = answer.text.split(`--${boundary}`).slice(1);
  assert.equal(parts.pop(), '--\r\n');
  const seen = parts.map((part) => [/Content-Range: bytes (\S+)/i.exec(part)[1], /\r\n\r\n([^]*)\r\n$/.exec(part)[1]]);
  assert.deepEqual(seen, [['0-1/36', '01'], ['10-12/36', 'abc'], ['34-35/36', 'yz']]);
  for (const part of parts) assert.match(part, /Content-Type: text\/plain/i);
});

const conditions = [
  ['the ETag', { 'If-Range': '"v1"' }, 206], ['another', { 'If-Range': '"v2"' }, 200], ['a weak one', { 'If-Range': 'W/"v1"' }, 200],
  ['the date', { 'If-Range': kDates['Last-Modified'] }, 206], ['a later date', { 'If-Range': 'Tue, 02 Jan 2024 00:00:00 GMT' }, 200],
  ['nonsense', { 'If-Range': 'x' }, 200], ['If-None-Match before it', { 'If-None-Match': '"v1"' }, 304],
];
scenario('If-Range, and conditions before it', kPlain, async ({ origin, get }) => {
  serve(origin);
  await get('/page');
  for (const [what, headers, status] of conditions) {
    assert.equal((await get('/page', { Range: 'bytes=0-1', ...headers })).status, status, what);
  }
});

scenario('HEAD knows no ranges', kPlain, async ({ origin, get, send }) => {
  serve(origin);
  await get('/page');
  const answer = await send('HEAD /page', { Range: 'bytes=0-1' });
  assert.equal(answer.status, 200);
  assert.equal(answer.get('content-length'), '36');
});

scenario('a range of what is not kept fetches the whole, and answers as soon as its bytes are there', kPlain, async ({ origin, connect, get }) => {
  const first = gate();
  const rest = gate();
  origin.on('/page', async (request, reply) => {
    reply.raw(`HTTP/1.1 200 Fine\r\nCache-Control: max-age=600\r\nContent-Length: ${kBody.length}\r\n\r\n`);
    await first.opened;
    reply.raw(kBody.slice(0, 20));
    await rest.opened;
    reply.raw(kBody.slice(20));
  });
  const early = await connect();
  early.request('GET /page', { Range: 'bytes=5-14' });
  await origin.reached('/page');
  assert.equal(origin.last('/page').get('range'), undefined);
  first.open();
  const answer = await early.answer();
  assert.equal(answer.status, 206);
  assert.equal(answer.get('content-range'), 'bytes 5-14/36');
  assert.equal(answer.text, kBody.slice(5, 15));
  const late = await connect();
  late.request('GET /page', { Range: 'bytes=-3' });
  rest.open();
  assert.equal((await late.answer()).text, 'xyz');
  assert.equal((await get('/page')).text, kBody);
  assert.equal(origin.count('/page'), 1);
});

scenario('a range of what is too large to keep is asked of the origin as it is', `
cache: { max_object: 1KiB }
routes:
  - name: all
    match: /
    cache: origin
`, async ({ origin, get }) => {
  const body = 'x'.repeat(5000);
  origin.on('/film', (request) =>
    request.get('range')
      ? { status: 206, headers: { ...kKept, 'Content-Range': 'bytes 4000-4003/5000' }, body: 'part' }
      : { headers: kKept, body });
  const answer = await get('/film', { Range: 'bytes=4000-4003' });
  assert.equal(answer.status, 206);
  assert.equal(answer.text, 'part');
  assert.equal((await get('/film', { Range: 'bytes=4000-4003' })).text, 'part');
  assert.equal((await get('/film')).text, body);
});

scenario('a compressed form is never cut into ranges: the plain one is', `
defaults:
  compress: { min_size: 10B }
routes:
  - name: all
    match: /
    cache: origin
`, async ({ origin, get }) => {
  const body = kBody.repeat(100);
  serve(origin, body);
  const coded = await get('/page', { 'Accept-Encoding': 'br' });
  const answer = await get('/page', { 'Accept-Encoding': 'br', Range: 'bytes=0-9' });
  assert.equal(answer.status, 206);
  assert.equal(answer.get('content-encoding'), undefined);
  assert.equal(answer.text, body.slice(0, 10));
  const stale = await get('/page', { 'Accept-Encoding': 'br', Range: 'bytes=0-9', 'If-Range': coded.get('etag') });
  assert.equal(stale.status, 200);
});

const kPassing = `
routes:
  - name: all
    match: /
    cache: off
`;
scenario('ranges that cost an origin more than the whole do not reach it (hostile.md 31)', kPassing, async ({ origin, get }) => {
  serve(origin);
  for (const range of ['bytes=0-,0-', 'bytes=0-5,3-8', `bytes=${Array.from({ length: 17 }, (_, i) => `${2 * i}-${2 * i}`).join(',')}`, 'bytes=9-1']) {
    const answer = await get('/page', { Range: range });
    assert.equal(answer.text, kBody, range);
    assert.equal(origin.last('/page').get('range'), undefined, range);
  }
  await get('/page', { Range: 'bytes=1-2' });
  assert.equal(origin.last('/page').get('range'), 'bytes=1-2');
});

scenario('an origin that answers another range than it was asked for: 502', kPassing, async ({ origin, get }) => {
  origin.on('/page', { status: 206, headers: { 'Content-Range': 'bytes 5-9/36', 'Content-Type': 'text/plain' }, body: kBody.slice(5, 10) });
  assert.equal((await get('/page', { Range: 'bytes=5-9' })).text, '56789');
  assert.equal((await get('/page', { Range: 'bytes=1-3' })).status, 502);
});

scenario('a 416 is nothing for a cache to keep', kPlain, async ({ origin, get }) => {
  serve(origin);
  await get('/page');
  const answer = await get('/page', { Range: 'bytes=100-' });
  assert.equal(answer.status, 416);
  assert.equal(answer.get('content-range'), 'bytes */36');
  for (const name of ['cache-control', 'etag', 'expires', 'last-modified']) assert.equal(answer.get(name), undefined, name);
});

const kSmallObjects = `
routes:
  - name: all
    match: /
    cache: { ttl: 10m, max_object: 1MiB }
`;
scenario('the end of what is too large to keep, from an origin without ranges, takes no memory', kSmallObjects, async ({ origin, get, weir }) => {
  const MiB = 2 ** 20;
  const almost = gate();
  origin.on('/large', async (request, reply) => {
    reply.raw(`HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${32 * MiB}\r\n\r\n`);
    reply.raw(Buffer.alloc(32 * MiB - 1, 'w'));
    await almost.opened;
    reply.raw('z');
  });
  const part = get('/large', { Range: 'bytes=-1' });
  const figure = (text, name) => [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\d+)`, 'gm'))].reduce((sum, it) => sum + Number(it[1]), 0);
  let metrics;
  await eventually(async () => {
    metrics = (await weir.admin('GET /metrics')).text;
    return figure(metrics, 'weir_origin_bytes_total') >= 32 * MiB - 1;
  }, 'all but the last byte came');
  assert.ok(figure(metrics, 'weir_flight_bytes') < 2 * MiB, `${figure(metrics, 'weir_flight_bytes')} bytes are held`);
  almost.open();
  const answer = await part;
  assert.equal(answer.status, 206);
  assert.equal(answer.text, 'z');
});
