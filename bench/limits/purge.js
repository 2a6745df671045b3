// The row that purges: a tag that covers one object beside one that covers them all. Every object has both, and a body
// that the origin never sends twice: a body seen again was kept, another one was fetched anew. Where nodes share a log in
// Redis (bench/sharing/many.js) it is the same.

import { setTimeout as sleep } from 'node:timers/promises';
import { median } from '../report.js';

export const kMemory = '2GiB';
const kConnections = 64;      // of the generator
const kFillSeconds = 900;     // at most, for all objects
const kUnmeasured = 50;       // purges of tags that nothing has, before those that count
const kChecked = 20;          // objects of each kind that are looked at

const url_of = (n) => `/object/${n}`;
const us = (value) => `${Math.round(value).toLocaleString('en')} µs`;
const middle_and_worst = (values) => `${us(median(values))}, worst ${us(Math.max(...values))}`;

// `count` numbers, spread over all objects.
const spread = (count, objects, shift) => Array.from({ length: count },
  (_, i) => Math.floor(((i + shift) * objects) / count) + 1);

async function stats(admin) {
  return JSON.parse((await admin.get('/admin/cache/stats')).body);
}

// Asks for each object once, through weir. Again from the first, should one have failed.
async function fill(stand, weir, admin, objects) {
  const words = [weir.port, kConnections, kFillSeconds, 200, 'each', url_of(''), objects];
  const { child, figures } = stand.run_program('generator', words);
  let over = false;
  figures.finally(() => { over = true; }).catch(() => {});
  for (let last = 0; !over; await sleep(250)) {
    const now = await stats(admin);
    if (now.objects >= objects) break;
    if (Date.now() - last < 5000) continue;
    last = Date.now();
    stand.say(`${now.objects.toLocaleString('en')} of ${objects.toLocaleString('en')} objects are kept`);
  }
  child.kill('SIGUSR1');
  return figures;
}

async function purge_each(stand, admin, tags) {
  const taken = [];
  for (const tag of tags) {
    const { status, us: took } = await admin.post('/admin/cache/invalidate', { tags: [tag] });
    stand.expect(status === 200, `the purge of ${tag} was answered ${status}`);
    taken.push(took);
  }
  return taken;
}

// The bodies of some objects, as clients get them now.
async function bodies_of(stand, client, numbers, hits = false) {
  const bodies = new Map();
  for (const n of numbers) {
    const { status, head, body } = await client.get(url_of(n));
    if (hits) stand.expect(/^cache-status: weir; hit;/im.test(head), `${url_of(n)} is not a hit before any purge`);
    stand.expect(status === 200 && body.length === 64, `${url_of(n)} was answered ${status}, ${body.length} bytes`);
    bodies.set(n, String(body));
  }
  return bodies;
}

const kept = (before, after) => [...before].filter(([n, body]) => after.get(n) === body).length;

export async function purge(stand, options) {
  const origin = await stand.start_nginx();
  return purge_through(stand, await stand.start_weir({ memory: kMemory, origin }), options);
}

// The same of a weir that runs.
export async function purge_through(stand, weir, { objects, purges }) {
  const admin = stand.connect(weir.admin);
  const filled = await fill(stand, weir, admin, objects);
  const full = await stats(admin);
  const client = stand.connect(weir.port);   // not before: weir ends a connection that is idle for so long
  stand.expect(filled.failed === 0, `${filled.failed} requests failed while filling`);
  stand.expect(full.objects >= objects && full.evictions === 0,
    `${full.objects} of ${objects} objects are kept, ${full.evictions} were evicted`);
  stand.say(`${full.objects.toLocaleString('en')} objects are kept in ${(full.bytes / 2 ** 20).toFixed(0)} MiB`);

  const alone = spread(purges, objects, 0);
  const looked = alone.filter((_, i) => i % Math.ceil(purges / kChecked) === 0);
  const others = spread(purges, objects, 0.5).filter((n) => !alone.includes(n)).slice(0, kChecked);
  const looked_before = await bodies_of(stand, client, looked, true);
  const others_before = await bodies_of(stand, client, others, true);

  await purge_each(stand, admin, Array.from({ length: kUnmeasured }, (_, i) => `nothing:${i}`));
  const ones = await purge_each(stand, admin, alone.map((n) => `one:${n}`));
  const looked_after = await bodies_of(stand, client, looked);
  const others_after = await bodies_of(stand, client, others);
  const old = kept(looked_before, looked_after);
  const still = kept(others_before, others_after);
  stand.expect(old === 0, `${old} of ${looked.length} purged objects were served again`);
  stand.expect(still === others.length,
    `${others.length - still} of ${others.length} objects went that no purge covered`);

  const [first, ...again] = await purge_each(stand, admin, Array.from({ length: purges + 1 }, () => 'all'));
  const all_before = new Map([...looked_after, ...others_after]);
  const all_after = await bodies_of(stand, client, all_before.keys());
  const all_old = kept(all_before, all_after);
  stand.expect(all_old === 0,
    `${all_old} of ${all_before.size} objects were served again after the purge of the tag that all have`);

  const count = full.objects.toLocaleString('en');
  const times = `${(median(again) / median(ones)).toFixed(2)}×`;
  const looked_at = looked.length + all_before.size;
  return {
    measured: { objects: full.objects, bytes: full.bytes, one_us: ones, first_of_all_us: first, all_us: again },
    figures: [
      { what: 'purge of a tag of one object', promised: '–', measured: middle_and_worst(ones) },
      { what: `purge of a tag of ${count} objects, the first`, promised: 'the same', measured: us(first) },
      { what: `${purges} more of that tag`, promised: 'the same', measured: `${middle_and_worst(again)} (${times})` },
      { what: 'purged objects served again', promised: '0', measured: `${old + all_old} of ${looked_at}` },
    ],
  };
}
