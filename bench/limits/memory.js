// The row that sends many times the budget through weir: what the process takes of memory before, meanwhile and after,
// as the kernel counts it.

import { randomFillSync } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { kMiB, memory_of, mib } from './resident.js';

const kGiB = 2 ** 30;
const kBudget = 64 * kMiB;
const kRoom = 0.25;               // beyond the budget and an empty weir
const kSmallest = 1024;           // bytes
const kLargest = 512 * 1024;
const kConnections = 64;          // of the generator
const kSeconds = 3600;            // at most
const kEvery = 200;               // milliseconds between two looks
const kSamples = 200;             // kept in the record, at most

function digest(text, seed) {
  let value = seed;
  for (let i = 0; i < text.length; i += 1) value = Math.imul(value ^ text.charCodeAt(i), 16777619);
  value = Math.imul(value ^ (value >>> 15), 0x2c1b3c6d);
  return (value ^ (value >>> 13)) >>> 0;
}

// The body of a path: a slice of one random buffer. No two are alike, or weir would keep only one of them; small sizes
// are as frequent as large ones, from 1 to 2 KiB as from 256 to 512 KiB.
function bodies() {
  const bytes = randomFillSync(Buffer.alloc(16 * kMiB + kLargest));
  return (path) => {
    const size = Math.floor(kSmallest * (kLargest / kSmallest) ** (digest(path, 1) / 2 ** 32));
    const at = digest(path, 2) % (16 * kMiB);
    return bytes.subarray(at, at + size);
  };
}

// Asks for an object of its own twice: as a fetch and, mostly, as a hit.
async function sample(stand, client, body_of, n) {
  const path = `/sample/${n}`;
  for (const which of ['first', 'second']) {
    const { status, body } = await client.get(path);
    stand.expect(status === 200 && body.equals(body_of(path)),
      `the ${which} answer for ${path} is not what the origin sent`);
  }
}

// Sends load until the origin has given `bytes`; → { samples, load }.
async function watch(stand, { weir, client, origin, body_of, bytes }) {
  const words = [weir.port, kConnections, kSeconds, 200, 'each', '/memory/', 0];
  const { child, figures } = stand.run_program('generator', words);
  let over = false;
  figures.finally(() => { over = true; }).catch(() => {});
  const samples = [];
  for (let last = Date.now(); !over && origin.bytes < bytes; await sleep(kEvery)) {
    const { rss } = memory_of(weir.pid);
    samples.push({ bytes: origin.bytes, rss });
    await sample(stand, client, body_of, samples.length);
    if (Date.now() - last < 5000) continue;
    last = Date.now();
    stand.say(`${(origin.bytes / kGiB).toFixed(2)} of ${(bytes / kGiB).toFixed(2)} GiB, ${mib(rss)} resident`);
  }
  child.kill('SIGUSR1');
  return { samples, load: await figures };
}

export async function memory(stand, { gib }) {
  const body_of = bodies();
  const fields = 'Cache-Control: public, max-age=3600\r\nContent-Type: application/octet-stream';
  const origin = await stand.start_origin((path) => ({ fields, body: body_of(path) }));
  const weir = await stand.start_weir({ memory: `${kBudget / kMiB}MiB`, origin });
  const empty = memory_of(weir.pid).rss;
  const client = stand.connect(weir.port);
  const { samples, load } = await watch(stand, { weir, client, origin, body_of, bytes: gib * kGiB });
  const { rss: after, peak } = memory_of(weir.pid);
  const stats = JSON.parse((await stand.connect(weir.admin).get('/admin/cache/stats')).body);
  const promised = kBudget * (1 + kRoom) + empty;
  const most = Math.max(after, ...samples.map(({ rss }) => rss));
  const sent = `${(origin.bytes / kGiB).toFixed(1)} GiB in ${origin.requests.toLocaleString('en')} objects`;
  stand.say(`${sent}, ${mib(after)} resident, at most ${mib(peak)}`);
  stand.expect(load.failed === 0, `${load.failed} requests failed`);
  stand.expect(stats.bytes <= kBudget, `the store says ${mib(stats.bytes)}, its budget is ${mib(kBudget)}`);
  stand.expect(stats.evictions > 0 || gib * kGiB < kBudget, 'nothing was evicted');
  stand.expect(peak <= promised, `${mib(peak)} resident at the highest, ${mib(promised)} promised`);
  const most_words = `≤ ${mib(promised)}`;
  const step = Math.ceil(samples.length / kSamples);
  return {
    measured: {
      budget: kBudget, empty, after, peak, most_sampled: most, promised,
      origin_bytes: origin.bytes, objects: origin.requests, store_bytes: stats.bytes, kept: stats.objects,
      samples: samples.filter((_, i) => i % step === 0),
    },
    figures: [
      { what: 'resident, empty', promised: '–', measured: mib(empty) },
      { what: `resident at the highest, ${mib(kBudget)} under ${sent}`, promised: most_words, measured: mib(peak) },
      { what: 'resident after it', promised: most_words, measured: mib(after) },
    ],
  };
}
