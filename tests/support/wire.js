// HTTP/1.1 as the tests read it from a socket, for both ends. Strict: a message that two readers could understand
// differently is an error here, so that weir can't get away with writing one. Writing is up to the caller, byte by byte.
import { within } from './patience.js';

export class Malformed extends Error {}

// The bytes that arrive on a socket. Remembers how the other side ended: null (not yet), 'end' (FIN), 'reset'.
export class Inbox {
  ended = null;
  received = 0;
  #chunks = [];
  #size = 0;
  #wake = null;

  constructor(socket) {
    socket.on('data', (chunk) => {
      this.received += chunk.length;
      this.#chunks.push(chunk);
      this.#size += chunk.length;
      this.#wake?.();
    });
    socket.on('end', () => this.#over('end'));
    socket.on('error', () => this.#over('reset'));
    socket.on('close', () => this.#over('reset'));
  }

  #over(how) {
    this.ended ??= how;
    this.#wake?.();
  }

  get size() {
    return this.#size;
  }

  // The first `n` bytes; what lies behind them isn't touched, however much it is.
  #take(n) {
    const parts = [];
    for (let left = n; left > 0; ) {
      const first = this.#chunks[0];
      parts.push(first.subarray(0, left));
      if (first.length <= left) this.#chunks.shift();
      else this.#chunks[0] = first.subarray(left);
      left -= parts.at(-1).length;
    }
    this.#size -= n;
    return parts.length === 1 ? parts[0] : Buffer.concat(parts);
  }

  // Where `delimiter` begins, -1 where it hasn't come; it may lie across chunks.
  #find(delimiter) {
    while (this.#chunks.length > 0) {
      const at = this.#chunks[0].indexOf(delimiter);
      if (at >= 0 || this.#chunks.length === 1) return at;
      this.#chunks.splice(0, 2, Buffer.concat(this.#chunks.slice(0, 2)));
    }
    return -1;
  }

  async #more(what) {
    await within(new Promise((resolve) => (this.#wake = resolve)), what);
    this.#wake = null;
  }

  // Until there is a byte or the end, however long it takes.
  async arrival() {
    while (this.#size === 0 && !this.ended) await new Promise((resolve) => (this.#wake = resolve));
  }

  // Up to and with `delimiter`; null where the other side ended before any byte; cut short: an Error with `cut`.
  async until(delimiter, what) {
    for (;;) {
      const at = this.#find(delimiter);
      if (at >= 0) return this.#take(at + delimiter.length);
      if (this.ended && this.#size === 0) return null;
      if (this.ended) throw Object.assign(new Error(`cut (${this.ended}) within ${what}`), { cut: this.ended });
      await this.#more(what);
    }
  }

  // 1 to `max` bytes, or null at the end.
  async some(max = Infinity, what = 'bytes') {
    while (this.#size === 0) {
      if (this.ended) return null;
      await this.#more(what);
    }
    return this.#take(Math.min(max, this.#chunks[0].length));
  }

  // Everything until the other side ends.
  async rest(what = 'the end of the connection') {
    while (!this.ended) await this.#more(what);
    return this.#take(this.#size);
  }
}

const kToken = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

export class Fields {
  constructor(list) {
    this.list = list;
  }

  // All lines of that name joined; undefined where there is none.
  get(name) {
    const lines = this.all(name);
    return lines.length ? lines.join(', ') : undefined;
  }

  all(name) {
    return this.list.filter(([n]) => n.toLowerCase() === name.toLowerCase()).map(([, v]) => v);
  }

  has(name) {
    return this.all(name).length > 0;
  }
}

export function parseFields(lines) {
  const list = lines.map((line) => {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon);
    const value = line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '');
    if (colon < 1 || !kToken.test(name)) throw new Malformed(`field line ${JSON.stringify(line)}`);
    if (/[\x00-\x08\x0a-\x1f\x7f]/.test(value)) throw new Malformed(`field value ${JSON.stringify(line)}`);
    return [name, value];
  });
  return new Fields(list);
}

// { start, fields, raw } or null at a clean end.
export async function readHead(inbox, what = 'a message head') {
  const raw = await inbox.until('\r\n\r\n', what);
  if (raw === null) return null;
  const text = raw.toString('latin1').slice(0, -4);
  if (/[^\r]\n|\r[^\n]/.test(`${text}\r\n`)) throw new Malformed(`bare CR or LF in ${JSON.stringify(text)}`);
  const [start, ...lines] = text.split('\r\n');
  return { start, fields: parseFields(lines), raw };
}

function framingOf(fields, withoutAny) {
  const lengths = fields.all('content-length');
  const codings = fields.all('transfer-encoding');
  if (lengths.length + codings.length > 1) throw new Malformed('more than one framing field');
  if (codings.length) {
    if (codings[0] !== 'chunked') throw new Malformed(`Transfer-Encoding: ${codings[0]}`);
    return { kind: 'chunked' };
  }
  if (!lengths.length) return { kind: withoutAny };
  if (!/^\d+$/.test(lengths[0])) throw new Malformed(`Content-Length: ${lengths[0]}`);
  return { kind: 'length', left: Number(lengths[0]) };
}

export const requestFraming = (fields) => framingOf(fields, 'none');

export function responseFraming(status, fields, method) {
  const framing = framingOf(fields, 'close');
  const bodiless = method === 'HEAD' || status < 200 || status === 204 || status === 304;
  return bodiless ? { kind: 'none' } : framing;
}

// Content, piece by piece. After next() gave null: `cut` says whether the connection ended first (null: it is whole).
export class BodyReader {
  cut = null;
  trailers = new Fields([]);
  #over = false;
  #left = 0;       // of the chunk that is being read
  #began = false;  // a chunk was read before

  constructor(inbox, framing) {
    this.inbox = inbox;
    this.framing = framing.kind;
    this.#left = framing.left ?? 0;
  }

  // The next piece as it arrives; null at the end.
  async next() {
    if (this.#over) return null;
    const piece = await this[`_${this.framing}`]();
    if (piece === null) this.#over = true;
    return piece;
  }

  async whole() {
    const pieces = [];
    for (let piece; (piece = await this.next()) !== null; ) pieces.push(piece);
    return Buffer.concat(pieces);
  }

  async _none() {
    return null;
  }

  async _close() {
    const piece = await this.inbox.some(Infinity, 'a body until the connection ends');
    if (piece === null && this.inbox.ended === 'reset') this.cut = 'reset';
    return piece;
  }

  async _length() {
    if (this.#left === 0) return null;
    return this.#piece();
  }

  async _chunked() {
    try {
      if (this.#left === 0 && !(await this.#chunkBegins())) return null;
      return await this.#piece();
    } catch (error) {
      if (!error.cut) throw error;
      this.cut = error.cut;
      return null;
    }
  }

  async #piece() {
    const piece = await this.inbox.some(this.#left, 'a body');
    if (piece === null) this.cut = this.inbox.ended;
    else this.#left -= piece.length;
    return piece;
  }

  async #line(what) {
    const line = await this.inbox.until('\r\n', what);
    if (line === null) throw Object.assign(new Error(`cut before ${what}`), { cut: this.inbox.ended });
    return line.toString('latin1').slice(0, -2);
  }

  // False at the last chunk, whose trailers are read. The end of the chunk before comes here, not with its data: a reader
  // has the data before the next chunk begins.
  async #chunkBegins() {
    if (this.#began && (await this.#line('the end of a chunk')) !== '') throw new Malformed('a chunk longer than it says');
    this.#began = true;
    const size = await this.#line('a chunk size');
    if (!/^[0-9a-fA-F]{1,16}$/.test(size)) throw new Malformed(`chunk size ${JSON.stringify(size)}`);
    this.#left = parseInt(size, 16);
    if (this.#left > 0) return true;
    const lines = [];
    for (let line; (line = await this.#line('trailers')) !== ''; ) lines.push(line);
    this.trailers = parseFields(lines);
    return false;
  }
}
