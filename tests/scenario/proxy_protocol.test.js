// Behind a balancer that only passes bytes on, the client is whom its PROXY header names; and without one nobody gets in.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before } from 'node:test';
import { promisify } from 'node:util';
import { Authority } from '../support/certificates.js';
import { fetch } from '../support/client.js';
import { connect as connectH2 } from '../support/h2.js';
import { askAfter, beginWith, kLocal, speakAfter, v1, v2 } from '../support/proxy_header.js';
import { scenario } from '../support/scenario.js';
import { connectTls } from '../support/tls.js';

let authority;
let trust;
before(() => {
  authority = new Authority();
  authority.sign('plain', ['localhost']);
  trust = { ca: authority.pem };
});
after(() => authority?.remove());

const listen = () => {
  const { certificate, key } = authority.files('plain');
  return `
listen:
  - { address: "127.0.0.1:0", proxy_protocol: [ 127.0.0.1, 127.0.0.3 ] }
  - { address: "127.0.0.1:0", proxy_protocol: 127.0.0.1, tls: { certificate: "${certificate}", key: "${key}" } }
  - { address: "127.0.0.1:0" }
admin: { address: "127.0.0.1:0", purge_from: [ 192.0.2.0/24, 127.0.0.0/8 ] }
`;
};
const kRoutes = `
routes:
  - { name: kept, match: GET /kept, cache: { ttl: 1h } }
  - { name: all, match: /, cache: origin }
`;
const plain = () => listen() + kRoutes;
const told = (request) => ({ body: request.get('x-forwarded-for') });
const refused = (weir, reason) => weir.metric('weir_proxy_protocol_refused_total', { reason });

const kHeaders = {
  'version 1, IPv4': [v1('192.0.2.1'), '192.0.2.1'],
  'version 1, IPv6': [v1('2001:db8::1'), '2001:db8::1'],
  'version 1, UNKNOWN': [Buffer.from('PROXY UNKNOWN\r\n'), '127.0.0.1'],
  'version 2, IPv4': [v2('192.0.2.1'), '192.0.2.1'],
  'version 2, IPv6': [v2('2001:db8::1'), '2001:db8::1'],
  'version 2, with more than addresses': [v2('192.0.2.1', { extra: Buffer.from([4, 0, 3, 1, 2, 3]) }), '192.0.2.1'],
  'version 2, LOCAL': [kLocal, '127.0.0.1'],
  'version 2, a unix socket': [v2(null, { family: 0x31, rest: Buffer.alloc(216) }), '127.0.0.1'],
};
for (const [what, [header, client]] of Object.entries(kHeaders)) {
  scenario(`${what}: the client is ${client}, for the origin and in the log`, plain, async ({ weir, origin, onEnd }) => {
    origin.otherwise(told);
    const answer = await askAfter(weir, header, 'GET /who', { 'X-Request-Id': 'asked', 'X-Forwarded-For': '9.9.9.9' });
    assert.equal(answer.text, client);
    const logged = await weir.logged('asked');
    assert.equal(logged.client, client);
    assert.equal(logged.peer, undefined);
    // The same with the request in the same segment, and with TLS behind the header.
    const together = await speakAfter(weir, Buffer.concat([header, Buffer.from('GET /who HTTP/1.1\r\nHost: a\r\n\r\nGET /two HTTP/1.1\r\nHost: a\r\n\r\n')]));
    assert.equal((await together.answer()).text, client);
    assert.equal((await together.answer()).text, client);
    together.close();
    const secure = await connectTls(weir.ports[1], { ...trust, socket: await beginWith(weir.ports[1], header) });
    assert.equal((await secure.request('GET /who').answer()).text, client);
    secure.close();
  });

  scenario(`${what}, a byte at a time`, plain, async ({ weir, origin }) => {
    origin.otherwise(told);
    const client_ = await speakAfter(weir, '');
    for (const byte of header) {
      client_.send(Buffer.from([byte]));
      await fetch(weir.ports[2], 'GET /kept');  // weir has read what came before
    }
    assert.equal((await client_.request('GET /who').answer()).text, client);
    client_.close();
  });
}

scenario('HTTP/2 behind a header, with TLS and by prior knowledge', plain, async ({ weir, origin }) => {
  origin.otherwise(told);
  const secure = await connectH2(weir.ports[1], { secure: { ...trust, servername: 'localhost', socket: await beginWith(weir.ports[1], v2('192.0.2.1')) } });
  assert.equal((await secure.request('GET /who').answer()).text, '192.0.2.1');
  secure.close();
  const known = await connectH2(weir, { before: v1('192.0.2.2') });
  assert.equal((await known.request('GET /who').answer()).text, '192.0.2.2');
  known.close();
});

scenario('curl speaks it', plain, async ({ weir, origin }) => {
  origin.otherwise(told);
  const url = (port, scheme = 'http') => `${scheme}://localhost:${port}/who`;
  const call = (...args) => promisify(execFile)('curl', ['-sS', '--haproxy-protocol', '--noproxy', '*', '--connect-to', '::127.0.0.1:', ...args]);
  assert.equal((await call(url(weir.ports[0]))).stdout, '127.0.0.1');
  assert.equal((await call('--insecure', url(weir.ports[1], 'https'))).stdout, '127.0.0.1');
});

scenario('the name of one request is not that of the next connection', plain, async ({ weir, origin }) => {
  origin.otherwise(told);
  const first = await speakAfter(weir, v1('192.0.2.1'));
  assert.equal((await first.request('GET /who').answer()).text, '192.0.2.1');
  assert.equal((await askAfter(weir, v1('192.0.2.2'))).text, '192.0.2.2');
  assert.equal((await first.request('GET /who').answer()).text, '192.0.2.1');
  first.close();
});

scenario('a header is read once: a second one is a bad request', plain, async ({ weir }) => {
  const answer = await askAfter(weir, Buffer.concat([v1('192.0.2.1'), v1('192.0.2.2')]));
  assert.equal(answer.status, 400);
  const binary = await askAfter(weir, Buffer.concat([v2('192.0.2.1'), v2('192.0.2.2')]));
  assert.ok(binary === null || binary.status === 400);
});

scenario('who is not listed gets nothing, whatever it sends', plain, async ({ weir, origin }) => {
  origin.otherwise(told);
  for (const first of ['', v1('192.0.2.1'), v2('192.0.2.1'), kLocal])
    assert.equal(await askAfter(weir, first, 'GET /who', {}, { from: '127.0.0.2' }), null);
  assert.equal(await refused(weir, 'peer'), 4);
  await weir.said(/a connection from 127\.0\.0\.2 was refused: it is not in proxy_protocol of this listener/);
  assert.equal((await askAfter(weir, v1('192.0.2.1'), 'GET /who', {}, { from: '127.0.0.3' })).text, '192.0.2.1');
  assert.equal(origin.count('/who'), 1);
});

scenario('who is listed and sends none gets nothing', plain, async ({ weir, origin }) => {
  assert.equal(await askAfter(weir, ''), null);
  assert.equal(await refused(weir, 'missing'), 1);
  await assert.rejects(connectTls(weir.ports[1], trust));
  assert.equal(await refused(weir, 'missing'), 2);
  assert.equal(origin.count('/who'), 0);
});

scenario('a port that knows no such header takes none', plain, async ({ weir, origin }) => {
  assert.equal((await askAfter(weir.ports[2], v1('192.0.2.1'))).status, 400);
  assert.equal(origin.count('/who'), 0);
});

scenario('PURGE is for the client that the header names', plain, async ({ weir, origin }) => {
  origin.otherwise(told);
  const purge = async (header) => (await askAfter(weir, header, 'PURGE /kept')).status;
  assert.equal(await purge(v1('192.0.2.1')), 200);
  assert.equal(await purge(v2('198.51.100.1')), 405);
  assert.equal(await purge(v1('2001:db8::1')), 405);
});

const kOpen = 'listen: [ { address: "127.0.0.1:0" } ]\nadmin: { address: "127.0.0.1:0" }\n';
scenario('a reload holds for new connections', () => kOpen + kRoutes, async ({ weir, origin }) => {
  origin.otherwise(told);
  const old = await speakAfter(weir, '');
  assert.equal((await old.request('GET /who').answer()).text, '127.0.0.1');
  const [bound] = weir.ports;
  const listed = (range) => `listen: [ { address: "127.0.0.1:0"${range} } ]\nadmin: { address: "127.0.0.1:0" }\n${kRoutes}`;
  weir.write(listed(', proxy_protocol: [ 127.0.0.1 ]'));
  assert.equal((await weir.admin('POST /admin/reload')).status, 200);
  assert.equal((await askAfter(bound, v1('192.0.2.1'))).text, '192.0.2.1');
  assert.equal(await askAfter(bound, ''), null);
  assert.equal((await old.request('GET /who').answer()).text, '127.0.0.1');
  old.close();
  weir.write(listed(''));
  assert.equal((await weir.admin('POST /admin/reload')).status, 200);
  assert.equal((await askAfter(bound, '')).text, '127.0.0.1');
});
