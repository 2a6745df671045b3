// A raw HTTP/1 client: sends exactly the bytes it is given, reads what comes back, and says how it ended.
//
//   const answer = await fetch(weir, 'GET /a', { 'Cache-Control': 'no-cache' });       one request, one connection
//   const client = await connect(weir); client.send('GET / HTTP/1.1\r\n…'); await client.answer();
import net from 'node:net';
import { BodyReader, Inbox, readHead, responseFraming } from './wire.js';
import { within } from './patience.js';

// Requests name this host whatever port weir listens on, so that keys and logs are the same in each run.
export const kHost = 'streamvibe.test';

// 'GET /path' and fields as request bytes. A body gets a Content-Length. A field whose value is null is left out.
export function requestBytes(line, headers = {}, body = '') {
  const given = new Map(Object.entries({ Host: kHost, ...headers }));
  const bytes = Buffer.from(body, 'latin1');
  const framed = [...given.keys()].some((name) => /^(content-length|transfer-encoding)$/i.test(name));
  if (bytes.length && !framed) given.set('Content-Length', bytes.length);
  let head = `${line} HTTP/1.1\r\n`;
  for (const [name, values] of given) {
    for (const value of values === null ? [] : [values].flat()) head += `${name}: ${value}\r\n`;
  }
  return Buffer.concat([Buffer.from(`${head}\r\n`, 'latin1'), bytes]);
}

export const bytes = (text) => (Buffer.isBuffer(text) ? text : Buffer.from(text, 'latin1'));

export class Answer {
  constructor(head, method, interim) {
    const [, version, status, reason] = /^(HTTP\/1\.[01]) (\d{3}) (.*)$/.exec(head.start) ?? [];
    if (!version) throw new Error(`status line ${JSON.stringify(head.start)}`);
    Object.assign(this, { version, status: Number(status), reason, fields: head.fields, raw: head.raw, interim });
    this.method = method;
  }

  get(name) {
    return this.fields.get(name);
  }

  get text() {
    return this.body.toString('latin1');
  }

  // Whether the whole body came, as far as HTTP/1 can tell.
  get whole() {
    return this.cut === null;
  }
}

export class Connection {
  constructor(socket) {
    this.socket = socket;
    this.inbox = new Inbox(socket);
    this.pending = []; // methods of the requests sent, for those that have no body in the answer
  }

  send(data) {
    this.socket.write(bytes(data));
    return this;
  }

  request(line, headers, body) {
    this.pending.push(line.split(' ')[0]);
    return this.send(requestBytes(line, headers, body));
  }

  // The head of the next final answer, with interim ones beside it; null where the connection ended instead.
  async head(method = this.pending.shift() ?? 'GET') {
    const interim = [];
    for (;;) {
      const head = await readHead(this.inbox, `the answer to ${method}`);
      if (head === null) return null;
      const answer = new Answer(head, method, interim);
      if (answer.status >= 200) {
        answer.reader = new BodyReader(this.inbox, responseFraming(answer.status, head.fields, method));
        return answer;
      }
      interim.push(answer);
    }
  }

  // The next answer with its body; null where the connection ended instead.
  async answer(method) {
    const answer = await this.head(method);
    if (answer === null) return null;
    answer.body = await answer.reader.whole();
    answer.cut = answer.reader.cut;
    answer.trailers = answer.reader.trailers;
    return answer;
  }

  // What still comes until weir closes.
  async rest() {
    return (await this.inbox.rest('weir to close the connection')).toString('latin1');
  }

  // No more reading: what weir writes stays in the kernel's buffers.
  hold() {
    this.socket.pause();
  }

  go_on() {
    this.socket.resume();
  }

  finish() {
    this.socket.end();
  }

  close() {
    this.socket.destroy();
  }

  reset() {
    this.socket.resetAndDestroy();
  }
}

const portOf = (target) => (typeof target === 'number' ? target : target.port);

export async function connect(target) {
  const socket = net.connect({ host: '127.0.0.1', port: portOf(target), allowHalfOpen: true, noDelay: true });
  const connection = new Connection(socket);
  await within(
    new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject)),
    `a connection to port ${portOf(target)}`,
  );
  return connection;
}

// One request on a connection of its own, and its answer.
export async function fetch(target, line, headers = {}, body = '') {
  const connection = await connect(target);
  try {
    const answer = await connection.request(line, headers, body).answer();
    if (answer === null) throw new Error(`no answer to ${line}: the connection ended (${connection.inbox.ended})`);
    return answer;
  } finally {
    connection.close();
  }
}

// The same with raw bytes, of which it reads all answers until weir closes or `count` have come.
export async function exchange(target, data, { count = Infinity, finish = false } = {}) {
  const connection = await connect(target);
  try {
    connection.send(data);
    if (finish) connection.finish();
    const answers = [];
    while (answers.length < count) {
      const answer = await connection.answer();
      if (answer === null) break;
      answers.push(answer);
    }
    answers.ended = connection.inbox.ended;
    return answers;
  } finally {
    connection.close();
  }
}

// `n` clients, each on a connection that weir has already answered once. `ask` sends from all of them; when `settled`
// is over, weir has read what all of them sent: requests sent later, by connections beside them, were answered.
export class Crowd {
  static async gather(target, n, path = '/fence') {
    const crowd = new Crowd();
    crowd.path = path;
    const opened = async () => {
      const client = await connect(target);
      await client.request(`GET ${path}`).answer();
      return client;
    };
    crowd.clients = [];
    for (let i = 0; i < n; i += 100) {
      const some = Array.from({ length: Math.min(100, n - i) }, opened);
      crowd.clients.push(...(await Promise.all(some)));
    }
    crowd.fences = await Promise.all(Array.from({ length: 16 }, opened));
    return crowd;
  }

  ask(line, headers = {}) {
    const data = requestBytes(line, headers);
    const method = line.split(' ')[0];
    for (const client of this.clients) {
      client.pending.push(method);
      client.send(data);
    }
    return this;
  }

  async settled() {
    for (let turn = 0; turn < 2; turn += 1) {
      await Promise.all(this.fences.map((fence) => fence.request(`GET ${this.path}`).answer()));
    }
  }

  answers() {
    return Promise.all(this.clients.map((client) => client.answer()));
  }

  close() {
    for (const client of [...this.clients, ...this.fences]) client.close();
  }
}
