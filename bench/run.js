// ./dev bench: weir beside its peers in one run. Each server has one worker on one core, the generator and the origin have
// the other; the runs of all servers are interleaved, so that what the machine does meanwhile happens to all of them.
// Prints a table, and keeps it with every single measurement below build/bench/.

import { mkdirSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build_generators, generator_for, kGeneratorNames, measure } from './load.js';
import { markdown, summarise } from './report.js';
import { kGroups, kRows, rows_named } from './rows.js';
import { Servers, find_program, kServers, version_of } from './servers.js';

const kOut = resolve(dirname(fileURLToPath(import.meta.url)), '../build/bench');
const kHitCost = 0.01;       // origin requests that a hit may cost
const kHelp = `
  ROW          ${kRows.map(({ name }) => name).join(' ')}; or a group: ${kGroups.join(' ')}; all where none is named
  --runs N     measurements of each row and server (5)
  --seconds S  how long each takes (3)
  --only NAMES ${Object.keys(kServers).join(',')}; the first is compared with the rest
  --connections C  kept open by the generator (64)
  --generator G  ${kGeneratorNames.join(' or ')}: bench/generator.cc and h2_generator.cc, or the well-known ones (wrk, h2load), which are full sooner (${kGeneratorNames[0]})
  --cores A,B  the server's core, and that of generator and origin (0,1)
  --no-build   takes build/weir as it is`;

const kOptions = {
  runs: { type: 'string', default: '5' }, seconds: { type: 'string', default: '3' }, only: { type: 'string' },
  connections: { type: 'string', default: '64' }, cores: { type: 'string', default: '0,1' },
  generator: { type: 'string', default: kGeneratorNames[0] },
  'no-build': { type: 'boolean' }, help: { type: 'boolean' },
};

class WrongUse extends Error {}

function whole_number(values, name) {
  if (!/^[1-9]\d{0,5}$/.test(values[name])) throw new WrongUse(`--${name} wants a number from 1`);
  return Number(values[name]);
}

function read_arguments(words) {
  let parsed;
  try { parsed = parseArgs({ args: words, options: kOptions, allowPositionals: true }); } catch (error) { throw new WrongUse(error.message); }
  const { values, positionals } = parsed;
  const unknown = positionals.find((name) => rows_named(name).length === 0);
  if (unknown) throw new WrongUse(`no row is called ${unknown}`);
  const names = values.only ? values.only.split(',') : Object.keys(kServers);
  const stranger = names.find((name) => !(name in kServers));
  if (stranger) throw new WrongUse(`no server is called ${stranger}`);
  if (!/^\d+,\d+$/.test(values.cores)) throw new WrongUse('--cores wants two numbers, as 0,1');
  if (!kGeneratorNames.includes(values.generator)) throw new WrongUse(`--generator wants ${kGeneratorNames.join(' or ')}`);
  return {
    help: values.help, generator: values.generator, names, rows: kRows.filter((row) => positionals.length === 0 || positionals.some((name) => rows_named(name).includes(row))),
    runs: whole_number(values, 'runs'), seconds: whole_number(values, 'seconds'),
    connections: whole_number(values, 'connections'), cores: values.cores.split(',').map(Number),
  };
}

// { status, headers, bytes } of one GET.
function ask(port, path, headers = {}) {
  return new Promise((done, fail) => {
    const request = http.get({ port, host: '127.0.0.1', path, headers, agent: false, timeout: 5000 }, (response) => {
      let bytes = 0;
      response.on('data', (chunk) => { bytes += chunk.length; });
      response.on('end', () => done({ status: response.statusCode, headers: response.headers, bytes }));
      response.on('error', fail);
    });
    request.on('timeout', () => request.destroy(new Error('no answer within 5 s')));
    request.on('error', fail);
  });
}

// What the generator sends along; on the way the answer is checked to be the one that the row is about.
async function prepare(row, { words, port }) {
  const wrong = (what) => new Error(`${words}, ${row.name}: ${what}`);
  await ask(port, row.path);
  const whole = await ask(port, row.path);
  if (whole.status !== 200 || whole.bytes !== row.bytes) throw wrong(`status ${whole.status}, ${whole.bytes} bytes`);
  if (!row.conditional) return row.headers ?? [];
  const headers = { 'If-None-Match': whole.headers.etag ?? '"none"' };
  const answer = await ask(port, row.path, headers);
  if (answer.status !== 304) throw wrong(`status ${answer.status} to If-None-Match: ${headers['If-None-Match']}`);
  return [`If-None-Match: ${headers['If-None-Match']}`];
}

class Bench {
  #options;
  #servers = new Servers();
  #stamp = `${Date.now()}-${process.pid}`;
  #load = null;    // the generator that runs now
  #origin = null;
  #running = {};   // by name: { words, pid, port }

  constructor(options) { this.#options = options; }

  async stop() {
    this.#load?.kill('SIGTERM');
    await this.#servers.stop();
  }

  async start() {
    const [server_core, load_core] = this.#options.cores;
    build_generators();
    this.#origin = await this.#servers.start_origin(load_core);
    for (const name of this.#options.names) {
      if (!find_program(kServers[name].program)) {
        console.error(`${kServers[name].words} is left out: ${kServers[name].program} is not there`);
        continue;
      }
      this.#running[name] = await this.#servers.start(name, server_core);
    }
    if (Object.keys(this.#running).length === 0) throw new Error('nothing to compare');
  }

  // [{ name, words, servers: { name: [measurement] } }]
  async measure_all() {
    const results = this.#options.rows.map(({ name, words }) => ({ name, words, servers: {} }));
    for (let run = 1; run <= this.#options.runs; run += 1) {
      for (const [index, row] of this.#options.rows.entries()) {
        for (const name of Object.keys(this.#running).filter((it) => kServers[it].takes?.(row) ?? true)) {
          const measurement = await this.#measure(row, name, run);
          (results[index].servers[name] ??= []).push(measurement);
          console.error(`run ${run}/${this.#options.runs}  ${row.name.padEnd(9)} ${name.padEnd(8)} ` +
            `${(measurement.rate / 1000).toFixed(1).padStart(7)}k/s  p99 ${measurement.p99_us ?? '–'} µs  ${measurement.note}`);
        }
      }
    }
    return results;
  }

  async #measure(row, name, run) {
    const server = this.#running[name];
    const { seconds, connections, cores, generator } = this.#options;
    const headers = await prepare(row, server);
    const stamp = `${this.#stamp}-${name}`;
    const same = () => ['same', row.path];
    const load = (asks, time) => ({
      generator: generator_for(row.over, generator), port: server[kServers[name].ports[row.over] ?? 'port'], asks, headers, bytes: row.bytes, seconds: time, connections, core: cores[1], status: row.conditional ? 304 : 200,
    });
    const watched = { server: server.pid, origin: this.#origin.pid, server_core: cores[0] };
    const started = (child) => { this.#load = child; };
    await measure(load((row.warm ?? row.asks ?? same)(`warm${run}`, stamp), 1), watched, started);
    const before = await this.#origin_requests();
    const measurement = await measure(load((row.asks ?? same)(run, stamp), seconds), watched, started);
    const asked = (await this.#origin_requests()) - before - 1;   // the look itself is a request, too
    const cost = asked / measurement.requests;
    const note = this.#doubts(row, cost, measurement);
    return { ...measurement, origin_requests: asked, note };
  }

  #doubts(row, cost, { failed, foreign_share }) {
    const doubts = [];
    if (row.origin === 'none' && cost > kHitCost) doubts.push(`NOT HITS: ${cost.toFixed(3)} origin requests each`);
    if (row.origin === 'one' && Math.abs(cost - 1) > 0.05) doubts.push(`NOT ONE FETCH EACH: ${cost.toFixed(3)} origin requests`);
    if (failed) doubts.push(`${failed} requests failed`);
    if (foreign_share > 0.15) doubts.push(`others used ${foreign_share.toFixed(2)} cores`);
    return doubts.join('; ');
  }

  async #origin_requests() {
    const text = await new Promise((done, fail) => {
      http.get({ port: this.#origin.port, host: '127.0.0.1', path: '/_status', agent: false }, (response) => {
        let body = '';
        response.on('data', (chunk) => { body += chunk; }).on('end', () => done(body)).on('error', fail);
      }).on('error', fail);
    });
    return Number(text.split('\n')[2].trim().split(' ')[2]);
  }

  report(results) {
    const names = Object.keys(this.#running);
    const servers = names.map((name) => ({ name, words: kServers[name].words }));
    const rows = results.map(({ name, words, servers: measured }) => ({
      name, words, servers: Object.fromEntries(Object.entries(measured).map(([server, list]) => [server, summarise(list)])),
    }));
    const text = markdown(rows, servers, this.#options);
    const versions = Object.fromEntries(names.map((name) => [name, version_of(kServers[name])]));
    mkdirSync(kOut, { recursive: true });
    const { runs, seconds, connections, cores, generator } = this.#options;
    const record = { time: new Date().toISOString(), versions, options: { runs, seconds, connections, cores, generator }, rows, measurements: results };
    writeFileSync(join(kOut, 'latest.json'), `${JSON.stringify(record, null, 2)}\n`);
    writeFileSync(join(kOut, `${record.time.replace(/[:.]/g, '-')}.json`), `${JSON.stringify(record)}\n`);
    writeFileSync(join(kOut, 'latest.md'), `${text}\n`);
    console.log(`\n${text}\n\n${Object.values(versions).join(' · ')}\nEvery measurement: build/bench/latest.json`);
  }
}

async function main() {
  const options = read_arguments(process.argv.slice(2));
  if (options.help) { console.log(kHelp.slice(1)); return; }
  const bench = new Bench(options);
  let stopping = false;
  const leave = async (signal, status) => {
    if (stopping) return;
    stopping = true;
    await bench.stop();
    process.exit(status);
  };
  process.on('SIGINT', () => leave('SIGINT', 130));
  process.on('SIGTERM', () => leave('SIGTERM', 143));
  try {
    await bench.start();
    bench.report(await bench.measure_all());
  } catch (error) {
    if (!stopping) throw error;
  } finally {
    if (!stopping) await bench.stop();
  }
}

main().catch((error) => {
  console.error(`bench: ${error.message}`);
  process.exitCode = error instanceof WrongUse ? 2 : 1;
});
