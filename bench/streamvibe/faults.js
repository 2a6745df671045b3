// Faults on demand: a test makes the origin slow, wrong, silent or gone, for all routes or for one. Each call of
// /_origin/faults replaces what was set for that route; one without a fault in it clears; `{}` clears everything.

import { setTimeout as sleep } from 'node:timers/promises';

const kRate = { type: 'number', minimum: 0, maximum: 1 };

export class Faults {
  static schema = {
    type: ['object', 'null'], additionalProperties: false,
    properties: {
      route: { type: 'string', maxLength: 200 },                     // 'GET /api/videos/:id' or '/api/videos/:id'
      delay_ms: { type: 'integer', minimum: 0, maximum: 600_000 },   // before anything else
      error_rate: kRate, hang_rate: kRate, close_rate: kRate,        // shares of the requests; the first drawn wins
    },
  };

  constructor() {
    this.known = new Set();
    this.byRoute = new Map();                                         // '' is: every route
  }

  know(method, url) {
    for (const one of [method].flat()) this.known.add(`${one} ${url}`);
    this.known.add(url);
  }

  // What is wrong with it, or nothing.
  set({ route = '', ...fault }) {
    if (route && !this.known.has(route)) return `no route ${route}; one is: GET /api/videos/:id`;
    if (Object.values(fault).some((value) => value > 0)) this.byRoute.set(route, fault);
    else if (route) this.byRoute.delete(route);
    else this.byRoute.clear();
    return null;
  }

  list() {
    return { faults: [...this.byRoute].map(([route, fault]) => ({ ...(route && { route }), ...fault })) };
  }

  #for(route) {
    return this.byRoute.get(route) ?? this.byRoute.get(route.slice(route.indexOf(' ') + 1)) ?? this.byRoute.get('');
  }

  // 'answer' when the request may go on; otherwise what was done to it.
  async befall(route, socket) {
    const fault = this.#for(route);
    if (!fault) return 'answer';
    if (fault.delay_ms) await sleep(fault.delay_ms, undefined, { ref: false });
    const draw = Math.random();
    const { close_rate: close = 0, hang_rate: hang = 0, error_rate: error = 0 } = fault;
    if (draw < close) { socket.destroy(); return 'close'; }
    if (draw < close + hang) return 'hang';
    return draw < close + hang + error ? 'error' : 'answer';
  }

  async strike(route, socket, reply) {
    const fate = await this.befall(route, socket);
    if (fate === 'answer') return undefined;
    if (fate === 'error') return reply.code(500).send({ error: 'fault', message: 'this error was asked for' });
    return reply.hijack();                                            // closed, or silent until the client goes
  }
}
