// 1xx answers are passed on and never kept; a bounded number of them, and no 101 that nobody asked for (hostile.md 16).
import assert from 'node:assert/strict';
import { isHit } from '../support/cache_status.js';
import { kPlain, scenario } from '../support/scenario.js';

const kHint = 'HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n';
const kFinal = 'HTTP/1.1 200 Fine\r\nCache-Control: max-age=60\r\nContent-Length: 5\r\n\r\nfinal';

scenario('early hints reach the client that led, and are no part of the copy', kPlain, async ({ origin, get }) => {
  origin.on('/page', (request, reply) => reply.raw(kHint).raw(kFinal));
  const answer = await get('/page');
  assert.equal(answer.text, 'final');
  assert.deepEqual(answer.interim.map((one) => [one.status, one.get('link')]), [[103, '</style.css>; rel=preload']]);
  const hit = await get('/page');
  assert.ok(isHit(hit));
  assert.equal(hit.interim.length, 0);
  assert.equal(hit.fields.has('link'), false);
});

scenario('an HTTP/1.0 client gets the final answer alone', kPlain, async ({ origin, connect }) => {
  origin.on('/page', (request, reply) => reply.raw(kHint).raw(kFinal));
  const client = await connect();
  client.send('GET /page HTTP/1.0\r\nHost: a\r\n\r\n');
  const answer = await client.answer();
  assert.equal(answer.status, 200);
  assert.equal(answer.interim.length, 0);
});

scenario('eight are taken, nine are not', kPlain, async ({ origin, get }) => {
  origin.on('/eight', (request, reply) => reply.raw(kHint.repeat(8)).raw(kFinal));
  origin.on('/nine', (request, reply) => reply.raw(kHint.repeat(9)).raw(kFinal));
  assert.equal((await get('/eight')).text, 'final');
  const answer = await get('/nine');
  assert.equal(answer.status, 502);
});

scenario('a 101 that nobody asked for: 502, and the connection is not used again', kPlain, async ({ origin, get }) => {
  origin.on('/page', [
    (request, reply) => reply.raw('HTTP/1.1 101 Switching Protocols\r\nUpgrade: evil\r\nConnection: Upgrade\r\n\r\n'),
    { body: 'good' },
  ]);
  assert.equal((await get('/page')).status, 502);
  assert.equal((await get('/page')).text, 'good');
  assert.equal(origin.connections.length, 2);
});

scenario('an Upgrade of the client is not passed on by default', kPlain, async ({ origin, get }) => {
  origin.on('/page', { body: 'plain' });
  const answer = await get('/page', { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Key': 'x' });
  assert.equal(answer.text, 'plain');
  assert.equal(origin.last('/page').get('upgrade'), undefined);
  assert.equal(/upgrade/i.test(origin.last('/page').get('connection') ?? ''), false);
});

scenario('a 100 that the origin sends unasked does not confuse anybody', kPlain, async ({ origin, send }) => {
  origin.on('/upload', (request, reply) => reply.raw('HTTP/1.1 100 Continue\r\n\r\n').raw(kFinal));
  assert.equal((await send('POST /upload', {}, 'x')).text, 'final');
});

scenario('hints, then a cut: 502', kPlain, async ({ origin, get }) => {
  origin.on('/page', (request, reply) => {
    reply.raw(kHint);
    reply.cut();
  });
  assert.equal((await get('/page')).status, 502);
});
