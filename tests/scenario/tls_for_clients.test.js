// TLS for clients: names get their certificates, versions and protocols are agreed on, and what is broken is refused without
// anybody else noticing.
import assert from 'node:assert/strict';
import tls from 'node:tls';
import { after, before } from 'node:test';
import { connect, fetch } from '../support/client.js';
import { Authority } from '../support/certificates.js';
import { scenario } from '../support/scenario.js';
import { connectTls, fetchTls } from '../support/tls.js';

let authority;
let trust;
before(() => {
  authority = new Authority();
  authority.sign('plain', ['localhost']);
  trust = { ca: authority.pem };
});
after(() => authority?.remove());

const pair = (name) => {
  const { certificate, key } = authority.files(name);
  return `certificate: "${certificate}", key: "${key}"`;
};
const config = (tlsPart, rest = '') => () => `
listen:
  - { address: "127.0.0.1:0", tls: { ${tlsPart()} } }
  - { address: "127.0.0.1:0" }
routes:
  - { name: kept, match: /kept/, cache: { ttl: 1h } }
  - { name: all, match: /, cache: origin }
${rest}`;
const one = config(() => pair('plain'));

scenario('a page over TLS is the page without it, from one copy; the origin is told which it was', one, async ({ weir, origin }) => {
  const [secure, plain] = weir.ports;
  origin.otherwise((request) => ({ body: `${request.path} ${request.get('x-forwarded-proto')}` }));
  const first = await fetchTls(secure, 'GET /kept/a', trust);
  assert.equal(first.status, 200);
  assert.equal(first.text, '/kept/a https');
  const second = await fetch(plain, 'GET /kept/a');
  assert.equal(second.text, '/kept/a https');
  assert.match(second.get('cache-status'), /hit/);
  assert.equal((await fetch(plain, 'GET /kept/b')).text, '/kept/b http');
});

scenario('443 is the port that need not be said', one, async ({ weir, origin }) => {
  origin.otherwise((request) => ({ headers: { 'Cache-Control': 'max-age=60' }, body: request.get('host') }));
  const [secure, plain] = weir.ports;
  const ask = (host) => fetchTls(secure, 'GET /', trust, { Host: host });
  assert.equal((await ask('a.test:443')).text, 'a.test');
  assert.match((await ask('a.test')).get('cache-status'), /hit/);
  assert.equal((await ask('a.test:80')).text, 'a.test:80');
  assert.equal((await fetch(plain, 'GET /', { Host: 'a.test:443' })).text, 'a.test:443');
});

scenario('a page of megabytes, an upload of megabytes, and many requests on one connection', one, async ({ weir, origin, onEnd }) => {
  const large = Buffer.alloc(5 << 20, 'large ').toString();
  origin.on('/kept/large', { body: large });
  origin.on('/upload', (request) => ({ body: String(request.body.length) }));
  const client = await connectTls(weir, trust);
  for (let i = 0; i < 3; i += 1) {
    assert.equal((await client.request('GET /kept/large').answer()).text, large);
    assert.equal((await client.request('POST /upload', {}, large).answer()).text, String(large.length));
  }
  for (let i = 0; i < 50; i += 1) client.request('GET /kept/large', { Range: 'bytes=0-9' });
  for (let i = 0; i < 50; i += 1) assert.equal((await client.answer('GET')).text, large.slice(0, 10));
  client.close();
});

scenario('plain HTTP on a port that speaks TLS is told so; anything else is closed', one, async ({ weir }) => {
  const answer = await fetch(weir, 'GET /');
  assert.equal(answer.status, 400);
  assert.match(answer.text, /speaks TLS/);
  assert.equal(answer.get('connection'), 'close');
  await weir.said(/a client's TLS handshake failed .*plain HTTP/);
  for (const bytes of ['\0\0\0\0', 'hello', '\x16garbage that begins as TLS does, and goes on for a while']) {
    const client = await connect(weir);
    client.send(bytes);
    client.finish();
    assert.doesNotMatch(await client.rest().catch(() => ''), /HTTP/);
  }
  assert.equal((await fetchTls(weir, 'GET /', trust)).status, 404);
});

scenario('TLS on a port without it is a 400', one, async ({ weir }) => {
  const [, plain] = weir.ports;
  await assert.rejects(connectTls(plain, trust), /wrong version|packet length|closed/i);
});

scenario('an answer ends with a goodbye before the connection does', one, async ({ weir, origin }) => {
  origin.otherwise(() => ({ body: 'bye' }));
  const client = await connectTls(weir, trust);
  const answer = await client.request('GET /', { Connection: 'close' }).answer();
  assert.equal(answer.text, 'bye');
  await client.rest();
  assert.equal(client.inbox.ended, 'end');
  client.close();
});
