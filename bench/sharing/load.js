// Requests at a fixed rate, whatever becomes of them, over connections that stay open.

import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '../limits/connection.js';

const kLate = 5;   // milliseconds that a pause of one takes

// Connections to any port; as many as there are requests at once.
export class Pool {
  #free = new Map();   // by port

  // The answer, as Connection.get() has it.
  async get(port, path) {
    const connection = this.#take(port);
    const answer = await connection.get(path);
    const free = this.#free.get(port) ?? [];
    free.push(connection);
    this.#free.set(port, free);
    return answer;
  }

  // The one used last, so that those that are too many grow old.
  #take(port) {
    for (const free = this.#free.get(port) ?? []; free.length;) {
      const connection = free.pop();
      if (connection.open) return connection;
    }
    return new Connection(port);
  }

  close() {
    for (const free of this.#free.values()) for (const connection of free) connection.close();
    this.#free.clear();
  }
}

// Calls `ask` (which gives a promise that never fails) so often a second. `late` says where this process itself was not there
// in time: { at, us } by performance.now().
export class Load {
  sent = 0;
  late = [];
  #over = false;
  #flying = new Set();
  #running;

  constructor(rate, ask) {
    this.#running = this.#run(rate, ask);
  }

  async stop() {
    this.#over = true;
    await this.#running;
    await Promise.all(this.#flying);
  }

  async #run(rate, ask) {
    const began = performance.now();
    for (let slept = began; !this.#over; slept = performance.now()) {
      for (const due = (performance.now() - began) * rate / 1000; this.sent < due; this.sent += 1) {
        const asked = ask().finally(() => this.#flying.delete(asked));
        this.#flying.add(asked);
      }
      await sleep(1);
      const over = performance.now() - slept;
      if (over > kLate) this.late.push({ at: slept, us: over * 1000 });
    }
  }
}
