// All of StreamVibe with one call: the database, then both services, each a process of its own. When this program
// ends, by a signal, by its parent's death or because one of the three failed, all of them end with it: each child
// watches the standard input that this program holds open.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { announce, onStop, say } from './process.js';

const kHelp = `usage: node up.js --data DIR [--scale S] [--port P] [--recommendations-port R] [--watch-stdin]
  --data DIR                 where PostgreSQL's data lives; kept, so that the next start takes a second
  --scale S                  size of the data: 1 is 100,000 videos (default: $SCALE, else 1)
  --port P                   of the api, on 127.0.0.1 (default 0: any free one)
  --recommendations-port R   of the recommendations (default 0)
  --database-port D          of PostgreSQL (default 0)
  --watch-stdin              stop when standard input ends
Prints one line when all is ready: {"ready":true,"api":"http://…","recommendations":"http://…","postgres":"postgres://…"}
Stops everything on SIGINT or SIGTERM.`;

const kKill = 13_000;    // milliseconds that a child gets before it is killed: more than PostgreSQL's own stop takes

const children = new Set();
let stopping = false;

async function stop_child(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), kKill);
  await child.over;
  clearTimeout(late);
}

// Services first, so that none of them sees its database go.
async function stop_all() {
  stopping = true;
  const [databases, services] = [[], []];
  for (const child of children) (child.program === 'database.js' ? databases : services).push(child);
  await Promise.all(services.map(stop_child));
  await Promise.all(databases.map(stop_child));
}

// → what the child announced. A session of its own keeps Ctrl-C for us alone, so that the order above holds.
function start(program, args, env = {}) {
  const child = spawn(process.execPath, [fileURLToPath(new URL(program, import.meta.url)), '--watch-stdin', ...args],
    { stdio: ['pipe', 'pipe', 'inherit'], detached: true, env: { ...process.env, ...env } });
  child.program = program;
  child.stdin.on('error', () => {});
  children.add(child);
  return new Promise((ready, failed) => {
    createInterface({ input: child.stdout }).once('line', (line) => ready(JSON.parse(line)));
    child.on('error', failed);
    child.over = new Promise((done) => {
      child.on('close', (code, signal) => {
        done();
        if (!stopping) failed(new Error(`${program} ended (${signal ?? code})`));
      });
    });
    child.over.then(() => { if (!stopping) give_up(new Error(`${program} ended by itself`)); });
  });
}

async function give_up(error) {
  if (stopping) return;
  say(`streamvibe: ${error.message}`);
  await stop_all();
  process.exit(1);
}

function options() {
  const text = { type: 'string' };
  const { values } = parseArgs({ options: { data: text, scale: text, port: text, 'recommendations-port': text,
    'database-port': text, 'watch-stdin': { type: 'boolean' }, help: { type: 'boolean' } } });
  if (values.help) { console.log(kHelp); process.exit(0); }
  if (!values.data) throw new Error('--data DIR is missing');
  return values;
}

async function main() {
  const wanted = options();
  onStop(wanted['watch-stdin'] ?? false, stop_all);
  const { postgres } = await start('database.js', ['--data', wanted.data, '--port', wanted['database-port'] ?? '0',
    ...(wanted.scale ? ['--scale', wanted.scale] : [])]);
  say('streamvibe: starting api and recommendations');
  const [api, recommendations] = await Promise.all([
    start('api.js', ['--port', wanted.port ?? '0'], { DATABASE_URL: postgres, PORT: '', HOST: '127.0.0.1' }),
    start('recommendations.js', ['--port', wanted['recommendations-port'] ?? '0'],
      { DATABASE_URL: postgres, PORT: '', HOST: '127.0.0.1' }),
  ]);
  announce({ ready: true, api: api.url, recommendations: recommendations.url, postgres,
    pids: Object.fromEntries([...children].map((child) => [child.program.replace('.js', ''), child.pid])) });
}

main().catch(give_up);
