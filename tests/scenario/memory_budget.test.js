// The byte budget is strict and counts everything; what is asked for again and again outlives a scan (S3-FIFO).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect } from '../support/client.js';
import { isHit } from '../support/cache_status.js';
import { scenario } from '../support/scenario.js';

const budget = (memory) => `
cache: { memory: ${memory}MiB }
routes:
  - name: all
    match: /
    cache: { ttl: 1h }
`;
const kRoutes = budget(16);

const resident = (weir) => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${weir.process.pid}/status`))[1]) * 1024;
// A sanitizer's quarantine and shadow are no memory of weir's.
const sanitized = (weir) => /lib[at]san/.test(readFileSync(`/proc/${weir.process.pid}/maps`, 'utf8'));

const content = (path, size) => Buffer.alloc(size, `${path} `);

async function each(weir, paths, look, atOnce = 8) {
  const clients = await Promise.all(Array.from({ length: atOnce }, () => connect(weir)));
  let next = 0;
  await Promise.all(
    clients.map(async (client) => {
      while (next < paths.length) {
        const path = paths[next];
        next += 1;
        const answer = await client.request(`GET ${path}`).answer();
        assert.equal(answer.status, 200);
        look?.(path, answer);
      }
      client.close();
    }),
  );
}

const scan = (n, prefix = 'object') => Array.from({ length: n }, (_, i) => `/${prefix}/${i}`);

for (const [what, memory, size, count] of [['of 32 KiB', 16, 32 << 10, 2000], ['of 200 bytes', 2, 200, 12_000]]) {
  scenario(`many times the budget in objects ${what}: within it all the time`, budget(memory), async ({ origin, weir }) => {
    const most = memory << 20;
    origin.otherwise((request) => ({ body: content(request.path, size) }));
    await each(weir, scan(32, 'warm'));
    const empty = resident(weir) - 32 * size;
    await each(weir, scan(count), (path, answer) => assert.ok(answer.body.equals(content(path, size))));
    const { json } = await weir.admin('GET /admin/cache/stats');
    assert.ok(json.bytes <= most, `${json.bytes} bytes`);
    assert.ok(json.bytes >= most / 2, `the budget is used: ${json.bytes} bytes`);
    assert.ok(json.evictions > 0);
    const room = most * 1.25 + empty + (4 << 20);
    if (!sanitized(weir)) assert.ok(resident(weir) <= room, `${resident(weir)} bytes resident, ${room} would be right`);
  });
}

scenario('a scan does not push out what is asked for often', kRoutes, async ({ origin, weir }) => {
  origin.otherwise((request) => ({ body: content(request.path, 16 << 10) }));
  const hot = scan(50, 'hot');
  for (let i = 0; i < 4; i += 1) await each(weir, hot);
  for (let i = 0; i < 10; i += 1) {
    await each(weir, scan(400, `scan-${i}`));
    await each(weir, hot);
  }
  let hits = 0;
  await each(weir, hot, (path, answer) => (hits += isHit(answer)));
  assert.ok(hits >= 45, `${hits} of 50 are still there`);
});

scenario('the same body under many names is kept once', kRoutes, async ({ origin, weir, get }) => {
  const body = Buffer.alloc(1 << 18, 'same');  // eight at once stay below what may be under way
  origin.otherwise({ body });
  await each(weir, scan(400));
  let hits = 0;
  await each(weir, scan(400), (path, answer) => (hits += isHit(answer)));
  assert.equal(hits, 400, 'a hundred MiB in a budget of sixteen');
  assert.ok((await get('/object/1')).body.equals(body));
});

scenario('an object larger than the budget streams through', kRoutes, async ({ origin, get }) => {
  const body = Buffer.alloc(20 << 20, 'large');
  origin.on('/large', { body }).on('/small', { body: 'small' });
  await get('/small');
  for (let i = 0; i < 2; i += 1) assert.ok((await get('/large')).body.equals(body));
  assert.ok(isHit(await get('/small')), 'and pushes nothing out');
});
