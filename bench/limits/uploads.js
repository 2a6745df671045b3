// The row of large uploads: so many clients at once send 1 GiB each, as fast as they can, to an origin that takes it
// slowly; then one sends its 1 GiB to an origin that hashes it. What weir holds of each is bounded.

import { createHash, randomFillSync } from 'node:crypto';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { kMiB, memory_of, mib } from './resident.js';

const kGiB = 2 ** 30;
const kEach = 256 * 1024;      // promised
const kPiece = 64 * 1024;
const kSlow = 12_000;          // milliseconds
const kPause = 200;            // of the origin, between two reads of a connection
const kEvery = 100;

// Takes whatever comes, slowly or not, and says at the end what it was.
class Sink {
  bytes = 0;
  #slow;
  #sockets = new Set();

  constructor(slow) {
    this.#slow = slow;
    this.server = net.createServer((socket) => this.#serve(socket));
  }

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

  #serve(socket) {
    this.#sockets.add(socket);
    const hash = createHash('sha256');
    let head = '', left = 0;
    const take = (data) => {
      this.bytes += data.length;
      left -= data.length;
      if (!this.#slow) hash.update(data);
      if (left === 0) socket.end(`HTTP/1.1 200 OK\r\nContent-Length: 64\r\n\r\n${hash.digest('hex')}`);
    };
    socket.on('close', () => this.#sockets.delete(socket)).on('error', () => {});
    socket.on('data', (data) => {
      if (left > 0) take(data);
      else {
        head += data.toString('latin1');
        const end = head.indexOf('\r\n\r\n');
        if (end < 0) return;
        left = Number(/content-length: (\d+)/i.exec(head)[1]);
        if (head.length > end + 4) take(Buffer.from(head.slice(end + 4), 'latin1'));
      }
      if (!this.#slow) return;
      socket.pause();
      setTimeout(() => socket.resume(), kPause);
    });
  }
}

const head_of = (bytes) => `POST /upload HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ${bytes}\r\n\r\n`;

// Sends `bytes` of `piece` over and over; gives what comes back. It ends early where the socket does.
async function upload(socket, piece, bytes) {
  let answer = '';
  const over = new Promise((done) => { socket.on('data', (data) => { answer += data.toString('latin1'); }).on('close', done).on('error', () => {}); });
  socket.write(head_of(bytes));
  for (let left = bytes; left > 0 && !socket.destroyed; left -= piece.length) {
    if (!socket.write(piece.subarray(0, Math.min(left, piece.length)))) {
      await Promise.race([new Promise((done) => { socket.once('drain', done); }), over]);
    }
  }
  await over;
  return answer;
}

const connect = (stand, port) => {
  const socket = net.connect({ port, host: '127.0.0.1' });
  stand.keep({ stop: () => socket.destroy() });
  return socket;
};

async function many(stand, count, piece) {
  const sink = await stand.starting(() => stand.keep(new Sink(true)).start());
  const weir = await stand.start_weir({ memory: '64MiB', origin: sink, connections: count });
  const empty = memory_of(weir.pid).rss;
  const sockets = Array.from({ length: count }, () => connect(stand, weir.port));
  for (const socket of sockets) upload(socket, piece, kGiB);
  const sent = () => sockets.reduce((sum, socket) => sum + socket.bytesWritten - socket.writableLength, 0);
  for (let waited = 0; waited < kSlow; waited += kEvery) await sleep(kEvery);
  const [taken, given] = [sink.bytes, sent()];
  for (const socket of sockets) socket.destroy();
  const { peak } = memory_of(weir.pid);
  const promised = empty + count * kEach;
  stand.expect(taken > 0 && given < count * kGiB, `the origin took ${mib(taken)} of ${mib(given)}`);
  stand.expect(peak <= promised, `${mib(peak)} resident at the highest under ${count} uploads, ${mib(promised)} promised`);
  return {
    measured: { uploads: count, empty, peak, promised, given, taken },
    figures: [
      { what: `resident at the highest, ${count} uploads of 1 GiB to a slow origin (${mib(taken)} taken)`, promised: `≤ ${mib(promised)}`, measured: mib(peak) },
      { what: 'for each of them', promised: `≤ ${kEach / 1024} KiB`, measured: `${((peak - empty) / count / 1024).toFixed(1)} KiB` },
    ],
  };
}

async function one(stand, piece) {
  const sink = await stand.starting(() => stand.keep(new Sink(false)).start());
  const weir = await stand.start_weir({ memory: '64MiB', origin: sink });
  const empty = memory_of(weir.pid).rss;
  const expected = createHash('sha256');
  for (let left = kGiB; left > 0; left -= piece.length) expected.update(piece);
  const began = Date.now();
  const socket = connect(stand, weir.port);
  socket.on('data', () => socket.end());
  const answer = await upload(socket, piece, kGiB);
  const seconds = (Date.now() - began) / 1000;
  const { peak } = memory_of(weir.pid);
  const promised = empty + 4 * kMiB;   // one upload, and what the allocator and the process grow by in their first request
  stand.expect(answer.endsWith(expected.digest('hex')), 'the origin did not get what was sent');
  stand.expect(peak <= promised, `${mib(peak)} resident at the highest in one upload, ${mib(promised)} promised`);
  return {
    measured: { empty, peak, seconds },
    figures: [{ what: `one upload of 1 GiB, whole at the origin after ${seconds.toFixed(1)} s: resident at the highest`, promised: `≤ ${mib(promised)}`, measured: mib(peak) }],
  };
}

export async function uploads(stand, { uploads: count }) {
  const piece = randomFillSync(Buffer.alloc(kPiece));
  const rows = [await many(stand, count, piece), await one(stand, piece)];
  return { measured: rows.map((row) => row.measured), figures: rows.flatMap((row) => row.figures) };
}
