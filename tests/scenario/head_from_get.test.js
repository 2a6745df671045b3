// HEAD is answered from a stored GET, and never lets a body slip in or out.
import assert from 'node:assert/strict';
import { isHit } from '../support/cache_status.js';
import { fresh } from '../support/origin.js';
import { gate } from '../support/patience.js';
import { kPlain, scenario } from '../support/scenario.js';

scenario('from a stored GET: the same head, no body', kPlain, async ({ origin, get, send }) => {
  origin.on('/page', fresh(60, { 'X-Page': 'yes' }));
  await get('/page');
  const answer = await send('HEAD /page');
  assert.ok(isHit(answer));
  assert.equal(answer.status, 200);
  assert.equal(answer.get('content-length'), String('answer 1'.length));
  assert.equal(answer.get('x-page'), 'yes');
  assert.equal(origin.count('/page'), 1);
});

scenario('and the connection stays in step', kPlain, async ({ origin, connect }) => {
  origin.on('/page', fresh(60));
  const client = await connect();
  for (const method of ['GET', 'HEAD', 'GET', 'HEAD', 'HEAD', 'GET']) {
    const answer = await client.request(`${method} /page`).answer();
    assert.equal(answer.text, method === 'GET' ? 'answer 1' : '');
  }
});

scenario('a HEAD that misses does not store an empty page', kPlain, async ({ origin, get, send }) => {
  origin.on('/page', (request) => ({
    headers: { 'Cache-Control': 'max-age=60', 'Content-Length': '6' },
    body: request.method === 'HEAD' ? '' : 'a page',
  }));
  const answer = await send('HEAD /page');
  assert.equal(answer.get('content-length'), '6');
  assert.equal((await get('/page')).text, 'a page');
});

scenario('an origin that answers HEAD with a body: the bytes reach nobody', kPlain, async ({ origin, connect }) => {
  origin.on('/bad', (request, reply) => {
    reply.raw('HTTP/1.1 200 Fine\r\nContent-Length: 9\r\nCache-Control: no-store\r\n\r\nsmuggled!');
  });
  origin.on('/good', { headers: { 'Cache-Control': 'no-store' }, body: 'good' });
  const client = await connect();
  assert.equal((await client.request('HEAD /bad').answer()).status, 200);
  for (let i = 0; i < 3; i += 1) assert.equal((await client.request('GET /good').answer()).text, 'good');
});

scenario('HEAD with If-None-Match on a hit', kPlain, async ({ origin, get, send }) => {
  origin.on('/page', fresh(60, { ETag: '"1"' }));
  await get('/page');
  assert.equal((await send('HEAD /page', { 'If-None-Match': '"1"' })).status, 304);
});

scenario('HEAD beside a running GET has an answer of its own or the same head', kPlain, async ({ origin, connect }) => {
  const told = gate();
  origin.on('/page', async (request) => {
    if (request.method === 'GET') await told.opened;
    return { headers: { 'Cache-Control': 'max-age=60', 'Content-Length': '6' }, body: request.method === 'HEAD' ? '' : 'a page' };
  });
  const reader = await connect();
  reader.request('GET /page');
  await origin.reached('/page');
  const looker = await connect();
  looker.request('HEAD /page');
  told.open();
  assert.equal((await reader.answer()).text, 'a page');
  const head = await looker.answer();
  assert.equal(head.get('content-length'), '6');
  assert.equal(head.text, '');
});

scenario('a HEAD of a stale copy has it fetched anew: the next GET is a hit', kPlain, async ({ origin, get, send, turn }) => {
  origin.on('/page', [
    { headers: { 'Cache-Control': 'max-age=10', ETag: '"1"' }, body: 'old' },
    { headers: { 'Cache-Control': 'max-age=60', ETag: '"2"' }, body: 'newest' },
  ]);
  await get('/page');
  turn(11);
  const head = await send('HEAD /page');
  assert.equal(head.get('etag'), '"2"');
  assert.equal(head.get('content-length'), '6');
  assert.equal(origin.last('/page').method, 'GET');
  const answer = await get('/page');
  assert.equal(answer.text, 'newest');
  assert.ok(isHit(answer));
});
