// Bodies go to clients in the smallest form that they can read, made once; and no form is ever taken for another.
import assert from 'node:assert/strict';
import { isHit } from '../support/cache_status.js';
import { decoded } from '../support/codings.js';
import { fresh, validated } from '../support/origin.js';
import { eventually, gate } from '../support/patience.js';
import { scenario } from '../support/scenario.js';

const kRoutes = `
defaults:
  compress: { encodings: [ zstd, br, gzip ], min_size: 1KiB }
routes:
  - name: plain
    match: GET /plain
    compress: off
    cache: { ttl: 10m }
  - name: typed
    match: GET /typed
    compress: { types: [ "application/x-own" ] }
    cache: { ttl: 10m }
  - name: coded
    match: GET /coded
    compress: { from_origin: [ gzip ] }
    cache: { ttl: 10m }
  - name: edit
    match: [ PUT ] /page
  - name: all
    match: /
    cache: { ttl: 10m }
    tags: [ all ]
`;
const kJson = { 'Content-Type': 'application/json' };
const json = (n) => JSON.stringify(Array.from({ length: n }, (_, i) => ({ id: i, title: `video number ${i}`, views: i * 37 })));
const kSmall = json(40);      // coded at once
const kLarge = json(20000);   // coded in the background
const accept = (value) => ({ 'Accept-Encoding': value });

for (const [size, body] of [['small', kSmall], ['large', kLarge]]) {
  for (const coding of ['zstd', 'br', 'gzip']) {
    scenario(`a ${size} body as ${coding}: cold and kept, the same content`, kRoutes, async ({ origin, get }) => {
      origin.on('/page', { headers: kJson, body });
      for (let i = 0; i < 3; i += 1) {
        const answer = await get('/page', accept(coding));
        assert.equal(answer.get('content-encoding'), coding);
        assert.match(answer.get('vary'), /accept-encoding/i);
        assert.ok(answer.body.length < body.length / 3);
        assert.equal(decoded(answer), body);
      }
      const kept = await get('/page', accept(coding));
      assert.ok(isHit(kept));
      assert.equal(Number(kept.get('content-length')), kept.body.length);
      const plain = await get('/page');
      assert.equal(plain.get('content-encoding'), undefined);
      assert.match(plain.get('vary'), /accept-encoding/i);
      assert.equal(plain.text, body);
      assert.equal(origin.count('/page'), 1);
      assert.equal(origin.last('/page').get('accept-encoding'), 'identity');
    });
  }
}

const choices = [
  ['gzip, deflate, br, zstd', 'zstd'], ['gzip, br', 'br'], ['GZip', 'gzip'], ['x-gzip', 'gzip'], ['*', 'zstd'],
  ['br;q=0.5, gzip;q=0.9', 'gzip'], ['zstd;q=0, *', 'br'], ['gzip;q=0.001', 'gzip'], ['identity', undefined],
  ['identity;q=1, gzip;q=0.5', undefined], ['', undefined], ['compress', undefined], ['gzip;q=0', undefined],
  ['identity;q=0', 'zstd'], ['nonsense;;q=x, gzip', 'gzip'],
];
scenario('the choice among codings, of one kept copy', kRoutes, async ({ origin, get }) => {
  origin.on('/page', { headers: kJson, body: kSmall });
  for (const [value, coding] of choices) {
    const answer = await get('/page', accept(value));
    if (value !== 'identity;q=0') assert.equal(answer.get('content-encoding'), coding, value);
    assert.equal(decoded(answer), kSmall, value);
  }
  assert.equal(origin.count('/page'), 1);
});

const untouched = [
  ['below min_size', '/page', { headers: kJson, body: '{"a":1}' }],
  ['a type that does not compress', '/page', { headers: { 'Content-Type': 'image/png' }, body: kSmall }],
  ['no type', '/page', { body: kSmall }],
  ['no-transform', '/page', { headers: { ...kJson, 'Cache-Control': 'no-transform' }, body: kSmall }],
  ['a digest of its form', '/page', { headers: { ...kJson, 'Content-Digest': 'sha-256=:AA==:' }, body: kSmall }],
  ['off on the route', '/plain', { headers: kJson, body: kSmall }],
  ['not among the route\'s types', '/typed', { headers: kJson, body: kSmall }],
];
for (const [what, path, answer] of untouched) {
  scenario(`left as it is: ${what}`, kRoutes, async ({ origin, get }) => {
    origin.on(path, answer);
    for (let i = 0; i < 2; i += 1) {
      const got = await get(path, accept('gzip, br, zstd'));
      assert.equal(got.get('content-encoding'), undefined);
      assert.equal(got.text, answer.body);
    }
  });
}

scenario('a type that the route names', kRoutes, async ({ origin, get }) => {
  origin.on('/typed', { headers: { 'Content-Type': 'application/x-own' }, body: kSmall });
  assert.equal((await get('/typed', accept('br'))).get('content-encoding'), 'br');
});

scenario('an ETag for each form, and a 304 for the one the client holds', kRoutes, async ({ origin, get }) => {
  origin.on('/page', validated('"v1"', { ...kJson, 'Cache-Control': 'max-age=600' }, kSmall));
  const plain = await get('/page');
  const br = await get('/page', accept('br'));
  const zstd = await get('/page', accept('zstd'));
  assert.equal(plain.get('etag'), '"v1"');
  assert.equal(new Set([plain, br, zstd].map((answer) => answer.get('etag'))).size, 3);
  for (const held of [plain, br, zstd]) {
    const answer = await get('/page', { ...accept('zstd'), 'If-None-Match': `"other", ${held.get('etag')}` });
    assert.equal(answer.status, 304);
    assert.equal(answer.get('etag'), held.get('etag'));
    assert.match(answer.get('vary'), /accept-encoding/i);
  }
  assert.equal((await get('/page', { ...accept('br'), 'If-None-Match': '"v0;br"' })).status, 200);
});

scenario('the origin is told its own ETags', kRoutes, async ({ origin, get, send }) => {
  origin.on('/page', { headers: { ...kJson, ETag: '"v1"' }, body: kSmall });
  const { fields } = await get('/page', accept('br'));
  await send('PUT /page', { 'If-Match': fields.get('etag') }, 'x');
  assert.equal(origin.last('/page').get('if-match'), '"v1"');
});

scenario('a purge takes all forms, a soft one revalidates once for all', kRoutes, async ({ origin, get, weir }) => {
  let version = 1;
  origin.on('/page', (request) => validated(`"v${version}"`, { ...kJson, 'Cache-Control': 'max-age=600' }, `${version}${kSmall}`)(request));
  const all = async () => Promise.all([undefined, 'br', 'gzip', 'zstd'].map(async (coding) => {
    const answer = await get('/page', coding ? accept(coding) : {});
    assert.equal(answer.get('content-encoding'), coding);
    return decoded(answer)[0];
  }));
  await get('/page');
  assert.deepEqual(await all(), ['1', '1', '1', '1']);
  await weir.invalidate({ tags: ['all'], soft: true });
  assert.deepEqual(await all(), ['1', '1', '1', '1']);
  assert.equal(origin.count('/page'), 2);
  version = 2;
  await weir.invalidate({ tags: ['all'] });
  assert.deepEqual(await all(), ['2', '2', '2', '2']);
  assert.equal(origin.count('/page'), 3);
});

scenario('what is not kept is compressed as it flows, and what was said is there before the next word', kRoutes, async ({ origin, connect }) => {
  const heard = gate();
  origin.on('/events', async (request, reply) => {
    reply.begin({ 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    reply.chunk('data: one\n\n');
    await heard.opened;
    reply.chunk('data: two\n\n').end();
  });
  const client = await connect();
  const answer = await client.request('GET /events', accept('gzip')).head();
  assert.equal(answer.get('content-encoding'), 'gzip');
  const parts = [];
  while (!decoded({ fields: answer.fields, body: Buffer.concat(parts), part: true }).includes('one')) parts.push(await answer.reader.next());
  heard.open();
  for (let piece; (piece = await answer.reader.next()) !== null; ) parts.push(piece);
  assert.equal(decoded({ fields: answer.fields, body: Buffer.concat(parts) }), 'data: one\n\ndata: two\n\n');
});

scenario('many at once on a cold one, of all kinds: one request, each its own form', kRoutes, async ({ origin, get }) => {
  origin.on('/page', { headers: kJson, body: kLarge });
  const kinds = [undefined, 'br', 'gzip', 'zstd'];
  const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => get('/page', kinds[i % 4] ? accept(kinds[i % 4]) : {})));
  answers.forEach((answer, i) => {
    assert.equal(answer.get('content-encoding'), kinds[i % 4]);
    assert.equal(decoded(answer), kLarge);
  });
  assert.equal(origin.count('/page'), 1);
});

scenario('an origin that compresses itself: kept as it came, decoded for who can not read it', kRoutes, async ({ origin, get, weir }) => {
  const { gzipSync } = await import('node:zlib');
  for (const body of [kSmall, kLarge]) {
    const path = '/coded';
    origin.on(path, { headers: { ...kJson, 'Content-Encoding': 'gzip', ETag: `"${body.length}"` }, body: gzipSync(body) });
    for (let i = 0; i < 2; i += 1) {
      const as_is = await get(path, accept('gzip, br'));
      assert.equal(as_is.get('content-encoding'), 'gzip');
      assert.equal(decoded(as_is), body);
      const plain = await get(path, accept('br'));
      assert.equal(plain.get('content-encoding'), undefined);
      assert.equal(plain.text, body);
      assert.notEqual(plain.get('etag'), as_is.get('etag'));
    }
    assert.equal(origin.last(path).get('accept-encoding'), 'gzip');
    await weir.invalidate({ all: true });
  }
});

scenario('what an origin codes goes plain to who says nothing, and as it is to who asks for it', kRoutes, async ({ origin, get }) => {
  const { gzipSync } = await import('node:zlib');
  origin.on('/coded', { headers: { ...kJson, 'Content-Encoding': 'gzip' }, body: gzipSync(kSmall) });
  for (let i = 0; i < 2; i += 1) {
    const plain = await get('/coded');
    assert.equal(plain.get('content-encoding'), undefined);
    assert.equal(plain.text, kSmall);
    assert.equal((await get('/coded', accept('gzip'))).get('content-encoding'), 'gzip');
    assert.equal((await get('/coded', accept('identity, gzip;q=0.5'))).get('content-encoding'), undefined);
  }
});

for (const coding of ['dcz', 'gzip, br', 'nonsense']) {
  scenario(`a coding that weir can't undo passes as it is: ${coding}`, kRoutes, async ({ origin, get }) => {
    origin.on('/coded', { headers: { ...kJson, 'Content-Encoding': coding }, body: kSmall });
    for (const wanted of ['identity', 'br', 'gzip, br, zstd, dcz']) {
      const answer = await get('/coded', accept(wanted));
      assert.equal(answer.get('content-encoding'), coding);
      assert.equal(answer.text, kSmall);
    }
  });
}

scenario('a coding that breaks off is a 502, for all who ask, and nobody waits', kRoutes, async ({ origin, get }) => {
  const { gzipSync } = await import('node:zlib');
  for (const [body, path] of [[gzipSync(kSmall).subarray(0, -20), '/coded'], [Buffer.from('this is no gzip'), '/coded?2']]) {
    origin.on(path, { headers: { ...kJson, 'Content-Encoding': 'gzip' }, body });
    const answers = await Promise.all(Array.from({ length: 4 }, () => get(path, accept('identity')).catch((error) => error)));
    answers.push(await get(path, accept('identity')).catch((error) => error));
    for (const answer of answers) assert.ok(answer instanceof Error || !answer.whole || answer.status === 502, answer.status);
  }
});

scenario('a slow origin that codes badly: who comes later hears of it, too', kRoutes, async ({ origin, get }) => {
  const heard = gate();
  origin.on('/coded', async (request, reply) => {
    reply.begin({ ...kJson, 'Content-Encoding': 'gzip' });
    reply.chunk('this is no gzip');
    await heard.opened;
    reply.end();
  });
  const first = await get('/coded', accept('identity')).catch((error) => error);
  assert.ok(first instanceof Error || !first.whole || first.status === 502);
  const second = await get('/coded', accept('identity')).catch((error) => error);
  assert.ok(second instanceof Error || !second.whole || second.status === 502);
  heard.open();
});

scenario('what may not be recoded: who can not read it gets what the origin says without a coding', kRoutes, async ({ origin, get }) => {
  const { gzipSync } = await import('node:zlib');
  origin.on('/coded', (request, reply) => {
    const coded = request.get('accept-encoding').includes('gzip');
    reply.send({
      headers: { ...kJson, 'Cache-Control': 'no-transform, max-age=600', ...(coded ? { 'Content-Encoding': 'gzip' } : {}) },
      body: coded ? gzipSync(kSmall) : kSmall,
    });
  });
  for (const clients of [[undefined, 'gzip'], ['gzip', undefined]]) {
    for (const coding of clients) {
      const answer = await get('/coded', coding ? accept(coding) : accept('br'));
      assert.equal(decoded(answer), kSmall);
      assert.match(answer.get('vary') ?? 'accept-encoding', /accept-encoding/i);
      if (!coding) assert.equal(answer.get('content-encoding'), undefined);
    }
  }
  assert.ok(origin.count('/coded') <= 2);
});

scenario('no-transform in a request: the content as it is', kRoutes, async ({ origin, get }) => {
  origin.on('/page', { headers: kJson, body: kSmall });
  const answer = await get('/page', { ...accept('br'), 'Cache-Control': 'no-transform' });
  assert.equal(answer.get('content-encoding'), undefined);
  assert.equal((await get('/page', accept('br'))).get('content-encoding'), 'br');
});

scenario('HEAD before any GET says what the GET says, of what does not compress as well', kRoutes, async ({ origin, get, send }) => {
  const { randomBytes } = await import('node:crypto');
  origin.on('/page', { headers: { ...kJson, ETag: '"v1"' }, body: kSmall });
  origin.on('/noise', { headers: { ...kJson, ETag: '"v2"' }, body: randomBytes(3000).toString('latin1') });
  for (const path of ['/page', '/noise']) {
    await get(path);
    const head = await send(`HEAD ${path}`, accept('br'));
    const answer = await get(path, accept('br'));
    for (const name of ['content-encoding', 'etag', 'content-length', 'vary']) assert.equal(head.get(name), answer.get(name), `${path}: ${name}`);
  }
});

const kPassing = `
routes:
  - name: all
    match: /
    cache: off
    compress: { min_size: 100B }
`;
scenario('a 304 that passes through names the form that the client holds', kPassing, async ({ origin, get }) => {
  origin.on('/page', (request) => (request.get('if-none-match')?.includes('"v1"')
    ? { status: 304, headers: { ETag: '"v1"' } } : { headers: { ...kJson, ETag: '"v1"' }, body: kSmall }));
  const coded = await get('/page', accept('br'));
  assert.equal(coded.get('etag'), 'W/"v1;br"');
  const again = await get('/page', { ...accept('br'), 'If-None-Match': '"other, one", W/"v1;br"' });
  assert.equal(again.status, 304);
  assert.equal(again.get('etag'), 'W/"v1;br"');
  assert.match(again.get('vary'), /accept-encoding/i);
  assert.equal(origin.last('/page').get('if-none-match'), '"other, one", "v1"');
  const plain = await get('/page', { 'If-None-Match': '"v1"' });
  assert.equal(plain.get('etag'), '"v1"');
});

scenario('a part is never asked for to go with a form that weir made', kPassing, async ({ origin, get }) => {
  origin.on('/page', { headers: { ...kJson, ETag: '"v1"' }, body: kSmall });
  const answer = await get('/page', { ...accept('br'), Range: 'bytes=10-', 'If-Range': 'W/"v1;br"' });
  assert.equal(answer.status, 200);
  assert.equal(decoded(answer), kSmall);
  assert.equal(origin.last('/page').get('range'), undefined);
  assert.equal(origin.last('/page').get('if-range'), undefined);
});

scenario('the admin endpoint shows the forms of a copy, and the budget counts them', kRoutes, async ({ origin, get, weir }) => {
  origin.on('/page', { headers: kJson, body: kLarge });
  await get('/page');
  const before = (await weir.admin('GET /admin/cache/stats')).json.bytes;
  const coded = await get('/page', accept('br'));
  await eventually(async () => {
    const [variant] = (await weir.admin('GET /admin/cache/entry?url=/page')).json.variants;
    const form = variant.forms.find((it) => it.coding === 'br');
    return form?.bytes === coded.body.length;
  }, 'the form is shown');
  const after = (await weir.admin('GET /admin/cache/stats')).json.bytes;
  assert.ok(after >= before + coded.body.length, `${after} after ${before} with a form of ${coded.body.length}`);
  await weir.invalidate({ all: true });
  await get('/page');
});

scenario('a bomb of an origin ends before it fills the memory', kRoutes, async ({ origin, get }) => {
  const { gzipSync } = await import('node:zlib');
  const bomb = gzipSync(Buffer.alloc(100 << 20), { level: 9 });
  origin.on('/coded', { headers: { ...kJson, 'Content-Encoding': 'gzip' }, body: bomb });
  const answer = await get('/coded', accept('identity')).catch((error) => error);
  assert.ok(answer instanceof Error || !answer.whole || answer.status === 502);
});

scenario('HEAD says what GET would', kRoutes, async ({ origin, get, send }) => {
  origin.on('/page', { headers: kJson, body: kSmall });
  const whole = await get('/page', accept('br'));
  const again = await get('/page', accept('br'));
  const head = await send('HEAD /page', accept('br'));
  assert.equal(head.get('content-encoding'), 'br');
  assert.equal(head.get('content-length'), again.get('content-length'));
  assert.equal(head.get('etag'), whole.get('etag'));
});

scenario('what is asked for often is compressed better in the background', kRoutes, async ({ origin, get }) => {
  const body = json(300);
  origin.on('/page', { headers: { ...kJson, 'Cache-Control': 'max-age=600' }, body });
  await get('/page', accept('br'));
  const first = (await get('/page', accept('br'))).body.length;
  await eventually(async () => (await get('/page', accept('br'))).body.length < first, 'a smaller form is served');
  assert.equal(decoded(await get('/page', accept('br'))), body);
  assert.equal(origin.count('/page'), 1);
});
