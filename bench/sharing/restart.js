// The row in which one of two nodes is stopped under a browsing load and starts anew: what it had in memory it finds in
// Redis, so the origin should hardly notice. Its clients go to the other node meanwhile, as any load balancer would have it.

import { setTimeout as sleep } from 'node:timers/promises';
import { Zipf, generator } from '../journeys/random.js';
import { body_of, kFields } from './bodies.js';
import { number } from './figures.js';
import { Load, Pool } from './load.js';

const kExponent = 0.9;          // of Zipf's law
const kConnections = 64;        // of the generator that fills the cache
const kFillSeconds = 60;        // at most
const kPromised = 0.05;         // of its objects a new node may have fetched again
const kWays = { SIGTERM: 'stopped', SIGKILL: 'killed' };

const url_of = (n) => `/object/${n}`;

// Clients on both nodes, that look at every body. `windows` count what was asked and fetched, each in its time.
class Browsing {
  failed = 0;
  again = 0;     // requests that a node didn't answer and another one did
  window = null;
  #pool = new Pool();
  #random = generator(1);

  constructor(stage, objects, rate) {
    this.stage = stage;
    this.zipf = new Zipf(objects, kExponent);
    this.open();
    this.load = new Load(rate, () => this.#ask());
  }

  // What is asked in the time until the next one: `objects` by those nodes that started with it.
  open(fresh = null) {
    this.window = { fresh, requests: 0, objects: new Set(), fetched: new Set(), fetches: 0 };
    return this.window;
  }

  // The origin was asked.
  fetched(path) {
    this.window.fetches += 1;
    this.window.fetched.add(path);
  }

  async stop() {
    await this.load.stop();
    this.#pool.close();
  }

  async #ask() {
    const path = url_of(this.zipf.draw(this.#random()));
    const { nodes } = this.stage;
    const node = nodes[Math.floor(this.#random() * nodes.length)];
    const { window } = this;
    window.requests += 1;
    if (node === window.fresh) window.objects.add(path);
    // A node that goes may close a connection on which a request is under way: a client asks another one then.
    if (await this.#get(node, path) || this.stage.nodes.includes(node)) return;
    this.again += 1;
    if (!await this.#get(this.stage.nodes[0], path)) this.failed += 1;
  }

  // Whether the answer came and was right.
  async #get(node, path) {
    try {
      const { status, body } = await this.#pool.get(node.port, path);
      if (status === 200 && body.equals(body_of(path))) return true;
      this.stage.expect(false, `${path} was answered ${status}, ${body.length} bytes`);
    } catch (error) {
      if (this.stage.nodes.includes(node)) this.stage.expect(false, `${path}: ${error.message}`);
    }
    return false;
  }
}

// Every object is in Redis.
async function fill(stage, objects) {
  const words = [stage.nodes[0].port, kConnections, kFillSeconds, 200, 'each', url_of(''), objects];
  const { child, figures } = stage.run_program('generator', words);
  let over = false;
  figures.finally(() => { over = true; }).catch(() => {});
  while (!over && await stage.redis.ask(['DBSIZE']) < objects) await sleep(100);
  child.kill('SIGUSR1');
  await figures;
  await sleep(500);   // what leases are left run out
}

async function restart(stage, { browsing, origin, seconds, signal }) {
  const before = browsing.open();
  await sleep(seconds * 1000);
  const between = browsing.open();
  const began = Date.now();
  await stage.end_node(stage.nodes[1], signal);
  const node = await stage.start_node({ origin });
  const ready = Date.now() - began;
  const after = browsing.open(node);
  await sleep(seconds * 1000);
  const { window } = browsing;
  browsing.open();
  stage.expect(window === after && after.objects.size > 0, 'nobody asked the new node');
  const again = [...after.fetched].filter((path) => after.objects.has(path)).length;
  const tiers = await stage.metrics(node);
  return { before, between, after, ready, again, part: again / after.objects.size,
    redis_hits: tiers.get('weir_hits_total{route="object",tier="redis"}') };
}

const each_thousand = ({ fetches, requests }) => (1000 * fetches / requests).toFixed(2);
const counts = ({ requests, fetches, objects }) => ({ requests, fetches, objects: objects.size });

export async function restart_row(stage, { browsed, rate, seconds }) {
  let browsing = null;
  const origin = await stage.start_origin((path) => {
    browsing?.fetched(path);
    return { fields: kFields, body: body_of(path) };
  });
  await stage.start_redis();
  for (let i = 0; i < 2; i += 1) await stage.start_node({ origin });
  await stage.joined();
  await fill(stage, browsed);
  browsing = new Browsing(stage, browsed, rate);
  stage.keep(browsing);
  await sleep(seconds * 1000);   // until both have in memory what is asked for most
  const measured = {}, figures = [];
  for (const [signal, words] of Object.entries(kWays)) {
    const it = await restart(stage, { browsing, origin, seconds, signal });
    const part = `${it.again} of ${it.after.objects.size} objects`;
    stage.say(`${words}: away for ${it.ready} ms, then ${part} fetched again, ${it.redis_hits} hits in Redis`);
    stage.expect(it.part <= kPromised, `${part} were fetched again after a node was ${words}`);
    measured[words] = { ...it, before: counts(it.before), between: counts(it.between), after: counts(it.after) };
    const who = `one of 2 nodes ${words}, at ${number(rate)} requests/s over ${number(browsed)} objects`;
    figures.push(
      { what: `${who}: origin requests for 1,000 requests, ${seconds} s before → after`, promised: '–',
        measured: `${each_thousand(it.before)} → ${each_thousand(it.after)}` },
      { what: 'objects that clients asked it for and that were fetched again', promised: `≤ ${100 * kPromised} %`,
        measured: `${it.again} of ${number(it.after.objects.size)}` });
  }
  stage.expect(browsing.failed === 0, `${browsing.failed} requests had no answer from either node`);
  figures.push({ what: 'requests without an answer', promised: '0', measured: String(browsing.failed) });
  return { measured: { ...measured, asked_again: browsing.again }, figures };
}
