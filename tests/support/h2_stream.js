// One stream of the raw HTTP/2 client: what was asked on it, what has come of the answer, and what weir may not write there.
import { kCode, kMaxWindow } from './h2_wire.js';
import { Fields } from './wire.js';

const kHopByHop = ['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade'];

// What an answer's field section may never hold (RFC 9113 §8.2, §8.3.2); undefined where all is well.
export function wrongFields(list, trailers = false) {
  for (const [i, [name, value]] of list.entries()) {
    if (name.startsWith(':') && (name !== ':status' || i > 0 || trailers)) return `the pseudo-header ${name} at ${i}`;
    if (!/^:?[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name)) return `the name ${JSON.stringify(name)}`;
    if (kHopByHop.includes(name)) return `the field ${name}: ${value}`;
    if (/[\x00-\x08\x0a-\x1f\x7f]|^[ \t]|[ \t]$/.test(value)) return `the value ${name}: ${JSON.stringify(value)}`;
  }
  if (!trailers && !/^[1-5]\d\d$/.test(list[0]?.[0] === ':status' ? list[0][1] : '')) return 'no :status';
  return undefined;
}

// What `answer()` gives: as client.js has it for HTTP/1.
export class Answer {
  version = 'HTTP/2';

  constructor(list, method, interim = []) {
    this.status = Number(list[0][1]);
    this.fields = new Fields(list.slice(1));
    Object.assign(this, { method, interim });
  }

  get(name) {
    return this.fields.get(name);
  }

  get text() {
    return this.body.toString('latin1');
  }

  get whole() {
    return this.cut === null;
  }
}

export class Stream {
  interim = [];
  answered = null;    // the final head, an Answer
  trailers = new Fields([]);
  pieces = [];
  size = 0;           // bytes of the body so far
  ended = null;       // 'end', 'reset' (by us) or the name of the code that weir reset it with
  code = null;        // that code, also where it came behind the end
  sent = null;        // a promise, where a body is on its way
  kept = true;        // whether the pieces are kept or only counted

  constructor(connection, id, method, window) {
    Object.assign(this, { connection, id, method, window });
    this.open = connection.ours.INITIAL_WINDOW_SIZE;   // what weir may still send
    this.unacked = 0;
  }

  // The next three are called by the connection as frames arrive; they give what is wrong with them, if anything.
  gotFields(list, end) {
    if (this.answered) {
      this.trailers = new Fields(list);
      return wrongFields(list, true) ?? (end ? this.#finish() : 'trailers without END_STREAM');
    }
    const wrong = wrongFields(list);
    if (wrong) return wrong;
    const answer = new Answer(list, this.method, this.interim);
    if (answer.status >= 200) this.answered = answer;
    else this.interim.push(answer);
    if (answer.status < 200 && end) return 'an interim answer that ends the stream';
    return end ? this.#finish() : undefined;
  }

  gotData(data, end) {
    if (!this.answered) return 'DATA before the head';
    if (this.kept) this.pieces.push(data);
    this.size += data.length;
    return end ? this.#finish() : undefined;
  }

  #finish() {
    this.ended = 'end';
    const length = this.answered.get('content-length');
    const bodiless = this.method === 'HEAD' || this.answered.status === 304;
    if (length !== undefined && !bodiless && Number(length) !== this.size) return `content-length: ${length} and ${this.size} bytes`;
    return undefined;
  }

  gotWindow(n) {
    this.window += n;
    return this.window > kMaxWindow ? 'a window past 2^31 - 1' : undefined;
  }

  // How the stream ended: as `ended` has it, or 'gone' with its connection.
  get over() {
    return this.ended ?? (this.connection.ended && 'gone');
  }

  // The final head; null where the stream ended instead.
  async head() {
    await this.connection.until(() => this.answered ?? this.over, `the answer to ${this.method} on stream ${this.id}`, true);
    return this.answered;
  }

  // The whole answer; null where there was not even a head. `cut` says how it ended too early (null: it is whole).
  async answer() {
    await this.connection.until(() => this.over, `the end of the answer on stream ${this.id}`, true);
    const answer = this.answered;
    if (!answer) return null;
    answer.body = Buffer.concat(this.pieces);
    answer.trailers = this.trailers;
    answer.cut = this.ended === 'end' ? null : this.over;
    return answer;
  }

  // Until so many bytes of the body are there.
  async holds(size) {
    await this.connection.until(() => this.size >= size || this.over, `${size} bytes on stream ${this.id}`);
    if (this.size < size) throw new Error(`stream ${this.id} ended (${this.over}) after ${this.size} of ${size} bytes`);
    return this;
  }

  async closed() {
    await this.connection.until(() => this.over, `the end of stream ${this.id}`, true);
    return this.over;
  }

  // Whether what we write still goes anywhere: an answer that has ended leaves our half open.
  get shut() {
    return this.code || this.ended === 'reset' || this.connection.ended;
  }

  // As much as both windows allow, then the rest as weir opens them.
  async write(data, { end = false } = {}) {
    const { connection } = this;
    let rest = Buffer.isBuffer(data) ? data : Buffer.from(data, 'latin1');
    do {
      const room = () => Math.min(this.window, connection.window, connection.theirs.MAX_FRAME_SIZE);
      if (rest.length) await connection.until(() => room() > 0 || this.shut, `weir to open the window of stream ${this.id}`);
      if (this.shut) return;
      if (rest.length && room() <= 0) continue;   // another stream has taken it
      const piece = rest.subarray(0, Math.max(0, room()));
      rest = rest.subarray(piece.length);
      connection.data(this.id, piece, { end: end && rest.length === 0 });
      await connection.drained();
    } while (rest.length);
  }

  // A whole header section behind the body.
  async trail(trailers) {
    this.connection.headers(this.id, Object.entries(trailers), { end: true });
  }

  reset(code = 'CANCEL') {
    this.ended ??= 'reset';
    this.connection.rst(this.id, kCode[code]);
  }
}
