// Several weirs in front of one origin that share one Redis: what scenario.js is for one.
//
//   fleet('what one fetched the others do not', 'routes: […]', async ({ nodes, origin, redis, get }) => { … });
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fetch } from './client.js';
import { Origin } from './origin.js';
import { eventually, kPatience } from './patience.js';
import { RedisServer } from './redis.js';
import { Weir } from './weir.js';

// `redis`: options of the server. `shared`: more lines of `cache.redis`. `invalidation`: the text of that section.
export class Fleet {
  static async start(config, { count = 2, redis = [], shared = '', invalidation = '{ lease: 2s }', cache = '', workers = 1, user = '' } = {}) {
    const fleet = new Fleet();
    fleet.nodes = [];
    fleet.origin = await Origin.start();
    try {
      fleet.redis = await RedisServer.start(redis);
      fleet.text = `workers: ${workers}\ninvalidation: ${invalidation}\ncache:\n  ${cache}\n  redis:\n    url: "${fleet.redis.url.replace('//', `//${user}`)}"\n` +
        `    prefix: test\n    timeout: 200ms\n${shared}${config}`;
      for (let i = 0; i < count; i += 1) fleet.nodes.push(await fleet.node());
      await fleet.joined();
    } catch (error) {
      await fleet.end().catch(() => {});
      throw error;
    }
    return fleet;
  }

  // One more of them, which is the caller's to stop.
  node(options = {}) {
    return Weir.start(this.text, { origins: [this.origin], ...options });
  }

  // All nodes follow the log and know of each other.
  async joined(nodes = this.nodes) {
    for (const weir of nodes) {
      await eventually(async () => {
        const { json } = await weir.admin('GET /admin/nodes');
        return json.following && json.trusted && json.nodes.length >= nodes.length;
      }, 'a node follows the log');
    }
  }

  // Bound, so that a test may take it apart.
  get = (node, path, headers) => fetch(this.nodes[node], `GET ${path}`, headers);
  send = (node, line, headers, body) => fetch(this.nodes[node], line, headers, body);
  // The entry for a key is written some time after the answer: until so many of them stand.
  written = (count = 1) => eventually(async () => (await this.redis.keys('test:{*}:[ev]*')).length >= count, `${count} entries stand in Redis`);

  async end() {
    const errors = [];
    for (const weir of this.nodes) await weir.stop().catch((error) => errors.push(error));
    if (this.redis) await this.redis.stop().catch((error) => errors.push(error));
    await this.origin.close();
    if (errors.length) throw errors[0];
    assert.deepEqual(this.origin.violations, [], 'weir wrote to the origin what is no HTTP/1.1');
  }
}

export function fleet(title, config, play, options = {}) {
  test(title, { timeout: 6 * kPatience }, async () => {
    const stage = await Fleet.start(config, options);
    try {
      await play(stage);
    } catch (error) {
      for (const [n, weir] of stage.nodes.entries()) {
        error.message += `\n--- node ${n} said\n${weir.lines.filter((line) => !line.startsWith('{')).slice(-20).join('\n')}`;
      }
      await stage.end().catch(() => {});
      throw error;
    }
    await stage.end();
  });
}
