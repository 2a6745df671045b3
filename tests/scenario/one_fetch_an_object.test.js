// Promise 2: a thousand clients asking for one cold URL cost one origin request, and read its body as it arrives.
import assert from 'node:assert/strict';
import { cacheStatus, isHit } from '../support/cache_status.js';
import { fresh } from '../support/origin.js';
import { gate, eventually } from '../support/patience.js';
import { kPlain, scenario } from '../support/scenario.js';

const kKept = { 'Cache-Control': 'max-age=600' };

// Answers once told to; what came until then waits.
function slow(origin, path, answer = { headers: kKept, body: 'slow, but worth it' }) {
  const told = gate();
  origin.on(path, async () => {
    await told.opened;
    return answer;
  });
  return told;
}

async function manyAtOnce({ origin, crowd }, n) {
  const told = slow(origin, '/slow');
  const clients = await crowd(n);
  clients.ask('GET /slow');
  await clients.settled();
  told.open();
  const answers = await clients.answers();
  assert.equal(origin.count('/slow'), 1);
  for (const answer of answers) {
    assert.equal(answer.status, 200);
    assert.equal(answer.text, 'slow, but worth it');
  }
  return answers;
}

scenario('a thousand clients at once on one cold slow URL: one origin request, all answered', kPlain, async (stage) => {
  const answers = await manyAtOnce(stage, 1000);
  const led = answers.filter((answer) => !cacheStatus(answer).collapsed);
  assert.equal(led.length, 1);
  const { hit, fwd, stored } = cacheStatus(led[0]);
  assert.deepEqual({ hit, fwd, stored }, { hit: false, fwd: 'uri-miss', stored: true });
});

scenario('across workers there is still only one', `workers: 4\n${kPlain}`, async (stage) => {
  await manyAtOnce(stage, 200);
});

scenario('the client that led leaves: the others get their answer from the same fetch', kPlain, async ({ origin, connect }) => {
  const told = slow(origin, '/slow');
  const leader = await connect();
  leader.request('GET /slow');
  await origin.reached('/slow');
  const follower = await connect();
  follower.request('GET /slow');
  leader.reset();
  const later = await connect();
  later.request('GET /slow');
  told.open();
  for (const client of [follower, later]) assert.equal((await client.answer()).text, 'slow, but worth it');
  assert.equal(origin.count('/slow'), 1);
});

scenario('all clients leave after the head: the fetch goes on for the store', kPlain, async ({ origin, connect, get }) => {
  const told = gate();
  const sent = gate();
  origin.on('/slow', async (request, reply) => {
    reply.begin(kKept).chunk('first ');
    sent.open();
    await told.opened;
    reply.chunk('second').end();
  });
  const client = await connect();
  client.request('GET /slow');
  assert.equal((await client.head()).status, 200);
  client.reset();
  told.open();
  await eventually(async () => cacheStatus(await get('/slow')).hit, 'it is kept');
  assert.equal((await get('/slow')).text, 'first second');
  assert.equal(origin.count('/slow'), 1);
});

scenario('followers read the body as it arrives, those that came in its middle from its beginning', kPlain, async (stage) => {
  const { origin, connect } = stage;
  const steps = [gate(), gate()];
  origin.on('/film', async (request, reply) => {
    reply.begin(kKept).chunk('one ');
    await steps[0].opened;
    reply.chunk('two ');
    await steps[1].opened;
    reply.chunk('three').end();
  });
  const clients = [];
  const join = async () => {
    const client = await connect();
    client.request('GET /film');
    const answer = await client.head();
    clients.push({ client, answer, text: '' });
  };
  const upTo = async (text) => {
    for (const one of clients) {
      while (one.text.length < text.length) one.text += await one.answer.reader.next();
      assert.equal(one.text, text);
    }
  };
  await join();
  await join();
  await upTo('one ');
  await join();
  await upTo('one ');
  steps[0].open();
  await upTo('one two ');
  await join();
  await upTo('one two ');
  steps[1].open();
  await upTo('one two three');
  for (const { answer } of clients) {
    assert.equal(await answer.reader.next(), null);
    assert.equal(answer.reader.cut, null);
  }
  assert.equal(origin.count('/film'), 1);
});

scenario('one that does not read holds up neither the others nor the fetch', kPlain, async ({ origin, connect, get }) => {
  const body = Buffer.alloc(4 << 20, 'weir');
  origin.on('/big', { headers: kKept, body });
  const idler = await connect();
  idler.hold();
  idler.request('GET /big');
  await origin.reached('/big');
  const answers = await Promise.all(Array.from({ length: 8 }, () => get('/big')));
  for (const answer of answers) assert.ok(answer.body.equals(body));
  idler.go_on();
  assert.ok((await idler.answer()).body.equals(body));
  assert.equal(origin.count('/big'), 1);
});

scenario('one URL never waits for another', kPlain, async ({ origin, connect, get }) => {
  const told = slow(origin, '/slow');
  origin.on('/quick', { headers: kKept, body: 'quick' });
  const waiting = await connect();
  waiting.request('GET /slow');
  await origin.reached('/slow');
  assert.equal((await get('/quick')).text, 'quick');
  told.open();
  assert.equal((await waiting.answer()).status, 200);
});

scenario('a stale object is revalidated once for all who ask', kPlain, async ({ origin, crowd, get, turn }) => {
  const told = gate();
  const first = { headers: { ...kKept, ETag: '"a"' }, body: 'kept' };
  origin.on('/page', [
    first,
    async (request) => {
      assert.equal(request.get('if-none-match'), '"a"');
      await told.opened;
      return { status: 304, headers: { ...kKept, ETag: '"a"' } };
    },
  ]);
  await get('/page');
  turn(601);
  const clients = await crowd(50);
  clients.ask('GET /page');
  await clients.settled();
  told.open();
  for (const answer of await clients.answers()) assert.equal(answer.text, 'kept');
  assert.equal(origin.count('/page'), 2);
});

scenario('objects of a keyed query are one, of two queries two', kPlain, async ({ origin, get }) => {
  origin.on('/list', fresh(600));
  const answers = await Promise.all(['?a=1', '?a=2', '?a=1', '?a=2'].map((query) => get(`/list${query}`)));
  assert.equal(answers[0].text, answers[2].text);
  assert.equal(answers[1].text, answers[3].text);
  assert.equal(origin.count('/list'), 2);
});

scenario('HEAD takes part: fifty of them make one request, whose answer the next GET finds', kPlain, async ({ origin, crowd, get }) => {
  const asked = gate();
  origin.on('/page', async (request, reply) => {
    await asked.opened;
    reply.send({ headers: { 'Cache-Control': 'max-age=60' }, body: 'whole' });
  });
  const clients = await crowd(50);
  await clients.ask('HEAD /page').settled();
  asked.open();
  for (const answer of await clients.answers()) {
    assert.equal(answer.status, 200);
    assert.equal(answer.get('content-length'), '5');
  }
  assert.equal(origin.count('/page'), 1);
  const next = await get('/page');
  assert.equal(next.text, 'whole');
  assert.ok(isHit(next));
});

scenario('a reader who falls far behind does not hold up the others of a body too large to keep', kPlain, async ({ origin, connect, get }) => {
  const part = 'x'.repeat(256 * 1024);
  const count = 96;
  origin.on('/large', async (request, reply) => {
    reply.begin({ 'Cache-Control': 'max-age=60' });
    for (let i = 0; i < count; i += 1) reply.chunk(part);
    reply.end();
  });
  const slow = await connect();
  slow.request('GET /large');
  const head = await slow.head();
  assert.equal(head.status, 200);
  slow.hold();
  const quick = await get('/large');
  assert.equal(quick.body.length, part.length * count);
  assert.ok(quick.whole);
  slow.go_on();
  const late = await head.reader.whole().catch(() => null);
  assert.ok(head.reader.cut || late === null || late.length === part.length * count, 'never a part passed off as whole');
});
