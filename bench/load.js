// One measurement: wrk against one server, and what the processes and the cores did meanwhile. CPU times are those that
// the kernel counts, in ticks of 10 ms. It decides nothing about the rows.

import { spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const kScripts = join(dirname(fileURLToPath(import.meta.url)), 'wrk');
const kTicksPerSecond = 100;
const kSlack = 20_000;   // milliseconds that wrk may take beyond its time

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
function family_seconds(pid) {
  const all = new Map(readdirSync('/proc').filter((name) => /^\d+$/.test(name))
    .map((name) => [Number(name), process_times(name)]).filter(([, times]) => times));
  const ticks = (id) => [...all].reduce((sum, [child, times]) => sum + (times.parent === id ? ticks(child) : 0),
    all.get(id)?.ticks ?? 0);
  return ticks(pid) / kTicksPerSecond;
}

// wrk ends as a child of this process, and its time is then counted with ours; that of running servers is not.
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

// Runs wrk and gives its line of figures. `started` is told of the process, to be able to stop it.
function run_wrk({ port, path, headers, script, args, seconds, connections, core }, started) {
  const words = ['-c', String(core), 'wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '--latency', '-s', script];
  for (const header of headers) words.push('-H', header);
  words.push(`http://127.0.0.1:${port}${path}`, '--', ...args.map(String));
  return new Promise((done, fail) => {
    const child = spawn('taskset', words, { cwd: kScripts, stdio: ['ignore', 'pipe', 'pipe'], timeout: seconds * 1000 + kSlack });
    started(child);
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk) => { output += chunk; });
    child.stderr.on('data', (chunk) => { errors += chunk; });
    child.on('error', fail);
    child.on('close', (status, signal) => {
      const line = output.split('\n').find((it) => it.startsWith('{'));
      if (status !== 0 || !line) return fail(new Error(`wrk: ${signal ?? `status ${status}`} ${errors.trim()}`));
      return done(JSON.parse(line));
    });
  });
}

// { rate, p50_us, p99_us, failed, cpu_us, server_share, generator_share, foreign_share }: rate in requests a second;
// shares are parts of one core: the server's of its own, wrk's and the origin's of theirs, and that of everybody else.
export async function measure(load, { server, origin, server_core }, started) {
  const used = () => [family_seconds(server), family_seconds(origin), own_seconds()];
  const cores = [server_core, load.core];
  const cpu_before = used();
  const busy_before = busy_seconds(cores);
  const since = process.hrtime.bigint();
  const figures = await run_wrk(load, started);
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
