// When a stream of HTTP/2 is over, and for whom: what comes late, what ends early, and what only looks as if it stood still.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { fieldsOf } from '../support/h2.js';
import { block } from '../support/hpack.js';
import { fresh } from '../support/origin.js';
import { eventually, gate, kPatience } from '../support/patience.js';
import { kPlain, scenario } from '../support/scenario.js';

const kOverH2 = (origin) => `
upstreams: { api: { servers: [ "${origin.url}" ], protocol: h2 } }${kPlain}`;

// --- what comes late ---
scenario('trailers in two frames, and the stream is over before the second comes', kPlain, async ({ h2: open, origin }) => {
  origin.on('/page', fresh(60));
  const h2 = await open();
  for (let i = 0; i < 20; i += 1) {
    const id = h2.next('POST');
    h2.headers(id, fieldsOf('TRACE /none'), { end: false });   // answered at once; the rest of it is waited for a while
    if (i < 19) { h2.data(id, '', { end: true }); continue; }
    await h2.settled();
    h2.headers(id, block([['x-a', 'b']]), { end: true, endHeaders: false });
    await eventually(() => h2.seen('RST_STREAM', id).length > 0, 'weir has waited enough');
    h2.continuation(id, block([['x-c', 'd']]), { endHeaders: true });
  }
  for (let i = 0; i < 5; i += 1) assert.equal((await h2.get('/page')).status, 200);
});

scenario('a head in pieces has the time that a head has, however many there are', `client: { timeouts: { head: 1s } }${kPlain}`, async ({ h2: open, origin }) => {
  origin.on('/page', fresh(60));
  const h2 = await open();
  h2.headers(h2.next('GET'), block(fieldsOf('GET /page')), { end: true, endHeaders: false });
  let sent = 0;
  for (; sent < 8 && !h2.ended && h2.goaways.length === 0; sent += 1) {
    await sleep(500);
    h2.continuation(1, '', { endHeaders: false });
  }
  assert.equal(await h2.closed(), 'ENHANCE_YOUR_CALM');
  assert.ok(sent < 8, 'it was ended by their number');
});

// --- what ends early ---
scenario('an answer without content, whose origin says so first and ends it later: each is counted and logged', kOverH2, async ({ weir, h2: open, origin }) => {
  const held = [];
  origin.on('/empty', (request, reply) => {
    reply.headers({ ':status': '200', 'content-length': '0', 'cache-control': 'no-store' });
    held.push(reply);
  }).on('/page', { headers: { 'cache-control': 'no-store' }, body: 'page' });
  const h2 = await open();
  for (let i = 0; i < 5; i += 1) {
    assert.equal((await h2.get('/empty')).status, 200);
    assert.equal((await h2.get('/page')).text, 'page');
  }
  await eventually(() => held.length === 5, 'the origin has all');
  for (const reply of held) reply.data('', { end: true });
  await eventually(() => weir.log.filter(({ target }) => target === '/empty').length === 5, 'all are in the log');
  assert.equal(weir.log.filter(({ target }) => target === '/page').length, 5);
}, { origins: [{ h2: true }] });

// --- what only looks as if it stood still ---
for (const protocol of ['HTTP/1.1', 'HTTP/2']) {
  const kSlow = `client: { timeouts: { slow: 1s } }${kPlain}`;
  scenario(`a client that is being answered may be silent, over ${protocol}`, kSlow, async ({ origin, connect, h2: open }) => {
    origin.on('/call', async (request, reply) => {
      reply.raw('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n');
      await sleep(3000);   // three times as long as a slow client has
      reply.raw('4\r\nlast\r\n0\r\n\r\n');
    }, { early: true });
    if (protocol === 'HTTP/2') {
      const call = (await open()).request('POST /call', { end: false });
      assert.equal((await call.answer()).text, 'firstlast');
    } else {
      const client = await connect();
      client.send('POST /call HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nask\r\n');
      assert.equal((await client.answer()).text, 'firstlast');
    }
  }, { timeout: 4 * kPatience });
}

// Readers with a buffer of 4 KiB do so.
scenario('windows that open by 4096 bytes, again and again: nobody calls that abuse', kPlain, async ({ origin, h2: open }) => {
  const size = 7_000_000;
  origin.on('/big', { headers: { 'Cache-Control': 'max-age=100' }, body: 'x'.repeat(size) });
  const h2 = await open({ hand: true, settings: { INITIAL_WINDOW_SIZE: 1 << 20 } });
  h2.grant(0, 1 << 20);
  const stream = h2.request('GET /big');
  let granted = 0;
  await eventually(() => {
    for (; stream.size - granted >= 4096; granted += 4096) { h2.grant(0, 4096); h2.grant(stream.id, 4096); }
    return stream.size === size || h2.goaways.length > 0;
  }, 'all of it has come');
  assert.deepEqual(h2.goaways, []);
}, { timeout: 4 * kPatience });

scenario('a ping for each answer, as clients send that measure their connection: nobody calls that abuse', kPlain, async ({ origin, h2: open }) => {
  origin.on('/page', fresh(60));
  const h2 = await open();
  for (let i = 0; i < 30; i += 1) {
    const streams = Array.from({ length: 50 }, () => h2.request('GET /page'));
    for (const stream of streams) {
      assert.equal((await stream.answer())?.status, 200, JSON.stringify(h2.goaway));
      h2.ping();
    }
  }
  await h2.settled();
  assert.deepEqual(h2.goaways, []);
});
