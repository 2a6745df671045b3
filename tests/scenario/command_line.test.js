// The command: every call, its exit status (0 done, 1 failed, 2 wrong usage), and that reasons go to standard error.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { isHit } from '../support/cache_status.js';
import { fetch } from '../support/client.js';
import { Origin, fresh, numbered } from '../support/origin.js';
import { sharedStage, scenario } from '../support/scenario.js';
import { Weir, weirCall, wholeConfig, withFile } from '../support/weir.js';

const kRoutes = `
routes:
  - name: video
    match: GET /api/videos/{id}
    cache: { ttl: 1h }
    tags: [ "video:\${id}", videos ]
  - name: rest
    match: /
    cache: { ttl: 1h }
`;
const kFile = wholeConfig(kRoutes, [{ url: 'http://127.0.0.1:1' }]);

test('version, help, schema', async () => {
  const version = await weirCall(['version']);
  assert.equal(version.code, 0);
  assert.match(version.out, /^weir \d+\.\d+\.\d+/);
  const help = await weirCall(['help']);
  assert.equal(help.code, 0);
  for (const call of ['run', 'check', 'explain', 'purge', 'warm', 'stats', 'top', 'schema', 'reload', 'postgres-sql']) assert.ok(help.out.includes(call), call);
  for (const call of ['run', 'purge', 'explain']) assert.equal((await weirCall(['help', call])).code, 0);
  const schema = await weirCall(['schema']);
  assert.equal(schema.code, 0);
  const { properties } = JSON.parse(schema.out);
  for (const key of ['listen', 'cache', 'upstreams', 'routes']) assert.ok(key in properties, key);
});

const wrong = [
  [], ['frobnicate'], ['run'], ['run', '-c'], ['run', '--no-such-option'], ['check'], ['check', '-c', 'a', 'b'], ['purge'], ['purge', '--tag'],
  ['purge', '--frob', 'x'], ['explain', '-c', 'weir.yaml'], ['warm'], ['help', 'frobnicate'], ['run', '--origin', 'ftp://x'],
  ['run', '--origin', 'http://127.0.0.1:1', '-c', 'x.yaml'], ['run', '--origin', 'http://127.0.0.1:1', '--admin', '0.0.0.0:0'],
  ['run', '-c', 'x.yaml', '--admin', '127.0.0.1:0'], ['stats', '--frob'],
];
for (const args of wrong) {
  test(`weir ${args.join(' ')}: wrong usage, 2, and what would be right on standard error`, async () => {
    const { code, out, err } = await weirCall(args);
    assert.equal(code, 2);
    assert.equal(out, '');
    assert.notEqual(err, '');
  });
}

test('check: 0 where all is well, 1 with each error where not', async () => {
  await withFile(kFile, async (file) => assert.equal((await weirCall(['check', '-c', file])).code, 0));
  const bad = await withFile('routes:\n  - nam: a\n', (file) => weirCall(['check', '-c', file]));
  assert.equal(bad.code, 1);
  assert.match(bad.err, /weir\.yaml:2:\d+: /);
  const gone = await weirCall(['check', '-c', '/no/such/file.yaml']);
  assert.equal(gone.code, 1);
  assert.match(gone.err, /\/no\/such\/file\.yaml/);
});

test('explain: route, upstream, key, policy, tags, and where in the file they stand', async () => {
  await withFile(kFile, async (file) => {
    const { code, out } = await weirCall(['explain', '-c', file, 'GET /api/videos/42?b=2&a=1', '-H', 'Accept: text/html']);
    assert.equal(code, 0);
    for (const part of ['video', 'video:42', 'api', 'a=1&b=2', '1h', 'weir.yaml:']) assert.ok(out.includes(part), `${part} in:\n${out}`);
    const post = await weirCall(['explain', '-c', file, 'POST /api/videos/42']);
    assert.equal(post.code, 0);
    assert.ok(post.out.includes('rest'), post.out);
    const bad = await weirCall(['explain', '-c', file, 'GET nonsense']);
    assert.equal(bad.code, 1, bad.out + bad.err);
  });
});

test('no admin endpoint there: 1, and the reason names it', async () => {
  for (const args of [['purge', '--all'], ['stats'], ['reload'], ['warm', '-']]) {
    const { code, err } = await weirCall([...args, '--admin', 'http://127.0.0.1:1'], { input: '/a\n' });
    assert.equal(code, 1, args.join(' '));
    assert.match(err, /127\.0\.0\.1:1/);
  }
});

const stage = sharedStage({ before, after }, kRoutes);
const call = (args, input) => weirCall(args, { env: stage().weir.environment, input });

const purges = [
  [['--tag', 'video:1'], ['/api/videos/1']],
  [['--tag', 'video:1', '--tag', 'video:2'], ['/api/videos/1', '/api/videos/2']],
  [['--url', '/about'], ['/about']],
  [['--prefix', '/api/'], ['/api/videos/1', '/api/videos/2']],
  [['--pattern', '/api/*/2'], ['/api/videos/2']],
  [['--all'], ['/api/videos/1', '/api/videos/2', '/about']],
  [['--all', '--soft'], ['/api/videos/1', '/api/videos/2', '/about']],
];
for (const [args, expected] of purges) {
  test(`purge ${args.join(' ')}`, async () => {
    const { origin, get } = stage();
    const paths = ['/api/videos/1', '/api/videos/2', '/about'];
    origin.otherwise(numbered());
    for (const path of paths) await get(path);
    const { code, err, out } = await call(['purge', ...args]);
    assert.equal(code, 0, err + out);
    const gone = [];
    for (const path of paths) if (!isHit(await get(path))) gone.push(path);
    assert.deepEqual(gone, expected);
  });
}

test('--admin stands above WEIR_ADMIN', async () => {
  const { weir } = stage();
  const env = { ...process.env, WEIR_ADMIN: 'http://127.0.0.1:1' };
  assert.equal((await weirCall(['stats', '--admin', weir.adminUrl], { env })).code, 0);
});

test('stats: for people, and as JSON', async () => {
  const people = await call(['stats']);
  assert.equal(people.code, 0);
  assert.match(people.out, /hit/);
  const machine = await call(['stats', '--json']);
  assert.equal(machine.code, 0);
  assert.equal(typeof JSON.parse(machine.out).hits, 'number');
});

test('warm: a file, or standard input; what fails is told', async () => {
  const { origin, get, weir } = stage();
  origin.otherwise(fresh(600)).on('/broken', (request, reply) => reply.reset());
  const file = path.join(weir.folder, 'urls');
  writeFileSync(file, 'http://streamvibe.test/warm/1\nhttp://streamvibe.test/warm/2\n\n');
  assert.equal((await call(['warm', file])).code, 0);
  assert.equal((await call(['warm', '-'], 'http://streamvibe.test/warm/3\n')).code, 0);
  for (const n of [1, 2, 3]) assert.ok(isHit(await get(`/warm/${n}`)), `/warm/${n}`);
  const failed = await call(['warm', '-'], 'http://streamvibe.test/broken\n');
  assert.equal(failed.code, 1);
  assert.match(failed.err, /broken/);
  assert.equal((await call(['warm', '/no/such/file'])).code, 1);
});

test('run --origin --listen --admin: no file, standard HTTP caching; two of them on one machine', async () => {
  const origin = await Origin.start();
  origin.on('/page', fresh(60)).on('/none', numbered());
  const args = ['run', '--origin', origin.url, '--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0'];
  const weir = await Weir.start('', { args });
  const other = await Weir.start('', { args });
  try {
    assert.notEqual(other.adminPort, weir.adminPort);
    assert.equal((await other.admin('GET /health')).status, 200);
    await fetch(weir, 'GET /page');
    assert.ok(isHit(await fetch(weir, 'GET /page')));
    await fetch(weir, 'GET /none');
    assert.equal(isHit(await fetch(weir, 'GET /none')), false);
  } finally {
    await other.stop();
    await weir.stop();
    await origin.close();
  }
});

test('run with a bad file: 1, every error, and nothing is listening', async () => {
  const { code, err } = await withFile('routes: 5\nlisten: x\n', (file) => weirCall(['run', '-c', file]));
  assert.equal(code, 1);
  assert.match(err, /weir\.yaml:1:/);
  assert.match(err, /weir\.yaml:2:/);
});

scenario('run on a port that is taken: 1, and the reason names it', kRoutes, async ({ weir, origin }) => {
  const taken = `listen: [ { address: "127.0.0.1:${origin.port}" } ]\n${kRoutes}`;
  const result = await withFile(wholeConfig(taken, [origin]), (file) => weirCall(['run', '-c', file]));
  assert.equal(result.code, 1);
  assert.ok(result.err.includes(String(origin.port)), result.err);
  assert.equal((await weir.admin('GET /health')).status, 200);
});

const kToken = `admin: { address: "127.0.0.1:0", token: "for-tests" }\n${kRoutes}`;
scenario('WEIR_ADMIN_TOKEN is the token', kToken, async ({ weir }) => {
  const without = await weirCall(['stats'], { env: weir.environment });
  assert.equal(without.code, 1);
  assert.match(without.err, /401|token/i);
  const withToken = await weirCall(['stats'], { env: { ...weir.environment, WEIR_ADMIN_TOKEN: 'for-tests' } });
  assert.equal(withToken.code, 0, withToken.err);
});
