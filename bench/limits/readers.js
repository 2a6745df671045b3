// The row of slow readers: so many clients take a 10 MiB answer at a few KiB a second. What weir holds for each of them
// beyond what they share is bounded, whether the answer is kept once for all or fetched for each.

import { setTimeout as sleep } from 'node:timers/promises';
import { kMiB, memory_of, mib } from './resident.js';

const kBytes = 10 * kMiB;
const kEach = 256 * 1024;     // promised, beyond the shared object
const kRate = 20_000;         // bytes a second; weir's least is 1 KiB
const kSlow = 12_000;         // milliseconds that they read so
const kEvery = 100;           // between two looks
const kType = 'Content-Type: application/octet-stream';
const kAnswers = {
  kept: { fields: `Cache-Control: max-age=3600\r\n${kType}`, shared: 1 },
  'not kept': { fields: `Cache-Control: no-store\r\n${kType}`, shared: 0 },
};

function pattern() {
  const bytes = Buffer.alloc(kBytes);
  for (let i = 0; i < kBytes; i += 1) bytes[i] = (i * 131 + (i >> 8)) & 255;
  return bytes;
}

// → the most that was resident while they read slowly.
async function watch(weir, child) {
  let most = 0;
  for (let waited = 0; waited < kSlow; waited += kEvery) {
    most = Math.max(most, memory_of(weir.pid).rss);
    await sleep(kEvery);
  }
  child.kill('SIGUSR1');
  return most;
}

async function read_all(stand, what, { fields, shared }, { clients, body }) {
  const origin = await stand.start_origin(() => ({ fields, body }));
  const weir = await stand.start_weir({ memory: '256MiB', origin, connections: clients + 1 });
  const path = '/slow';
  if (shared) await stand.connect(weir.port).get(path);
  const empty = memory_of(weir.pid).rss;
  const { child, figures } = stand.run_program('slow', [weir.port, clients, path, kRate, kBytes]);
  const most = await watch(weir, child);
  const load = await figures;
  const { peak } = memory_of(weir.pid);
  const promised = empty + clients * kEach;
  stand.say(`${what}: ${mib(empty)} before, at most ${mib(most)} while ${clients} read slowly, ${mib(peak)} in all`);
  stand.expect(load.answered === clients && load.wrong === 0, `${what}: ${load.failed} of ${clients} got no whole answer, ${load.wrong} a wrong one`);
  stand.expect(shared ? origin.requests === 1 : origin.requests === clients, `${what}: ${origin.requests} requests reached the origin`);
  stand.expect(peak <= promised, `${what}: ${mib(peak)} resident at the highest, ${mib(promised)} promised`);
  const each = (bytes) => `${Math.max(0, (bytes - empty) / clients / 1024).toFixed(1)} KiB`;
  return {
    measured: { what, clients, empty, most, peak, promised, slow_bytes: load.slow_bytes },
    figures: [
      { what: `${what}: resident at the highest, ${clients} slow readers of ${mib(kBytes)}`, promised: `≤ ${mib(promised)}`, measured: mib(peak) },
      { what: `${what}: for each of them, reading slowly / at the highest`, promised: `≤ ${kEach / 1024} KiB`, measured: `${each(most)} / ${each(peak)}` },
    ],
  };
}

export async function readers(stand, { clients }) {
  const body = pattern();
  const rows = [];
  for (const [what, answer] of Object.entries(kAnswers)) rows.push(await read_all(stand, what, answer, { clients, body }));
  return { measured: rows.map((row) => row.measured), figures: rows.flatMap((row) => row.figures) };
}
