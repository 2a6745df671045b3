// A config file that is wrong is told where and what would be right: all errors at once, as FILE:LINE:COL.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wholeConfig, weirCall, withFile } from '../support/weir.js';

const origin = { url: 'http://127.0.0.1:1' };
const check = (text, env = {}) =>
  withFile(text, (file) => weirCall(['check', '-c', file], { env: { ...process.env, ...env } }));

// [what, file, the place of the error, words that its line must have]. Line 1 is the first of the text.
const route = (lines) => `routes:\n  - name: a\n    match: GET /a\n${lines}\nupstreams: { api: { servers: "http://127.0.0.1:1" } }\n`;
const top = (line) => `${line}\nupstreams: { api: { servers: "http://127.0.0.1:1" } }\n`;
const cases = [
  ['an unknown key, with the nearest right one', top('rutes: []'), '1:1', /rutes.*did you mean "routes"/],
  ['an unknown key within a route', route('    cach: { ttl: 1m }'), '4:5', /cach.*did you mean "cache"/],
  ['an unknown key within a map', route('    cache: { tll: 1m }'), '4:14', /tll.*did you mean "ttl"/],
  ['a key a second time', top('workers: 1\nworkers: 2'), '2:1', /workers.*second time/],
  ['a unit that is none', route('    cache: { ttl: 5 minutes }'), '4:19', /5 minutes/],
  ['a duration without unit', route('    cache: { ttl: 5 }'), '4:19', /5s|duration/],
  ['a size without unit', top('cache: { memory: 100 }'), '1:18', /100/],
  ['a size past all bounds', top('cache: { memory: 99999999999999999999GiB }'), '1:18', /./],
  ['a negative duration', route('    cache: { ttl: -5s }'), '4:19', /-5s/],
  ['a percentage past the bound', route('    cache: { ttl: 1m, refresh_ahead: 99% }'), '4:38', /90%/],
  ['a word that is none', route('    cache: offf'), '4:12', /off/],
  ['a list where a map belongs', route('    cache: [ 1 ]'), '4:12', /./],
  ['a map where one value belongs', top('workers: { a: 1 }'), '1:10', /map/],
  ['a pattern without slash', 'routes:\n  - name: a\n    match: GET a\nupstreams: { api: { servers: "http://127.0.0.1:1" } }\n', '3:12', /\//],
  ['a parameter twice', 'routes:\n  - name: a\n    match: GET /{x}/{x}\nupstreams: { api: { servers: "http://127.0.0.1:1" } }\n', '3:12', /x/],
  ['an unknown ${name} in a tag', route('    tags: [ "a:${idd}" ]'), '4:13', /idd/],
  ['a tag with a space', route('    tags: [ "a b" ]'), '4:13', /tag/],
  ['an upstream that is not there', route('    upstream: apii'), '4:5', /apii.*did you mean "api"/],
  ['an environment variable that is not set', top('workers: "${WEIR_TEST_NOT_SET}"'), '1:10', /WEIR_TEST_NOT_SET/],
  ['no valid YAML', top('listen: [ {'), '3', /YAML|key|quote|flow/],
  ['a tab for indentation', 'routes:\n\t- name: a\n', '2', /./],
  ['an admin endpoint open to the world', top('admin: { address: "0.0.0.0:9090" }'), '1:10', /token/],
  ['a port past 65535', top('listen: [ { address: "127.0.0.1:99999" } ]'), '1:22', /99999/],
  ['a header that frames the message', route('    response: { headers: { set: { Content-Length: "5" } } }'), '4:35', /Content-Length/],
  ['a header value with a control byte', route('    response: { headers: { set: { X-A: "a\\nb" } } }'), '4', /./],
  ['a server that is no URL', 'upstreams:\n  api:\n    servers: [ "localhost" ]\n', '3:16', /http:\/\//],
  ['a server with a path', 'upstreams:\n  api:\n    servers: [ "http://a/b" ]\n', '3:16', /./],
  ['no upstream at all', 'workers: 1\n', '1', /upstreams/],
  ['two routes of one name', `routes:\n  - { name: a, match: /a }\n  - { name: a, match: /b }\nupstreams: { api: { servers: "http://127.0.0.1:1" } }\n`, '3:7', /second.*"a"/],
  ['a file of no bytes', '', '1', /./],
  ['redis', top('cache: { redis: { url: "http://a" } }'), '1:19', /redis:\/\//],
  ['what comes later is unknown until it works: limit', route('    limit: { rate: 5/s }'), '4:5', /unknown key "limit"/],
  ['compose', route('    compose: { a: /b }'), '4:5', /unknown key "compose"/],
  ['limit', route('    limit: { rate: 10/s }'), '4:5', /unknown key "limit"/],
  ['TLS without a certificate', top('listen: [ { address: "127.0.0.1:1", tls: {} } ]'), '1:37', /without a certificate/],
  ['a certificate without a key', top('listen: [ { address: "127.0.0.1:1", tls: { certificate: a.crt } } ]'), '1:44', /half a pair/],
  ['a certificate of several without a key', top('listen: [ { address: "127.0.0.1:1", tls: { certificates: { certificate: a.crt } } } ]'), '1:58', /"key" is missing/],
  ['no certificate at all', top('listen: [ { address: "127.0.0.1:1", tls: { certificates: [] } } ]'), '1:44', /at least one/],
  ['a certificate that is not there', top('listen: [ { address: "127.0.0.1:1", tls: { certificate: a.crt, key: a.key } } ]'), '1:44', /can't read \S+\/a\.crt: No such file/],
  ['a version that is too old', top('listen: [ { address: "127.0.0.1:1", tls: { certificate: a, key: b, min_version: 1.1 } } ]'), '1:81', /1\.2 or 1\.3/],
  ['health', 'upstreams:\n  api: { servers: "http://127.0.0.1:1", health: { path: /h } }\n', '2:41', /unknown key "health"/],
];
for (const [what, text, place, words] of cases) {
  test(`${what}: ${place}`, async () => {
    const { code, err, out } = await check(text);
    assert.equal(code, 1, out);
    const line = err.split('\n').find((one) => one.includes(`weir.yaml:${place}${place.includes(':') ? ': ' : ':'}`));
    assert.ok(line, `no error at ${place} in:\n${err}`);
    assert.match(line, words);
  });
}

const general = (first, second) => `
routes:
  - { name: first, match: "${first}" }
  - { name: second, match: "${second}" }
upstreams: { api: { servers: "http://127.0.0.1:1" } }
`;
const unreachable = [
  ['/', 'GET /a'], ['GET /a', 'GET /a'], ['/a/{x}', 'GET /a/b'], ['GET /a/{x...}', 'GET /a/b/c'], ['[GET, POST] /a', 'POST /a'], ['GET /a', 'HEAD /a'],
];
for (const [first, second] of unreachable) {
  test(`${second} after ${first} can never be reached: line 4`, async () => {
    const { code, err } = await check(general(first, second));
    assert.equal(code, 1);
    assert.match(err, /weir\.yaml:4:\d+: .*never be reached/);
  });
}
for (const [first, second] of [['GET /a', '/'], ['GET /a', 'POST /a'], ['GET /a/b', 'GET /a/{x}'], ['POST /a', 'GET /a'], ['GET /a', '/a']]) {
  test(`${second} after ${first} is fine`, async () => {
    const { code, err } = await check(general(first, second));
    assert.equal(code, 0, err);
  });
}

test('all errors at once, in the order in which they stand', async () => {
  const { code, err } = await check('workers: many\nrutes: []\ncache: { memory: 5 }\nlisten: 7\nupstreams: { api: { servers: x } }\n');
  assert.equal(code, 1);
  const lines = [...err.matchAll(/weir\.yaml:(\d+):/g)].map((match) => Number(match[1]));
  assert.deepEqual(lines, [1, 2, 3, 4, 5], err);
});

const warned = [
  ['set_cookie: store', route('    cache: { ttl: 1m, set_cookie: store }')],
  ['set_cookie: strip', route('    cache: { ttl: 1m, set_cookie: strip }')],
  ['trust_client', route('    cache: { ttl: 1m, trust_client: true }')],
  ['an unkeyed forwarded header', route('    cache: { ttl: 1m }\n    request: { forward: [ X-A ] }')],
];
for (const [what, text] of warned) {
  test(`${what}: a warning, and 0`, async () => {
    const { code, err, out } = await check(text);
    assert.equal(code, 0, err);
    assert.match(err + out, /weir\.yaml:\d+:\d+: warning: /);
  });
}

test('environment variables are filled in, with defaults, and never taken for YAML', async () => {
  const text = top('workers: "${WEIR_TEST_WORKERS:-2}"');
  assert.equal((await check(text)).code, 0);
  assert.equal((await check(text, { WEIR_TEST_WORKERS: '4' })).code, 0);
  const evil = await check(text, { WEIR_TEST_WORKERS: '1\nadmin: { address: "0.0.0.0:1" }' });
  assert.equal(evil.code, 1);
});

test('a whole file with everything that a scenario may say is right', async () => {
  const { code, err } = await check(wholeConfig('routes:\n  - name: all\n    match: /\n    cache: { ttl: 1m }\n', [origin]));
  assert.equal(code, 0, err);
});

const hostile = [
  ['a hundred thousand brackets', '['.repeat(100_000)],
  ['aliases of aliases', `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghij'.split('').map((c, i) => `${c}: &${c} [${Array(9).fill(`*${'abcdefghi'[i]}`)}]`).join('\n')}\n`],
  ['an alias of itself', 'routes: &a [ *a ]\n'],
  ['a MiB of one line', `workers: ${'9'.repeat(1 << 20)}\n`],
  ['bytes that are no text', Buffer.from([0xff, 0xfe, 0x00, 0x01]).toString('latin1')],
  ['a NUL', 'workers: 1\0\n'],
  ['a hundred thousand routes', `routes:\n${'  - { name: a, match: /a }\n'.repeat(100_000)}`],
];
for (const [what, text] of hostile) {
  test(`${what}: an error in bounded time`, async () => {
    const { code, err } = await check(text);
    assert.equal(code, 1);
    assert.match(err, /weir\.yaml/);
    assert.ok(err.length < 100_000, `${err.length} bytes of errors`);
  });
}
