// What `./dev bench limits` and `./dev bench sharing` have in common: reads the call, runs the rows one after the other, prints
// what was promised beside what was measured, and keeps all of it in build/bench/. What must be right and isn't ends it
// with 1. A row is a function (stand, options) that gives { figures, measured }; however it ends, its stand is stopped.

import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { find_program, kServers, version_of } from './servers.js';

const kOut = resolve(dirname(fileURLToPath(import.meta.url)), '../build/bench');
const kSignals = [['SIGINT', 130], ['SIGTERM', 143], ['SIGHUP', 129]];

export class WrongUse extends Error {}

const help_of = ({ name, rows, numbers }) => [
  `./dev bench ${name}`,
  ['ROW', `${Object.keys(rows).join(' ')}; all where none is named`],
  ...Object.entries(numbers).map(([number, { of, value }]) => [`--${number} N`, `${of} (${value})`]),
  ['--no-build', 'takes build/weir, or WEIR_BIN, as it is'],
].map((line) => (Array.isArray(line) ? `  ${line[0].padEnd(12)} ${line[1]}` : line)).join('\n');

function read_arguments(words, { rows, numbers, check = () => {} }) {
  const texts = Object.entries(numbers).map(([name, { value }]) => [name, { type: 'string', default: String(value) }]);
  const wanted = { ...Object.fromEntries(texts), 'no-build': { type: 'boolean' }, help: { type: 'boolean' } };
  let parsed;
  try {
    parsed = parseArgs({ args: words, options: wanted, allowPositionals: true });
  } catch (error) {
    throw new WrongUse(error.message);
  }
  const { values, positionals } = parsed;
  const unknown = positionals.find((name) => !(name in rows));
  if (unknown) throw new WrongUse(`no row is called ${unknown}`);
  const options = {};
  for (const name of Object.keys(numbers)) {
    if (!/^[1-9]\d{0,7}$/.test(values[name])) throw new WrongUse(`--${name} wants a number from 1`);
    options[name] = Number(values[name]);
  }
  check(options);
  const names = Object.keys(rows).filter((name) => positionals.length === 0 || positionals.includes(name));
  return { help: values.help, names, options };
}

function check_programs(names, programs) {
  const missing = [kServers.weir.program, ...programs(names)].find((program) => !find_program(program));
  if (missing) throw new Error(`${missing} is not there`);
}

class Run {
  failures = [];
  #stand = null;   // of the row that runs

  constructor(program) { this.program = program; }

  async stop() {
    await this.#stand?.stop();
    this.#stand = null;
  }

  // { name, figures, measured } of one row; one that breaks down is a failure, and the others go on.
  async row(name, options) {
    const stand = new this.program.Stand(name, options.workers);
    this.#stand = stand;
    try {
      return { name, ...(await this.program.rows[name](stand, options)), failures: stand.failures };
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

// `more`: text that a row has to say beside its figures.
function report(name, rows, options) {
  const time = new Date().toISOString();
  const record = { time, version: version_of(kServers.weir), cores: cpus().length, options, rows };
  mkdirSync(kOut, { recursive: true });
  writeFileSync(join(kOut, `${name}.json`), `${JSON.stringify(record, null, 2)}\n`);
  const more = rows.filter((row) => row.more).map((row) => `\n${row.more}\n`).join('');
  const workers = options.workers === 1 ? '1 worker' : `${options.workers} workers`;
  console.log(`\n${markdown(rows)}\n${more}\n${record.version}, ${workers}, ${record.cores} cores. ` +
    `Every measurement: build/bench/${name}.json`);
}

async function main(program) {
  const { help, names, options } = read_arguments(process.argv.slice(2), program);
  if (help) { console.log(help_of(program)); return; }
  check_programs(names, program.programs);
  const run = new Run(program);
  let stopping = false;
  const leave = async (status) => {
    if (stopping) return;
    stopping = true;
    await run.stop();
    process.exit(status);
  };
  for (const [signal, status] of kSignals) process.on(signal, () => leave(status));
  process.on('uncaughtException', (error) => { console.error(error); leave(1); });
  const rows = [];
  for (const name of names) {
    if (stopping) return;
    rows.push(await run.row(name, options));
  }
  if (stopping) return;
  report(program.name, rows, options);
  for (const failure of run.failures) console.error(`BROKEN: ${failure}`);
  if (run.failures.length) process.exitCode = 1;
}

// { name, rows, numbers: { NAME: { value, of } }, check(options), programs(names), Stand } is a whole program.
export function run_program(program) {
  main(program).catch((error) => {
    console.error(`${program.name}: ${error.message}`);
    process.exitCode = error instanceof WrongUse ? 2 : 1;
  });
}
