// ./dev bench limits: the promises that have a figure, measured on the real program on loopback. What must be right
// (one origin request, the right body, everybody answered, memory) ends it with 1 where it is not; times are only
// printed beside what was promised, for they are the machine's as well. Each row in limits/ starts what it needs anew.

import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compress } from './limits/compress.js';
import { memory } from './limits/memory.js';
import { purge } from './limits/purge.js';
import { Stand } from './limits/stand.js';
import { storm, uncacheable } from './limits/storm.js';
import { find_program, kServers, version_of } from './servers.js';

const kOut = resolve(dirname(fileURLToPath(import.meta.url)), '../build/bench');
const kRows = { storm, uncacheable, purge, memory, compress };
const kHelp = `
./dev bench limits
  ROW          ${Object.keys(kRows).join(' ')}; all where none is named
  --clients N  of storm and uncacheable (1000)
  --rounds N   of storm, uncacheable and compress (5)
  --objects N  of purge (1000000)
  --purges N   of purge, of each kind (200)
  --gib N      through weir in memory (10)
  --workers N  of weir (2)
  --no-build   takes build/weir, or WEIR_BIN, as it is`;

const kNumbers = { clients: '1000', rounds: '5', objects: '1000000', purges: '200', gib: '10', workers: '2' };
const kOptions = {
  ...Object.fromEntries(Object.entries(kNumbers).map(([name, value]) => [name, { type: 'string', default: value }])),
  'no-build': { type: 'boolean' }, help: { type: 'boolean' },
};

class WrongUse extends Error {}

function read_arguments(words) {
  let parsed;
  try {
    parsed = parseArgs({ args: words, options: kOptions, allowPositionals: true });
  } catch (error) {
    throw new WrongUse(error.message);
  }
  const { values, positionals } = parsed;
  const unknown = positionals.find((name) => !(name in kRows));
  if (unknown) throw new WrongUse(`no row is called ${unknown}`);
  const options = {};
  for (const name of Object.keys(kNumbers)) {
    if (!/^[1-9]\d{0,7}$/.test(values[name])) throw new WrongUse(`--${name} wants a number from 1`);
    options[name] = Number(values[name]);
  }
  if (options.objects < 10 * options.purges) throw new WrongUse('--objects wants ten for each of --purges');
  const names = Object.keys(kRows).filter((name) => positionals.length === 0 || positionals.includes(name));
  return { help: values.help, names, options };
}

function check_programs(names) {
  const wanted = [kServers.weir.program, ...(names.includes('purge') ? [kServers.nginx.program] : [])];
  const missing = wanted.find((program) => !find_program(program));
  if (missing) throw new Error(`${missing} is not there`);
}

class Limits {
  failures = [];
  #stand = null;   // of the row that runs

  async stop() {
    await this.#stand?.stop();
    this.#stand = null;
  }

  // { name, figures, measured } of one row; one that breaks down is a failure, and the others go on.
  async run(name, options) {
    const stand = new Stand(name, options.workers);
    this.#stand = stand;
    try {
      return { name, ...(await kRows[name](stand, options)), failures: stand.failures };
    } catch (error) {
      stand.expect(false, `the row broke off: ${error.message}`);
      return { name, figures: [], measured: null, failures: stand.failures };
    } finally {
      this.failures.push(...stand.failures);
      await stand.stop();
    }
  }
}

function markdown(rows) {
  const lines = rows.flatMap(({ name, figures }) => figures.map((it) => [name, it.what, it.promised, it.measured]));
  return [['row', 'what', 'promised', 'measured'], ['---', '---', '---:', '---:'], ...lines]
    .map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function report(rows, options) {
  const time = new Date().toISOString();
  const record = { time, version: version_of(kServers.weir), cores: cpus().length, options, rows };
  mkdirSync(kOut, { recursive: true });
  writeFileSync(join(kOut, 'limits.json'), `${JSON.stringify(record, null, 2)}\n`);
  console.log(`\n${markdown(rows)}\n\n${record.version}, ${options.workers} workers, ${record.cores} cores. ` +
    'Every measurement: build/bench/limits.json');
}

async function main() {
  const { help, names, options } = read_arguments(process.argv.slice(2));
  if (help) { console.log(kHelp.slice(1)); return; }
  check_programs(names);
  const limits = new Limits();
  let stopping = false;
  for (const [signal, status] of [['SIGINT', 130], ['SIGTERM', 143], ['SIGHUP', 129]]) {
    process.on(signal, async () => {
      if (stopping) return;
      stopping = true;
      await limits.stop();
      process.exit(status);
    });
  }
  const rows = [];
  for (const name of names) {
    if (stopping) return;
    rows.push(await limits.run(name, options));
  }
  if (stopping) return;
  report(rows, options);
  for (const failure of limits.failures) console.error(`BROKEN: ${failure}`);
  if (limits.failures.length) process.exitCode = 1;
}

main().catch((error) => {
  console.error(`limits: ${error.message}`);
  process.exitCode = error instanceof WrongUse ? 2 : 1;
});
