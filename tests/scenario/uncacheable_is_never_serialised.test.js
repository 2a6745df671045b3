// Promise 2, its other half: what turns out not to be storable is fetched for each, in parallel, as if there were no cache.
import assert from 'node:assert/strict';
import { cacheStatus } from '../support/cache_status.js';
import { gate } from '../support/patience.js';
import { kPlain, scenario } from '../support/scenario.js';

const kClients = 40;

// The first answer comes when told; the others all have to reach the origin before any of them is answered.
async function releasedInParallel({ origin, crowd }, headers, ask = (clients) => clients.ask('GET /own'), body = () => '') {
  const first = gate();
  const rest = gate();
  let n = 0;
  origin.on('/own', async () => {
    n += 1;
    const mine = n;
    await (mine === 1 ? first : rest).opened;
    return { headers, body: `for ${mine} only${body()}` };
  });
  const clients = await crowd(kClients);
  ask(clients);
  await clients.settled();
  assert.equal(origin.count('/own'), 1);
  first.open();
  await origin.reached('/own', kClients);
  rest.open();
  const texts = (await clients.answers()).map((answer) => answer.text.slice(0, 20).trim());
  assert.equal(new Set(texts).size, kClients, 'each has an answer of its own');
}

for (const [why, headers] of Object.entries({
  'no-store': { 'Cache-Control': 'no-store' },
  private: { 'Cache-Control': 'private, max-age=60' },
  'Set-Cookie': { 'Cache-Control': 'max-age=60', 'Set-Cookie': 'session=1' },
  'Vary: *': { 'Cache-Control': 'max-age=60', Vary: '*' },
})) {
  scenario(`${why}: all who waited ask the origin at once`, kPlain, (stage) => releasedInParallel(stage, headers));
}

const kSmall = `
cache: { memory: 64MiB, max_object: 64KiB }
routes:
  - name: all
    match: /
    cache: origin
`;
scenario('larger than max_object: released as soon as the size is known', kSmall, (stage) =>
  releasedInParallel(stage, { 'Cache-Control': 'max-age=60' }, undefined, () => ' '.repeat(100_000)));

scenario('a Vary that tells the waiting apart: each gets the variant that is theirs', kPlain, async ({ origin, crowd }) => {
  const first = gate();
  let n = 0;
  origin.on('/page', async (request) => {
    n += 1;
    if (n === 1) await first.opened;
    const headers = { 'Cache-Control': 'max-age=60', Vary: 'X-Lang' };
    return { headers, body: `in ${request.get('x-lang')}` };
  });
  const clients = await crowd(30);
  const languages = ['en', 'fr', 'cy'];
  clients.clients.forEach((client, i) => client.request('GET /page', { 'X-Lang': languages[i % 3] }));
  await clients.settled();
  first.open();
  const answers = await clients.answers();
  answers.forEach((answer, i) => assert.equal(answer.text, `in ${languages[i % 3]}`));
});

scenario('an unsafe method never waits and is never shared', kPlain, async ({ origin, connect }) => {
  const told = gate();
  origin.on('/own', async () => {
    await told.opened;
    return { headers: { 'Cache-Control': 'max-age=60' }, body: 'done' };
  });
  const clients = await Promise.all(Array.from({ length: 10 }, connect));
  for (const client of clients) client.request('POST /own', {}, 'order');
  await origin.reached('/own', 10);
  told.open();
  for (const client of clients) assert.equal((await client.answer()).text, 'done');
});

scenario('a request that may not be shared (Authorization) waits for nobody', kPlain, async ({ origin, connect, get }) => {
  const told = gate();
  origin.on('/own', async (request) => {
    await told.opened;
    return { headers: { 'Cache-Control': 'max-age=60' }, body: request.get('authorization') ?? 'nobody' };
  });
  const clients = await Promise.all(Array.from({ length: 5 }, connect));
  clients.forEach((client, i) => client.request('GET /own', { Authorization: `Bearer ${i}` }));
  await origin.reached('/own', 5);
  told.open();
  const answers = await Promise.all(clients.map((client) => client.answer()));
  answers.forEach((answer, i) => {
    assert.equal(answer.text, `Bearer ${i}`);
    assert.equal(cacheStatus(answer).stored, false);
  });
  assert.equal((await get('/own')).text, 'nobody');
});
