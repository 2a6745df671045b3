// What a row of the limits stands on: weir, origins, programs that send load, connections. All of it ends with stop(),
// also in the middle of a row. It keeps what did not hold.

import { spawn } from 'node:child_process';
import { build_program } from '../load.js';
import { Servers, kServers } from '../servers.js';
import { Connection } from './connection.js';
import { Origin } from './origin.js';

const kWeir = { ...kServers.weir, config: 'limits/weir.yaml' };

// No object may take more than a tenth of the memory.
const mebibytes = (size) => parseInt(size, 10) * (size.endsWith('GiB') ? 1024 : 1);

export class Stand {
  failures = [];   // what was promised and did not hold
  #name;
  #workers;
  #servers = new Servers();
  #programs = new Set();
  #stopped = false;   // what breaks off after that is no failure
  #starting = new Set();   // promises of what isn't there yet
  #rest = [];      // origins and connections
  #below = [];     // what the servers need until they have stopped
  #stopping = null;

  constructor(name, workers) {
    this.#name = name;
    this.#workers = workers;
  }

  // What `start` gives; stop() waits for it, so that nothing is left behind that was about to start.
  async starting(start) {
    if (this.#stopped) throw new Error('it is over');
    const started = start();
    this.#starting.add(started);
    try {
      return await started;
    } finally {
      this.#starting.delete(started);
    }
  }

  // `it` is stopped with the stand.
  keep(it) {
    this.#rest.push(it);
    return it;
  }

  // The same, when no server is left.
  keep_below(it) {
    this.#below.push(it);
    return it;
  }

  start_origin(answer) {
    return this.starting(() => this.keep(new Origin(answer)).start());
  }

  // nginx with bench/peers/origin.conf, for rows in which ours would be the slowest.
  start_nginx() { return this.starting(() => this.#servers.start_origin(null)); }

  // { port, admin, pid, child }
  start_weir({ memory, origin, connections = 64, idle = '1m' }) {
    const largest = `${Math.min(32, Math.floor(mebibytes(memory) / 10))}MiB`;
    return this.start_as(kWeir, { BENCH_MEMORY: memory, BENCH_LARGEST: largest, BENCH_CONNECTIONS: String(connections), BENCH_IDLE: idle, BENCH_ORIGIN_PORT: String(origin.port) });
  }

  // The same of another file.
  start_as(weir, env) {
    return this.starting(() => this.#servers.start_as(weir, { BENCH_WORKERS: String(this.#workers), ...env }));
  }

  connect(port) {
    const connection = new Connection(port);
    this.keep({ stop: () => connection.close() });
    return connection;
  }

  // A C++ program of bench/: its process, and the JSON that it prints last.
  run_program(name, words) {
    const child = spawn(build_program(name), words.map(String), { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#programs.add(child);
    child.gone = new Promise((done) => { child.once('close', done); });
    const figures = new Promise((done, fail) => {
      let output = '';
      child.stdout.on('data', (chunk) => { output += chunk; });
      child.on('error', fail);
      child.on('close', (status, signal) => {
        this.#programs.delete(child);
        if (status === 0) done(JSON.parse(output.trim().split('\n').at(-1)));
        else fail(new Error(`${name} ended with ${signal ?? `status ${status}`}`));
      });
    });
    figures.catch(() => {});   // whoever awaits it hears of it, too
    return { child, figures };
  }

  // A program of run_program() has printed that word, or has ended.
  async until_says(child, word) {
    let output = '';
    await new Promise((done) => {
      child.stdout.on('data', (chunk) => { if ((output += chunk).includes(word)) done(); });
      child.once('close', done);
    });
  }

  say(text) { console.error(`${this.#name.padEnd(11)} ${text}`); }

  expect(holds, what) {
    if (!holds && !this.#stopped) {
      this.failures.push(`${this.#name}: ${what}`);
      this.say(`BROKEN: ${what}`);
    }
    return Boolean(holds);
  }

  // By a signal and by the end of the row, maybe: both wait for the same.
  stop() {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop() {
    this.#stopped = true;
    for (const child of this.#programs) child.kill('SIGKILL');
    await Promise.all([...this.#programs].map((child) => child.gone));
    await Promise.allSettled(this.#starting);
    await Promise.all(this.#rest.splice(0).map((it) => it.stop()));
    await this.#servers.stop();
    await Promise.all(this.#below.splice(0).map((it) => it.stop()));
  }
}
