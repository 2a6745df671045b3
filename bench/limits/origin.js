// The origin of the limits: on bare sockets, since node:http costs more than what is measured. It counts what it is
// asked and how much at once. It understands GET without a body, from a proxy that sends one request after the other.

import net from 'node:net';

const kBacklog = 4096;   // a thousand connections may come at once

export class Origin {
  requests = 0;
  bytes = 0;      // of bodies
  parallel = 0;   // requests not answered yet
  peak = 0;
  #paths = new Map();   // requests for each, from the start
  #answer;
  #server;
  #sockets = new Set();

  // answer(path, n, head): { fields, body, after, status } to the n-th request for the path, `after` in milliseconds.
  constructor(answer) {
    this.#answer = answer;
    this.#server = net.createServer({ noDelay: true }, (socket) => this.#serve(socket));
  }

  get port() { return this.#server.address().port; }

  async start() {
    this.#server.listen({ port: 0, host: '127.0.0.1', backlog: kBacklog });
    await new Promise((done, fail) => { this.#server.once('listening', done).once('error', fail); });
    return this;
  }

  async stop() {
    const closed = new Promise((done) => { this.#server.close(done); });
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  requests_for(path) { return this.#paths.get(path) ?? 0; }

  // Counts all but requests_for() from here.
  forget() {
    this.requests = 0;
    this.bytes = 0;
    this.peak = this.parallel;
  }

  #serve(socket) {
    let head = '';
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket)).on('error', () => {});
    socket.on('data', (data) => {
      head += data.toString('latin1');
      if (!head.endsWith('\r\n\r\n')) return;
      const whole = head;
      head = '';
      this.#reply(socket, whole);
    });
  }

  #reply(socket, head) {
    const path = head.split(' ', 2)[1];
    this.requests += 1;
    this.#paths.set(path, this.requests_for(path) + 1);
    this.parallel += 1;
    this.peak = Math.max(this.peak, this.parallel);
    const { fields, body, after, status = '200 OK' } = this.#answer(path, this.requests_for(path), head);
    const send = () => {
      this.parallel -= 1;
      this.bytes += body.length;
      socket.cork();
      const length = status.startsWith('304') ? '' : `Content-Length: ${body.length}\r\n`;
      socket.write(`HTTP/1.1 ${status}\r\n${length}${fields}\r\n\r\n`, 'latin1');
      socket.write(body);
      socket.uncork();
    };
    if (after) setTimeout(send, after);
    else send();
  }
}
