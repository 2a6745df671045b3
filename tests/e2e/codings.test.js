// Every client reads every form of every endpoint of StreamVibe: curl, Node's fetch and Chromium. What each of them
// decodes is, byte for byte, what the plain answer says.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { kPatience, within } from '../support/patience.js';
import { StreamVibe } from '../support/streamvibe.js';

const kPaths = [
  '/api/videos', '/api/videos/trending', '/api/videos/1', '/api/videos/1/comments', '/api/videos/1/related', '/api/videos/1/stats',
  '/api/videos/1/page', '/api/search?q=the', '/api/users/1/profile', '/api/recommendations/1', '/media/1/thumb.jpg', '/api/nothing/there',
];
const kCodings = ['identity', 'gzip', 'br', 'zstd', 'gzip, deflate, br, zstd'];
const hash = (body) => createHash('sha256').update(body).digest('hex');

let streamvibe;
const plain = new Map();   // path: { status, hash }
before(async () => {
  streamvibe = await StreamVibe.start();
  for (const path of kPaths) {
    const answer = await fetch(streamvibe.base + path, { headers: { 'Accept-Encoding': 'identity' } });
    assert.equal(answer.headers.get('content-encoding'), null, path);
    plain.set(path, { status: answer.status, hash: hash(Buffer.from(await answer.arrayBuffer())) });
  }
}, { timeout: 120_000 });
after(() => streamvibe?.stop(), { timeout: 60_000 });

test('all endpoints are there, and one is not', () => {
  const there = kPaths.filter((path) => plain.get(path).status === 200);
  assert.ok(there.length === kPaths.length - 1, `only ${there.join(' ')}`);
});

test("Node's fetch", { timeout: 8 * kPatience }, async () => {
  for (const path of kPaths) {
    for (const coding of kCodings.filter((it) => !it.includes('zstd'))) {
      const answer = await fetch(streamvibe.base + path, { headers: { 'Accept-Encoding': coding } });
      const body = Buffer.from(await answer.arrayBuffer());
      assert.deepEqual({ status: answer.status, hash: hash(body) }, plain.get(path), `${path} as ${coding}`);
    }
  }
});

test('curl', { timeout: 8 * kPatience }, async () => {
  const run = promisify(execFile);
  const { stdout: about } = await run('curl', ['--version']);
  const known = kCodings.filter((coding) => !coding.includes('zstd') || /\bzstd\b/.test(about));
  for (const path of kPaths) {
    for (const coding of known) {
      const { stdout } = await run('curl', ['-s', '--compressed', '-H', `Accept-Encoding: ${coding}`, streamvibe.base + path],
        { encoding: 'buffer', maxBuffer: 1 << 28 });
      assert.equal(hash(stdout), plain.get(path).hash, `${path} as ${coding}`);
    }
  }
});

// A page that fetches each path twice, once from weir and once from the browser's cache, and reports what it read.
const page = (base) => `<!doctype html><script type="module">
  const hex = (bytes) => [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  const report = (it) => fetch('/report', { method: 'POST', body: JSON.stringify(it) });
  try {
    const seen = {};
    for (const path of ${JSON.stringify(kPaths)}) {
      for (let i = 0; i < 2; i += 1) {
        const answer = await fetch(${JSON.stringify(base)} + path);
        const body = await answer.arrayBuffer();
        (seen[path] ??= []).push({ status: answer.status, hash: hex(await crypto.subtle.digest('SHA-256', body)) });
      }
    }
    await report({ seen, agent: navigator.userAgent });
  } catch (error) {
    await report({ error: String(error) });
  }
</script>`;

test('Chromium', { timeout: 8 * kPatience }, async () => {
  const profile = mkdtempSync(join(tmpdir(), 'weir-chromium-'));
  const purged = await fetch(`${streamvibe.admin}/admin/cache/invalidate`, {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ all: true }),
  });
  assert.equal(purged.status, 200);
  let reported;
  const report = new Promise((resolve) => { reported = resolve; });
  const server = http.createServer((request, response) => {
    if (request.method !== 'POST') return response.setHeader('Content-Type', 'text/html').end(page(streamvibe.base));
    const parts = [];
    return request.on('data', (part) => parts.push(part)).on('end', () => {
      response.end();
      reported(JSON.parse(Buffer.concat(parts)));
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  // The page and weir are two origins; the check that would keep the page from reading answers is not what is tested.
  const browser = spawn('chromium', ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-web-security',
    '--no-first-run', '--disable-background-networking', `--user-data-dir=${profile}`, `http://127.0.0.1:${server.address().port}/`],
    { stdio: 'ignore' });
  try {
    const ended = once(browser, 'exit').then(([code]) => ({ error: `chromium ended with ${code}` }));
    const { seen, error } = await within(Promise.race([report, ended]), 'the page to report', 4 * kPatience);
    assert.equal(error, undefined);
    for (const path of kPaths) {
      for (const answer of seen[path]) assert.deepEqual(answer, plain.get(path), path);
    }
    const { variants } = await (await fetch(`${streamvibe.admin}/admin/cache/entry?url=/api/videos/1/page`)).json();
    assert.notDeepEqual(variants[0].forms, [], 'Chromium got a compressed form');
  } finally {
    if (browser.exitCode === null) {
      browser.kill('SIGTERM');
      await once(browser, 'exit');
    }
    server.close();
    server.closeAllConnections();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
});
