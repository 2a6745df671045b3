// The row in which Redis breaks, in one way after the other, under a steady load: what clients notice of it. Nothing may be lost,
// wrong or older than an acknowledged purge; how long answers take is printed, and drawn as docs/redis-faults.svg.

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Versions, version_in } from './bodies.js';
import { breakdowns } from './breakdowns.js';
import { ms, number, quantile, table } from './figures.js';
import { graph } from './graph.js';
import { Load, Pool } from './load.js';

const kRoot = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const kSlice = 250;          // milliseconds that one point of the graph stands for
const kLook = 50;            // milliseconds between two looks whether the node is trusted
const kWarm = 3000;          // milliseconds of load before anything counts
const kFine = 5, kMended = 8;   // seconds in which nothing is wrong: at first, and after each fault
const kHot = 40;             // objects that are asked for again and again
const kHits = 0.8;           // part of the requests that is for them
const kPurgeEvery = 500;     // milliseconds
const kPatience = '5s';      // of a purge
const kRecovery = 6;         // seconds promised until a node is trusted again
const kKinds = { hit: 'hits', validated: 'asked about', miss: 'misses' };

// What an answer was, by its own word.
function kind_of(head) {
  const [, status = ''] = /^cache-status: (.*)$/im.exec(head) ?? [];
  if (/weir; hit/.test(status)) return 'hit';
  return /detail=cut-off/.test(status) ? 'validated' : 'miss';
}

// All that clients see, by the time at which they asked.
class Clients {
  answers = [];     // { at, us, kind }
  errors = [];      // { at, what }
  purges = [];      // { at, status, us }
  acknowledged = new Map();   // by path: the version that a purge made known to all nodes
  #pool = new Pool();
  #fresh = 0;
  #sent = 0;

  constructor(stage, versions, clock) {
    Object.assign(this, { stage, versions, clock });
  }

  start(rate) {
    this.load = new Load(rate, () => this.#ask());
    this.purging = this.#purge_now_and_then();
  }

  async stop() {
    this.over = true;
    await Promise.all([this.load?.stop(), this.purging]);
    this.#pool.close();
  }

  #path() {
    this.#sent += 1;
    if ((this.#sent * kHits) % 1 < kHits - 1e-9) return `/object/${1 + this.#sent % kHot}`;
    this.#fresh += 1;
    return `/new/${this.#fresh}`;
  }

  async #ask() {
    const path = this.#path();
    const at = this.clock();
    const least = this.acknowledged.get(path) ?? 1;
    try {
      const { status, head, body, us } = await this.#pool.get(this.stage.nodes[0].port, path);
      this.answers.push({ at, us, kind: kind_of(head) });
      const version = status === 200 ? version_in(path, body) : 0;
      if (status !== 200) this.errors.push({ at, what: `${path} was answered ${status}` });
      else if (version === 0 || version > this.versions.of(path)) this.errors.push({ at, what: `${path} has a wrong body` });
      else if (version < least) this.errors.push({ at, what: `${path} was version ${version}, ${least} had been acknowledged` });
    } catch (error) {
      this.errors.push({ at, what: `${path}: ${error.message}` });
    }
  }

  // On the other node, so that it gets here by way of Redis.
  async #purge_now_and_then() {
    for (let n = 1; !this.over; n = 1 + n % kHot) {
      const at = this.clock();
      const path = `/object/${n}`;
      const version = this.versions.bump(path);
      try {
        const { status, us, missing } = await this.stage.purge(this.stage.nodes[1], { tags: [`one:${n}`], wait: kPatience });
        this.purges.push({ at, us, status });
        if (status === 200 && missing.length === 0) this.acknowledged.set(path, version);
      } catch (error) {
        if (!this.over) this.errors.push({ at, what: `a purge: ${error.message}` });
      }
      await sleep(Math.max(0, kPurgeEvery - (this.clock() - at)));
    }
  }
}

// What the node says of itself all the while.
class Watch {
  looks = [];     // { at, trusted }
  samples = [];   // { at, refused, late, origin }: counts from the start

  constructor(stage, origin, clock) {
    Object.assign(this, { stage, origin, clock });
    this.running = this.#run();
    this.running.catch(() => {});
  }

  async stop() {
    this.over = true;
    await this.running;
  }

  async #run() {
    const [node] = this.stage.nodes;
    for (let next = 0; !this.over; await sleep(kLook)) {
      const { following, trusted } = await this.stage.look(node);
      this.looks.push({ at: this.clock(), trusted: following && trusted });
      if (this.clock() < next) continue;
      next = (Math.floor(this.clock() / kSlice) + 1) * kSlice;
      const metrics = await this.stage.metrics(node);
      this.samples.push({
        at: this.clock(), origin: this.origin.requests, late: metrics.get('weir_redis_timeouts_total'),
        refused: metrics.get('weir_redis_refused_total'),
      });
    }
  }
}

// Plays all of it; → [{ name, how, from, mended, to }], milliseconds by the clock. `mended` where there was a fault.
async function play(stage, clock, faults) {
  const phases = [];
  const fine = async (seconds, name) => {
    const from = clock();
    await sleep(seconds * 1000);
    phases.push({ name, from, to: clock() });
  };
  await fine(kFine, 'fine');
  for (const { name, how, seconds, begin, mend } of faults) {
    const from = clock();
    stage.say(`Redis: ${name} (${how})`);
    await stage.starting(async () => begin());
    await sleep(seconds * 1000);
    await stage.starting(async () => mend());
    phases.push({ name, how, fault: true, from, to: clock() });
    await fine(kMended, 'mended');
  }
  return phases;
}

const between = (list, from, to) => list.filter(({ at }) => at >= from && at < to);

// How often it was counted in that time.
function grown(samples, word, from, to) {
  const inside = between(samples, from, to);
  const before = samples.findLast(({ at }) => at < from) ?? inside[0];
  return inside.length ? inside.at(-1)[word] - before[word] : 0;
}

function times_of(answers) {
  return Object.fromEntries(Object.keys(kKinds).map((kind) => {
    const us = answers.filter((it) => it.kind === kind).map((it) => it.us);
    return [kind, { count: us.length, p50_us: quantile(us, 0.5), p99_us: quantile(us, 0.99) }];
  }));
}

// Microseconds that the clients themselves were held up, at worst: then so are their times.
const held_up = ({ late }, began, from, to) =>
  Math.max(0, ...late.filter(({ at }) => at - began >= from && at - began < to).map(({ us }) => us));

function seen_in({ clients, watch, began }, from, to) {
  const looks = between(watch.looks, from, to);
  return {
    ...times_of(between(clients.answers, from, to)), errors: between(clients.errors, from, to).length,
    held_up_us: held_up(clients.load, began, from, to),
    origin: grown(watch.samples, 'origin', from, to), refused: grown(watch.samples, 'refused', from, to),
    late: grown(watch.samples, 'late', from, to), trusted: looks.length > 0 && looks.every((look) => look.trusted),
  };
}

const kNever = null;
const seconds_after = (at, mended) => Math.max(0, (at - mended) / 1000);

// Seconds from the mending until it was as before, for good; kNever where nothing was lost.
function recovery({ watch, clients }, { from, to }, end) {
  const distrusted = between(watch.looks, from, end).findLast((look) => !look.trusted);
  const refused = watch.samples.filter((sample, i) => i > 0 && sample.refused > watch.samples[i - 1].refused);
  const open = between(refused, from, end).at(-1);
  const refused_purge = between(clients.purges, from, end).findLast(({ status }) => status !== 200);
  const seconds = (last) => (last ? seconds_after(last.at, to) : kNever);
  return { trusted: seconds(distrusted), closed: seconds(open), purged: seconds(refused_purge) };
}

function phases_seen(seen, phases) {
  return phases.map((phase, i) => ({
    ...phase, ...seen_in(seen, phase.from, phase.to),
    purges: between(seen.clients.purges, phase.from, phase.to).map(({ status }) => status),
    again: phase.fault ? recovery(seen, phase, phases[i + 1].to) : undefined,
  }));
}

function slices_seen(seen, end) {
  return Array.from({ length: Math.floor(end / kSlice) },
    (_, i) => ({ at: i * kSlice, ...seen_in(seen, i * kSlice, (i + 1) * kSlice) }));
}

const after = (seconds) => (seconds === kNever ? 'never lost' : `${seconds.toFixed(1)} s`);

function line_of(phase) {
  const seconds = (phase.to - phase.from) / 1000;
  const time = ({ count, p50_us, p99_us }) => (count ? `${ms(p50_us)} / ${ms(p99_us)} (${number(count)})` : '–');
  const refused = phase.purges.filter((status) => status !== 200).length;
  return [
    phase.fault ? `**${phase.name}** (${phase.how})` : phase.name, seconds.toFixed(1),
    ...Object.keys(kKinds).map((kind) => time(phase[kind])),
    ms(phase.held_up_us), (phase.origin / seconds).toFixed(0), String(phase.errors),
    `${phase.purges.length - refused} / ${refused}`,
    ...['trusted', 'closed', 'purged'].map((what) => (phase.again ? after(phase.again[what]) : '')),
  ];
}
const kHeads = ['Redis', 's', ...Object.values(kKinds).map((words) => `${words}, p50 / p99`), 'clients held up',
  'origin requests/s', 'errors',
  'purges done / refused', 'trusted again after', 'breaker closed after', 'purged by the other node after'];

function write_down(record) {
  mkdirSync(join(kRoot, 'build/bench'), { recursive: true });
  writeFileSync(join(kRoot, 'build/bench/redis-faults.json'), `${JSON.stringify(record, null, 1)}\n`);
  writeFileSync(join(kRoot, 'docs/redis-faults.svg'), graph(record));
}

export async function faults(stage, { rate }) {
  const versions = new Versions();
  const origin = await stage.start_origin(versions.answer);
  await stage.start_redis();
  const relay = await stage.start_relay();
  for (let i = 0; i < 2; i += 1) await stage.start_node({ origin, redis: relay.port });
  await stage.joined();
  const began = performance.now() + kWarm;
  const clock = () => performance.now() - began;
  const clients = stage.keep(new Clients(stage, versions, clock));
  const watch = stage.keep(new Watch(stage, origin, clock));
  clients.start(rate);
  await sleep(kWarm);
  const played = await play(stage, clock, await breakdowns(stage, relay));
  await clients.stop();
  await watch.stop();
  const seen = { clients, watch, began };
  const phases = phases_seen(seen, played);
  write_down({ slice_ms: kSlice, rate, phases, slices: slices_seen(seen, played.at(-1).to), errors: clients.errors });
  for (const { at, what } of clients.errors.slice(0, 10)) stage.say(`${(at / 1000).toFixed(2)} s: ${what}`);
  stage.expect(clients.errors.length === 0, `${clients.errors.length} requests went wrong: ${clients.errors[0]?.what}`);
  stage.expect(watch.looks.at(-1).trusted, 'the node is not trusted at the end');
  const slowest = (word) => `at most ${Math.max(...phases.map(({ again }) => again?.[word] ?? 0)).toFixed(1)} s`;
  return {
    measured: { phases, errors: clients.errors },
    more: `${table(kHeads, phases.map(line_of))}\n\nEach 250 ms: build/bench/redis-faults.json, and drawn docs/redis-faults.svg`,
    figures: [
      { what: `requests that went wrong, of ${number(clients.answers.length)}`, promised: '0',
        measured: String(clients.errors.length) },
      { what: 'trusted again after Redis was mended', promised: `≤ ${kRecovery} s`, measured: slowest('trusted') },
      { what: 'purges through the other node taken again', promised: `≤ ${kRecovery} s`, measured: slowest('purged') },
    ],
  };
}
