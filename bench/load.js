// One measurement: a load generator against one server, and what the processes and the cores did meanwhile. CPU times are those that
// the kernel counts, in ticks of 10 ms. It decides nothing about the rows.

import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const kHere = dirname(fileURLToPath(import.meta.url));
const kBuilt = join(kHere, '../build/bench');
const kProgram = join(kBuilt, 'generator');
const kTicksPerSecond = 100;
const kSlack = 20_000;   // milliseconds that a generator may take beyond its time

// { parent, ticks } of a process, or nothing when it has ended; ticks are its own and those of its ended children.
function process_times(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { parent: Number(fields[1]), ticks: fields.slice(11, 15).reduce((sum, n) => sum + Number(n), 0) };
  } catch {
    return null;
  }
}

// CPU seconds that the process and all below it have used so far.
export function family_seconds(pid) {
  const all = new Map(readdirSync('/proc').filter((name) => /^\d+$/.test(name))
    .map((name) => [Number(name), process_times(name)]).filter(([, times]) => times));
  const ticks = (id) => [...all].reduce((sum, [child, times]) => sum + (times.parent === id ? ticks(child) : 0),
    all.get(id)?.ticks ?? 0);
  return ticks(pid) / kTicksPerSecond;
}

// The generator ends as a child of this process, and its time is then counted with ours; that of running servers is not.
function own_seconds() {
  return process_times('self').ticks / kTicksPerSecond;
}

// Seconds in which each core of the list was not idle.
function busy_seconds(cores) {
  const lines = readFileSync('/proc/stat', 'utf8').split('\n');
  return cores.map((core) => {
    const fields = lines.find((line) => line.startsWith(`cpu${core} `)).split(/\s+/).slice(1, 9).map(Number);
    return (fields.reduce((sum, n) => sum + n, 0) - fields[3] - fields[4]) / kTicksPerSecond;
  });
}

// What a generator of ours says of itself: one line of JSON.
function said(output) {
  const line = output.split('\n').find((it) => it.startsWith('{'));
  return line && JSON.parse(line);
}

// Of h2load's report. It tells no quantiles.
function told_by_h2load(output) {
  const [, value, unit] = /^finished in ([\d.]+)(us|ms|s),/m.exec(output) ?? [];
  const [, good] = /^status codes: (\d+) 2xx/m.exec(output) ?? [];
  const [, failed, broken, late] = /, (\d+) failed, (\d+) errored, (\d+) timeout$/m.exec(output) ?? [];
  if (!value || !good || !late) return null;
  return { requests: Number(good), failed: Number(failed) + Number(broken) + Number(late), duration_us: Number(value) * { us: 1, ms: 1e3, s: 1e6 }[unit], p50_us: null, p99_us: null };
}

// How each generator is called, and what it tells. `asks` is what bench/rows.js says.
const kGenerators = {
  own: {
    call: ({ port, asks, headers, seconds, connections, status }) =>
      [kProgram, port, connections, seconds, status, ...asks, ...headers],
    figures: said,
  },
  wrk: {
    call: ({ port, asks: [kind, path, ...more], headers, seconds, connections }) =>
      ['wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '--latency', '-s', `${kind}.lua`, ...headers.flatMap((it) => ['-H', it]),
        `http://127.0.0.1:${port}${kind === 'same' ? path : '/'}`, '--', path, ...more],
    figures: said,
  },
  h2: { call: ({ port, asks: [, path], seconds, bytes }) => [join(kBuilt, 'h2_generator'), port, seconds, path, bytes], figures: said },
  'h2-tls': { call: (load) => [...kGenerators.h2.call(load), 'tls'], figures: said },
  'h2, wrk': { call: (load) => h2load('http', ['-c16', '-m32'], load), figures: told_by_h2load },
  'h2-tls, wrk': { call: (load) => h2load('https', ['-c16', '-m32'], load), figures: told_by_h2load },
  tls: { call: (load) => kGenerators.own.call({ ...load, port: `tls:${load.port}` }), figures: said },
  'tls, wrk': { call: (load) => h2load('https', ['--h1', `-c${load.connections}`, '-m1'], load), figures: told_by_h2load },
  handshake: { call: ({ port, asks: [, path], seconds }) => [join(kBuilt, 'handshakes'), port, seconds, path], figures: said },
};
export const kGeneratorNames = ['own', 'wrk'];

// Which of them asks over that, where the caller wants one of kGeneratorNames; h2load is for HTTP/2 what wrk is for HTTP/1.1.
export function generator_for(over, name) {
  if (over === undefined) return name;
  const known = `${over}, ${name}`;
  return known in kGenerators ? known : over;
}

function h2load(scheme, options, { port, asks: [, path], headers, seconds }) {
  return ['h2load', '-t1', ...options, '-D', seconds, ...headers.flatMap((it) => ['-H', it]), `${scheme}://127.0.0.1:${port}${path}`];
}

// The path of a program that is one C++ file beside this one, built where it is missing or older than its source.
export function build_program(name) {
  const [source, program] = [join(kHere, `${name}.cc`), join(kBuilt, name)];
  if (existsSync(program) && statSync(program).mtimeMs > statSync(source).mtimeMs) return program;
  mkdirSync(kBuilt, { recursive: true });
  execFileSync('g++', ['-std=c++20', '-O2', '-o', program, source, '-Wl,--as-needed', '-lssl', '-lcrypto'], { stdio: 'inherit' });
  return program;
}

export function build_generators() {
  build_program('generator');
  build_program('h2_generator');
  build_program('handshakes');
}

// Runs the generator and gives its line of figures. `started` is told of the process, to be able to stop it.
function generate(load, started) {
  const { call, figures } = kGenerators[load.generator];
  const words = ['-c', load.core, ...call(load)].map(String);
  const limit = load.seconds * 1000 + kSlack;
  return new Promise((done, fail) => {
    const child = spawn('taskset', words, { cwd: join(kHere, 'wrk'), stdio: ['ignore', 'pipe', 'pipe'], timeout: limit });
    started(child);
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk) => { output += chunk; });
    child.stderr.on('data', (chunk) => { errors += chunk; });
    child.on('error', fail);
    child.on('close', (status, signal) => {
      const told = status === 0 && figures(output);
      if (told) done(told);
      else fail(new Error(`the generator ended with ${signal ?? `status ${status}`} ${errors.trim()}`));
    });
  });
}

// { rate, p50_us, p99_us, failed, cpu_us, server_share, generator_share, foreign_share }: rate in requests a second;
// shares are parts of one core: the server's of its own, the generator's and the origin's of theirs, and that of everybody else.
export async function measure(load, { server, origin, server_core }, started) {
  const used = () => [family_seconds(server), family_seconds(origin), own_seconds()];
  const cores = [server_core, load.core];
  const cpu_before = used();
  const busy_before = busy_seconds(cores);
  const since = process.hrtime.bigint();
  const figures = await generate(load, started);
  const elapsed = Number(process.hrtime.bigint() - since) / 1e9;
  const [server_cpu, origin_cpu, own_cpu] = used().map((seconds, i) => seconds - cpu_before[i]);
  const busy = busy_seconds(cores).map((seconds, i) => seconds - busy_before[i]);
  const foreign = Math.max(0, busy.reduce((sum, n) => sum + n, 0) - server_cpu - origin_cpu - own_cpu);
  return {
    rate: figures.requests / (figures.duration_us / 1e6),
    requests: figures.requests,
    p50_us: figures.p50_us,
    p99_us: figures.p99_us,
    failed: figures.failed,
    cpu_us: figures.requests ? server_cpu * 1e6 / figures.requests : 0,
    server_share: server_cpu / elapsed,
    generator_share: (origin_cpu + own_cpu) / elapsed,
    foreign_share: foreign / elapsed,
  };
}
