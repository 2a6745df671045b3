// A scenario: a promise in words, the part of the config that it is about, and what happens. Each has an origin and a weir of
// its own, and fails when either saw something it never may: a request that is no HTTP/1.1, a sanitizer's report, a bad end.
//
//   scenario('a second request is a hit', 'routes: […]', async ({ weir, origin, get }) => { … });
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Crowd, connect, fetch } from './client.js';
import { connect as connectH2 } from './h2.js';
import { H2Origin } from './h2_origin.js';
import { Origin } from './origin.js';
import { Weir } from './weir.js';
import { kPatience } from './patience.js';

// All that the API itself allows and no more: the plain default.
export const kPlain = `
routes:
  - name: all
    match: /
    cache: origin
`;

class Stage {
  #clean = [];

  // `origins`: how many, or for each what Origin.start takes, or with `h2` H2Origin.start; the config's upstream has all of them. Further options are for
  // Weir.start.
  static async set(config, { origins = 1, ...options } = {}) {
    const stage = new Stage();
    const kinds = Array.isArray(origins) ? origins : Array(origins).fill({});
    stage.origins = await Promise.all(kinds.map((kind) => (kind.h2 ? H2Origin : Origin).start(kind)));
    stage.origin = stage.origins[0];
    stage.onEnd(() => Promise.all(stage.origins.map((origin) => origin.close())));
    const text = typeof config === 'function' ? config(...stage.origins) : config;
    try {
      stage.weir = await Weir.start(text, { origins: stage.origins, ...options });
    } catch (error) {
      await stage.end();
      throw error;
    }
    stage.onEnd(() => stage.weir.stop());
    return stage;
  }

  onEnd(what) {
    this.#clean.unshift(what);
  }

  async end() {
    const errors = [];
    for (const what of this.#clean) {
      try {
        await what();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length) throw errors[0];
    const violations = this.origins.flatMap((origin) => origin.violations);
    assert.deepEqual(violations, [], 'weir wrote to the origin what is no HTTP');
  }

  // Bound, so that a scenario may take them apart.
  get = (path, headers) => fetch(this.weir, `GET ${path}`, headers);
  send = (line, headers, body) => fetch(this.weir, line, headers, body);
  turn = (seconds) => this.weir.clock.turn(seconds);

  connect = async () => {
    const connection = await connect(this.weir);
    this.onEnd(() => connection.close());
    return connection;
  };

  // A client of HTTP/2, by prior knowledge unless `secure` is said; what weir may never write fails the scenario.
  h2 = async (options) => {
    const connection = await connectH2(this.weir, options);
    this.onEnd(() => {
      connection.close();
      if (connection.fault) throw connection.fault;
    });
    return connection;
  };

  crowd = async (n) => {
    this.origin.on('/fence', { headers: { 'Cache-Control': 'max-age=86400' }, body: 'fence' });
    const crowd = await Crowd.gather(this.weir, n);
    this.onEnd(() => crowd.close());
    return crowd;
  };
}

export function scenario(title, config, play, { timeout = 4 * kPatience, ...options } = {}) {
  test(title, { timeout }, async () => {
    const stage = await Stage.set(config, options);
    try {
      await play(stage);
    } catch (error) {
      error.message += `\n--- weir said\n${stage.weir.lines.filter((line) => !line.startsWith('{')).slice(-40).join('\n')}`;
      await stage.end().catch(() => {});
      throw error;
    }
    await stage.end();
  });
}

// The same for many small cases on one origin and one weir: `stage()` inside them gives what set the stage.
export function sharedStage({ before, after }, config, options = {}, prepare = () => {}) {
  let stage;
  before(async () => {
    stage = await Stage.set(config, options);
    prepare(stage);
  });
  after(() => stage?.end());
  return () => stage;
}
