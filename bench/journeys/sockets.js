// WebSockets beside the journeys: each says something every second and must hear it again, and hears the ticks. They
// tell whether long-lived connections live through the load.

import { createRequire } from 'node:module';
import { Latencies } from './tally.js';

const kEvery = 1000;      // milliseconds between two words
const kOpen = 10_000;     // and for opening

export class Sockets {
  constructor(base, count) {
    this.latencies = new Latencies();
    this.counts = { opened: 0, failed: 0, lost: 0, said: 0, heard: 0, ticks: 0 };
    this.closing = false;
    if (count > 0) {
      const { WebSocket } = createRequire(new URL('../streamvibe/package.json', import.meta.url))('ws');
      const url = new URL('/live', base.replace(/^http/, 'ws'));
      this.all = Array.from({ length: count }, () => this.#open(new WebSocket(url, { handshakeTimeout: kOpen })));
    } else {
      this.all = [];
    }
  }

  #open(socket) {
    const { counts } = this;
    let opened = false;
    let timer;
    const waiting = new Map();
    socket.on('open', () => {
      opened = true;
      counts.opened += 1;
      timer = setInterval(() => {
        const word = `said ${counts.said += 1}`;
        waiting.set(word, performance.now());
        socket.send(word);
      }, kEvery);
    });
    socket.on('message', (data) => {
      const began = waiting.get(String(data));
      if (began === undefined) { counts.ticks += 1; return; }
      waiting.delete(String(data));
      counts.heard += 1;
      this.latencies.add(performance.now() - began);
    });
    socket.on('error', () => {});                         // 'close' comes after it
    socket.on('close', () => {
      clearInterval(timer);
      if (!opened) counts.failed += 1; else if (!this.closing) counts.lost += 1;
    });
    return socket;
  }

  // The last words get a moment to come back.
  async close() {
    await new Promise((done) => { setTimeout(done, this.all.length ? 500 : 0); });
    this.closing = true;
    for (const socket of this.all) socket.terminate();
    return { ...this.counts, ...this.latencies.report() };
  }
}
