// Purged means gone, on all nodes, whatever breaks: nodes, writers, purges and readers, and one fault after the other. No
// answer that began after an acknowledgement may be older than it.
//
//   node tests/coherence/run.js [--seed N] [--invalidations N] [--nodes N] [--broken] [--log FILE]
//
// --broken lets one node skip a record (a hook in weir): then the check must find stale answers, or it is worth nothing.
// --log keeps what it says in a file, too.
import { appendFileSync } from 'node:fs';
import { parseArgs, inspect } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { Faults } from './faults.js';
import { Load } from './load.js';
import { Random } from './random.js';
import { Stage } from './stage.js';

const { values } = parseArgs({ options: {
  seed: { type: 'string' }, invalidations: { type: 'string', default: '100000' }, nodes: { type: 'string', default: '3' },
  workers: { type: 'string', default: '1' }, pause: { type: 'string', default: '1000' }, broken: { type: 'boolean' },
  seconds: { type: 'string', default: '600' }, log: { type: 'string' },
} });
const seed = Number(values.seed ?? Date.now() % 1_000_000);
const wanted = Number(values.invalidations);
const began = Date.now();
const seconds = () => ((Date.now() - began) / 1000).toFixed(1).padStart(6);
const say = (text) => {
  console.log(`${seconds()} s  ${text}`);
  if (values.log) appendFileSync(values.log, `${seconds()} s  ${text}\n`);
};

const stage = await Stage.set({
  count: Number(values.nodes), workers: Number(values.workers), env: values.broken ? { WEIR_TEST_SKIP_RECORDS: '50' } : {},
});
const stop = () => stage.stop().finally(() => process.exit(130));
process.once('SIGINT', stop).once('SIGTERM', stop);

const load = new Load(stage, new Random(seed));
const faults = new Faults(stage, new Random(seed + 1), (name) => say(`${name}   (${load.total} acknowledged, ${load.reads} read)`));
let failure = null;
try {
  for (const node of stage.nodes) await stage.trusted(node);
  say(`seed ${seed}: ${values.nodes} nodes, until ${wanted} invalidations are acknowledged`);
  load.start({ readers: 24, writers: 12, purgers: 2, changers: 6 });
  if (!values.broken) faults.start(Number(values.pause));
  // In a short run the most seldom kind may not have come yet: it goes on until each was acknowledged once.
  const all_seen = () => values.broken || load.unused.length === 0;
  const enough = () => (load.total >= wanted && all_seen()) || load.stale.length > 0 || Date.now() - began > Number(values.seconds) * 1000;
  while (!enough()) await sleep(50);
  await faults.stop();
  // What is broken must mend by itself.
  for (const node of stage.nodes) await stage.trusted(node);
} catch (error) {
  failure = error;
} finally {
  await load.stop();
  await stage.stop().catch((error) => { failure ??= error; });
}

const took = (Date.now() - began) / 1000;
say(`${load.total} acknowledged (${load.invalidations.route} by writes, ${load.invalidations.admin} by admin calls, ` +
  `${load.invalidations.method} by PURGE, ${load.invalidations.database} by the database), ` +
  `${load.unacknowledged} not; ${(load.total / took).toFixed(0)}/s`);
say(`${load.reads} reads, ${(100 * load.hits / Math.max(1, load.reads)).toFixed(1)} % hits; origin requests ${stage.origin.requests}; ` +
  `faults ${faults.happened.length}; errors ${JSON.stringify(load.errors)}`);
say(`acknowledged calls by kind: ${Object.entries(load.kinds).map(([kind, n]) => `${kind} ${n}`).join(', ')}`);
for (const one of load.stale.slice(0, 10)) say(`STALE ${JSON.stringify(one)}`);
for (const one of load.lost.slice(0, 10)) {
  const during = faults.during(one.began, one.began + one.took).join('; ') || 'nothing broken';
  say(`LOST ${JSON.stringify({ ...one, began: `${(one.began - began) / 1000} s` })}: ${during}`);
}
if (failure) say(inspect(failure));
if (values.broken) {
  say(load.stale.length > 0 ? 'the broken weir was caught' : 'a weir that skips records was NOT caught');
  process.exit(load.stale.length > 0 && !failure ? 0 : 1);
}
say(load.stale.length === 0 ? 'no answer was older than what had been acknowledged' : `${load.stale.length} STALE ANSWERS with seed ${seed}`);
if (load.lost.length > 0) say(`${load.lost.length} REQUESTS WITHOUT AN ANSWER from a node that lived, with seed ${seed}`);
// Who never serves from memory is never wrong, either.
const serves = load.hits > load.reads / 20;
for (const refusal of load.refused) say(`refused: ${refusal}`);
if (load.unused.length > 0) say(`never acknowledged: ${load.unused}`);
if (!serves) say('hardly anything was served from memory: that proves nothing');
process.exit(load.stale.length === 0 && load.lost.length === 0 && serves && load.refused.length === 0 && load.unused.length === 0 && !failure ? 0 : 1);
