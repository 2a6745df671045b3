// A reload swaps the routes whole while requests go on; a bad file changes nothing and says why.
import assert from 'node:assert/strict';
import { isHit } from '../support/cache_status.js';
import { connect } from '../support/client.js';
import { fresh, numbered } from '../support/origin.js';
import { eventually, gate } from '../support/patience.js';
import { scenario } from '../support/scenario.js';
import { weirCall } from '../support/weir.js';

// The same routes, and an answer that tells which file is in force.
const version = (n) => `
routes:
  - name: all
    match: /
    cache: origin
    response: { headers: { set: { X-Config: "${n}" } } }
`;
const inForce = async (get) => (await get('/page')).get('x-config');

const ways = {
  SIGHUP: (weir) => weir.signal('SIGHUP'),
  'POST /admin/reload': async (weir) => assert.equal((await weir.admin('POST /admin/reload')).status, 200),
  'weir reload': async (weir) => {
    const call = await weirCall(['reload'], { env: weir.environment });
    assert.equal(call.code, 0, call.err);
  },
};
for (const [how, reload] of Object.entries(ways)) {
  scenario(`${how}: the new file is in force, the cache and the connections live on`, version(1), async (stage) => {
    const { origin, get, weir, connect: open } = stage;
    origin.on('/page', fresh(600));
    const client = await open();
    assert.equal((await client.request('GET /page').answer()).get('x-config'), '1');
    weir.write(version(2));
    await reload(weir);
    await eventually(async () => (await inForce(get)) === '2', 'the new file is in force');
    const answer = await client.request('GET /page').answer();
    assert.ok(isHit(answer));
    assert.equal(answer.get('x-config'), '2');
    assert.equal(origin.count('/page'), 1);
  });

  scenario(`${how} with a bad file: the old one stays, and the reason is told`, version(1), async ({ origin, get, weir }) => {
    origin.on('/page', fresh(600));
    weir.write('routes:\n  - name: all\n    mach: /\n');
    if (how === 'SIGHUP') {
      weir.signal('SIGHUP');
      await weir.said(/weir\.yaml:\d+:\d+: .*mach/);
    } else if (how === 'weir reload') {
      const call = await weirCall(['reload'], { env: weir.environment });
      assert.equal(call.code, 1);
      assert.match(call.err, /weir\.yaml:\d+:\d+: .*mach/);
    } else {
      const answer = await weir.admin('POST /admin/reload');
      assert.ok(answer.status >= 400 && answer.status < 500, `${answer.status}`);
      assert.match(answer.text, /weir\.yaml:\d+:\d+: .*mach/);
    }
    assert.equal(await inForce(get), '1');
    weir.write(version(3));
    weir.signal('SIGHUP');
    await eventually(async () => (await inForce(get)) === '3', 'a good file afterwards is in force');
  });
}

scenario('a file that is gone changes nothing', version(1), async ({ origin, get, weir }) => {
  origin.on('/page', fresh(600));
  const { rmSync } = await import('node:fs');
  rmSync(weir.file);
  assert.ok((await weir.admin('POST /admin/reload')).status >= 400);
  assert.equal(await inForce(get), '1');
});

scenario('a request under way ends as it began', version(1), async ({ origin, connect: open, get, weir }) => {
  const told = gate();
  origin.on('/slow', async (request, reply) => {
    reply.begin({ 'Cache-Control': 'max-age=60' }).chunk('first ');
    await told.opened;
    reply.chunk('second').end();
  });
  origin.on('/page', fresh(600));
  const client = await open();
  client.request('GET /slow');
  const answer = await client.head();
  weir.write(version(2));
  weir.signal('SIGHUP');
  await eventually(async () => (await inForce(get)) === '2', 'the new file is in force');
  told.open();
  assert.equal((await answer.reader.whole()).toString(), 'first second');
  assert.equal(answer.reader.cut, null);
});

const twoOf = (first, second) => `
upstreams:
  api:
    servers: [ "${first}" ]
  other:
    servers: [ "${second}" ]
routes:
  - name: all
    match: /
    upstream: api
    cache: off
  - name: rest
    match: /
    upstream: other
`;

scenario('fifty reloads under load: no request is lost, refused or late for ever', `workers: 2${version(0)}`, async (stage) => {
  const { origin, weir } = stage;
  origin.on('/page', fresh(600)).on('/own', numbered({ 'Cache-Control': 'no-store' }));
  let over = false;
  let answered = 0;
  const load = async (i) => {
    let client = await connect(weir);
    for (let n = 0; !over; n += 1) {
      if (n % 50 === 49) {
        client.close();
        client = await connect(weir);
      }
      const answer = await client.request(`GET ${(n + i) % 3 ? '/page' : '/own'}`).answer();
      assert.equal(answer?.status, 200);
      assert.ok(answer.whole);
      answered += 1;
    }
    client.close();
  };
  const clients = Array.from({ length: 8 }, (_, i) => load(i));
  for (let n = 1; n <= 50; n += 1) {
    weir.write(`workers: 2${version(n)}`);
    const before = answered;
    assert.equal((await weir.admin('POST /admin/reload')).status, 200);
    await Promise.race([eventually(() => answered > before, 'the load goes on'), ...clients]);
  }
  over = true;
  await Promise.all(clients);
  assert.equal((await stage.get('/page')).get('x-config'), '50');
});

scenario('an unreachable route is a bad file, too', version(1), async ({ origin, weir }) => {
  weir.write(twoOf(origin.url, origin.url));
  assert.ok((await weir.admin('POST /admin/reload')).status >= 400);
});

const to = (origin) => `
upstreams:
  api:
    servers: [ "${origin.url}" ]
`;
scenario('a reload can change where requests go', (first) => to(first), async ({ origins: [first, second], get, weir }) => {
  first.on('/page', { headers: { 'Cache-Control': 'no-store' }, body: 'first' });
  second.on('/page', { headers: { 'Cache-Control': 'no-store' }, body: 'second' });
  assert.equal((await get('/page')).text, 'first');
  weir.write(to(second));
  assert.equal((await weir.admin('POST /admin/reload')).status, 200);
  assert.equal((await get('/page')).text, 'second');
}, { origins: 2 });
