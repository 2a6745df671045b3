// Runs the journeys with so many clients at once and measures: stages one after the other, each with a fixed number of
// journeys for each client (so that two runs do the same work) or for a fixed time, then the stress run.

import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from './client.js';
import { kJourneys } from './journeys.js';
import { Zipf, generator, rank_to_id, weighted } from './random.js';
import { Sockets } from './sockets.js';
import { Tally } from './tally.js';
import { Usage } from './usage.js';
import { Abandoned, Visit } from './visit.js';

const kStressErrors = 0.01;      // share of failed requests that counts as broken
const kStressP95 = 2000;         // milliseconds, likewise
const kGrowth = 1.05;            // twice the clients must bring this much more, else the peak is found

// What there is to ask for, and how popular each is.
export function world_of(size, s) {
  const places = new Map();
  return { size, videos: new Zipf(size.videos, s), users: new Zipf(size.users, 0.8),
    places(length) {
      if (!places.has(length)) places.set(length, new Zipf(length, 1));
      return places.get(length);
    } };
}

async function one_client(index, tally, plan, stage) {
  const client = new Client(plan.target, plan.timeout);
  const user = rank_to_id(plan.world.users.draw(generator(plan.seed, index)()), plan.world.size.users);
  await sleep(plan.ramp * 1000 * index / stage.clients);
  for (let n = 0; stage.until ? performance.now() < stage.until : n < stage.journeys; n++) {
    // A generator of its own for each visit: one that is cut short doesn't change the next.
    const random = generator(plan.seed, index, stage.number, n);
    const journey = weighted(plan.mix, random());
    const visit = new Visit({ journey, client, tally, random, world: plan.world, user, think: stage.think ?? plan.think });
    try {
      await kJourneys[journey].run(visit);
      tally.finished(journey, true);
    } catch (error) {
      if (!(error instanceof Abandoned)) throw error;
      tally.finished(journey, false);
      await sleep(100);                     // an origin that refuses at once is not asked in a tight loop
    }
    await visit.think(2);
  }
  tally.retries += client.retries;
  client.close();
}

export async function run_stage(plan, stage) {
  const tally = new Tally();
  const began = performance.now();
  const timed = stage.seconds ? { ...stage, until: began + stage.seconds * 1000 } : stage;
  await Promise.all(Array.from({ length: stage.clients }, (_, index) => one_client(index, tally, plan, timed)));
  return { tally, seconds: (performance.now() - began) / 1000, clients: stage.clients };
}

const summary = ({ tally, seconds, clients }) => {
  const { journeys, routes, ...all } = tally.report();
  return { clients, seconds, requests_per_second: all.requests / seconds, ...all };
};

const progress = (done) => `${done.clients} clients: ${done.requests} requests in ${done.seconds.toFixed(1)} s, `
  + `${done.requests_per_second.toFixed(0)}/s, p95 ${done.p95.toFixed(1)} ms, ${done.errors} errors`;

function broken(step) {
  if (step.error_rate > kStressErrors) return 'errors';
  return step.p95 > kStressP95 ? 'latency' : null;
}

// More and more clients, without a pause between requests, until errors or latency say stop or more brings no more.
async function stress(plan, { seconds, most }) {
  const steps = [];
  let flat = 0;
  for (let clients = 10, best = 0; clients <= most; clients *= 2) {
    const step = summary(await run_stage({ ...plan, ramp: 0 }, { clients, seconds, think: 0, number: 1000 + clients }));
    steps.push(step);
    plan.say(`  stress, ${progress(step)}`);
    flat = step.requests_per_second < best * kGrowth ? flat + 1 : 0;
    best = Math.max(best, step.requests_per_second);
    const why = broken(step) ?? (flat >= 2 ? 'no more throughput' : null);
    if (why) return { steps, peak: best, broke_at: clients, why };
  }
  return { steps, peak: Math.max(...steps.map((step) => step.requests_per_second)), broke_at: null, why: 'not broken' };
}

export async function run_load(plan) {
  await plan.origin?.reset();
  const usage = new Usage(plan.processes);
  const sockets = new Sockets(plan.target('/live'), plan.sockets);
  const total = new Tally();
  const stages = [];
  let seconds = 0;
  for (const [number, clients] of plan.stages.entries()) {
    const done = await run_stage(plan, { clients, number, journeys: plan.journeys, seconds: plan.duration });
    const said = summary(done);
    plan.say(`  ${progress(said)}`);
    stages.push(said);
    total.merge(done.tally);
    seconds += done.seconds;
  }
  const origin = await plan.origin?.report();
  const result = { name: plan.name, seconds, ...summary({ tally: total, seconds, clients: Math.max(...plan.stages) }),
    ...total.report(), stages, origin, usage: usage.report() };
  if (plan.stress) result.stress = await stress(plan, plan.stress);
  return { ...result, websockets: await sockets.close() };
}
