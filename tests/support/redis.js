// A redis-server of the test's own: a free port of loopback, a folder that goes with it, stopped by its process id. And as
// much of a client as a test needs to look into it.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { eventually, gate, within } from './patience.js';

export async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((done, fail) => server.once('listening', done).once('error', fail));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

const request = (words) => Buffer.concat([
  Buffer.from(`*${words.length}\r\n`),
  ...words.flatMap((word) => {
    const bytes = Buffer.isBuffer(word) ? word : Buffer.from(String(word), 'latin1');
    return [Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')];
  }),
]);

class Incomplete extends Error {}

// One value of RESP2 from `at`: [value, where it ends]. Texts are latin1; an error is an Error.
function parse(buffer, at) {
  const end = buffer.indexOf('\r\n', at);
  if (end < 0) throw new Incomplete();
  const line = buffer.toString('latin1', at + 1, end);
  let next = end + 2;
  switch (String.fromCharCode(buffer[at])) {
    case '+': return [line, next];
    case '-': return [new Error(line), next];
    case ':': return [Number(line), next];
    case '$': {
      const length = Number(line);
      if (length < 0) return [null, next];
      if (buffer.length < next + length + 2) throw new Incomplete();
      return [buffer.toString('latin1', next, next + length), next + length + 2];
    }
    case '*': {
      if (Number(line) < 0) return [null, next];
      const values = [];
      for (let i = 0; i < Number(line); i += 1) {
        const [value, after] = parse(buffer, next);
        values.push(value);
        next = after;
      }
      return [values, next];
    }
    default: throw new Error(`Redis said ${JSON.stringify(line)}`);
  }
}

// Sends one command, gives its answer. The connection is the command's own.
export async function ask(port, words, ms) {
  const socket = net.connect(port, '127.0.0.1');
  const answered = gate();
  let bytes = Buffer.alloc(0);
  socket.on('error', (error) => answered.fail(error)).on('close', () => answered.fail(new Error('Redis closed the connection')));
  socket.on('data', (data) => {
    bytes = Buffer.concat([bytes, data]);
    try {
      answered.open(parse(bytes, 0)[0]);
    } catch (error) {
      if (!(error instanceof Incomplete)) answered.fail(error);
    }
  });
  socket.write(request(words));
  try {
    return await within(answered.opened, `Redis to answer ${words[0]}`, ms);
  } finally {
    socket.destroy();
  }
}

export class RedisServer {
  static async start(options = []) {
    const redis = new RedisServer();
    redis.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'weir-redis-'));
    redis.options = options;
    for (let tries = 1; ; tries += 1) {   // somebody else may take the port meanwhile
      redis.port = await freePort();
      try {
        await redis.begin();
        return redis;
      } catch (error) {
        await redis.kill();
        if (tries === 5) throw error;
      }
    }
  }

  get url() {
    return `redis://127.0.0.1:${this.port}`;
  }

  // Again, after kill(), at the same place.
  async begin() {
    const own = ['--port', this.port, '--bind', '127.0.0.1', '--dir', this.folder, '--save', '', '--appendonly', 'no'];
    this.process = spawn('redis-server', [...own, ...this.options].map(String), { stdio: 'ignore' });
    let over = false;
    this.exited = new Promise((done) => this.process.once('exit', done).once('error', done)).then(() => { over = true; });
    // The answer must be this one's: its folder tells.
    const up = async () => over || (await this.ask(['CONFIG', 'GET', 'dir'], 1000).catch(() => []))[1] === fs.realpathSync(this.folder);
    await eventually(up, 'redis-server answers');
    if (over) throw new Error('redis-server ended');
  }

  async ask(words, ms) {
    const answer = await ask(this.port, words, ms);
    if (answer instanceof Error) throw answer;
    return answer;
  }

  async keys(pattern = '*') {
    return this.ask(['KEYS', pattern]);
  }

  pause() {
    this.process.kill('SIGSTOP');
  }

  resume() {
    this.process.kill('SIGCONT');
  }

  async kill() {
    this.process.kill('SIGKILL');
    await this.exited;
  }

  async stop() {
    await this.kill();
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}
