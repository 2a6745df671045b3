// Answers that don't end: server-sent events and the like. Each piece goes on as it comes, byte for byte; nothing of it is
// kept, whatever the route says of lifetimes; and who goes away takes the origin's work with them.
import assert from 'node:assert/strict';
import { createGunzip } from 'node:zlib';
import { isHit } from '../support/cache_status.js';
import { eventually } from '../support/patience.js';
import { scenario } from '../support/scenario.js';

const kRoutes = `
routes:
  - name: events
    match: GET /events
    cache: { ttl: 1h, stale_while_revalidate: 1h, etag: true }
    tags: [ events ]
  - name: coded
    match: GET /coded
    cache: { ttl: 1h }
    compress: { encodings: [ gzip ], min_size: 1B }
  - name: rest
    match: /
    cache: origin
`;
const kType = { 'Content-Type': 'text/event-stream; charset=utf-8' };
const event = (n) => `id: ${n}\ndata: {"n":${n}}\n\n`;

// An origin that says one event more whenever it is told to; `open` are the streams that nobody has left.
class Events {
  open = new Set();

  handler = (headers = kType, framed = true) => async (request, reply) => {
    const stream = { say: (text) => (framed ? reply.chunk(text) : reply.raw(text)), end: () => (framed ? reply.end() : reply.cut()) };
    if (framed) reply.begin(headers);
    else reply.raw(`HTTP/1.1 200 Fine\r\n${Object.entries(headers).map(([n, v]) => `${n}: ${v}\r\n`).join('')}\r\n`);
    this.open.add(stream);
    await reply.gone;
    this.open.delete(stream);
    reply.connection.over = true;
  };

  say(text) {
    for (const stream of this.open) stream.say(text);
  }
}

async function streaming(connect, path, headers = {}) {
  const client = await connect();
  const answer = await client.request(`GET ${path}`, headers).head();
  answer.client = client;
  return answer;
}

const read = async (reader, n) => {
  let text = '';
  while (text.length < n) text += (await reader.next()).toString();
  return text;
};

for (const framed of [true, false]) {
  scenario(`each event arrives before the next one is sent (${framed ? 'chunks' : 'until the connection ends'})`, kRoutes, async ({ origin, connect }) => {
    const events = new Events();
    origin.on('/events', events.handler(kType, framed));
    const answer = await streaming(connect, '/events', { Accept: 'text/event-stream' });
    assert.equal(answer.get('content-type'), kType['Content-Type']);
    for (let n = 1; n <= 20; n += 1) {
      events.say(event(n));
      assert.equal(await read(answer.reader, event(n).length), event(n));
    }
  });
}

scenario('every client has a stream of its own, and nothing of it is kept, also on a route with a ttl', kRoutes, async ({ origin, connect, weir }) => {
  const events = new Events();
  origin.on('/events', events.handler({ ...kType, 'Cache-Control': 'max-age=600' }));
  const answers = [];
  for (let i = 0; i < 3; i += 1) answers.push(await streaming(connect, '/events'));
  assert.equal(events.open.size, 3);
  assert.ok(answers.every((answer) => !isHit(answer)));
  events.say(event(1));
  for (const answer of answers) assert.equal(await read(answer.reader, event(1).length), event(1));
  for (const stream of events.open) stream.end();
  for (const answer of answers) assert.equal(await answer.reader.next(), null);
  const again = await streaming(connect, '/events');
  assert.equal(isHit(again), false);
  const kept = JSON.parse((await weir.admin('GET /admin/cache/stats')).text);
  assert.equal(kept.objects, 0);
});

scenario('clients that come at the same time don\'t wait for one another', kRoutes, async ({ origin, crowd }) => {
  const events = new Events();
  origin.on('/events', events.handler());
  const clients = await crowd(20);
  clients.ask('GET /events');
  const answers = await Promise.all(clients.clients.map((client) => client.head()));
  assert.ok(answers.every((answer) => answer.status === 200));
  await eventually(() => events.open.size === 20, 'each has a stream');
});

scenario('a client that goes away: the origin is told at once', kRoutes, async ({ origin, connect }) => {
  const events = new Events();
  origin.on('/events', events.handler());
  for (const how of ['close', 'reset', 'finish']) {
    const answer = await streaming(connect, '/events');
    events.say(event(1));
    await read(answer.reader, event(1).length);
    answer.client[how]();
    await eventually(() => events.open.size === 0, `the stream ends after a ${how}`);
  }
});

scenario('a long poll that nobody waits for any more is given up', kRoutes, async ({ origin, connect }) => {
  let gone = 0;
  origin.on('/poll', async (request, reply) => {
    await reply.gone;
    gone += 1;
    reply.connection.over = true;
  });
  const client = await connect();
  client.request('GET /poll');
  await origin.reached('/poll');
  client.close();
  await eventually(() => gone === 1, 'the origin is told');
});

scenario('compressed, each event can still be read when it comes', kRoutes, async ({ origin, connect }) => {
  const events = new Events();
  origin.on('/coded', events.handler());
  const answer = await streaming(connect, '/coded', { 'Accept-Encoding': 'gzip' });
  const coded = answer.get('content-encoding');
  const unzip = createGunzip();
  let text = '';
  unzip.on('data', (piece) => { text += piece; });
  let over = false;
  const pump = (async () => {
    for (let piece; !over && (piece = await answer.reader.next()) !== null; ) {
      if (coded === 'gzip') unzip.write(piece);
      else text += piece;
    }
  })();
  let expected = '';
  for (let n = 1; n <= 20; n += 1) {
    events.say(event(n));
    expected += event(n);
    await eventually(() => text === expected, `event ${n} arrives`);
  }
  over = true;
  for (const stream of events.open) stream.end();
  await pump;
});

scenario('an event of many MiB, and a reader that stops for a while: nothing is lost', kRoutes, async ({ origin, connect }) => {
  const events = new Events();
  origin.on('/events', events.handler());
  const answer = await streaming(connect, '/events');
  answer.client.hold();
  const large = `data: ${'x'.repeat(8 << 20)}\n\n`;
  events.say(large);
  events.say(event(2));
  answer.client.go_on();
  assert.equal((await read(answer.reader, large.length + event(2).length)) === large + event(2), true);
});

scenario('the events of one connection, one stream after another', kRoutes, async ({ origin, connect }) => {
  origin.on('/events', (request, reply) => { reply.begin(kType).chunk(event(1)).end(); });
  const client = await connect();
  for (let i = 0; i < 3; i += 1) assert.equal((await client.request('GET /events').answer()).text, event(1));
  assert.equal(origin.count('/events'), 3);
});

scenario('Last-Event-ID reaches the origin, and HEAD asks for no stream', kRoutes, async ({ origin, connect, send }) => {
  const events = new Events();
  origin.on('/plain', events.handler()).on('/head', { headers: kType });
  await streaming(connect, '/plain', { 'Last-Event-ID': '41' });
  assert.equal(origin.last('/plain').get('last-event-id'), '41');
  assert.equal((await send('HEAD /head')).status, 200);
});
