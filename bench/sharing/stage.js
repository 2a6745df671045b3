// What a row of `./dev bench sharing` stands on: beside what a Stand has, a Redis, relays to it, and weirs that share it. All of
// it ends with stop(): the weirs first, so that none of them misses its Redis.

import { setTimeout as sleep } from 'node:timers/promises';
import { RedisServer } from '../../tests/support/redis.js';
import { Relay } from '../../tests/support/relay.js';
import { Stand } from '../limits/stand.js';
import { kServers } from '../servers.js';

const kNode = { ...kServers.weir, config: 'sharing/weir.yaml' };
const kJoinLimit = 20_000;   // milliseconds until a node that started has to follow the log
const kLook = 10;            // milliseconds between two looks
const kIdle = 5_000;         // milliseconds without a call after which weir may be about to close its admin connection

export class Stage extends Stand {
  redis = null;
  nodes = [];   // { port, admin, pid, child }, and what control() adds

  start_redis() {
    return this.starting(async () => {
      this.redis = await RedisServer.start();
      this.keep_below({ stop: () => this.redis.stop() });
      return this.redis;
    });
  }

  // Between weirs and Redis, to send them elsewhere.
  start_relay() {
    return this.starting(async () => {
      const relay = await Relay.start(() => this.redis.port);
      this.keep_below({ stop: () => relay.close() });
      return relay;
    });
  }

  // One weir more; `redis`: a port that isn't the server's own; `shared`: whether it gives objects to Redis.
  async start_node({ origin, memory = '256MiB', redis = this.redis.port, shared = true }) {
    const server = await this.start_as(kNode, {
      BENCH_MEMORY: memory, BENCH_REDIS_PORT: String(redis), BENCH_ORIGIN_PORT: String(origin.port), BENCH_SHARED: String(shared),
    });
    const node = { ...server, control: null, called: 0 };
    this.nodes.push(node);
    return node;
  }

  async end_node(node, signal) {
    this.nodes = this.nodes.filter((other) => other !== node);
    node.control?.close();
    const gone = new Promise((done) => { node.child.once('exit', done); });
    node.child.kill(signal);
    await gone;
  }

  // Until all nodes follow the log and know of each other.
  async joined() {
    for (const node of this.nodes) {
      for (const limit = Date.now() + kJoinLimit; ; await sleep(kLook)) {
        const { following, trusted, nodes } = await this.look(node);
        if (following && trusted && this.nodes.length <= nodes.length) break;
        if (Date.now() > limit) throw new Error(`the node on port ${node.port} doesn't follow the log`);
      }
    }
  }

  // The connection to a node's admin endpoint.
  control(node) {
    if (!node.control?.open || Date.now() - node.called > kIdle) {
      node.control?.close();
      node.control = this.connect(node.admin);
    }
    node.called = Date.now();
    return node.control;
  }

  // What a node says of itself and of the others.
  async look(node) {
    return JSON.parse((await this.control(node).get('/admin/nodes')).body);
  }

  // { status, us, missing }
  async purge(node, what) {
    const { status, us, body } = await this.control(node).post('/admin/cache/invalidate', what);
    return { status, us, missing: status === 200 ? JSON.parse(body).missing ?? [] : null };
  }

  // All metrics of a node, by name and labels as they stand there.
  async metrics(node) {
    const { body } = await this.control(node).get('/metrics');
    const lines = String(body).split('\n').filter((line) => line && !line.startsWith('#'));
    return new Map(lines.map((line) => {
      const end = line.lastIndexOf(' ');
      return [line.slice(0, end), Number(line.slice(end + 1))];
    }));
  }
}
