// A scripted HTTP/1 origin on a free port, or on a unix socket; with TLS or without. A handler a path, with control over every byte and every moment; a log of
// every request as it came. It reads requests strictly: what weir may never write is kept in `violations`, and a
// scenario fails on any.
//
//   origin.on('/a', { headers: { 'Cache-Control': 'max-age=60' }, body: 'hello' });     always this answer
//   origin.on('/b', [first, second]);                                                   in order, the last one stays
//   origin.on('/c', async (request, reply) => { await told; reply.raw('HTTP/1.1 200 OK\r\n…'); });
import net from 'node:net';
import tls from 'node:tls';
import { BodyReader, Inbox, readHead, requestFraming } from './wire.js';
import { bytes } from './client.js';
import { eventually, gate } from './patience.js';

const kBodiless = (status, method) => method === 'HEAD' || status < 200 || status === 204 || status === 304;

export function responseBytes({ status = 200, reason = 'Fine', headers = {}, body = '' }, method = 'GET') {
  const content = bytes(body);
  const given = new Map(Object.entries(headers));
  const framed = [...given.keys()].some((name) => /^(content-length|transfer-encoding)$/i.test(name));
  if (!framed && !(kBodiless(status, method) && method !== 'HEAD')) given.set('Content-Length', content.length);
  let head = `HTTP/1.1 ${status} ${reason}\r\n`;
  for (const [name, values] of given) for (const value of [values].flat()) head += `${name}: ${value}\r\n`;
  return Buffer.concat([bytes(`${head}\r\n`), kBodiless(status, method) ? Buffer.alloc(0) : content]);
}

export const chunk = (text) => Buffer.concat([bytes(`${bytes(text).length.toString(16)}\r\n`), bytes(text), bytes('\r\n')]);
export const kLastChunk = '0\r\n\r\n';

// A handler whose answers say which they are: 'answer 1', 'answer 2', …
export function numbered(headers = {}, more = {}) {
  let n = 0;
  return () => ({ headers, ...more, body: `answer ${(n += 1)}` });
}

// The same with a freshness lifetime in seconds.
export const fresh = (seconds, headers = {}) => numbered({ 'Cache-Control': `max-age=${seconds}`, ...headers });

// An origin that means what its validators say: 304 where If-None-Match names the current one.
export function validated(etag, headers, body) {
  return (request) => {
    const same = request.get('if-none-match') === etag;
    return same ? { status: 304, headers: { ETag: etag, ...headers } } : { headers: { ETag: etag, ...headers }, body };
  };
}

// What a handler answers with.
class Reply {
  constructor(connection, request) {
    this.connection = connection;
    this.request = request;
    this.used = false;
  }

  raw(data) {
    this.used = true;
    this.connection.socket.write(bytes(data));
    return this;
  }

  send(response) {
    return this.raw(responseBytes(response, this.request.method));
  }

  // Begins a chunked answer; chunk() and end() follow.
  begin(headers = {}, status = 200) {
    return this.send({ status, headers: { ...headers, 'Transfer-Encoding': 'chunked' } });
  }

  chunk(text) {
    return this.raw(chunk(text));
  }

  end(trailers = {}) {
    const lines = Object.entries(trailers).map(([name, value]) => `${name}: ${value}\r\n`);
    return this.raw(`0\r\n${lines.join('')}\r\n`);
  }

  // The connection ends here: politely (FIN) or not (RST).
  cut() {
    this.used = true;
    this.connection.over = true;
    this.connection.socket.end();
  }

  reset() {
    this.used = true;
    this.connection.over = true;
    this.connection.socket.resetAndDestroy();
  }

  // Resolves when weir has closed this connection.
  get gone() {
    return this.connection.gone.opened;
  }
}

class OriginConnection {
  constructor(origin, socket, number) {
    Object.assign(this, { origin, socket, number, over: false, gone: gate(), requests: 0 });
    this.bytes = [];
    socket.on('data', (data) => this.bytes.push(data));
    this.inbox = new Inbox(socket);
    for (const event of ['end', 'close', 'error']) socket.on(event, () => this.gone.open(event));
  }

  get seen() {
    return Buffer.concat(this.bytes).toString('latin1');
  }

  async serve() {
    while (!this.over) {
      const request = await this.#read();
      if (request === null) break;
      this.requests += 1;
      await this.#answer(request);
    }
    this.socket.end();
  }

  async #read() {
    await this.inbox.arrival(); // a pooled connection may idle for as long as a test runs
    const head = await readHead(this.inbox, 'a request from weir');
    if (head === null) return null;
    const [, method, target] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) (\S+) HTTP\/1\.1$/.exec(head.start) ?? [];
    if (!method) throw new Error(`request line ${JSON.stringify(head.start)}`);
    if (head.fields.all('host').length !== 1) throw new Error('not exactly one Host');
    const path = target.split('?')[0];
    const reader = new BodyReader(this.inbox, requestFraming(head.fields));
    const request = { method, target, path, query: target.split('?')[1], fields: head.fields, head: head.raw, reader };
    return Object.assign(request, { connection: this, get: (name) => head.fields.get(name) });
  }

  async #answer(request) {
    const handler = this.origin.handlerFor(request);
    request.whole = this.#body(request);
    request.whole.catch(() => {});
    if (!handler.early) await request.whole;
    this.origin.log(request);
    const reply = new Reply(this, request);
    const given = typeof handler.run === 'function' ? await handler.run(request, reply) : handler.run;
    if (given && !reply.used) reply.send(given);
    await request.whole;
  }

  async #body(request) {
    const { unread, deaf } = this.origin.handlerFor(request, true);
    if (deaf) this.socket.pause();
    if (unread) return;
    request.body = await request.reader.whole();
    request.cut = request.reader.cut;
    request.trailers = request.reader.trailers;
    if (request.cut) this.over = true;
  }
}

export class Origin {
  requests = [];
  connections = [];
  violations = [];
  #handlers = new Map();
  #fallback = { queue: [{ status: 404, body: 'the origin has no such path' }] };

  // `path`: of a unix socket. `tls`: options of tls.createServer, a certificate and its key at least.
  static async start({ path, tls: secured } = {}) {
    const origin = new Origin();
    Object.assign(origin, { path, secured });
    await origin.listen(0);
    return origin;
  }

  async listen(port = this.port) {
    const options = { allowHalfOpen: true, noDelay: true };
    const accept = (socket) => this.#accept(socket);
    this.server = this.secured ? tls.createServer({ ...options, ...this.secured }, accept) : net.createServer(options, accept);
    const where = this.path ? { path: this.path } : { port, host: '127.0.0.1', backlog: 2048 };
    await new Promise((resolve, reject) => this.server.once('error', reject).listen(where, resolve));
    this.port = this.server.address().port;
    this.url = this.path ? `unix:${this.path}` : `${this.secured ? 'https' : 'http'}://127.0.0.1:${this.port}`;
  }

  #accept(socket) {
    const connection = new OriginConnection(this, socket, this.connections.length);
    this.connections.push(connection);
    connection.serve().catch((error) => {
      if (!error.cut && !this.closing) this.violations.push(`${error.message} on ${JSON.stringify(connection.seen.slice(-2000))}`);
      socket.destroy();
    });
  }

  // `answer`: a response, a function (request, reply), or a list of them of which the last one stays.
  // `early`: call it as soon as the head is there; `unread`: and never look at the body; `deaf`: nor take it from the kernel.
  on(path, answer, { early = false, unread = false, deaf = false } = {}) {
    this.#handlers.set(path, { queue: [answer].flat(), early: early || unread || deaf, unread: unread || deaf, deaf });
    return this;
  }

  // For every path that has no handler of its own.
  otherwise(answer) {
    this.#fallback = { queue: [answer].flat() };
    return this;
  }

  handlerFor(request, look = false) {
    const handler = this.#handlers.get(request.path) ?? this.#fallback;
    const run = look || handler.queue.length === 1 ? handler.queue[0] : handler.queue.shift();
    return { run, early: handler.early, unread: handler.unread, deaf: handler.deaf };
  }

  log(request) {
    this.requests.push(request);
  }

  // The requests that came for a path.
  asked(path) {
    return this.requests.filter((request) => request.path === path);
  }

  count(path) {
    return this.asked(path).length;
  }

  last(path) {
    return this.asked(path).at(-1);
  }

  async reached(path, n = 1) {
    await eventually(() => this.count(path) >= n, `the origin got ${n} requests for ${path} (now ${this.count(path)})`);
    return this.asked(path)[n - 1];
  }

  // Refuses connections and cuts those that are there: a dead process. listen() brings it back on the same port.
  async die() {
    this.server.close();
    for (const connection of this.connections) {
      connection.over = true;
      if (this.secured || this.path) connection.socket.destroy();
      else connection.socket.resetAndDestroy();
    }
    await new Promise((resolve) => setImmediate(resolve));
  }

  async close() {
    this.closing = true;
    this.server.close();
    for (const { socket } of this.connections) socket.destroy();
  }
}
