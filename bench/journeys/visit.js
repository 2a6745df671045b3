// One visit: what a journey may do. It makes the requests, measures and checks them, thinks, and draws by popularity.
// A request that fails ends the visit, as it would a person's.

import { setTimeout as sleep } from 'node:timers/promises';
import { rank_to_id } from './random.js';

export class Abandoned extends Error {}

// `/api/videos/42/comments?limit=3` → `/api/videos/:id/comments`
export const route_of = (path) => path.split('?')[0].replace(/\/\d+(?=\/|$)/g, '/:id').replace(/seg-\d+/, 'seg-N');

export class Visit {
  constructor({ journey, client, tally, random, world, user, think }) {
    Object.assign(this, { journey, client, tally, random, world, user });
    this.pace = think;
    this.last = null;
  }

  async #ask(method, path, { signedIn = false, status = 200, headers = {}, body } = {}) {
    const all = { ...headers, ...(signedIn && { authorization: `Bearer user-${this.user}` }) };
    const answer = await this.client.request(method, path, { headers: all, body });
    const expected = [status].flat();
    const error = answer.error ?? (expected.includes(answer.status) ? undefined : `status ${answer.status}`);
    this.last = { route: `${method} ${route_of(path)}${expected[0] === 206 ? ' (range)' : ''}`, ms: answer.ms,
      bytes: answer.body?.length ?? 0, cacheStatus: answer.headers?.['cache-status'] };
    return { ...answer, error };
  }

  // Counts the request only when it is known whether it was right.
  #count(error) {
    const { route, ...measured } = this.last;
    this.tally.add(this.journey, route, { ...measured, error });
    if (error) throw new Abandoned(error);
  }

  async json(method, path, { send, bytes, ...rest } = {}) {
    const body = bytes ?? (send && Buffer.from(JSON.stringify(send)));
    const type = bytes ? 'application/octet-stream' : 'application/json';
    const answer = await this.#ask(method, path, { ...rest, body, headers: body ? { 'content-type': type } : {} });
    let value = null;
    let error = answer.error;
    if (!error) try { value = JSON.parse(answer.body); } catch { error = 'not JSON'; }
    this.#count(error);
    return value;
  }

  async bytes(path, { range, status = 200 } = {}) {
    const { error, body } = await this.#ask('GET', path, { status, headers: range ? { range } : {} });
    this.#count(error ?? (body.length === 0 ? 'empty' : undefined));
    return body;
  }

  // The answer came, and says something wrong: as bad as an error, and counted as one, of the journey.
  expect(right, what) {
    if (right) return;
    this.tally.add(this.journey, `${this.last.route} (wrong)`, { ms: this.last.ms, bytes: 0, error: `wrong: ${what}` });
    throw new Abandoned(what);
  }

  // Around `seconds`, never more than three times that.
  async think(seconds) {
    const pause = Math.min(3, -Math.log(1 - this.random())) * seconds * this.pace * 1000;
    if (pause > 0) await sleep(pause);
  }

  chance(share) { return this.random() < share; }

  // The earlier in the list, the likelier.
  pick(list) { return list[this.world.places(list.length).draw(this.random()) - 1]; }

  video() { return rank_to_id(this.world.videos.draw(this.random()), this.world.size.videos); }
}
