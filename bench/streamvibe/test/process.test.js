// Starting and stopping: nothing is left running however it ends, and data once made is used again.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { directory, up } from '../support/started.js';

const kTiny = { scale: '0.002' };
let data;
before(() => { data = directory(); });
after(() => rmSync(data, { recursive: true, force: true }));

const alive = (pid) => existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));

async function all_gone(pids) {
  for (let tries = 0; tries < 100; tries++) {
    if (!pids.some(alive)) return true;
    await sleep(50);
  }
  return false;
}

// With PostgreSQL's own process, which only its pid file names.
const processes = (vibe) => [vibe.child.pid, ...Object.values(vibe.pids),
  parseInt(readFileSync(join(data, 'cluster', 'postmaster.pid'), 'utf8'), 10)];

async function sql(url, text) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try { return (await client.query(text)).rows; } finally { await client.end(); }
}

for (const [how, end] of [
  ['SIGTERM', (vibe) => vibe.child.kill('SIGTERM')], ['SIGINT', (vibe) => vibe.child.kill('SIGINT')],
  ['the end of its standard input', (vibe) => vibe.child.stdin.end()],
  ['SIGKILL', (vibe) => vibe.child.kill('SIGKILL')],
]) {
  test(`${how} leaves nothing running`, { timeout: 60_000 }, async () => {
    const vibe = await up(data, kTiny);
    const pids = processes(vibe);
    assert.ok(pids.length === 5 && pids.every(alive));
    const began = Date.now();
    end(vibe);
    const code = await vibe.over;
    if (how !== 'SIGKILL') assert.equal(code, 0);
    assert.ok(await all_gone(pids));
    assert.ok(Date.now() - began < 5000);
  });
}

test('a client that holds on does not delay the stop', { timeout: 60_000 }, async () => {
  const vibe = await up(data, kTiny);
  await fetch(`${vibe.api}/_origin/faults`, { method: 'POST', headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ route: 'GET /api/videos/:id', hang_rate: 1 }) });
  const hanging = [fetch(`${vibe.api}/api/videos/1`), fetch(`${vibe.api}/api/videos/1/events`).then((r) => r.text())];
  const ends = Promise.allSettled(hanging);
  await sleep(200);
  const began = Date.now();
  assert.equal(await vibe.stop(), 0);
  assert.ok(Date.now() - began < 4000);
  await ends;
});

test('one that fails takes all with it', { timeout: 60_000 }, async () => {
  const vibe = await up(data, kTiny);
  const pids = processes(vibe);
  process.kill(vibe.pids.recommendations, 'SIGKILL');
  assert.equal(await vibe.over, 1);
  assert.ok(await all_gone(pids));
  assert.match(vibe.said(), /recommendations\.js ended/);
});

test('data is used again, and made anew when half made or of another scale', { timeout: 120_000 }, async () => {
  let vibe = await up(data, kTiny);
  await sql(vibe.postgres, "INSERT INTO comments (video_id, author_id, body) VALUES (1, 1, 'kept')");
  await vibe.stop();

  vibe = await up(data, kTiny);
  assert.doesNotMatch(vibe.said(), /seeding/);
  assert.equal((await sql(vibe.postgres, "SELECT 1 FROM comments WHERE body = 'kept'")).length, 1);
  await sql(vibe.postgres, 'DROP TABLE seeded');       // what is written last is missing
  await vibe.stop();

  vibe = await up(data, kTiny);
  assert.match(vibe.said(), /seeding/);
  assert.equal((await sql(vibe.postgres, "SELECT 1 FROM comments WHERE body = 'kept'")).length, 0);
  await vibe.stop();

  vibe = await up(data, { scale: '0.001' });
  assert.match(vibe.said(), /seeding at scale 0\.001/);
  assert.deepEqual(await sql(vibe.postgres, 'SELECT count(*)::int AS n FROM videos'), [{ n: 100 }]);
  await vibe.stop();
});

test('a stop during the seed leaves nothing behind, and the next start is whole', { timeout: 120_000 }, async () => {
  const own = directory();
  try {
    const program = fileURLToPath(new URL('../up.js', import.meta.url));
    const child = spawn(process.execPath, [program, '--data', own, '--scale', '0.05'], { stdio: ['ignore', 'ignore', 'pipe'] });
    const over = new Promise((done) => { child.on('exit', (code) => done(code)); });
    for await (const text of child.stderr.setEncoding('utf8')) if (text.includes('comments')) break;
    const server = parseInt(readFileSync(join(own, 'cluster', 'postmaster.pid'), 'utf8'), 10);
    child.kill('SIGINT');
    assert.equal(await over, 0);
    assert.ok(await all_gone([child.pid, server]));
    const vibe = await up(own, kTiny);
    assert.match(vibe.said(), /seeded in/);
    await vibe.stop();
    assert.deepEqual(readdirSync(own).sort(), ['cluster', 'password']);
  } finally { rmSync(own, { recursive: true, force: true }); }
});

test('wrong options say what is wrong', { timeout: 30_000 }, async () => {
  await assert.rejects(up(data, { scale: 'big' }), /--scale big/);
});
