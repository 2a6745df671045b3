// What the coherence check runs on: an origin with numbered items, a PostgreSQL that has them too, two Redis servers (a
// primary and its replica), a relay for each node that stands between it and Redis, and the nodes. All on free ports of
// loopback, all stopped by stop().
import http from 'node:http';
import { eventually } from '../support/patience.js';
import { RedisServer } from '../support/redis.js';
import { Relay } from '../support/relay.js';
import { Weir } from '../support/weir.js';
import { Database } from './database.js';

export const kItems = 2000;
export const kLease = 1000;   // milliseconds

const config = (relay, database, workers) => `
workers: ${workers}
access_log: off
admin: { address: "127.0.0.1:0", purge_from: 127.0.0.1 }
cache:
  memory: 64MiB
  redis: { url: "redis://127.0.0.1:${relay.port}", prefix: coherence, timeout: 50ms, replicas: 1 }
invalidation:
  lease: ${kLease}ms
  postgres: { url: "${database.url}", reader: coherence }
routes:
  - name: write
    match: PUT /item/{id}
    invalidate: { tags: [ "item:\${id}" ] }
  - name: item
    match: GET /item/{id}
    cache: { ttl: 1h }
    tags: [ "item:\${id}" ]
`;

// Items have a version that only grows. A write is a PUT; one that comes by another way is bump().
class VersionedOrigin {
  versions = new Array(kItems).fill(1);
  requests = 0;

  static async start() {
    const origin = new VersionedOrigin();
    origin.server = http.createServer({ keepAliveTimeout: 60_000 }, (request, response) => origin.#serve(request, response));
    await new Promise((done) => origin.server.listen(0, '127.0.0.1', done));
    origin.url = `http://127.0.0.1:${origin.server.address().port}`;
    return origin;
  }

  bump(item) {
    this.versions[item] += 1;
    return this.versions[item];
  }

  #serve(request, response) {
    this.requests += 1;
    const item = Number(request.url.slice('/item/'.length));
    const put = request.method === 'PUT';
    const body = String(put ? this.bump(item) : this.versions[item]);
    const answer = () => response.writeHead(200, { 'Content-Length': body.length, ETag: `"${body}"` }).end(body);
    request.resume();
    // What was read may take its time on the way: that is when a purge overtakes it.
    if (!put && item % 7 === 0) setTimeout(answer, item % 30); else answer();
  }

  close() {
    this.server.closeAllConnections();
    return new Promise((done) => this.server.close(done));
  }
}

export class Stage {
  nodes = [];   // { weir, relay, up }

  static async set({ count, workers, env }) {
    const stage = new Stage();
    Object.assign(stage, { workers, env });
    try {
      await stage.#set(count);
    } catch (error) {
      await stage.stop().catch(() => {});
      throw error;
    }
    return stage;
  }

  async #set(count) {
    this.origin = await VersionedOrigin.start();
    this.database = await Database.start(kItems);
    const options = ['--repl-diskless-sync-delay', '0', '--repl-timeout', '5'];
    this.primary = await RedisServer.start(options);
    this.replica = await RedisServer.start(options);
    await this.follow();
    for (let i = 0; i < count; i += 1) {
      const node = { relay: await Relay.start(() => this.primary.port), name: i };
      this.nodes.push(node);
      await this.begin(node);
    }
  }

  // The replica follows the primary and has all of it.
  async follow() {
    await this.replica.ask(['REPLICAOF', '127.0.0.1', this.primary.port]);
    await eventually(async () => /master_link_status:up/.test(await this.replica.ask(['INFO', 'replication'])), 'the replica follows');
  }

  async begin(node) {
    node.weir = await Weir.start(config(node.relay, this.database, this.workers), { origins: [this.origin], env: this.env });
    node.up = true;
  }

  // Until the node follows the log and trusts its memory.
  async trusted(node) {
    await eventually(async () => (await node.weir.admin('GET /admin/nodes')).json.trusted, `node ${node.name} follows the log`);
  }

  async kill(node) {
    node.up = false;
    node.weir.killed = true;
    node.weir.signal('SIGKILL');
    await node.weir.exited.opened;
    node.weir.clock.close();
  }

  // The primary is lost, the replica is promoted; the old one comes back empty and follows.
  async fail_over() {
    await this.primary.kill();
    await this.replica.ask(['REPLICAOF', 'NO', 'ONE']);
    [this.primary, this.replica] = [this.replica, this.primary];
    for (const { relay } of this.nodes) relay.cut();
    await this.replica.begin();
    await this.follow();
  }

  async stop() {
    const errors = [];
    for (const { weir, relay, up } of this.nodes) {
      if (up) await weir.stop().catch((error) => errors.push(error));
      await relay.close();
    }
    for (const redis of [this.primary, this.replica]) await redis?.stop();
    await this.database?.stop();
    await this.origin?.close();
    if (errors.length) throw errors[0];
  }
}
