// A TCP relay on a free port that a test can make slow, deaf or dead: the network between a weir and its Redis.
import net from 'node:net';

export class Relay {
  #pairs = new Set();
  #stalled = false;
  #held = null;
  #refuses = false;

  // `target`: a function that gives the port, asked anew for each connection.
  static async start(target) {
    const relay = new Relay();
    relay.target = target;
    relay.server = net.createServer((client) => relay.#join(client)).listen(0, '127.0.0.1');
    await new Promise((done, fail) => relay.server.once('listening', done).once('error', fail));
    return relay;
  }

  get port() {
    return this.server.address().port;
  }

  #join(client) {
    if (this.#refuses) return client.destroy();
    const server = net.connect(this.target(), '127.0.0.1');
    const pair = { client, server };
    this.#pairs.add(pair);
    const pass = (from, to) => {
      from.on('data', (data) => {
        if (from === client) pair.asked = data.toString('latin1');
        const held = this.#held && from === server && pair.asked?.includes(this.#held);
        if (this.#stalled || held) (from.kept ??= []).push(data);
        else to.write(data);
      });
      from.on('end', () => to.end()).on('error', () => to.destroy());
      from.on('close', () => {
        to.destroy();
        this.#pairs.delete(pair);
      });
    };
    pass(client, server);
    pass(server, client);
    return undefined;
  }

  // Nothing passes, in either direction, and no connection ends.
  stall() {
    this.#stalled = true;
  }

  // No answers to what has that word in it; all else passes.
  hold(word) {
    this.#held = word;
  }

  // What was held back passes now.
  resume() {
    this.#stalled = false;
    this.#held = null;
    for (const { client, server } of this.#pairs) {
      for (const [from, to] of [[client, server], [server, client]]) {
        for (const data of from.kept ?? []) to.write(data);
        from.kept = [];
      }
    }
  }

  // All connections end at once; new ones too, while it refuses.
  cut({ refuse = false } = {}) {
    this.#refuses = refuse;
    this.#stalled = false;
    for (const { client, server } of this.#pairs) {
      client.resetAndDestroy();
      server.destroy();
    }
  }

  // The server's side of each connection ends; the client's may go on sending.
  halfClose() {
    for (const { client } of this.#pairs) client.end();
  }

  mend() {
    this.#refuses = false;
    this.resume();
  }

  async close() {
    this.cut({ refuse: true });
    await new Promise((done) => this.server.close(done));
  }
}
