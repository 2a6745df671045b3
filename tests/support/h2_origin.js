// A scripted HTTP/2 origin that writes its own frames, right or wrong, and reads strictly what comes: what weir may never write
// is kept in `violations`. With TLS (ALPN h2) or by prior knowledge.
//
//   origin.on('/a', { headers: { 'cache-control': 'max-age=60' }, body: 'hello' });           as origin.js
//   origin.on('/b', async (request, reply) => { reply.headers({ ':status': 200 }); reply.data('x', { end: true }); });
//   origin.on('/c', …, { early: true });                                                      before the request's body is there
import net from 'node:net';
import tls from 'node:tls';
import { bytes } from './client.js';
import { Decoder, block } from './hpack.js';
import { FrameReader, frame, kCode, kFlag, kPreface, settingsPayload, uint } from './h2_wire.js';
import { eventually, gate } from './patience.js';

const kForbidden = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade', 'host']);
const kPseudo = [':method', ':scheme', ':authority', ':path'];
const kMost = 16384;

const listOf = (fields) =>
  Array.isArray(fields) ? fields : Object.entries(fields).flatMap(([name, values]) => [values].flat().map((value) => [name, value]));

// What is wrong with a request's fields (RFC 9113 §8), or nothing.
function fault(list, trailers) {
  const seen = new Set();
  let regular = false;
  for (const [name, value] of list) {
    if (/[^!#$%&'*+.^_`|~0-9a-z:-]/.test(name)) return `the name ${JSON.stringify(name)}`;
    if (/[\x00-\x08\x0a-\x1f\x7f]|^[ \t]|[ \t]$/.test(value)) return `the value ${JSON.stringify(value)}`;
    if (kForbidden.has(name) || (name === 'te' && value !== 'trailers')) return `${name}: ${value}`;
    if (!name.startsWith(':')) regular = true;
    else if (trailers || regular || seen.has(name) || !kPseudo.includes(name)) return `${name} out of its place`;
    seen.add(name);
  }
  return trailers || kPseudo.every((name) => seen.has(name)) ? null : 'a pseudo-field is missing';
}

class Reply {
  constructor(connection, request) {
    Object.assign(this, { connection, request, stream: request.stream, used: false });
  }

  headers(fields, { end = false, priority } = {}) {
    this.used = true;
    this.connection.headers(this.stream, fields, { end, priority });
    return this;
  }

  data(content, options) {
    this.used = true;
    this.connection.data(this.stream, content, options);
    return this;
  }

  trailers(fields) {
    return this.headers(fields, { end: true });
  }

  reset(code = 'CANCEL') {
    this.used = true;
    this.connection.reset(this.stream, code);
    return this;
  }

  send({ status = 200, headers = {}, body = '', trailers }) {
    const content = bytes(body);
    const bodiless = this.request.method === 'HEAD' || status === 204 || status === 304;
    const only = !trailers && (bodiless || content.length === 0);
    this.headers([[':status', status], ...listOf(headers)], { end: only });
    if (only) return this;
    this.data(content, { end: !trailers });
    return trailers ? this.trailers(trailers) : this;
  }
}

export class H2Connection {
  streams = new Map();
  frames = [];        // all that came, in order; of DATA only how long
  received = 0;       // bytes of content
  greeted = false;
  over = false;       // nothing is read any more: what comes is of no interest
  gone = gate();
  window = 65535;     // what we may still send, on the connection
  theirs = { INITIAL_WINDOW_SIZE: 65535 };
  #reader = new FrameReader();
  #decoder = new Decoder();
  #preface = kPreface;
  #block = null;
  #waiting = [];      // content that no window has room for

  constructor(origin, socket, number) {
    Object.assign(this, { origin, socket, number });
    socket.on('data', (data) => this.#read(data));
    for (const event of ['end', 'close', 'error']) {
      socket.on(event, () => {
        this.gone.open(event);
        if (event === 'end') socket.end();
      });
    }
    if (origin.greeting !== null) this.write(frame('SETTINGS', 0, 0, settingsPayload(origin.greeting)));
  }

  // --- writing ---
  write(data) {
    if (!this.socket.destroyed) this.socket.write(Buffer.isBuffer(data) ? data : Buffer.from(data, 'latin1'));
    return this;
  }

  // In as many frames as it takes.
  headers(stream, fields, { end = false } = {}) {
    const data = Buffer.isBuffer(fields) ? fields : block(listOf(fields));
    for (let at = 0; at === 0 || at < data.length; at += kMost) {
      const last = at + kMost >= data.length;
      const flags = (last ? kFlag.END_HEADERS : 0) | (at === 0 && end ? kFlag.END_STREAM : 0);
      this.write(frame(at === 0 ? 'HEADERS' : 'CONTINUATION', flags, stream, data.subarray(at, at + kMost)));
    }
    return this;
  }

  // Within the windows; `wild`: at once, whatever they are.
  data(stream, content, { end = false, wild = false } = {}) {
    const all = bytes(content);
    for (let at = 0; at === 0 || at < all.length; at += kMost) {
      const last = at + kMost >= all.length;
      this.#waiting.push({ stream, piece: all.subarray(at, at + kMost), end: end && last, wild });
    }
    this.#flush();
    return this;
  }

  #flush() {
    this.#waiting = this.#waiting.filter(({ stream, piece, end, wild }, i, all) => {
      const state = this.streams.get(stream);
      const behind = all.slice(0, i).some((other) => other.stream === stream && !other.gone);
      if (!wild && state && (behind || piece.length > Math.min(this.window, state.window))) return true;
      this.window -= piece.length;
      if (state) state.window -= piece.length;
      this.write(frame('DATA', end ? kFlag.END_STREAM : 0, stream, piece));
      all[i].gone = true;
      return false;
    });
  }

  reset(stream, code = 'CANCEL') {
    this.#waiting = this.#waiting.filter((one) => one.stream !== stream);
    return this.write(frame('RST_STREAM', 0, stream, uint(kCode[code], 4)));
  }

  goaway(last, code = 'NO_ERROR') {
    return this.write(frame('GOAWAY', 0, 0, Buffer.concat([uint(last, 4), uint(kCode[code], 4)])));
  }

  end() {
    this.over = true;
    this.socket.end();
  }

  cut() {
    this.over = true;
    this.socket.destroy();
  }

  // --- reading ---
  #violated(what) {
    if (!this.over) this.origin.violations.push(`${what} on connection ${this.number}`);
    this.cut();
  }

  #read(data) {
    if (this.over) return;
    if (this.#preface) {
      const part = data.subarray(0, this.#preface.length).toString('latin1');
      if (!this.#preface.startsWith(part)) return this.#violated(`no preface: ${JSON.stringify(part)}`);
      this.#preface = this.#preface.slice(part.length);
      data = data.subarray(part.length);
      if (!data.length) return;
    }
    try {
      for (const one of this.#reader.frames(data)) if (!this.over) this.#frame(one);
    } catch (error) {
      this.#violated(error.message);
    }
  }

  #frame({ type, flags, stream, payload }) {
    this.frames.push({ type, flags, stream, length: payload.length, payload: type === 'DATA' ? null : payload });
    if (payload.length > kMost) throw new Error(`a ${type} of ${payload.length} bytes`);
    if (!this.greeted && type !== 'SETTINGS') throw new Error(`${type} before SETTINGS`);
    this.greeted = true;
    if (this.#block && type !== 'CONTINUATION') throw new Error(`${type} within a header block`);
    const read = this[`_${type}`];
    if (!read) throw new Error(`a frame of type ${type}`);
    read.call(this, { flags, stream, payload });
  }

  _SETTINGS({ flags, payload }) {
    if (flags & kFlag.ACK) return;
    for (let at = 0; at < payload.length; at += 6) {
      const [id, value] = [payload.readUInt16BE(at), payload.readUInt32BE(at + 2)];
      if (id === 2 && value !== 0) throw new Error('it wants pushes');
      if (id === 4) this.theirs.INITIAL_WINDOW_SIZE = value;
    }
    if (this.origin.greeting !== null) this.write(frame('SETTINGS', kFlag.ACK, 0));
  }

  _PING({ flags, payload }) {
    if (!(flags & kFlag.ACK)) this.write(frame('PING', kFlag.ACK, 0, payload));
  }

  _WINDOW_UPDATE({ stream, payload }) {
    const more = payload.readUInt32BE(0);
    if (stream === 0) this.window += more;
    else if (this.streams.has(stream)) this.streams.get(stream).window += more;
    this.#flush();
  }

  _GOAWAY({ payload }) {
    this.goodbye = { last: payload.readUInt32BE(0), code: payload.readUInt32BE(4) };
  }

  _RST_STREAM({ stream, payload }) {
    const request = this.streams.get(stream);
    if (!request) throw new Error(`RST_STREAM on stream ${stream}`);
    request.reset = payload.readUInt32BE(0);
    request.cancelled.open(request.reset);
  }

  _PRIORITY() {}

  _HEADERS({ flags, stream, payload }) {
    if (flags & (kFlag.PADDED | kFlag.PRIORITY)) throw new Error('padding or priority nobody asked for');
    this.#block = { stream, end: (flags & kFlag.END_STREAM) !== 0, parts: [payload] };
    if (flags & kFlag.END_HEADERS) this.#headersEnd();
  }

  _CONTINUATION({ flags, stream, payload }) {
    if (this.#block?.stream !== stream) throw new Error('CONTINUATION of nothing');
    this.#block.parts.push(payload);
    if (flags & kFlag.END_HEADERS) this.#headersEnd();
  }

  #headersEnd() {
    const { stream, end, parts } = this.#block;
    this.#block = null;
    const list = this.#decoder.decode(Buffer.concat(parts));
    const known = this.streams.get(stream);
    const wrong = fault(list, Boolean(known));
    if (wrong) throw new Error(`stream ${stream}: ${wrong}`);
    if (known) {
      if (!end) throw new Error('trailers that end nothing');
      known.trailers = list;
    } else {
      this.#begin(stream, list);
    }
    if (end) this.#finish(this.streams.get(stream));
  }

  #begin(stream, list) {
    if (stream % 2 === 0 || [...this.streams.keys()].some((other) => other >= stream)) throw new Error(`a new stream ${stream}`);
    const get = (name) => list.filter(([n]) => n === name).map(([, v]) => v).join(name === 'cookie' ? '; ' : ', ') || undefined;
    const target = get(':path');
    const request = { stream, list, get, method: get(':method'), target, path: target.split('?')[0], connection: this, content: [] };
    Object.assign(request, { whole: gate(), cancelled: gate(), arrived: 0 });
    request.window = this.theirs.INITIAL_WINDOW_SIZE;
    this.streams.set(stream, request);
    this.origin.serve(request, new Reply(this, request), 'head');
  }

  _DATA({ flags, stream, payload }) {
    const request = this.streams.get(stream);
    if (!request || request.ended) throw new Error(`DATA on stream ${stream}`);
    request.content.push(payload);
    request.arrived += payload.length;
    this.received += payload.length;
    if (payload.length) request.onData?.(payload);
    if (payload.length && !request.hand && !this.origin.hand) this.allow(stream, payload.length);
    if (flags & kFlag.END_STREAM) this.#finish(request);
  }

  allow(stream, more) {
    return this.write(frame('WINDOW_UPDATE', 0, 0, uint(more, 4))).write(frame('WINDOW_UPDATE', 0, stream, uint(more, 4)));
  }

  #finish(request) {
    request.ended = true;
    request.body = Buffer.concat(request.content);
    request.whole.open();
    this.origin.serve(request, new Reply(this, request), 'whole');
  }
}

export class H2Origin {
  requests = [];
  connections = [];
  violations = [];
  greeting = {};      // our SETTINGS; null: none are sent, and theirs aren't acknowledged
  hand = false;       // windows for requests' content aren't opened
  #handlers = new Map();
  #fallback = { queue: [{ status: 404, body: 'the origin has no such path' }] };

  static async start({ tls: secured, settings = {}, path } = {}) {
    const origin = new H2Origin();
    Object.assign(origin, { secured, greeting: settings, path });
    await origin.listen(0);
    return origin;
  }

  async listen(port = this.port) {
    const accept = (socket) => this.connections.push(new H2Connection(this, socket, this.connections.length));
    const options = { allowHalfOpen: true, noDelay: true };
    this.server = this.secured
      ? tls.createServer({ ...options, ALPNProtocols: ['h2'], ...this.secured }, accept)
      : net.createServer(options, accept);
    const where = this.path ? { path: this.path } : { port, host: '127.0.0.1', backlog: 2048 };
    await new Promise((resolve, reject) => this.server.once('error', reject).listen(where, resolve));
    this.port = this.server.address().port;
    this.url = this.path ? `unix:${this.path}` : `${this.secured ? 'https' : 'http'}://127.0.0.1:${this.port}`;
  }

  // As in origin.js.
  on(path, answer, { early = false } = {}) {
    this.#handlers.set(path, { queue: [answer].flat(), early });
    return this;
  }

  otherwise(answer, { early = false } = {}) {
    this.#fallback = { queue: [answer].flat(), early };
    return this;
  }

  async serve(request, reply, when) {
    const handler = this.#handlers.get(request.path) ?? this.#fallback;
    if (when === 'head') this.requests.push(request);
    if (Boolean(handler.early) !== (when === 'head')) return;
    const run = handler.queue.length === 1 ? handler.queue[0] : handler.queue.shift();
    const given = typeof run === 'function' ? await run(request, reply) : run;
    if (given && !reply.used) reply.send(given);
  }

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

  async die() {
    this.server.close();
    for (const connection of this.connections) connection.cut();
    await new Promise((resolve) => setImmediate(resolve));
  }

  async close() {
    this.server.close();
    for (const connection of this.connections) connection.cut();
  }
}
