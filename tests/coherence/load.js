// Who writes, purges and reads while things break. Every answer is held against what had been acknowledged when its request
// began: that is the whole check.
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { kItems } from './stage.js';

const kPatience = 15_000;   // for one answer: past it the request is given up

export class Load {
  acknowledged = new Array(kItems).fill(0);   // by item: the newest version whose invalidation was acknowledged
  invalidations = { route: 0, admin: 0 };
  unacknowledged = 0;
  reads = 0;
  hits = 0;
  errors = {};
  stale = [];      // { item, got, least, node, began }
  #over = false;
  #agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
  #running = [];

  constructor(stage, random) {
    Object.assign(this, { stage, random });
  }

  start({ readers, writers, purgers }) {
    for (let i = 0; i < readers; i += 1) this.#run(() => this.#read());
    for (let i = 0; i < writers; i += 1) this.#run(() => this.#write());
    for (let i = 0; i < purgers; i += 1) this.#run(() => this.#purge());
  }

  async stop() {
    this.#over = true;
    await Promise.all(this.#running);
    this.#agent.destroy();
  }

  get total() {
    return this.invalidations.route + this.invalidations.admin;
  }

  #run(once) {
    this.#running.push((async () => {
      while (!this.#over) {
        try {
          await once();
        } catch (error) {
          const what = error.code ?? error.message;
          this.errors[what] = (this.errors[what] ?? 0) + 1;
          await sleep(5);
        }
      }
    })());
  }

  #ask(port, method, path, { headers = {}, body } = {}) {
    return new Promise((done, fail) => {
      const request = http.request({ host: '127.0.0.1', port, method, path, headers, agent: this.#agent }, (response) => {
        let text = '';
        response.setEncoding('latin1').on('data', (data) => { text += data; });
        response.on('end', () => done({ status: response.statusCode, headers: response.headers, text })).on('error', fail);
      });
      request.setTimeout(kPatience, () => request.destroy(new Error('no answer')));
      request.on('error', fail);
      request.end(body);
    });
  }

  #node() {
    const up = this.stage.nodes.filter((node) => node.up);
    return up[this.random.below(up.length)];
  }

  // A few items are asked for most of the time.
  #item() {
    return Math.floor(kItems * this.random.next() ** 3);
  }

  async #read() {
    const item = this.#item();
    const node = this.#node();
    const least = this.acknowledged[item];
    const began = Date.now();
    const answer = await this.#ask(node.port, 'GET', `/item/${item}`);
    if (answer.status !== 200) throw new Error(`GET: ${answer.status}`);
    this.reads += 1;
    if (/^weir; hit/.test(answer.headers['cache-status'])) this.hits += 1;
    const got = Number(answer.text);
    if (!(got >= least)) {
      this.stale.push({ item, got, least, node: node.name, began, took: Date.now() - began, status: answer.headers['cache-status'] });
    }
  }

  #acknowledge(item, version) {
    this.acknowledged[item] = Math.max(this.acknowledged[item], version);
  }

  async #write() {
    const item = this.#item();
    const answer = await this.#ask(this.#node().port, 'PUT', `/item/${item}`, { body: 'x' });
    if (answer.status !== 200) throw new Error(`PUT: ${answer.status}`);
    if (/invalidation-pending/.test(answer.headers['cache-status'])) {
      this.unacknowledged += 1;
      return;
    }
    this.#acknowledge(item, Number(answer.text));
    this.invalidations.route += 1;
  }

  // Many rows change at once, past weir; then they are purged.
  async #purge() {
    const items = new Set();
    while (items.size < 20) items.add(this.#item());
    const versions = [...items].map((item) => [item, this.stage.origin.bump(item)]);
    const node = this.#node();
    const body = JSON.stringify({ tags: versions.map(([item]) => `item:${item}`), wait: '10s' });
    const headers = { 'Content-Type': 'application/json', 'Content-Length': body.length };
    const answer = await this.#ask(node.weir.adminPort, 'POST', '/admin/cache/invalidate', { headers, body });
    if (answer.status !== 200 || JSON.parse(answer.text).missing.length > 0) {
      this.unacknowledged += versions.length;
      return;
    }
    for (const [item, version] of versions) this.#acknowledge(item, version);
    this.invalidations.admin += versions.length;
  }
}
