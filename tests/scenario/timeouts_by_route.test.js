// A route may have more patience with the origin than its upstream, or less, and may bound the whole answer. Which of two is
// the shorter is seen by what happens first, never by a clock.
import assert from 'node:assert/strict';
import { isHit } from '../support/cache_status.js';
import { eventually, gate } from '../support/patience.js';
import { scenario } from '../support/scenario.js';

const kLong = '1h';
const config = (upstream, routes) => (origin) => `
upstreams:
  api:
    servers: [ "${origin.url}" ]
    timeouts: { ${upstream} }
routes:
${routes}
  - name: rest
    match: /
    cache: off
`;
const waiting = (told) => async (request, reply) => {
  await told.opened;
  reply.send({ body: 'at last' });
};

scenario('first_byte longer than the upstream\'s: a long poll', config('first_byte: 300ms', `
  - name: poll
    match: GET /poll
    cache: off
    timeouts: { first_byte: ${kLong} }`), async ({ origin, get }) => {
  const told = gate();
  origin.on('/poll', waiting(told)).on('/other', () => gate().opened);
  const poll = get('/poll');
  await origin.reached('/poll');
  assert.equal((await get('/other')).status, 504, 'the upstream\'s own patience is over');
  told.open();
  assert.equal((await poll).text, 'at last');
});

scenario('first_byte shorter than the upstream\'s: 504', config(`first_byte: ${kLong}`, `
  - name: quick
    match: GET /quick
    cache: off
    timeouts: { first_byte: 200ms }`), async ({ origin, get }) => {
  const told = gate();
  origin.on('/quick', () => gate().opened).on('/other', waiting(told));
  const other = get('/other');
  await origin.reached('/other');
  assert.equal((await get('/quick')).status, 504);
  told.open();
  assert.equal((await other).text, 'at last');
});

scenario('first_byte is for the whole head, however its bytes drip', config(`first_byte: 300ms, between_bytes: ${kLong}`, ''), async ({ origin, get }) => {
  origin.on('/drip', async (request, reply) => {
    let gone = false;
    reply.raw('HTTP/1.1 200 Fine\r\nX-Long: ').gone.then(() => { gone = true; });
    for (; !gone; await new Promise((resolve) => setTimeout(resolve, 20))) reply.raw('x');
    reply.connection.over = true;
  });
  assert.equal((await get('/drip')).status, 504);
});

scenario('between_bytes longer than the upstream\'s: a stream with pauses', config('between_bytes: 300ms', `
  - name: stream
    match: GET /stream
    cache: off
    timeouts: { between_bytes: ${kLong} }`), async ({ origin, get, connect }) => {
  const told = gate();
  const halting = async (request, reply) => {
    reply.begin().chunk('first ');
    await told.opened;
    reply.chunk('second').end();
  };
  origin.on('/stream', halting).on('/other', halting);
  const client = await connect();
  const answer = await client.request('GET /stream').head();
  assert.equal((await get('/other')).cut !== null, true, 'the upstream\'s own patience is over');
  told.open();
  assert.equal((await answer.reader.whole()).toString(), 'first second');
  assert.equal(answer.reader.cut, null);
});

scenario('between_bytes shorter than the upstream\'s: cut', config(`between_bytes: ${kLong}`, `
  - name: stream
    match: GET /stream
    cache: off
    timeouts: { between_bytes: 200ms }`), async ({ origin, get }) => {
  origin.on('/stream', async (request, reply) => {
    reply.begin().chunk('first ');
    await reply.gone;
    reply.connection.over = true;
  });
  const answer = await get('/stream');
  assert.equal(answer.text, 'first ');
  assert.equal(answer.whole, false);
});

const kTotal = config(`first_byte: ${kLong}, between_bytes: ${kLong}`, `
  - name: bounded
    match: GET /bounded
    cache: off
    timeouts: { total: 400ms }
  - name: kept
    match: GET /kept
    cache: { ttl: 1m, stale_if_error: 1h }
    timeouts: { total: 400ms }`);

scenario('total: 504 where nothing of the answer came', kTotal, async ({ origin, get }) => {
  origin.on('/bounded', () => gate().opened);
  assert.equal((await get('/bounded')).status, 504);
});

scenario('total: cut where the head was sent, however well the body gets on', kTotal, async ({ origin, get }) => {
  let gone = false;
  origin.on('/bounded', async (request, reply) => {
    reply.begin();
    reply.gone.then(() => { gone = true; });
    for (; !gone; await new Promise((resolve) => setTimeout(resolve, 10))) reply.chunk('.');
    reply.connection.over = true;
  });
  const answer = await get('/bounded');
  assert.equal(answer.status, 200);
  assert.equal(answer.whole, false);
});

scenario('total: an answer in time is whole, and the next one on its connection has a time of its own', kTotal, async ({ origin, connect }) => {
  const other = gate();
  origin.on('/bounded', [{ body: 'whole' }, () => other.opened, { body: 'whole' }]);
  const client = await connect();
  assert.equal((await client.request('GET /bounded').answer()).text, 'whole');
  const second = client.request('GET /bounded');
  assert.equal((await second.answer()).status, 504);
  other.open();
  assert.equal((await client.request('GET /bounded').answer()).text, 'whole');
});

scenario('total: a kept copy takes the place of an answer that took too long', kTotal, async ({ origin, get, turn }) => {
  const told = gate();
  origin.on('/kept', [{ body: 'kept' }, waiting(told)]);
  assert.equal((await get('/kept')).text, 'kept');
  assert.ok(isHit(await get('/kept')));
  turn(120);
  const answer = await get('/kept');
  assert.equal(answer.text, 'kept');
  assert.match(answer.get('cache-status'), /stale-if-error/);
  told.open();
});

scenario('total: of one fetch, for all who wait for it', kTotal, async ({ origin, crowd }) => {
  const told = gate();
  origin.on('/kept', waiting(told));
  const clients = await crowd(20);
  const answers = await clients.ask('GET /kept').answers();
  for (const answer of answers) assert.equal(answer.status, 504);
  told.open();
});

scenario('defaults may say it for all routes', (origin) => `
upstreams:
  api:
    servers: [ "${origin.url}" ]
    timeouts: { first_byte: ${kLong} }
defaults: { timeouts: { first_byte: 200ms } }
routes:
  - { name: rest, match: /, cache: off }
`, async ({ origin, get }) => {
  origin.on('/page', () => gate().opened);
  assert.equal((await get('/page')).status, 504);
});

scenario('an origin that stops taking a request\'s body: 504 by the route\'s between_bytes', config(`between_bytes: ${kLong}`, `
  - name: upload
    match: POST /upload
    cache: off
    request: { max_body: 1GiB }
    timeouts: { between_bytes: 300ms }`), async ({ origin, connect }) => {
  origin.on('/upload', async (request, reply) => {
    reply.connection.over = true;
    request.connection.socket.pause();
    await eventually(() => reply.connection.socket.destroyed, 'weir gives up', 5000).catch(() => {});
  }, { unread: true });
  const client = await connect();
  client.send('POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 67108864\r\n\r\n');
  client.send(Buffer.alloc(64 << 20, 'x'));
  assert.equal((await client.answer('POST')).status, 504);
});
