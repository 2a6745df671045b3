// Who writes, purges and reads while things break. Every answer is held against what had been acknowledged when its request
// began: that is the whole check.
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { kItems } from './stage.js';

const kPatience = 15_000;   // for one answer: past it the request is given up
const kHost = 'items.example';   // the same on all nodes, so that what one has is another's, too

// In words, how far a request got; to be asked before its connection is destroyed.
function connection_of({ socket, reusedSocket, writableFinished }, response, text) {
  if (!socket) return 'none';
  const seen = response ? `head and ${text.length} bytes of the answer` : 'nothing of the answer';
  return `${socket.readyState}, ${reusedSocket ? 'kept alive' : 'new'}, from port ${socket.localPort}; ` +
    `the request ${writableFinished ? 'written' : 'not written'}, ${seen}`;
}

export class Load {
  acknowledged = new Array(kItems).fill(0);   // by item: the newest version whose invalidation was acknowledged
  kinds = { all: 0, prefix: 0, pattern: 0, urls: 0, tags: 0, soft: 0, PURGE: 0, SOFTPURGE: 0, route: 0, database: 0 };   // acknowledged at all
  refused = [];    // answers that say that what was asked for is wrong: this check's own fault
  invalidations = { route: 0, admin: 0, method: 0, database: 0 };
  unacknowledged = 0;
  reads = 0;
  hits = 0;
  errors = {};
  stale = [];      // { item, got, least, node, began }
  lost = [];       // requests that nobody answered and nothing excuses: { kind, node, what, began, took, error, connection }
  #over = false;
  #agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
  #running = [];

  constructor(stage, random) {
    Object.assign(this, { stage, random });
  }

  start({ readers, writers, purgers, changers }) {
    for (let i = 0; i < readers; i += 1) this.#run(() => this.#read());
    for (let i = 0; i < writers; i += 1) this.#run(() => this.#write());
    for (let i = 0; i < purgers; i += 1) this.#run(() => this.#purge());
    for (let i = 0; i < changers; i += 1) this.#run(() => this.#change());
  }

  async stop() {
    this.#over = true;
    await Promise.all(this.#running);
    this.#agent.destroy();
  }

  get total() {
    return Object.values(this.invalidations).reduce((sum, n) => sum + n, 0);
  }

  // The kinds of invalidation of which none was acknowledged yet.
  get unused() {
    return Object.keys(this.kinds).filter((kind) => this.kinds[kind] === 0);
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

  // `kind`: what the request is for. Only a node that was killed meanwhile may leave it without an answer.
  #ask(node, kind, method, path, { headers = {}, body } = {}) {
    const { weir } = node;   // of this life
    const began = Date.now();
    const admin = path.startsWith('/admin/');
    const named = admin ? headers : { Host: kHost, ...headers };
    const options = { host: '127.0.0.1', port: admin ? weir.adminPort : weir.port, method, path, headers: named, agent: this.#agent };
    return new Promise((done, fail) => {
      let response, text = '', connection, over = false;
      const lose = (error) => {
        connection ??= connection_of(request, response, text);
        const what = `${method} ${path} ${body ?? ''}`;
        if (!weir.killed && !over) this.lost.push({ kind, node: node.name, what, began, took: Date.now() - began, error: String(error), connection });
        over = true;
        fail(error);
      };
      const request = http.request(options, (head) => {
        response = head;
        response.setEncoding('latin1').on('data', (data) => { text += data; });
        response.on('end', () => done({ status: response.statusCode, headers: response.headers, text })).on('error', lose);
      });
      request.setTimeout(kPatience, () => {
        connection = connection_of(request, response, text);
        request.destroy(new Error('no answer'));
      });
      request.on('error', lose);
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
    const answer = await this.#ask(node, 'read', 'GET', `/item/${item}`);
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
    const answer = await this.#ask(this.#node(), 'write', 'PUT', `/item/${item}`, { body: 'x' });
    if (answer.status !== 200) throw new Error(`PUT: ${answer.status}`);
    if (/invalidation-pending/.test(answer.headers['cache-status'])) {
      this.unacknowledged += 1;
      return;
    }
    this.#acknowledge(item, Number(answer.text));
    this.kinds.route += 1;
    this.invalidations.route += 1;
  }

  #look_for_refusal(kind, { status, text }) {
    if (status >= 400 && status < 500 && this.refused.length < 10) this.refused.push(`${kind}: ${status} ${text}`);
  }

  // Items that change past weir, with their new versions: `wanted` of them, or all that `covers`.
  #some(wanted, covers = () => false) {
    const items = new Set();
    for (let item = 0; item < kItems; item += 1) if (covers(String(item))) items.add(item);
    while (items.size < wanted) items.add(this.#item());
    return [...items].map((item) => [item, this.stage.origin.bump(item)]);
  }

  // What the admin endpoint takes: of each kind, the more seldom the more it covers.
  #admin_purge() {
    const path = ([item]) => `/item/${item}`;
    const dice = this.random.below(100);
    const digits = String(100 + this.random.below(100));
    if (dice < 1) return { kind: 'all', versions: this.#some(20), body: { all: true } };
    if (dice < 10) return { kind: 'prefix', versions: this.#some(0, (item) => item.startsWith(digits)), body: { prefix: `/item/${digits}` } };
    if (dice < 19) return { kind: 'pattern', versions: this.#some(0, (item) => item.length === 4 && item.startsWith(digits)), body: { pattern: `/item/${digits}?` } };
    const versions = this.#some(20);
    if (dice < 40) return { kind: 'urls', versions, body: { urls: versions.map(path) } };
    return { kind: dice < 60 ? 'soft' : 'tags', versions, body: { tags: versions.map(([item]) => `item:${item}`), soft: dice < 60 } };
  }

  // Many rows change at once, past weir; then they are purged. Whatever covers them with one record counts once.
  async #purge() {
    const { kind, versions, body } = this.#admin_purge();
    const node = this.#node();
    const text = JSON.stringify({ ...body, wait: '10s' });
    const headers = { 'Content-Type': 'application/json', 'Content-Length': text.length };
    const answer = await this.#ask(node, 'purge by admin', 'POST', '/admin/cache/invalidate', { headers, body: text });
    const records = (body.tags ?? body.urls ?? [0]).length;
    this.#look_for_refusal(kind, answer);
    if (answer.status !== 200 || JSON.parse(answer.text).missing.length > 0) {
      this.unacknowledged += records;
      return;
    }
    this.kinds[kind] += 1;
    for (const [item, version] of versions) this.#acknowledge(item, version);
    this.invalidations.admin += records;
    if (this.random.below(4) === 0) await this.#purge_by_method();
  }

  async #purge_by_method() {
    const [[item, version]] = this.#some(1);
    const method = this.random.pick(['PURGE', 'SOFTPURGE']);
    const answer = await this.#ask(this.#node(), 'purge by method', method, `/item/${item}`);
    this.#look_for_refusal(method, answer);
    if (answer.status !== 200) {
      this.unacknowledged += 1;
      return;
    }
    this.#acknowledge(item, version);
    this.kinds[method] += 1;
    this.invalidations.method += 1;
  }

  // Rows that change in the database, which tells weir.
  async #change() {
    const versions = this.#some(20);
    const open = this.random.below(3) === 0 ? this.random.between(10, 800) : 0;
    const items = versions.map(([item]) => item).sort((a, b) => a - b);   // locked in one order: no deadlocks
    const xid = await this.stage.database.change(items, open);
    if (!await this.stage.database.applied(xid, kPatience)) {
      this.unacknowledged += versions.length;
      return;
    }
    for (const [item, version] of versions) this.#acknowledge(item, version);
    this.kinds.database += 1;
    this.invalidations.database += versions.length;
  }
}
