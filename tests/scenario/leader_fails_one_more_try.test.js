// When the one fetch fails, those who wait get the stale copy or one more try: neither an error each, nor a herd.
import assert from 'node:assert/strict';
import { gate } from '../support/patience.js';
import { kPlain, scenario } from '../support/scenario.js';

const kClients = 50;
const kKept = { 'Cache-Control': 'max-age=60' };
const good = { headers: kKept, body: 'good' };

// The waiting are many when the first answer fails as `fail` says.
async function failedFirst({ origin, crowd }, fail, then = good) {
  const told = gate();
  const first = async (request, reply) => {
    await told.opened;
    return fail(reply);
  };
  origin.on('/page', [first, then]);
  const clients = await crowd(kClients);
  clients.ask('GET /page');
  await clients.settled();
  assert.equal(origin.count('/page'), 1);
  told.open();
  return clients.answers();
}

const failures = {
  'is closed before its head': (reply) => reply.cut(),
  'is reset before its head': (reply) => reply.reset(),
  'is cut in its head': (reply) => {
    reply.raw('HTTP/1.1 200 Fine\r\nCache-Con');
    reply.cut();
  },
  'is no HTTP': (reply) => {
    reply.raw('SSH-2.0-surprise\r\n\r\n');
    reply.cut();
  },
  'is a 503': () => ({ status: 503, body: 'busy' }),
};

for (const [what, fail] of Object.entries(failures)) {
  scenario(`the answer to the first ${what}: one more try serves all the others`, kPlain, async (stage) => {
    const answers = await failedFirst(stage, fail);
    const served = answers.filter((answer) => answer.status === 200 && answer.text === 'good');
    assert.ok(served.length >= kClients - 1, `${served.length} of ${kClients} were served`);
    assert.ok(answers.every((answer) => answer.whole));
    assert.equal(stage.origin.count('/page'), 2);
  });
}

scenario('the second try fails too: every client is told, and the origin is left alone', kPlain, async (stage) => {
  const answers = await failedFirst(stage, (reply) => reply.reset(), (request, reply) => reply.reset());
  for (const answer of answers) assert.equal(answer.status, 502);
  assert.ok(stage.origin.count('/page') <= 3, `${stage.origin.count('/page')} origin requests`);
});

scenario('cut within its body: those who read it see the cut, who comes later gets a whole one', kPlain, async (stage) => {
  const { origin, connect, get } = stage;
  const told = gate();
  const cut = async (request, reply) => {
    reply.begin(kKept).chunk('half');
    await told.opened;
    reply.cut();
  };
  origin.on('/page', [cut, good]);
  const readers = await Promise.all(Array.from({ length: 5 }, connect));
  for (const reader of readers) reader.request('GET /page');
  const heads = await Promise.all(readers.map((reader) => reader.head()));
  for (const head of heads) assert.equal((await head.reader.next()).toString(), 'half');
  told.open();
  for (const head of heads) {
    assert.equal(await head.reader.next(), null);
    assert.ok(head.reader.cut, 'the body must not look whole');
  }
  assert.equal((await get('/page')).text, 'good');
  assert.equal(origin.count('/page'), 2);
});

const kStale = `
routes:
  - name: all
    match: /
    cache: { ttl: 60s, stale_if_error: 1h }
`;
scenario('where a stale copy is kept, all get it after the one failure', kStale, async (stage) => {
  const { origin, get, turn, crowd } = stage;
  const told = gate();
  const fail = async (request, reply) => {
    await told.opened;
    reply.reset();
  };
  origin.on('/page', [{ body: 'old but whole' }, fail]);
  await get('/page');
  turn(61);
  const clients = await crowd(kClients);
  clients.ask('GET /page');
  await clients.settled();
  told.open();
  for (const answer of await clients.answers()) {
    assert.equal(answer.status, 200);
    assert.equal(answer.text, 'old but whole');
  }
  assert.ok(origin.count('/page') <= 3, `${origin.count('/page')} origin requests`);
});

const kImpatient = (origin) => `
upstreams:
  api:
    servers: [ "${origin.url}" ]
    timeouts: { connect: 1s, first_byte: 2s, between_bytes: 2s }
routes:
  - name: all
    match: /
    cache: origin
`;
scenario('an origin that never answers: 504 for all, after two tries at most', kImpatient, async ({ origin, crowd }) => {
  const never = gate();
  origin.on('/page', () => never.opened);
  const clients = await crowd(kClients);
  clients.ask('GET /page');
  await clients.settled();
  assert.equal(origin.count('/page'), 1);
  for (const answer of await clients.answers()) assert.equal(answer.status, 504);
  assert.ok(origin.count('/page') <= 2, `${origin.count('/page')} origin requests`);
  never.open();
});

scenario('what the origin says of its failure, all who waited are told', kPlain, async ({ origin, crowd }) => {
  origin.on('/busy', { status: 503, headers: { 'Retry-After': '7' }, body: 'busy' });
  const clients = await crowd(40);
  for (const answer of await clients.ask('GET /busy').answers()) {
    assert.equal(answer.status, 503);
    assert.equal(answer.get('retry-after'), '7');
  }
});
