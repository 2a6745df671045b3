// A weir process of the test's own: writes its config file, starts it, waits until it is ready, turns its clock, and at the
// end asks it to stop by its process id and looks at what it left: exit status 0, and nothing from a sanitizer.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually, gate, kPatience, within } from './patience.js';
import { fetch } from './client.js';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const weirBinary = path.resolve(root, process.env.WEIR_BIN ?? 'build/weir');

const kSanitizer = /ERROR: AddressSanitizer|runtime error:|WARNING: ThreadSanitizer|ERROR: LeakSanitizer|weir: check failed/i;

// int64 nanoseconds in a file that weir maps: see proxy/base/clock.h. Turning it moves lifetimes, not timers.
class TestClock {
  constructor(file) {
    this.file = file;
    this.turned = 0n;
    fs.writeFileSync(file, Buffer.alloc(8));
    this.fd = fs.openSync(file, 'r+');
  }

  turn(seconds) {
    this.turned += BigInt(Math.round(seconds * 1e9));
    const offset = Buffer.alloc(8);
    offset.writeBigInt64LE(this.turned);
    fs.writeSync(this.fd, offset, 0, 8, 0);
  }

  close() {
    fs.closeSync(this.fd);
  }
}

const has = (text, key) => new RegExp(`^${key}:`, 'm').test(text);

// A scenario writes only the part of the file that it is about; the rest is the same in all of them.
export function wholeConfig(text, origins) {
  let whole = '';
  if (!has(text, 'listen')) whole += 'listen: [ { address: "127.0.0.1:0" } ]\n';
  if (!has(text, 'admin')) whole += 'admin: { address: "127.0.0.1:0" }\n';
  if (!has(text, 'workers')) whole += 'workers: 1\n';
  if (!has(text, 'upstreams')) {
    const servers = origins.map((origin) => JSON.stringify(origin.url)).join(', ');
    whole += `upstreams:\n  api:\n    servers: [ ${servers} ]\n`;
  }
  return whole + text;
}

export class Weir {
  lines = [];   // all of standard output and standard error, in the order in which they came
  log = [];     // access log lines, parsed
  ports = [];
  adminPort = 0;

  // `origins`: a list of started origins, for the upstream of a config that names none. `binary`: another than the one under test.
  static async start(text, { origins = [], env = {}, args = null, binary = weirBinary } = {}) {
    const weir = new Weir();
    weir.binary = binary;
    weir.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'weir-test-'));
    weir.file = path.join(weir.folder, 'weir.yaml');
    weir.clock = new TestClock(path.join(weir.folder, 'clock'));
    weir.origins = origins;
    weir.write(text);
    weir.#spawn(args ?? ['run', '-c', weir.file], env);
    try {
      await within(weir.ready.opened, 'weir to be ready');
    } catch (error) {
      weir.process.kill('SIGKILL');
      throw new Error(`${error.message}\n${weir.output}`);
    }
    return weir;
  }

  // Replaces the config file; weir reads it on the next reload.
  write(text) {
    fs.writeFileSync(this.file, wholeConfig(text, this.origins));
  }

  #spawn(args, env) {
    this.ready = gate();
    this.exited = gate();
    const added = { WEIR_TEST_CLOCK: this.clock.file, ...env };
    this.process = spawn(this.binary, args, { env: { ...process.env, ...added }, stdio: ['ignore', 'pipe', 'pipe'] });
    this.process.on('error', (error) => this.ready.fail(error));
    this.process.on('exit', (code, signal) => {
      this.exit = { code, signal };
      this.ready.fail(new Error(`weir ended before it was ready: ${code ?? signal}`));
    });
    this.process.on('close', () => this.exited.open(this.exit));
    this.#read(this.process.stdout);
    this.#read(this.process.stderr);
  }

  #read(stream) {
    let rest = '';
    stream.setEncoding('utf8').on('data', (data) => {
      const lines = (rest + data).split('\n');
      rest = lines.pop();
      for (const line of lines) this.#line(line);
    });
    stream.on('end', () => rest && this.#line(rest));
  }

  #line(line) {
    this.lines.push(line);
    if (line.startsWith('{')) {
      this.log.push(JSON.parse(line));
      return;
    }
    const [, what, port] = /^weir: (listening|admin) on \S+:(\d+)$/.exec(line) ?? [];
    if (what === 'listening') this.ports.push(Number(port));
    if (what === 'admin') this.adminPort = Number(port);
    if (line === 'weir: ready') this.ready.open();
  }

  get port() {
    return this.ports[0];
  }

  get output() {
    return this.lines.join('\n');
  }

  get adminUrl() {
    return `http://127.0.0.1:${this.adminPort}`;
  }

  // The environment that points the client calls of the command line at this weir.
  get environment() {
    return { ...process.env, WEIR_ADMIN: this.adminUrl };
  }

  // A call of the admin endpoint; gives the answer, with `json` where it is JSON.
  async admin(line, body, headers = {}) {
    const content = body === undefined ? '' : JSON.stringify(body);
    const type = content ? { 'Content-Type': 'application/json' } : {};
    const answer = await fetch(this.adminPort, line, { Host: `127.0.0.1:${this.adminPort}`, ...type, ...headers }, content);
    if (/json/.test(answer.get('content-type') ?? '')) answer.json = JSON.parse(answer.text);
    return answer;
  }

  async invalidate(what) {
    const answer = await this.admin('POST /admin/cache/invalidate', what);
    if (answer.status !== 200) throw new Error(`invalidate ${JSON.stringify(what)}: ${answer.status} ${answer.text}`);
    return answer.json;
  }

  // The sum of a metric over all lines that have these labels.
  async metric(name, labels = {}) {
    const { text } = await this.admin('GET /metrics');
    let sum = 0;
    for (const line of text.split('\n')) {
      const [, what, given = '', value] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      const all = Object.entries(labels).every(([label, text]) => given.includes(`${label}="${text}"`));
      if (what === name && all) sum += Number(value);
    }
    return sum;
  }

  // The access log line of a request, by the X-Request-Id that it was given or got.
  logged(id) {
    return eventually(() => this.log.find((line) => Object.values(line).includes(id)), `a log line of request ${id}`);
  }

  said(pattern) {
    return eventually(() => this.lines.find((line) => pattern.test(line)), `weir says ${pattern}; it said:\n${this.output}`);
  }

  signal(name) {
    this.process.kill(name);
  }

  // Waits for the end without asking for it.
  async ended() {
    return within(this.exited.opened, 'weir to end');
  }

  async stop() {
    if (this.stopped) return;
    this.stopped = true;
    if (!this.exit) this.signal('SIGTERM');
    try {
      await within(this.exited.opened, 'weir to end after SIGTERM', kPatience);
    } catch (error) {
      this.signal('SIGKILL');
      throw new Error(`${error.message}\n${this.output}`);
    } finally {
      this.clock.close();
    }
    this.#examine();
    fs.rmSync(this.folder, { recursive: true, force: true });
  }

  #examine() {
    const { code, signal } = this.exit;
    if (kSanitizer.test(this.output)) throw new Error(`a sanitizer has something to say:\n${this.output}`);
    if (code !== 0) throw new Error(`weir ended with ${code ?? signal}:\n${this.output}`);
  }
}

// One call of the command line to its end: { code, out, err }.
export async function weirCall(args, { env = process.env, input = '', cwd } = {}) {
  const child = spawn(weirBinary, args, { env, cwd, stdio: 'pipe' });
  const result = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => (result.out += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (result.err += text));
  child.stdin.on('error', () => {}).end(input);
  try {
    result.code = await within(
      new Promise((resolve, reject) => child.on('error', reject).on('close', resolve)),
      `weir ${args.join(' ')}`,
    );
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  if (kSanitizer.test(result.err)) throw new Error(`a sanitizer has something to say:\n${result.err}`);
  return result;
}

// A config file in a folder of its own, which goes when `use` is over.
export async function withFile(text, use, name = 'weir.yaml') {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'weir-file-'));
  const file = path.join(folder, name);
  fs.writeFileSync(file, text);
  try {
    return await use(file, folder);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}
