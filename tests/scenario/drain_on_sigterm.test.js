// SIGTERM and SIGINT: what is under way ends well, nothing new begins, and weir exits 0.
import assert from 'node:assert/strict';
import { connect } from '../support/client.js';
import { fresh } from '../support/origin.js';
import { eventually, gate } from '../support/patience.js';
import { kPlain, scenario } from '../support/scenario.js';

for (const signal of ['SIGTERM', 'SIGINT']) {
  scenario(`${signal}: requests under way are answered whole, then weir ends`, kPlain, async ({ origin, connect: open, weir }) => {
    const told = gate();
    origin.on('/slow', async () => {
      await told.opened;
      return { headers: { 'Cache-Control': 'max-age=60' }, body: 'slow' };
    });
    origin.on('/film', async (request, reply) => {
      reply.begin().chunk('first ');
      await told.opened;
      reply.chunk('second').end();
    });
    const waiting = await Promise.all(Array.from({ length: 10 }, open));
    for (const client of waiting) client.request('GET /slow');
    const reader = await open();
    reader.request('GET /film');
    const film = await reader.head();
    await origin.reached('/slow');
    weir.signal(signal);
    await eventually(async () => (await weir.admin('GET /ready').catch(() => null))?.status !== 200, '/ready fails');
    told.open();
    for (const client of waiting) {
      const answer = await client.answer();
      assert.equal(answer.text, 'slow');
      assert.match(answer.get('connection') ?? '', /close/i);
      assert.equal(await client.rest(), '');
    }
    assert.equal((await film.reader.whole()).toString(), 'first second');
    assert.equal(film.reader.cut, null);
    assert.equal((await weir.ended()).code, 0);
  });
}

scenario('idle connections are closed at once', kPlain, async ({ origin, connect: open, weir }) => {
  origin.on('/page', fresh(60));
  const idle = await open();
  await idle.request('GET /page').answer();
  const silent = await open();
  weir.signal('SIGTERM');
  assert.equal(await idle.rest(), '');
  assert.equal(await silent.rest(), '');
  assert.equal((await weir.ended()).code, 0);
});

scenario('no new connection is taken while it drains', kPlain, async ({ origin, connect: open, weir }) => {
  const told = gate();
  origin.on('/slow', async () => {
    await told.opened;
    return { body: 'slow' };
  });
  const waiting = await open();
  waiting.request('GET /slow');
  await origin.reached('/slow');
  weir.signal('SIGTERM');
  await eventually(() => connect(weir).then((c) => c.close(), () => 'refused'), 'new connections are refused');
  told.open();
  assert.equal((await waiting.answer()).text, 'slow');
});

scenario('what takes longer than `drain` is given up, and weir still ends with 0', `drain: 300ms\n${kPlain}`, async (stage) => {
  const { origin, connect: open, weir } = stage;
  origin.on('/slow', () => gate().opened);
  const waiting = await open();
  waiting.request('GET /slow');
  await origin.reached('/slow');
  weir.signal('SIGTERM');
  assert.equal((await weir.ended()).code, 0);
});

scenario('`drain` is taken over by a reload', kPlain, async ({ origin, connect: open, weir }) => {
  origin.on('/slow', () => gate().opened);
  const waiting = await open();
  waiting.request('GET /slow');
  await origin.reached('/slow');
  weir.write(`drain: 300ms\n${kPlain}`);
  assert.equal((await weir.admin('POST /admin/reload')).status, 200);
  weir.signal('SIGTERM');
  assert.equal((await weir.ended()).code, 0);
  await weir.said(/stopped with requests under way/);
});

scenario('a second signal while it drains does no harm', kPlain, async ({ origin, connect: open, weir }) => {
  const told = gate();
  origin.on('/slow', async () => {
    await told.opened;
    return { body: 'slow' };
  });
  const waiting = await open();
  waiting.request('GET /slow');
  await origin.reached('/slow');
  weir.signal('SIGTERM');
  weir.signal('SIGHUP');
  told.open();
  assert.equal((await waiting.answer()).text, 'slow');
  assert.equal((await weir.ended()).code, 0);
});

scenario('an upload under way ends well', kPlain, async ({ origin, connect: open, weir }) => {
  origin.on('/upload', (request) => ({ body: `${request.body.length} bytes` }), { early: false });
  const client = await open();
  client.send('POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345');
  await eventually(() => origin.connections.some((c) => c.seen.includes('12345')), 'the upload has begun');
  weir.signal('SIGTERM');
  await eventually(async () => (await weir.admin('GET /ready').catch(() => null))?.status !== 200, '/ready fails');
  client.send('67890');
  assert.equal((await client.answer()).text, '10 bytes');
});
