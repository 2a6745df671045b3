// Starts what the load tests need and nobody has started: StreamVibe, and weir in front of it with conf/streamvibe.yaml,
// on free ports, and stops both. Used only where --api is left out.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const kRoot = fileURLToPath(new URL('../..', import.meta.url));
const kReady = 30_000;       // milliseconds that weir may take
const kStop = 15_000;        // milliseconds for a stop, before the kill

export const kDefaults = {
  data: join(kRoot, '.weir/journeys'), scale: '0.1', program: join(kRoot, 'build/weir'),
  config: join(kRoot, 'conf/streamvibe.yaml'),
};

const running = [];

function start(name, program, args, options) {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'], ...options });
  child.stdin?.on('error', () => {});
  child.over = new Promise((done) => {
    child.on('error', (error) => { process.stderr.write(`${name}: ${error.message}\n`); done(-1); });
    child.on('exit', (code, signal) => done(signal ?? code));
  });
  running.push(child);
  return child;
}

// The last started is the first to stop.
export async function stop_all() {
  for (const child of running.splice(0).reverse()) {
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), kStop);
    await child.over;
    clearTimeout(late);
  }
}

async function free_port() {
  const probe = net.createServer().listen(0, '127.0.0.1');
  await new Promise((done, failed) => { probe.once('listening', done).once('error', failed); });
  const { port } = probe.address();
  await new Promise((done) => { probe.close(done); });
  return port;
}

async function start_streamvibe({ data, scale }) {
  const program = join(kRoot, 'bench/streamvibe/up.js');
  // A group of its own: Ctrl-C is for us, who then stop things in order. If we are killed, its standard input ends.
  const child = start('StreamVibe', process.execPath,
    [program, '--data', data, '--scale', scale, '--watch-stdin'], { detached: true });
  return new Promise((done, failed) => {
    createInterface({ input: child.stdout }).once('line', (line) => done(JSON.parse(line)));
    child.over.then((code) => failed(new Error(`StreamVibe did not start (${code})`)));
  });
}

async function start_weir({ program, config }, vibe) {
  for (const file of [program, config]) if (!existsSync(file)) throw new Error(`${file} is not there`);
  const [port, admin] = [await free_port(), await free_port()];
  const child = start('weir', program, ['run', '-c', config], { detached: true, stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, STREAMVIBE_API: vibe.api, STREAMVIBE_RECOMMENDATIONS: vibe.recommendations,
      WEIR_LISTEN: `127.0.0.1:${port}`, WEIR_ADMIN_LISTEN: `127.0.0.1:${admin}` } });
  let over;
  child.over.then((code) => { over = code; });
  for (const deadline = Date.now() + kReady; Date.now() < deadline && over === undefined; await sleep(100)) {
    const ready = await fetch(`http://127.0.0.1:${admin}/ready`, { signal: AbortSignal.timeout(1000) }).catch(() => null);
    if (ready?.ok) return { url: `http://127.0.0.1:${port}`, pid: child.pid };
  }
  throw new Error(over === undefined ? 'weir is not ready' : `weir did not start (${over})`);
}

// → { api, recommendations, weir?, processes }
export async function start_all(wanted, withWeir) {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.once(signal, async () => { await stop_all(); process.exit(130); });
  }
  const vibe = await start_streamvibe(wanted);
  const weir = withWeir ? await start_weir(wanted, vibe) : null;
  return { api: vibe.api, recommendations: vibe.recommendations, weir: weir?.url,
    processes: { ...(weir && { weir: weir.pid }), ...vibe.pids } };
}
