// The servers of the comparison and the origin behind them: each configured by its file in peers/, started on a free port
// of loopback, pinned to a core, and stopped by its process id. It sends no load.

import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const kHere = dirname(fileURLToPath(import.meta.url));
const kRoot = resolve(kHere, '..');
const kWeir = process.env.WEIR_BIN ?? join(kRoot, 'build/weir');
const kBodies = { '1k': 1024, '16k': 16 * 1024, '128k': 128 * 1024 };
// Text that takes about 1 KiB in zstd, at any level: four times the same 1,360 characters, which nothing makes smaller than their 6 bits.
export const kText = Array.from({ length: 34 }, (_, i) => createHash('sha256').update(`text ${i}`).digest('base64').slice(0, 40)).join('').repeat(4);
const kStartLimit = 20_000;   // milliseconds until a server has to listen
const kStopLimit = 5_000;     // and until it has to be gone, or it is killed

// The programs: how each is started, given the path of its filled-in configuration and its folder. `ports`: which of its ports speaks a
// row's protocol, where that isn't the one for HTTP/1.1. `takes`: the rows that it takes part in, where not all.
const kTls = { 'h2-tls': 'tls_port', tls: 'tls_port', handshake: 'tls_port' };
const kOnePort = { ...kTls, h2: 'port' }, kPortEach = { ...kTls, h2: 'h2_port' };
export const kServers = {
  weir: {
    words: 'weir', ports: kOnePort, program: kWeir, version: ['version'], config: 'weir.yaml',
    command: ({ config }) => ['run', '-c', config],
  },
  nginx: { words: 'nginx', ports: kPortEach, program: 'nginx', version: ['-v'], config: 'peers/nginx.conf', command: ({ config }) => ['-c', config] },
  haproxy: {
    words: 'HAProxy', ports: kPortEach, program: 'haproxy', version: ['-v'], config: 'peers/haproxy.cfg',
    command: ({ config }) => ['-db', '-f', config],
  },
  varnish: {
    words: 'Varnish', ports: kOnePort, program: 'varnishd', version: ['-V'], config: 'peers/varnish.vcl',
    command: ({ config, folder, port }) => ['-F', '-j', 'none', '-f', config, '-a', `127.0.0.1:${port}`, '-T', 'none',
      '-n', join(folder, 'varnish'), '-s', 'malloc,1g', '-p', 'thread_pools=1', '-p', 'thread_pool_min=200',
      '-p', 'thread_pool_max=1000', '-p', 'feature=+http2'],
    takes: (row) => !(row.over in kTls),
  },
  // No cache: it serves files, which is as fast as it gets.
  h2o: {
    words: 'H2O, a file', ports: kOnePort, program: 'h2o', version: ['-v'], config: 'peers/h2o.conf', command: ({ config }) => ['-c', config],
    takes: (row) => row.over !== undefined && row.origin === 'none',
  },
};
const kOrigin = { words: 'origin', program: 'nginx', config: 'peers/origin.conf', command: ({ config }) => ['-c', config] };

// Where a program is, looked for in the PATH and where Debian keeps servers; null where it is not.
export function find_program(name) {
  const folders = name.includes('/') ? [''] : [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  for (const folder of folders) {
    const path = folder === '' ? name : join(folder, name);
    try { accessSync(path, constants.X_OK); return path; } catch { /* the next one */ }
  }
  return null;
}

export function version_of({ program, version }) {
  try {
    return execFileSync('sh', ['-c', '"$0" "$@" 2>&1', find_program(program), ...version], { encoding: 'utf8' }).split('\n')[0].trim();
  } catch {
    return 'unknown';
  }
}

async function free_port() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((done, fail) => server.once('listening', done).once('error', fail));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

function listens(port) {
  return new Promise((done) => {
    const socket = net.connect(port, '127.0.0.1', () => { socket.destroy(); done(true); });
    socket.on('error', () => done(false));
  });
}

export class Servers {
  #folder;
  #running = [];   // { words, child, port, log }
  #origin_port = 0;

  // A folder in memory, where there is one: the peers' caches and the origin's files must not wait for a disk.
  constructor() {
    this.#folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'weir-bench-'));
    mkdirSync(join(this.#folder, 'bodies'));
    writeFileSync(join(this.#folder, 'bodies', 'text'), kText);
    for (const [name, bytes] of Object.entries(kBodies)) writeFileSync(join(this.#folder, 'bodies', name), 'w'.repeat(bytes));
    this.#make_certificate();
  }

  // One for all servers, of the kind that is usual: P-256. HAProxy wants it and its key in one file.
  #make_certificate() {
    const [certificate, key] = ['tls.crt', 'tls.key'].map((name) => join(this.#folder, name));
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30',
      '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', key, '-out', certificate], { stdio: 'ignore' });
    writeFileSync(join(this.#folder, 'tls.pem'), readFileSync(certificate, 'utf8') + readFileSync(key, 'utf8'));
  }

  async start_origin(core) {
    const origin = await this.#start(kOrigin, core);
    this.#origin_port = origin.port;
    return origin;
  }

  start(name, core) {
    return this.#start(kServers[name], core);
  }

  // A program like those above, on any core; `env` is set for it beside the ports.
  start_as(program, env) {
    return this.#start(program, null, env);
  }

  // Stops all, the last one first, and leaves nothing on disk.
  async stop() {
    await Promise.all(this.#running.reverse().map(({ child }) => this.#stop(child)));
    this.#running = [];
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #start({ words, program, config, command }, core, env = {}) {
    const port = await free_port();
    const h2_port = await free_port();
    const tls_port = await free_port();
    const filled = this.#fill(config, { PORT: port, H2PORT: h2_port, TLSPORT: tls_port });
    const log = join(this.#folder, `${words}.log`);
    const output = openSync(log, 'w');
    const ports = { BENCH_PORT: port, BENCH_ADMIN_PORT: await free_port(), BENCH_ORIGIN_PORT: this.#origin_port, BENCH_TLS_PORT: tls_port };
    const pinned = core === null ? [] : ['taskset', '-c', String(core)];
    const [file, ...rest] = [...pinned, find_program(program), ...command({ config: filled, folder: this.#folder, port })];
    const child = spawn(file, rest,
      { stdio: ['ignore', output, output], cwd: this.#folder, env: { ...process.env, ...ports, ...env } });
    const server = { words, child, port, h2_port, tls_port, admin: ports.BENCH_ADMIN_PORT, pid: child.pid };
    this.#running.push(server);
    for (const limit = Date.now() + kStartLimit; !(await listens(port)); await sleep(50)) {
      if (child.exitCode !== null || child.signalCode !== null || Date.now() > limit) {
        throw new Error(`${words} does not listen on port ${port}:\n${readFileSync(log, 'utf8').slice(-2000)}`);
      }
    }
    return server;
  }

  #fill(config, ports) {
    const values = {
      ...ports, ORIGIN: this.#origin_port, FOLDER: this.#folder, BODIES: join(this.#folder, 'bodies'),
      USER: userInfo().username, KIB: 'w'.repeat(kBodies['1k']),
    };
    const text = readFileSync(join(kHere, config), 'utf8').replace(/@([A-Z0-9]+)@/g, (whole, name) => values[name] ?? whole);
    const path = join(this.#folder, config.replace('/', '-'));
    writeFileSync(path, text);
    return path;
  }

  async #stop(child) {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((done) => child.once('exit', done));
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), kStopLimit);
    await gone;
    clearTimeout(timer);
  }
}
