// A raw HTTP/2 client: writes the frames that it is told to, right or wrong, and reads strictly what comes back. What weir may
// never write becomes `fault`, and fails every wait.
//
//   const h2 = await connect(weir); const answer = await h2.get('/a');                          as client.js for HTTP/1
//   const stream = h2.request('POST /b', { headers, body, trailers }); await stream.answer();    beside others
//   h2.headers(h2.next(), [[':method', 'GET'], …], { end: true }); h2.data(1, 'x'); await h2.settled();   by hand
import net from 'node:net';
import tls from 'node:tls';
import { kHost } from './client.js';
import { block, Decoder } from './hpack.js';
import { Stream } from './h2_stream.js';
import { frame, FrameReader, kCode, kFlag, kMaxWindow, kPreface, kSetting, nameOf, padded, priorityPayload, settingsPayload, uint } from './h2_wire.js';
import { within } from './patience.js';

const kDefaults = { HEADER_TABLE_SIZE: 4096, MAX_CONCURRENT_STREAMS: Infinity, INITIAL_WINDOW_SIZE: 65535, MAX_FRAME_SIZE: 16384 };
const kMost = 16384;   // bytes that a frame of weir's may have: we never allow more

// 'GET /path' and fields as a list, pseudo-headers first. A field whose value is null is left out.
export function fieldsOf(line, headers = {}, scheme = 'http') {
  const [method, path] = line.split(/ (.*)/s);
  const given = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
  const pseudo = { ':method': method, ':scheme': scheme, ':authority': kHost, ':path': path };
  for (const [name, value] of given) if (name in pseudo) pseudo[name] = value;
  const list = [...Object.entries(pseudo), ...given.filter(([name]) => !(name in pseudo))];
  return list.filter(([, value]) => value !== null).flatMap(([name, values]) => [values].flat().map((value) => [name, value]));
}

export class Connection {
  frames = [];             // all that came; of DATA frames only how long they are
  streams = new Map();
  theirs = { ...kDefaults };
  window = 65535;          // what we may still send
  open = 65535;            // what weir may still send
  goaways = [];            // { code, last, debug }
  acked = 0;               // of our SETTINGS
  pongs = 0;
  ended = null;            // 'end' or 'reset', once weir has closed
  fault = null;
  #id = 1;
  #unacked = 0;
  #wake = [];
  #reader = new FrameReader();
  #decoder = new Decoder();
  #block = null;           // a header block of which not all has come
  #told = [];              // our SETTINGS, in order
  #pings = 0;
  #ponged = 0;

  // `hand`: whoever calls opens windows by hand. `quiet`: SETTINGS and PINGs aren't answered either.
  constructor(socket, { settings = {}, hand = false, quiet = false } = {}) {
    Object.assign(this, { socket, hand, quiet, ours: { ...kDefaults, ...settings } });
    socket.on('data', (data) => this.#read(data));
    socket.on('end', () => this.#over('end'));
    for (const event of ['error', 'close']) socket.on(event, () => this.#over('reset'));
  }

  // --- what comes ---
  #over(how) {
    this.ended ??= how;
    this.#changed();
  }

  #changed() {
    const wake = this.#wake;
    this.#wake = [];
    for (const one of wake) one();
  }

  #read(data) {
    try {
      for (const one of this.#reader.frames(data)) {
        if (this.fault) return;
        const wrong = this.#got(one);
        if (wrong) this.fault = new Error(`weir wrote ${one.type} on stream ${one.stream}: ${wrong}`);
      }
    } catch (error) {
      this.fault ??= error;
    }
    this.#changed();
  }

  #got({ type, flags, stream, payload }) {
    this.frames.push({ type, flags, stream, length: payload.length, payload: type === 'DATA' ? null : payload });
    if (payload.length > kMost) return `${payload.length} bytes`;
    if (this.frames.length === 1 && (type !== 'SETTINGS' || flags & kFlag.ACK)) return 'before SETTINGS';
    if (this.#block && type !== 'CONTINUATION') return 'in the middle of a header block';
    return this[`_${type}`]?.(flags, stream, payload);
  }

  _SETTINGS(flags, stream, payload) {
    if (stream || payload.length % 6 || (flags & kFlag.ACK && payload.length)) return 'malformed';
    if (flags & kFlag.ACK) {
      const size = this.#told[this.acked]?.HEADER_TABLE_SIZE;
      if (size !== undefined) this.#decoder.allow(size);
      this.acked += 1;
      return undefined;
    }
    for (let at = 0; at < payload.length; at += 6) {
      const name = nameOf(kSetting, payload.readUInt16BE(at));
      const value = payload.readUInt32BE(at + 2);
      if (name === 'INITIAL_WINDOW_SIZE') for (const one of this.streams.values()) one.window += value - this.theirs[name];
      this.theirs[name] = value;
    }
    if (!this.quiet) this.frame('SETTINGS', kFlag.ACK, 0);
    return undefined;
  }

  _PING(flags, stream, payload) {
    if (stream || payload.length !== 8) return 'malformed';
    if (flags & kFlag.ACK) {
      this.pongs += 1;
      this.#ponged = Math.max(this.#ponged, payload.readUInt32BE(4));
    } else if (!this.quiet) this.frame('PING', kFlag.ACK, 0, payload);
    return undefined;
  }

  _GOAWAY(flags, stream, payload) {
    if (stream || payload.length < 8) return 'malformed';
    this.goaways.push({ code: nameOf(kCode, payload.readUInt32BE(4)), last: payload.readUInt32BE(0), debug: payload.toString('latin1', 8) });
    return undefined;
  }

  _WINDOW_UPDATE(flags, id, payload) {
    const n = payload.length === 4 ? payload.readUInt32BE(0) % 2 ** 31 : 0;
    if (n === 0) return 'malformed';
    if (id) return this.streams.get(id)?.gotWindow(n);
    this.window += n;
    return this.window > kMaxWindow ? 'a window past 2^31 - 1' : undefined;
  }

  _RST_STREAM(flags, id, payload) {
    const one = this.streams.get(id);
    if (payload.length !== 4 || !one) return 'malformed, or of no stream';
    if (one.ended !== 'end') one.ended = nameOf(kCode, payload.readUInt32BE(0));
    one.code = nameOf(kCode, payload.readUInt32BE(0));
    return undefined;
  }

  _PUSH_PROMISE() {
    return 'which nobody wants';
  }

  #unpadded(flags, payload) {
    if (!(flags & kFlag.PADDED)) return payload;
    if (payload.length < 1 + payload[0]) throw new Error('weir wrote padding longer than its frame');
    return payload.subarray(1, payload.length - payload[0]);
  }

  _HEADERS(flags, id, payload) {
    this.#block = { id, flags, parts: [this.#unpadded(flags, payload).subarray(flags & kFlag.PRIORITY ? 5 : 0)] };
    return this.#complete(flags);
  }

  _CONTINUATION(flags, id, payload) {
    if (this.#block?.id !== id) return 'not in a header block of that stream';
    this.#block.parts.push(payload);
    return this.#complete(flags);
  }

  #complete(last) {
    if (!(last & kFlag.END_HEADERS)) return undefined;
    const { id, flags, parts } = this.#block;
    this.#block = null;
    const list = this.#decoder.decode(Buffer.concat(parts));
    const one = this.streams.get(id);
    if (!one || one.ended === 'end') return 'on a stream that is not open';
    return one.ended ? undefined : one.gotFields(list, (flags & kFlag.END_STREAM) !== 0);
  }

  _DATA(flags, id, payload) {
    const one = this.streams.get(id);
    if (!one || one.ended === 'end') return 'on a stream that is not open';
    this.open -= payload.length;
    one.open -= payload.length;
    if (this.open < 0 || one.open < 0) return `past the window (${this.open}, ${one.open})`;
    if (!this.hand) this.#replenish(one, payload.length, flags);
    return one.ended ? undefined : one.gotData(this.#unpadded(flags, payload), (flags & kFlag.END_STREAM) !== 0);
  }

  // As clients do: half a window at a time.
  #replenish(one, n, flags) {
    this.#unacked += n;
    one.unacked += n;
    if (this.#unacked >= 32768) {
      this.grant(0, this.#unacked);
      this.#unacked = 0;
    }
    if (one.unacked >= this.ours.INITIAL_WINDOW_SIZE / 2 && !one.ended && !(flags & kFlag.END_STREAM)) {
      this.grant(one.id, one.unacked);
      one.unacked = 0;
    }
  }

  get goaway() {
    return this.goaways.at(-1);
  }

  // --- waiting ---
  // Until `probe` gives something; unless `dead` is said, the end of the connection is an error.
  until(probe, what, dead = false) {
    const wait = async () => {
      for (;;) {
        if (this.fault) throw this.fault;
        const seen = probe();
        if (seen || (dead && this.ended)) return seen;
        if (this.ended) throw new Error(`the connection ended (${this.ended}, ${JSON.stringify(this.goaway)}) instead of ${what}`);
        await new Promise((resolve) => this.#wake.push(resolve));
      }
    };
    return within(wait(), what);
  }

  // Until weir has read all that was sent: it answers a PING. False where the connection ended instead.
  async settled() {
    const wanted = (this.#pings += 1);
    this.frame('PING', 0, 0, uint(wanted, 8));
    return this.until(() => this.#ponged >= wanted, 'the answer to a PING', true);
  }

  // Until weir has closed; gives the code of its GOAWAY, null without one.
  async closed() {
    await this.until(() => false, 'weir to close the connection', true);
    return this.goaway?.code ?? null;
  }

  seen(type, stream) {
    return this.frames.filter((one) => one.type === type && (stream === undefined || one.stream === stream));
  }

  // Until the kernel has taken what was written, and what has come is read: a kernel that always takes all would never let us.
  async drained() {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.ended) return;
    await within(new Promise((resolve) => {
      const look = () => {
        if (this.socket.writableNeedDrain && !this.ended) return;
        this.socket.off('drain', look).off('close', look);
        resolve();
      };
      this.socket.on('drain', look).on('close', look);
      look();
    }), 'weir to read');
  }

  // --- what goes out ---
  // What is sent in one turn goes in one piece: weir's answer to a part of it can't end the connection before the rest is out.
  send(data) {
    const { socket } = this;
    if (socket.destroyed || !socket.writable) return this;
    if (socket.writableCorked === 0) {
      socket.cork();
      process.nextTick(() => socket.uncork());
    }
    socket.write(Buffer.isBuffer(data) ? data : Buffer.from(data, 'latin1'));
    return this;
  }

  frame(type, flags, stream, payload, options) {
    return this.send(frame(type, flags, stream, payload, options));
  }

  // The id of a stream of ours that is opened by hand; the answer is read as for any.
  next(method = 'GET', id = this.#id) {
    this.#id = Math.max(this.#id, id + 2);
    this.streams.set(id, new Stream(this, id, method, this.theirs.INITIAL_WINDOW_SIZE));
    return id;
  }

  // `fields`: a list, or a block. What is longer than a frame goes on in CONTINUATIONs. `pad`: how much padding.
  headers(stream, fields, { end = false, endHeaders = true, pad, priority } = {}) {
    const whole = Buffer.isBuffer(fields) ? fields : block(fields);
    let first = whole.subarray(0, kMost - 300);
    const more = whole.length > first.length;
    let flags = (end ? kFlag.END_STREAM : 0) | (endHeaders && !more ? kFlag.END_HEADERS : 0);
    if (priority) [first, flags] = [Buffer.concat([priority, first]), flags | kFlag.PRIORITY];
    if (pad !== undefined) [first, flags] = [padded(first, pad), flags | kFlag.PADDED];
    this.frame('HEADERS', flags, stream, first);
    for (let at = kMost - 300; at < whole.length; at += kMost) {
      this.continuation(stream, whole.subarray(at, at + kMost), { endHeaders: endHeaders && at + kMost >= whole.length });
    }
    return this;
  }

  continuation(stream, data = '', { endHeaders = false } = {}) {
    return this.frame('CONTINUATION', endHeaders ? kFlag.END_HEADERS : 0, stream, data);
  }

  data(stream, data, { end = false, pad } = {}) {
    const content = pad === undefined ? data : padded(data, pad);
    const one = this.streams.get(stream);
    this.window -= content.length;
    if (one) one.window -= content.length;
    return this.frame('DATA', (end ? kFlag.END_STREAM : 0) | (pad === undefined ? 0 : kFlag.PADDED), stream, content);
  }

  settings(settings) {
    this.#told.push(Array.isArray(settings) ? Object.fromEntries(settings) : settings);
    return this.frame('SETTINGS', 0, 0, settingsPayload(settings));
  }

  ping(payload = uint(0, 8)) {
    return this.frame('PING', 0, 0, payload);
  }

  rst(stream, code = kCode.CANCEL) {
    const one = this.streams.get(stream);
    if (one) one.ended ??= 'reset';
    return this.frame('RST_STREAM', 0, stream, uint(code, 4));
  }

  // Opens a window for weir; 0 is that of the connection.
  grant(stream, n) {
    const one = stream ? this.streams.get(stream) : this;
    if (one) one.open += n;
    return this.frame('WINDOW_UPDATE', 0, stream, uint(n, 4));
  }

  priority(stream, on, weight, exclusive) {
    return this.frame('PRIORITY', 0, stream, priorityPayload(on, weight, exclusive));
  }

  leave(code = kCode.NO_ERROR, last = 0, debug = '') {
    return this.frame('GOAWAY', 0, 0, Buffer.concat([uint(last, 4), uint(code, 4), Buffer.from(debug)]));
  }

  // --- requests ---
  // `what`: 'GET /path', or the whole list of fields. `end: false` leaves the stream open for write() and trail().
  request(what, { headers = {}, body, trailers, end = true, ...how } = {}) {
    const list = typeof what === 'string' ? fieldsOf(what, headers, this.scheme) : what;
    const method = list.find((field) => field[0] === ':method')?.[1];
    const stream = this.streams.get(this.next(method));
    const bare = body === undefined && trailers === undefined;
    this.headers(stream.id, list, { end: end && bare, ...how });
    if (!bare) {
      const write = stream.write(body ?? '', { end: end && !trailers });
      stream.sent = write.then(() => trailers && stream.trail(trailers));
      stream.sent.catch(() => {});
    }
    return stream;
  }

  get(path, headers) {
    return this.ask(`GET ${path}`, headers);
  }

  // One request and its answer; an error where there is none.
  async ask(what, headers, body) {
    const stream = this.request(what, { headers, body });
    const answer = await stream.answer();
    if (!answer) throw new Error(`no answer to ${what}: ${stream.over} ${JSON.stringify(this.goaway)}`);
    return answer;
  }

  hold() {
    this.socket.pause();
  }

  go_on() {
    this.socket.resume();
  }

  close() {
    this.socket.destroy();
  }
}

// `raw`: nothing is sent yet. `secure`: options for TLS; h2 is what it asks for by ALPN.
// `before`: bytes that are sent before HTTP/2's own, without TLS.
export async function connect(target, { raw = false, secure, before, ...options } = {}) {
  const address = { host: '127.0.0.1', port: typeof target === 'number' ? target : target.port };
  const socket = secure ? tls.connect({ ...address, ALPNProtocols: ['h2'], ...secure }) : net.connect({ ...address, allowHalfOpen: true, noDelay: true });
  const connection = new Connection(socket, options);
  connection.scheme = secure ? 'https' : 'http';
  await within(
    new Promise((resolve, reject) => socket.once(secure ? 'secureConnect' : 'connect', resolve).once('error', reject)),
    `a connection to port ${address.port}`,
  );
  if (secure) socket.setNoDelay(true);
  if (before) socket.write(before);
  if (raw) return connection;
  connection.send(kPreface).settings(options.settings ?? {});
  await connection.until(() => connection.seen('SETTINGS').length > 0, "weir's SETTINGS");
  return connection;
}
