// A private PostgreSQL for StreamVibe: made, seeded, started and stopped by this program alone. It listens on
// loopback only, with a password of its own, and goes when this program goes. Data that is already there is used
// again; a seed that was cut short left nothing behind (it is one transaction), so it is simply made again.
// It doesn't know the API.

import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, chownSync, closeSync, existsSync, mkdirSync, openSync, readFileSync, readdirSync, renameSync, rmSync,
  writeFileSync } from 'node:fs';
import net from 'node:net';
import { delimiter, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { announce, onStop, say } from './process.js';

const kHelp = `usage: node database.js --data DIR [--scale S] [--port P] [--watch-stdin]
  --data DIR      where the cluster lives (made where missing)
  --scale S       size of the data: 1 is 100,000 videos (default: $SCALE, else 1)
  --port P        TCP port on 127.0.0.1 (default 0: any free one)
  --watch-stdin   stop when standard input ends
Prints {"ready":true,"postgres":"postgres://…"} when it answers; stops the cluster on SIGTERM or SIGINT.`;

const kHere = fileURLToPath(new URL('.', import.meta.url));
const kStart = 30_000;   // milliseconds that a start may take: recovery after a crash included
const kStop = 10_000;    // milliseconds for a fast shutdown, before the immediate one

function options() {
  const { values } = parseArgs({ options: {
    data: { type: 'string' }, scale: { type: 'string', default: process.env.SCALE ?? '1' },
    port: { type: 'string', default: '0' }, 'watch-stdin': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  } });
  if (values.help) { console.log(kHelp); process.exit(0); }
  const scale = Number(values.scale);
  if (!values.data) throw new Error('--data DIR is missing');
  if (!(scale >= 0.0001 && scale <= 10)) throw new Error(`--scale ${values.scale}: 0.0001 to 10 is possible`);
  return { data: resolve(values.data), scale, port: Number(values.port), watchStdin: values['watch-stdin'] };
}

// The newest installed version: Debian keeps the server's programs outside of PATH.
function bin_directory() {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).map(Number).filter(Boolean).sort((a, b) => b - a) : [];
  const places = [process.env.PG_BIN, ...versions.map((v) => join(debian, String(v), 'bin')),
    ...(process.env.PATH ?? '').split(delimiter)];
  const found = places.find((place) => place && existsSync(join(place, 'initdb')) && existsSync(join(place, 'postgres')));
  if (!found) throw new Error('PostgreSQL is not installed (Debian: apt-get install postgresql), or set PG_BIN');
  return found;
}

// The user that owns the cluster. PostgreSQL refuses to run as root, so root lends it to the user postgres.
function cluster_owner() {
  if (process.getuid() !== 0) return null;
  const line = readFileSync('/etc/passwd', 'utf8').split('\n').find((l) => l.startsWith('postgres:'));
  if (!line) throw new Error('as root, PostgreSQL needs the user postgres, and there is none');
  const [, , uid, gid] = line.split(':').map(Number);
  return { uid, gid };
}

class Cluster {
  constructor({ data, port }) {
    this.data = data;
    this.port = port;
    this.bin = bin_directory();
    this.owner = cluster_owner();
    this.directory = join(data, 'cluster');
    this.passwordFile = join(data, 'password');
    this.server = null;
    this.children = new Set();                 // the server and whatever tool runs just now
    this.stopped = false;
  }

  // `--pdeathsig`: a server whose parent is killed outright still gets a fast shutdown (SIGINT) from the kernel.
  // `places`: files and directories that the program is to use. See #reachable.
  spawn(program, args, { dieWithParent = false, input = 'ignore', env, places = {} } = {}) {
    if (this.stopped) throw new Error('stopped');
    const { names, opened } = this.#reachable(places);
    const become = this.owner ? [`--reuid=${this.owner.uid}`, `--regid=${this.owner.gid}`, '--clear-groups'] : [];
    const command = [...become, ...(dieWithParent ? ['--pdeathsig=SIGINT'] : []), '--',
      join(this.bin, program), ...args(names)];
    // A session of its own: Ctrl-C in the terminal reaches this program, which then stops the server in order.
    const child = spawn('setpriv', command, { cwd: '/', detached: true, stdio: [input, 'pipe', 'pipe', ...opened],
      env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8', TZ: 'UTC', ...env } });
    for (const fd of opened) closeSync(fd);
    this.children.add(child);
    child.said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => { child.said = (child.said + text).slice(-4000); });
    }
    child.over = new Promise((done) => {
      child.on('error', (error) => { child.said += error.message; done(-1); });
      child.on('close', (code) => { this.children.delete(child); done(code ?? -1); });
    });
    return child;
  }

  // Root's own directories (a clone below /root) are closed to the user postgres. So root opens the place itself and
  // hands it down; /proc/self/fd/N is a name for it that doesn't lead through what lies above.
  #reachable(places) {
    if (!this.owner) return { names: places, opened: [] };
    const opened = Object.values(places).map((path) => openSync(path, 'r'));
    return { names: Object.fromEntries(Object.keys(places).map((name, at) => [name, `/proc/self/fd/${3 + at}`])), opened };
  }

  async run(program, args, places) {
    const child = this.spawn(program, args, { places });
    if (await child.over !== 0) throw new Error(`${program} failed:\n${child.said.trim()}`);
  }

  // Made beside its place and moved there when whole, so that `cluster` is never half a cluster.
  async make() {
    mkdirSync(this.data, { recursive: true });
    this.#sweep();
    if (existsSync(this.directory)) return;
    say('database: making the cluster');
    const fresh = join(this.data, `cluster.new-${process.pid}`);
    const password = randomBytes(16).toString('hex');
    mkdirSync(fresh, { mode: 0o700 });
    this.#give(fresh);
    writeFileSync(this.passwordFile, password, { mode: 0o600 });
    chmodSync(this.passwordFile, 0o600);
    this.#give(this.passwordFile);
    try {
      await this.run('initdb', (at) => ['-D', at.data, '-U', 'streamvibe', '-A', 'scram-sha-256', `--pwfile=${at.password}`,
        '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync', '--no-instructions'], { data: fresh, password: this.passwordFile });
      renameSync(fresh, this.directory);
    } catch (error) {
      rmSync(fresh, { recursive: true, force: true });
      throw error;
    }
  }

  // What a program that was killed left half made.
  #sweep() {
    for (const name of readdirSync(this.data)) {
      const maker = /^cluster\.new-(\d+)$/.exec(name)?.[1];
      if (maker && !existsSync(`/proc/${maker}`)) rmSync(join(this.data, name), { recursive: true, force: true });
    }
  }

  #give(path) {
    if (this.owner) chownSync(path, this.owner.uid, this.owner.gid);
  }

  // `quick` gives up safety against a crash of the machine while there is nothing worth keeping yet.
  async start({ quick = false } = {}) {
    await this.#wait_for_predecessor();
    const deadline = Date.now() + kStart;
    for (let attempt = 1; ; attempt++) {
      const port = this.port || await free_port();
      const settings = { port, listen_addresses: '127.0.0.1', unix_socket_directories: '', wal_level: 'minimal',
        max_wal_senders: 0, log_min_messages: 'fatal', fsync: quick ? 'off' : 'on', max_wal_size: '4GB' };
      this.server = this.spawn('postgres', (at) => ['-D', at.data,
        ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`])],
      { dieWithParent: true, places: { data: this.directory } });
      this.boundPort = port;
      if (await this.#answers(deadline)) return;
      const said = this.server.said.trim();
      await this.stop();
      const taken = /could not bind|Address already in use/.test(said);
      if (this.port || !taken || attempt === 5) throw new Error(`PostgreSQL does not start:\n${said || 'no answer'}`);
    }
  }

  // A cluster that is still shutting down gets a moment; one that really runs makes `postgres` itself refuse.
  async #wait_for_predecessor() {
    const file = join(this.directory, 'postmaster.pid');
    for (let tries = 0; tries < 50 && existsSync(file); tries++) {
      const pid = parseInt(readFileSync(file, 'utf8'), 10);
      if (!existsSync(`/proc/${pid}`)) return;
      await sleep(100);
    }
  }

  async #answers(deadline) {
    let over = false;
    this.server.over.then(() => { over = true; });
    while (!over && Date.now() < deadline) {
      try {
        await this.query('postgres', 'SELECT 1');
        return true;
      } catch { await sleep(50); }
    }
    return false;
  }

  async stop() {
    if (!this.server) return;
    const server = this.server;
    this.server = null;
    if (server.exitCode !== null || server.signalCode !== null) return;
    server.kill('SIGINT');                                       // fast: sessions are ended, nothing is lost
    const late = setTimeout(() => server.kill('SIGQUIT'), kStop); // immediate: recovery at the next start
    await server.over;
    clearTimeout(late);
  }

  // For good: whatever else runs here, a half-made cluster or seed, is ended too.
  async close() {
    this.stopped = true;
    for (const child of this.children) if (child !== this.server) child.kill('SIGTERM');
    await this.stop();
    await Promise.all([...this.children].map((child) => child.over));
  }

  password() {
    return readFileSync(this.passwordFile, 'utf8').trim();
  }

  url(database) {
    return `postgres://streamvibe:${this.password()}@127.0.0.1:${this.boundPort}/${database}`;
  }

  async query(database, text, values) {
    const client = new pg.Client({ connectionString: this.url(database) });
    client.on('error', () => {});
    await client.connect();
    try { return (await client.query(text, values)).rows; } finally { await client.end(); }
  }
}

async function free_port() {
  const probe = net.createServer().listen(0, '127.0.0.1');
  await new Promise((done, failed) => probe.once('listening', done).once('error', failed));
  const { port } = probe.address();
  await new Promise((done) => probe.close(done));
  return port;
}

const kSql = ['schema.sql', 'seed.sql'].map((name) => readFileSync(join(kHere, name), 'utf8')).join('\n');

// What the data was made from: another scale or another schema is another database.
const fingerprint = (scale) => createHash('sha256').update(`${scale}\n${kSql}`).digest('hex');

async function seeded(cluster, scale) {
  try {
    const rows = await cluster.query('streamvibe', 'SELECT fingerprint FROM seeded');
    return rows.length === 1 && rows[0].fingerprint === fingerprint(scale);
  } catch { return false; }
}

async function seed(cluster, scale) {
  const began = Date.now();
  say(`database: seeding at scale ${scale}`);
  await cluster.query('postgres', 'DROP DATABASE IF EXISTS streamvibe WITH (FORCE)');
  await cluster.query('postgres', 'CREATE DATABASE streamvibe');
  const psql = cluster.spawn('psql', () => ['--no-psqlrc', '--quiet', '--tuples-only', '--single-transaction',
    '-v', 'ON_ERROR_STOP=1', '-v', `scale=${scale}`, '-h', '127.0.0.1', '-p', String(cluster.boundPort),
    '-U', 'streamvibe', '-d', 'streamvibe', '-f', '-'], { input: 'pipe', env: { PGPASSWORD: cluster.password() } });
  psql.stdout.on('data', (text) => { for (const line of text.trim().split('\n')) if (line) say(`database:   ${line}`); });
  psql.stdin.on('error', () => {});                               // psql's own words say why it left
  psql.stdin.end(`${kSql}\nCREATE TABLE seeded AS SELECT '${fingerprint(scale)}' AS fingerprint;\n`);
  if (await psql.over !== 0) throw new Error(`seeding failed:\n${psql.said.trim()}`);
  await cluster.query('streamvibe', 'VACUUM');
  say(`database: seeded in ${((Date.now() - began) / 1000).toFixed(1)} s`);
}

let stopping = false;

async function main() {
  const wanted = options();
  const cluster = new Cluster(wanted);
  onStop(wanted.watchStdin, async () => { stopping = true; await cluster.close(); });

  await cluster.make();
  await cluster.start();
  if (!await seeded(cluster, wanted.scale)) {
    await cluster.stop();
    await cluster.start({ quick: true });
    await seed(cluster, wanted.scale);
    await cluster.stop();
    await cluster.run('initdb', (at) => ['-D', at.data, '--sync-only'], { data: cluster.directory });
    await cluster.start();
  }
  const url = cluster.url('streamvibe');
  announce({ ready: true, postgres: url, port: cluster.boundPort, pid: cluster.server.pid });
  const code = await cluster.server.over;
  if (!stopping) throw new Error(`PostgreSQL ended by itself (${code}) ${cluster.server?.said.trim() ?? ''}`);
}

main().catch((error) => {
  if (stopping) return;                        // what fails because it is being stopped has not failed
  say(`database: ${error.message}`);
  process.exit(1);                             // takes the server along: see dieWithParent
});
