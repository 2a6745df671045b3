// The row of tunnels: so many WebSockets stand, each has said and heard something, and all are silent now. What weir
// holds for each of them.

import { createHash } from 'node:crypto';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { memory_of, mib } from './resident.js';

const kEach = 256 * 1024;      // promised
const kSaid = 64 * 1024;       // by either side, before the silence
const kTogether = 100;         // that are opened at once
const kKey = Buffer.from('sixteen bytes ok').toString('base64');
const kAccept = createHash('sha1').update(`${kKey}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
const kUpgrade = 'Upgrade: websocket\r\nConnection: Upgrade\r\n';
const kAsk = `GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\n${kUpgrade}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${kKey}\r\n\r\n`;

// Grants every upgrade and says back what it hears.
class Echo {
  #sockets = new Set();
  server = net.createServer({ noDelay: true }, (socket) => {
    this.#sockets.add(socket);
    let head = '';
    socket.on('close', () => this.#sockets.delete(socket)).on('error', () => {});
    socket.on('data', (data) => {
      if (head === null) { socket.write(data); return; }
      head += data.toString('latin1');
      if (!head.endsWith('\r\n\r\n')) return;
      head = null;
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${kUpgrade}Sec-WebSocket-Accept: ${kAccept}\r\n\r\n`);
    });
  });

  get port() { return this.server.address().port; }

  async start() {
    this.server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
    await new Promise((done) => { this.server.once('listening', done); });
    return this;
  }

  async stop() {
    const closed = new Promise((done) => { this.server.close(done); });
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

// Resolves to whether it stands and has heard its own words.
function open(stand, port, words) {
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
  stand.keep({ stop: () => socket.destroy() });
  return new Promise((done) => {
    let heard = 0, head = '';
    socket.on('error', () => done(false)).on('close', () => done(false));
    socket.on('connect', () => socket.write(kAsk));
    socket.on('data', (data) => {
      if (head === null) {
        heard += data.length;
        if (heard === words.length) done(true);
        return;
      }
      head += data.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      if (!head.startsWith('HTTP/1.1 101')) { done(false); return; }
      head = null;
      socket.write(words);
    });
  });
}

export async function tunnels(stand, { tunnels: count }) {
  const origin = await stand.starting(() => stand.keep(new Echo()).start());
  const weir = await stand.start_weir({ memory: '64MiB', origin, connections: count });
  const empty = memory_of(weir.pid).rss;
  const words = Buffer.alloc(kSaid, 'words ');
  let standing = 0;
  for (let i = 0; i < count; i += kTogether) {
    const some = Array.from({ length: Math.min(kTogether, count - i) }, () => open(stand, weir.port, words));
    standing += (await Promise.all(some)).filter(Boolean).length;
  }
  await sleep(1000);
  const { rss, peak } = memory_of(weir.pid);
  const promised = empty + count * kEach;
  stand.expect(standing === count, `${count - standing} of ${count} tunnels don't stand`);
  stand.expect(peak <= promised, `${mib(peak)} resident at the highest, ${mib(promised)} promised`);
  const each = (bytes) => `${((bytes - empty) / count / 1024).toFixed(1)} KiB`;
  return {
    measured: { tunnels: count, empty, silent: rss, peak, promised },
    figures: [
      { what: `resident at the highest, ${count} tunnels`, promised: `≤ ${mib(promised)}`, measured: mib(peak) },
      { what: 'for each, silent / at the highest', promised: `≤ ${kEach / 1024} KiB`, measured: `${each(rss)} / ${each(peak)}` },
    ],
  };
}
