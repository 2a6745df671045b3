// Trailers: read, checked, and never mistaken for a head.
import assert from 'node:assert/strict';
import { isHit } from '../support/cache_status.js';
import { kPlain, scenario } from '../support/scenario.js';

const kKept = { 'Cache-Control': 'max-age=60' };

scenario('a body with trailers is whole, and is kept', kPlain, async ({ origin, get }) => {
  origin.on('/page', (request, reply) => {
    reply.begin({ ...kKept, Trailer: 'X-Checksum' }).chunk('body').end({ 'X-Checksum': 'abc' });
  });
  for (let i = 0; i < 2; i += 1) {
    const answer = await get('/page', { TE: 'trailers' });
    assert.equal(answer.text, 'body');
    assert.ok(answer.whole);
    assert.ok(['abc', undefined].includes(answer.trailers.get('x-checksum')));
  }
  assert.ok(isHit(await get('/page')));
});

scenario('a trailer never becomes a field of the head', kPlain, async ({ origin, get }) => {
  const evil = { 'Set-Cookie': 'session=evil', 'Cache-Control': 'max-age=99999', 'X-Evil': '1', ETag: '"evil"' };
  origin.on('/page', (request, reply) => {
    reply.begin(kKept).chunk('body').end(evil);
  });
  for (let i = 0; i < 2; i += 1) {
    const answer = await get('/page');
    for (const name of ['set-cookie', 'x-evil', 'etag']) assert.equal(answer.fields.has(name), false, name);
    assert.equal(answer.get('cache-control'), 'max-age=60');
  }
});

const malformed = {
  'no colon': 'X-Broken\r\n',
  'a space before the colon': 'X-Broken : 1\r\n',
  'a bare LF': 'X: 1\nY: 2\r\n',
  'a NUL': 'X: \x00\r\n',
  'a folded line': 'X: 1\r\n 2\r\n',
  'more than 8 KiB': `X: ${'y'.repeat(9000)}\r\n`,
};
for (const [what, trailers] of Object.entries(malformed)) {
  scenario(`a response trailer with ${what}: never whole, never kept`, kPlain, async ({ origin, get }) => {
    const bad = (request, reply) => reply.begin(kKept).chunk('body').raw(`0\r\n${trailers}\r\n`);
    origin.on('/page', [bad, { body: 'good' }]);
    const answer = await get('/page');
    assert.ok(answer.status === 502 || !answer.whole);
    assert.equal((await get('/page')).text, 'good');
  });

  scenario(`a request trailer with ${what}: refused, and the origin sees no whole request`, kPlain, async ({ origin, connect }) => {
    origin.on('/upload', (request) => (request.cut ? undefined : { body: 'whole' }));
    const client = await connect();
    client.send(`POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n${trailers}\r\n`);
    const answer = await client.answer();
    if (answer) assert.ok(answer.status >= 400 && answer.status < 500, `${answer.status}`);
    await client.rest();
    assert.equal(origin.requests.filter((request) => !request.cut).length, 0);
  });
}

scenario('request trailers: the body arrives whole, forbidden fields do not arrive at all', kPlain, async ({ origin, connect }) => {
  origin.on('/upload', (request) => ({ body: request.body.toString() }));
  const client = await connect();
  client.send('POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n');
  client.send('Authorization: evil\r\nCookie: evil\r\nX-Sum: 1\r\n\r\n');
  assert.equal((await client.answer()).text, 'body');
  const { fields, trailers } = origin.last('/upload');
  for (const name of ['cookie', 'authorization']) assert.equal(trailers.get(name), undefined, name);
  assert.equal(fields.get('authorization'), undefined);
  assert.equal(fields.get('host'), 'a');
});

scenario('after trailers the connection goes on', kPlain, async ({ origin, connect }) => {
  origin.on('/page', (request, reply) => {
    reply.begin({ 'Cache-Control': 'no-store' }).chunk('body').end({ 'X-Sum': '1' });
  });
  const client = await connect();
  for (let i = 0; i < 3; i += 1) assert.equal((await client.request('GET /page').answer()).text, 'body');
  assert.equal(origin.connections.length, 1);
});

const kOff = `
routes:
  - name: all
    match: /
    cache: off
`;

scenario('what a client says of trailers reaches the origin where nothing is kept, and the trailers come back', kOff, async ({ origin, get }) => {
  origin.on('/page', (request, reply) => {
    reply.begin({ Trailer: 'X-Sum' }).chunk('body').end({ 'X-Sum': '1', 'Surrogate-Key': 'inner' });
  });
  const with_them = await get('/page', { TE: 'gzip;q=0.5, Trailers' });
  assert.equal(origin.last('/page').get('te'), 'trailers');
  assert.equal(origin.last('/page').get('connection'), 'TE');
  assert.equal(with_them.get('trailer'), 'X-Sum');
  assert.equal(with_them.trailers.get('x-sum'), '1');
  assert.equal(with_them.trailers.get('surrogate-key'), undefined);
  for (const te of [null, 'gzip', 'x-trailers']) {
    const without = await get('/page', { TE: te });
    assert.equal(origin.last('/page').get('te'), undefined);
    assert.equal(without.trailers.get('x-sum'), undefined, `TE: ${te}`);
    assert.equal(without.text, 'body');
  }
});

scenario('a kept answer announces no trailers', kPlain, async ({ origin, get }) => {
  origin.on('/page', (request, reply) => {
    reply.begin({ ...kKept, Trailer: 'X-Sum' }).chunk('body').end({ 'X-Sum': '1' });
  });
  await get('/page');
  const hit = await get('/page', { TE: 'trailers' });
  assert.ok(isHit(hit));
  assert.equal(hit.get('trailer'), undefined);
  assert.equal(hit.trailers.get('x-sum'), undefined);
});

scenario('announced request trailers arrive announced; weir\'s own words never by that way', kOff, async ({ origin, connect }) => {
  origin.on('/upload', (request) => ({ body: request.body.toString() }));
  const client = await connect();
  client.send('POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum, X-Forwarded-For\r\n\r\n4\r\nbody\r\n0\r\n');
  client.send('X-Sum: 1\r\nX-Forwarded-For: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\nX-Request-Id: evil\r\n\r\n');
  assert.equal((await client.answer('POST')).text, 'body');
  const { trailers } = origin.last('/upload');
  assert.equal(origin.last('/upload').get('trailer'), 'X-Sum, X-Forwarded-For');
  assert.equal(trailers.get('x-sum'), '1');
  for (const name of ['x-forwarded-for', 'forwarded', 'x-real-ip', 'x-request-id']) assert.equal(trailers.get(name), undefined, name);
});

scenario('a body with a length has no trailers to announce', kOff, async ({ origin, send }) => {
  origin.on('/upload', (request) => ({ body: request.body.toString() }));
  await send('POST /upload', { Trailer: 'X-Sum' }, 'body');
  assert.equal(origin.last('/upload').get('trailer'), undefined);
});
