// One kept-alive connection to weir or its admin endpoint, one request at a time, with what each took. On a bare
// socket: the layers of node:http would be most of a purge. No chunked bodies.

import net from 'node:net';

const kHost = 'Host: 127.0.0.1';   // without the port, as the C++ programs of bench/ say it: it is in the key
const kSilence = 10_000;   // milliseconds until a missing answer is an error

export class Connection {
  #port;
  #socket;
  #waiting = null;   // { began, done, fail, pieces, length }

  constructor(port) {
    this.#port = port;
    this.#socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.setTimeout(kSilence, () => {
      if (this.#waiting) this.#socket.destroy(new Error('no answer in time'));
    });
    this.#socket.on('data', (data) => this.#take(data));
    this.#socket.on('error', (error) => this.#end(error));
    this.#socket.on('close', () => this.#end(new Error(`port ${this.#port} closed the connection`)));
  }

  get open() { return !this.#socket.destroyed; }

  close() { this.#socket.destroy(); }

  get(path) { return this.#ask(`GET ${path} HTTP/1.1\r\n${kHost}\r\n\r\n`); }

  post(path, json) {
    const body = JSON.stringify(json);
    return this.#ask(`POST ${path} HTTP/1.1\r\n${kHost}\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  }

  // { status, head, body, us }: microseconds from the write to the last byte.
  #ask(text) {
    return new Promise((done, fail) => {
      if (this.#socket.destroyed) { fail(new Error(`port ${this.#port} closed the connection`)); return; }
      this.#waiting = { done, fail, pieces: [], length: Infinity, began: process.hrtime.bigint() };
      this.#socket.write(text);
    });
  }

  #take(data) {
    const it = this.#waiting;
    if (!it) return;
    it.pieces.push(data);
    if (it.length === Infinity) {
      const all = it.pieces.length > 1 ? Buffer.concat(it.pieces) : data;
      const end = all.indexOf('\r\n\r\n');
      if (end < 0) return;
      it.pieces = [all];
      it.head = all.toString('latin1', 0, end);
      it.length = end + 4 + Number(/\ncontent-length: *(\d+)/i.exec(it.head)?.[1] ?? 0);
    }
    if (it.pieces.reduce((sum, piece) => sum + piece.length, 0) < it.length) return;
    const us = Number(process.hrtime.bigint() - it.began) / 1000;
    this.#waiting = null;
    const body = Buffer.concat(it.pieces).subarray(it.head.length + 4);
    it.done({ status: Number(it.head.slice(9, 12)), head: it.head, body, us });
  }

  #end(error) {
    this.#waiting?.fail(error);
    this.#waiting = null;
  }
}
