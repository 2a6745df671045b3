// Behind proxies that are trusted the client is whom they name: in the log, for PURGE, and for the origin. Whom nobody trusts
// is who connected, whatever he says.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { isHit } from '../support/cache_status.js';
import { Authority } from '../support/certificates.js';
import { fetch } from '../support/client.js';
import { fresh } from '../support/origin.js';
import { askAfter, speakAfter, v1 } from '../support/proxy_header.js';
import { scenario } from '../support/scenario.js';
import { connectTls } from '../support/tls.js';
import { weirCall, wholeConfig, withFile } from '../support/weir.js';

let authority;
before(() => {
  authority = new Authority();
  authority.sign('plain', ['localhost']);
});
after(() => authority?.remove());

const kRoutes = `
routes:
  - { name: kept, match: /kept/, cache: { ttl: 1h } }
  - { name: all, match: /, cache: origin }
`;
// Clients connect from 127.0.0.1 unless they say another one; 127.0.0.9 is no proxy.
const trusting = (more = '', ranges = '127.0.0.1, 10.0.0.0/8, "fd00::/8"') => `
client: { trusted_proxies: [ ${ranges} ]${more} }
${kRoutes}`;
const kForwarded = ', address_from: Forwarded';

const kFields = ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'forwarded', 'x-real-ip'];
const told = (request) => ({ body: JSON.stringify(Object.fromEntries(kFields.map((name) => [name, request.get(name)]))) });
const seen = async (answer) => JSON.parse((await answer).text);

const kChains = {
  'one proxy': ['192.0.2.1', '192.0.2.1', '192.0.2.1, 127.0.0.1'],
  'several': ['192.0.2.1, 10.0.0.3, fd00::2', '192.0.2.1', '192.0.2.1, 10.0.0.3, fd00::2, 127.0.0.1'],
  'IPv6 and a port': ['[2001:DB8::1]:4711', '2001:db8::1', '2001:db8::1, 127.0.0.1'],
  'what the client made up stays outside': ['10.0.0.9, 9.9.9.9, 192.0.2.1, 10.0.0.3', '192.0.2.1', '192.0.2.1, 10.0.0.3, 127.0.0.1'],
  'garbage before the client': ['"<script>, \t, 192.0.2.1', '192.0.2.1', '192.0.2.1, 127.0.0.1'],
  'two lines': [['9.9.9.9', '192.0.2.1'], '192.0.2.1', '192.0.2.1, 127.0.0.1'],
  'all are trusted': ['10.0.0.4, 10.0.0.3', '10.0.0.4', '10.0.0.4, 10.0.0.3, 127.0.0.1'],
  'none is said': [[], '127.0.0.1', '127.0.0.1'],
  'garbage': ['192.0.2.1, what', '127.0.0.1', '127.0.0.1'],
  'garbage behind a proxy': ['192.0.2.1, what, 10.0.0.3', '10.0.0.3', '10.0.0.3, 127.0.0.1'],
};
for (const [what, [said, client, chain]] of Object.entries(kChains)) {
  scenario(`X-Forwarded-For of a trusted proxy: ${what}`, trusting(), async ({ weir, origin, get, h2 }) => {
    origin.otherwise(told);
    const headers = { 'X-Forwarded-For': said, 'X-Request-Id': 'asked', Forwarded: 'for=9.9.9.9', 'X-Real-IP': '9.9.9.9' };
    const fields = await seen(get('/who', headers));
    assert.deepEqual(fields, { 'x-forwarded-for': chain, 'x-forwarded-proto': 'http', 'x-forwarded-host': 'streamvibe.test' });
    const logged = await weir.logged('asked');
    assert.equal(logged.client, client);
    assert.equal(logged.peer, client === '127.0.0.1' ? undefined : '127.0.0.1');
    const connection = await h2();
    assert.equal((await seen(connection.request('GET /who', { headers: { 'x-forwarded-for': said } }).answer()))['x-forwarded-for'], chain);
  });
}

scenario('who is no trusted proxy is who connected, whatever he says', trusting(), async ({ weir, origin }) => {
  origin.otherwise(told);
  const headers = { 'X-Forwarded-For': '10.0.0.1', 'X-Forwarded-Proto': 'https', Forwarded: 'for=10.0.0.1;proto=https', 'X-Request-Id': 'asked' };
  const fields = await seen(askAfter(weir, '', 'GET /who', headers, { from: '127.0.0.9' }));
  assert.deepEqual(fields, { 'x-forwarded-for': '127.0.0.9', 'x-forwarded-proto': 'http', 'x-forwarded-host': 'streamvibe.test' });
  const logged = await weir.logged('asked');
  assert.deepEqual([logged.client, logged.peer], ['127.0.0.9', undefined]);
});

scenario('without trusted_proxies nobody is believed', kRoutes, async ({ origin, get }) => {
  origin.otherwise(told);
  const fields = await seen(get('/who', { 'X-Forwarded-For': '192.0.2.1', 'X-Forwarded-Proto': 'https' }));
  assert.deepEqual([fields['x-forwarded-for'], fields['x-forwarded-proto']], ['127.0.0.1', 'http']);
});

const kElements = {
  'one element': ['for=192.0.2.1;proto=https;host=evil.test', '192.0.2.1, 127.0.0.1', 'https'],
  'IPv6 and a port': ['For="[2001:db8::1]:4711"', '2001:db8::1, 127.0.0.1', 'http'],
  'several': ['for=9.9.9.9;proto=http, for=192.0.2.1;proto=https, for=10.0.0.3;proto=http', '192.0.2.1, 10.0.0.3, 127.0.0.1', 'https'],
  'a quote that the client left open': ['for="9.9.9.9, for=192.0.2.1', '192.0.2.1, 127.0.0.1', 'http'],
  'a hidden client': ['for=_hidden;proto=https', '127.0.0.1', 'https'],
  'an unknown one': ['for=192.0.2.1, for=unknown', '127.0.0.1', 'http'],
};
for (const [what, [said, chain, scheme]] of Object.entries(kElements)) {
  scenario(`Forwarded of a trusted proxy: ${what}`, trusting(kForwarded), async ({ origin, get }) => {
    origin.otherwise(told);
    const fields = await seen(get('/who', { Forwarded: said, 'X-Forwarded-For': '9.9.9.9', 'X-Forwarded-Proto': 'ftp' }));
    assert.deepEqual(fields, { 'x-forwarded-for': chain, 'x-forwarded-proto': scheme, 'x-forwarded-host': 'streamvibe.test' });
  });
}

scenario('the scheme is what the trusted proxy says, else how it came', () => {
  const { certificate, key } = authority.files('plain');
  return `listen: [ { address: "127.0.0.1:0" }, { address: "127.0.0.1:0", tls: { certificate: "${certificate}", key: "${key}" } } ]\n${trusting()}`;
}, async ({ weir, origin, get }) => {
  origin.otherwise(told);
  const secure = await connectTls(weir.ports[1], { ca: authority.pem });
  const scheme = async (said) => (await seen(get('/who', { 'X-Forwarded-For': '192.0.2.1', 'X-Forwarded-Proto': said })))['x-forwarded-proto'];
  assert.equal(await scheme('https'), 'https');
  assert.equal(await scheme('https, http'), 'http');
  assert.equal(await scheme('gopher'), 'http');
  const overTls = async (said) => (await seen(secure.request('GET /who', { 'X-Forwarded-Proto': said }).answer()))['x-forwarded-proto'];
  assert.equal(await overTls('http'), 'http');
  assert.equal(await overTls('gopher'), 'https');
  secure.close();
});

const byScheme = (scheme) => ({ 'X-Forwarded-For': '192.0.2.1', 'X-Forwarded-Proto': scheme });
for (const path of ['/kept/a?q=1', '/free']) {
  scenario(`GET ${path}: who comes by http is sent to https, who comes by https is not sent in a circle`, trusting(), async ({ origin, get }) => {
    const headers = { 'Cache-Control': 'max-age=600' };
    origin.otherwise((request) => {
      if (request.get('x-forwarded-proto') === 'https') return { headers, body: 'page' };
      return { status: 301, headers: { ...headers, Location: `https://streamvibe.test:443${request.target}` } };
    });
    assert.equal((await get(path, byScheme('http'))).status, 301);
    assert.equal((await get(path, byScheme('https'))).text, 'page');
    assert.ok(isHit(await get(path, byScheme('https'))));
  });
}

scenario('a redirect elsewhere is kept', trusting(), async ({ origin, get }) => {
  for (const [path, location] of [['/kept/host', 'https://www.streamvibe.test/'], ['/kept/same', 'http://streamvibe.test/b'], ['/kept/path', '/b']]) {
    origin.on(path, { status: 301, headers: { Location: location } });
    await get(path, byScheme('http'));
    assert.ok(isHit(await get(path, byScheme('http'))), location);
  }
});

scenario('an answer that varies by the scheme is kept for each, whatever a client claims', trusting(), async ({ origin, weir, get }) => {
  origin.otherwise((request) => ({ headers: { 'Cache-Control': 'max-age=600', Vary: 'X-Forwarded-Proto' }, body: request.get('x-forwarded-proto') }));
  for (const path of ['/kept/a', '/free']) {
    for (const scheme of ['http', 'https']) assert.equal((await get(path, byScheme(scheme))).text, scheme);
    for (const scheme of ['http', 'https']) {
      const kept = await get(path, byScheme(scheme));
      assert.ok(isHit(kept));
      assert.equal(kept.text, scheme);
    }
    const claims = await askAfter(weir, '', `GET ${path}`, { 'X-Forwarded-Proto': 'https' }, { from: '127.0.0.9' });
    assert.equal(claims.text, 'http');
    assert.equal(origin.count(path), 2);
  }
});

const purging = (ranges) => `admin: { address: "127.0.0.1:0", purge_from: [ ${ranges} ] }\n`;
const purge = async (ask, headers) => (await ask('PURGE /kept/a', headers)).status;
scenario('PURGE is for the client, never for the proxy that it comes through', purging('192.0.2.1, 127.0.0.0/8') + trusting(), async ({ send, origin, get, weir }) => {
  origin.otherwise(fresh(600));
  await get('/kept/a');
  assert.equal(await purge(send, { 'X-Forwarded-For': '198.51.100.1' }), 405);
  assert.equal(await purge(send, { 'X-Forwarded-For': '192.0.2.1, 198.51.100.1' }), 405);
  assert.equal(await purge(send, { 'X-Forwarded-For': ['192.0.2.1', '198.51.100.1'] }), 405);
  assert.equal(await purge(send, {}), 405, 'the proxy names nobody');
  assert.equal(await purge(send, { 'X-Forwarded-For': 'unknown' }), 405);
  assert.equal(await purge(send, { 'X-Forwarded-For': '192.0.2.1, what' }), 405);
  assert.equal(await purge(send, { 'X-Forwarded-For': 'what, 127.0.0.1' }), 405);
  assert.equal(await purge(send, { Forwarded: 'for=192.0.2.1' }), 405);
  assert.ok(isHit(await get('/kept/a')));
  assert.equal(await purge(send, { 'X-Forwarded-For': '9.9.9.9, 192.0.2.1' }), 200);
  assert.ok(!isHit(await get('/kept/a')));
  // Who connects himself is known by his connection.
  const direct = (line, headers) => askAfter(weir, '', line, headers, { from: '127.0.0.9' });
  assert.equal(await purge(direct, { 'X-Forwarded-For': '9.9.9.9' }), 200);
});

scenario('a Connection that names X-Forwarded-For does not make a proxy of the client', purging('127.0.0.0/8') + trusting(), async ({ send, get, origin }) => {
  origin.otherwise(told);
  const headers = { 'X-Forwarded-For': '192.0.2.1', Connection: 'X-Forwarded-For' };
  assert.equal(await purge(send, headers), 405);
  assert.equal((await seen(get('/who', headers)))['x-forwarded-for'], '192.0.2.1, 127.0.0.1');
});

scenario('both at once: whom the PROXY header names is asked whom he speaks for', `
listen: [ { address: "127.0.0.1:0", proxy_protocol: 127.0.0.1 } ]
${trusting('', '10.0.0.0/8')}`, async ({ weir, origin }) => {
  origin.otherwise(told);
  const ask = (from) => seen(askAfter(weir, v1(from), 'GET /who', { 'X-Forwarded-For': '192.0.2.1' }));
  assert.equal((await ask('10.0.0.1'))['x-forwarded-for'], '192.0.2.1, 10.0.0.1');
  assert.equal((await ask('198.51.100.1'))['x-forwarded-for'], '198.51.100.1');
});

scenario('clients on one connection of a proxy are told apart, and share what may be shared', trusting(), async ({ weir, origin }) => {
  origin.otherwise((request) => ({ body: request.get('x-forwarded-for') }));
  const proxy = await speakAfter(weir, '');
  for (const client of ['192.0.2.1', '192.0.2.2']) proxy.request('GET /who', { 'X-Forwarded-For': client });
  assert.equal((await proxy.answer()).text, '192.0.2.1, 127.0.0.1');
  assert.equal((await proxy.answer()).text, '192.0.2.2, 127.0.0.1');
  const first = await proxy.request('GET /kept/a', { 'X-Forwarded-For': '192.0.2.1' }).answer();
  const second = await proxy.request('GET /kept/a', { 'X-Forwarded-For': '192.0.2.2' }).answer();
  assert.equal(second.text, first.text);
  assert.ok(isHit(second));
  proxy.close();
});

scenario('a reload holds for the next request', kRoutes, async ({ weir, origin }) => {
  origin.otherwise((request) => ({ body: request.get('x-forwarded-for') }));
  const client = await speakAfter(weir, '');
  const ask = async () => (await client.request('GET /who', { 'X-Forwarded-For': '192.0.2.1' }).answer()).text;
  assert.equal(await ask(), '127.0.0.1');
  weir.write(trusting());
  assert.equal((await weir.admin('POST /admin/reload')).status, 200);
  assert.equal(await ask(), '192.0.2.1, 127.0.0.1');
  weir.write(kRoutes);
  assert.equal((await weir.admin('POST /admin/reload')).status, 200);
  assert.equal(await ask(), '127.0.0.1');
  client.close();
});

scenario('a refused request is logged as its client\'s, too', trusting(), async ({ weir }) => {
  const client = await speakAfter(weir, 'GET /who HTTP/1.1\r\nHost: a\r\nX-Request-Id: bad\r\nX-Forwarded-For: 192.0.2.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n');
  assert.equal((await client.answer()).status, 400);
  client.close();
  assert.equal((await weir.logged('bad')).client, '192.0.2.1');
  assert.equal((await fetch(weir, 'CONNECT a:1', { 'X-Request-Id': 'no', 'X-Forwarded-For': '192.0.2.1' })).status, 405);
  assert.equal((await weir.logged('no')).client, '192.0.2.1');
});

scenario('weir check warns of who believes everybody', kRoutes, async ({ origin }) => {
  const check = (text) => withFile(wholeConfig(text, [origin]), (file) => weirCall(['check', '-c', file]));
  for (const all of ['0.0.0.0/0', '"::/0"']) {
    const listed = await check(`client: { trusted_proxies: [ 10.0.0.1, ${all} ] }\n${kRoutes}`);
    assert.equal(listed.code, 0);
    assert.match(listed.out + listed.err, /:\d+:\d+: warning: anybody may say here who he is \(the addresses of your balancers\)/);
    const sent = await check(`listen: [ { address: "127.0.0.1:0", proxy_protocol: ${all} } ]\n${kRoutes}`);
    assert.match(sent.out + sent.err, /:\d+:\d+: warning: anybody may say here/);
  }
  const halves = await check(`client: { trusted_proxies: [ 0.0.0.0/1, 128.0.0.0/1 ] }\n${kRoutes}`);
  assert.match(halves.out + halves.err, /:\d+:\d+: warning: anybody in 128\.0\.0\.0\/1 may say here who he is \(the addresses of your balancers\)/);
  const bad = await check(`client: { trusted_proxies: [ 10.0.0.0/33, balancer.internal ], address_from: X-Real-IP }\n${kRoutes}`);
  assert.equal(bad.code, 1);
  assert.match(bad.err + bad.out, /"10\.0\.0\.0\/33" is not an address or network: |"10\.0\.0\.0\/33" is not an address or network \(/);
  assert.match(bad.err + bad.out, /"balancer\.internal" is not an address/);
  assert.match(bad.err + bad.out, /"X-Real-IP" is not known here/);
  const good = await check(`client: { trusted_proxies: [ 10.0.0.0/8 ] }\n${kRoutes}`);
  assert.doesNotMatch(good.out + good.err, /warning/);
});
