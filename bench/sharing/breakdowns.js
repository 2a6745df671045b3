// What Redis goes through in the row of the faults, by real means: each fault begins, lasts, and is mended.

import { randomBytes } from 'node:crypto';
import net from 'node:net';
import { freePort } from '../../tests/support/redis.js';

const kRubbish = 512;   // bytes at a time

// A server that answers whatever it is sent with bytes that mean nothing.
class Rubbish {
  #sockets = new Set();
  #server = net.createServer((socket) => {
    this.#sockets.add(socket);
    socket.on('data', () => socket.write(randomBytes(kRubbish)));
    socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket));
  });

  get port() { return this.#server.address().port; }

  async start() {
    this.#server.listen(0, '127.0.0.1');
    await new Promise((done, fail) => { this.#server.once('listening', done).once('error', fail); });
    return this;
  }

  async stop() {
    const closed = new Promise((done) => { this.#server.close(done); });
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

// Each: what it is called, seconds, how it begins and how it ends. `stage` is the row's, `relay` stands before its Redis.
export async function breakdowns(stage, relay) {
  const { redis } = stage;
  const rubbish = stage.keep(new Rubbish());
  await stage.starting(() => rubbish.start());
  const target = relay.target;
  return [
    { name: 'hangs', how: 'SIGSTOP', seconds: 8, begin: () => redis.pause(), mend: () => redis.resume() },
    { name: 'gone', how: 'SIGKILL, then started anew, empty', seconds: 8, begin: () => redis.kill(), mend: () => redis.begin() },
    {
      name: 'out of memory', how: 'maxmemory 1mb, noeviction', seconds: 6,
      begin: () => redis.ask(['CONFIG', 'SET', 'maxmemory', '1mb', 'maxmemory-policy', 'noeviction']),
      mend: () => redis.ask(['CONFIG', 'SET', 'maxmemory', '0']),
    },
    {
      name: 'read-only', how: 'a replica of nobody', seconds: 6,
      begin: async () => redis.ask(['REPLICAOF', '127.0.0.1', await freePort()]),
      mend: () => redis.ask(['REPLICAOF', 'NO', 'ONE']),
    },
    {
      name: 'rubbish', how: 'answers are random bytes', seconds: 6,
      begin: () => { relay.target = () => rubbish.port; relay.cut(); },
      mend: () => { relay.target = target; relay.cut(); },
    },
  ];
}
