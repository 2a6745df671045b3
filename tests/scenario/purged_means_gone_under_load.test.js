// Promise 3 with everything at once: writers raise versions and purge, readers check that no answer that was asked for after
// an acknowledgement carries an older version, others purge what they like, softly and hard.
import assert from 'node:assert/strict';
import { isHit } from '../support/cache_status.js';
import { connect } from '../support/client.js';
import { within } from '../support/patience.js';
import { scenario } from '../support/scenario.js';

const kRoutes = `
workers: 4
routes:
  - name: item
    match: GET /items/{id}
    cache: { ttl: 1h }
    tags: [ "item:\${id}" ]
  - name: rest
    match: /
    cache: { ttl: 1h }
`;
const kItems = 8;
const kReaders = 24;
const kReads = 150;   // by each reader
const kWrites = 60;   // by each writer; one writer an item

// The origin's truth, and what has been acknowledged as purged.
class Truth {
  version = new Array(kItems).fill(1);
  acknowledged = new Array(kItems).fill(0);

  serve(origin) {
    for (let id = 0; id < kItems; id += 1) {
      origin.on(`/items/${id}`, async () => {
        const seen = this.version[id];
        await pause(Math.random() * 4);
        return { body: String(seen) };
      });
    }
  }
}

// A slow origin and writers that think: the races need fetches and purges to overlap in every way.
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const ways = [
  (id) => ({ tags: [`item:${id}`] }),
  (id) => ({ urls: [`/items/${id}`] }),
  (id) => ({ prefix: `/items/${id}` }),
  (id) => ({ pattern: `/items/${id}*` }),
];

async function write(weir, truth, id) {
  for (let i = 0; i < kWrites; i += 1) {
    const version = (truth.version[id] += 1);
    await weir.invalidate(ways[i % ways.length](id));
    truth.acknowledged[id] = Math.max(truth.acknowledged[id], version);
    await pause(Math.random() * 10);
  }
}

async function read(weir, truth, counts) {
  const client = await connect(weir);
  for (let i = 0; i < kReads; i += 1) {
    const id = Math.floor(Math.random() * kItems);
    const least = truth.acknowledged[id];
    const answer = await client.request(`GET /items/${id}`).answer();
    assert.equal(answer.status, 200);
    assert.ok(Number(answer.text) >= least, `item ${id}: version ${answer.text}, though ${least} was acknowledged before`);
    counts[isHit(answer) ? 'hits' : 'others'] += 1;
    if (i % 8 === 0) await pause(1);
  }
  client.close();
}

async function meddle(weir) {
  for (let i = 0; i < 40; i += 1) {
    await weir.invalidate(i % 4 ? { tags: [`item:${i % kItems}`], soft: true } : { all: true, soft: i % 8 === 0 });
    await pause(15);
  }
}

scenario('writers, readers and purgers at once: no answer is older than the last acknowledgement', kRoutes, async (stage) => {
  const { weir, origin } = stage;
  const truth = new Truth();
  truth.serve(origin);
  const counts = { hits: 0, others: 0 };
  const all = [meddle(weir)];
  for (let id = 0; id < kItems; id += 1) all.push(write(weir, truth, id));
  for (let i = 0; i < kReaders; i += 1) all.push(read(weir, truth, counts));
  await within(Promise.all(all), 'readers, writers and purgers', 120_000);
  assert.ok(counts.hits > 100, `the cache was used: ${counts.hits} hits`);
  assert.ok(counts.others > 100, `the origin was used: ${counts.others} others`);
}, { timeout: 180_000 });
