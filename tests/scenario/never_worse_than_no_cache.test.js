// Promise 4 where the origin fails: a complete stale answer where one is kept, a clean 502 or 504 where not, never a
// hang, and never a truncated body that looks whole.
import assert from 'node:assert/strict';
import { cacheStatus, isHit } from '../support/cache_status.js';
import { numbered } from '../support/origin.js';
import { gate } from '../support/patience.js';
import { kPlain, scenario } from '../support/scenario.js';

const kRoutes = (origin) => `
upstreams:
  api:
    servers: [ "${origin.url}" ]
    timeouts: { connect: 1s, first_byte: 400ms, between_bytes: 400ms }
routes:
  - name: all
    match: /
    cache: { ttl: 60s, stale_if_error: 1h }
`;

const ways = {
  'closed before the head': (reply) => reply.cut(),
  'reset before the head': (reply) => reply.reset(),
  'cut in the status line': (reply) => {
    reply.raw('HTTP/1.1 2');
    reply.cut();
  },
  'cut in the head': (reply) => {
    reply.raw('HTTP/1.1 200 Fine\r\nContent-Length: 5\r\nX-Cut: he');
    reply.cut();
  },
  'silent before the head': () => gate().opened,
};

for (const [what, fail] of Object.entries(ways)) {
  const status = what.startsWith('silent') ? 504 : 502;
  scenario(`${what}, nothing kept: ${status}, whole and uncached`, kRoutes, async ({ origin, get }) => {
    origin.on('/page', (request, reply) => fail(reply));
    const answer = await get('/page');
    assert.equal(answer.status, status);
    assert.ok(answer.whole);
    assert.equal(isHit(answer), false);
    origin.on('/page', { body: 'back' });
    assert.equal((await get('/page')).text, 'back');
  });

  scenario(`${what}, something kept: the stale answer, complete`, kRoutes, async ({ origin, get, turn }) => {
    origin.on('/page', [{ body: 'kept' }, (request, reply) => fail(reply)]);
    await get('/page');
    turn(100);
    const answer = await get('/page');
    assert.equal(answer.status, 200);
    assert.equal(answer.text, 'kept');
    assert.ok(Number(answer.get('age')) >= 100);
    assert.ok(cacheStatus(answer).ttl < 0);
  });
}

// A body that ends too early, as the origin's bytes; the client must be able to tell.
const cuts = {
  'short of its Content-Length': 'HTTP/1.1 200 Fine\r\nContent-Length: 1000\r\n\r\nonly this',
  'without a last chunk': 'HTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nonly this\r\n',
  'within a chunk': 'HTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nonly this',
  'within the last chunk': 'HTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nonly this\r\n0\r\n',
};
for (const [what, bytes] of Object.entries(cuts)) {
  for (const end of ['cut', 'reset']) {
    scenario(`a body ${what} (${end}): the client sees it, and nothing is kept`, kRoutes, async ({ origin, get }) => {
      const fail = (request, reply) => {
        reply.raw(bytes);
        reply[end]();
      };
      origin.on('/page', [fail, { body: 'whole' }]);
      const answer = await get('/page');
      // A reset can overtake the bytes before it: then nothing came, and one more try is right.
      assert.ok(answer.status === 502 || !answer.whole || answer.text === 'whole', `${answer.status}, and it looks whole`);
      assert.equal((await get('/page')).text, 'whole');
    });
  }
}

scenario('silence within the body: cut within the bound, not kept', kRoutes, async ({ origin, get }) => {
  const stall = (request, reply) => {
    reply.raw('HTTP/1.1 200 Fine\r\nContent-Length: 1000\r\n\r\nonly this');
    return gate().opened;
  };
  origin.on('/page', [stall, { body: 'whole' }]);
  assert.equal((await get('/page')).whole, false);
  assert.equal((await get('/page')).text, 'whole');
});

scenario('cut within the body where something is kept: whole or visibly cut, and afterwards the kept one', kRoutes, async (stage) => {
  const { origin, get, turn } = stage;
  const fail = (request, reply) => {
    reply.raw('HTTP/1.1 200 Fine\r\nContent-Length: 1000\r\n\r\nonly this');
    reply.reset();
  };
  origin.on('/page', [{ body: 'kept' }, fail]);
  await get('/page');
  turn(100);
  const answer = await get('/page');
  assert.ok(!answer.whole || answer.text === 'kept');
  await origin.die();
  assert.equal((await get('/page')).text, 'kept');
});

scenario('the origin is down for a minute and comes back', kRoutes, async ({ origin, get, turn }) => {
  origin.otherwise(numbered());
  await get('/kept');
  await get('/also-kept');
  await origin.die();
  turn(61);
  for (let second = 0; second < 60; second += 10) {
    turn(10);
    for (const path of ['/kept', '/also-kept']) {
      const answer = await get(path);
      assert.equal(answer.status, 200);
      assert.ok(answer.whole);
    }
    assert.equal((await get(`/cold/${second}`)).status, 502);
  }
  await origin.listen();
  turn(2);
  assert.equal((await get('/cold/0')).status, 200);
  assert.match((await get('/kept')).text, /^answer [3-9]/);
});

scenario('an error of its own is no cacheable answer, and says what happened', kPlain, async ({ origin, get }) => {
  await origin.die();
  const answer = await get('/page');
  assert.equal(answer.status, 502);
  assert.match(answer.get('cache-control') ?? '', /no-store/);
  assert.ok(answer.fields.has('x-request-id'));
  assert.notEqual(answer.text, '');
});

scenario('HEAD to a dead origin: a 502 without a body', kPlain, async ({ origin, connect }) => {
  await origin.die();
  const client = await connect();
  const answer = await client.request('HEAD /page').answer();
  assert.equal(answer.status, 502);
  await origin.listen();
  origin.on('/page', { body: 'back' });
  assert.equal((await client.request('GET /page').answer()).text, 'back', 'the connection is still good');
});

const kTiny = `
cache: { memory: 1MiB, max_object: 64KiB }
routes:
  - name: all
    match: /
    cache: { ttl: 60s }
`;
scenario('a memory too small for what is asked: requests go on being answered', kTiny, async ({ origin, get }) => {
  const body = Buffer.alloc(50_000, 'x');
  origin.otherwise((request) => ({ body: Buffer.concat([Buffer.from(request.path), body]) }));
  for (let i = 0; i < 100; i += 1) {
    const answer = await get(`/object/${i % 50}`);
    assert.equal(answer.status, 200);
    assert.ok(answer.text.startsWith(`/object/${i % 50}x`));
    assert.ok(answer.whole);
  }
});

scenario('a client that leaves mid-body harms nobody else', kPlain, async ({ origin, connect, get }) => {
  const body = Buffer.alloc(1 << 20, 'x');
  origin.on('/big', { headers: { 'Cache-Control': 'no-store' }, body });
  for (let i = 0; i < 10; i += 1) {
    const client = await connect();
    client.request('GET /big');
    await client.head();
    client.reset();
  }
  assert.ok((await get('/big')).body.equals(body));
});
