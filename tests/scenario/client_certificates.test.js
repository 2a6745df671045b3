// Client certificates: who has none, or a bad one, isn't let in; who has one is known by its name in the log and, where that is wanted, to the
// origin. Nobody can say it of himself, an earlier session is no proof under other rules, and no two clients share an answer because of it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import fs from 'node:fs';
import { after, before, test } from 'node:test';
import { Authority } from '../support/certificates.js';
import { isHit } from '../support/cache_status.js';
import { fetch } from '../support/client.js';
import { eventually, gate, within } from '../support/patience.js';
import { scenario } from '../support/scenario.js';
import { connectTls, fetchTls } from '../support/tls.js';
import { weirCall, withFile } from '../support/weir.js';

let authority;   // signs servers and clients
let stranger;    // another one
before(() => {
  authority = new Authority();
  stranger = new Authority(undefined, 'stranger');
  authority.sign('server', ['localhost']);
  authority.sign('web', ['web.mesh', 'spiffe://mesh/web/one']);
  authority.sign('api', ['api.mesh']);
  authority.sign('brief', ['brief.mesh'], { ends: 1 });
  stranger.sign('web', ['spiffe://mesh/web/one']);
  fs.writeFileSync(`${authority.folder}/both.crt`, authority.pem + stranger.pem);
});
after(() => {
  authority?.remove();
  stranger?.remove();
});

const file = (name) => `${authority.folder}/${name}`;
const listener = (rules) => `{ address: "127.0.0.1:0", tls: { certificate: "${file('server.crt')}", key: "${file('server.key')}", client_certificates: { ${rules} } } }`;
const config = (...rules) => `
listen: [ ${rules.map((one) => (one === null ? '{ address: "127.0.0.1:0" }' : listener(one))).join(', ')} ]
routes:
  - { name: kept, match: /kept/, cache: { ttl: 1h } }
  - { name: off, match: /off/, cache: off }
  - { name: all, match: /, cache: origin }
`;
const ca = () => `ca_file: "${authority.file}"`;
const showing = (name, who = authority) => {
  const { certificate, key } = who.files(name);
  return { ca: authority.pem, cert: fs.readFileSync(certificate), key: fs.readFileSync(key) };
};
const nobody = () => ({ ca: authority.pem });
const page = (origin) => origin.otherwise((request) => ({ body: `${request.get('client-cert') ?? 'nobody'}` }));

// TLS 1.3 tells of a refusal when the client has long said that all is well.
async function refused(port, options) {
  let connection = null, answer = null;
  try {
    connection = await connectTls(port, options);
    answer = await connection.request('GET /').answer();
  } catch (error) {
    assert.match(String(error.message), /alert|closed|ECONNRESET|EPIPE|ended/i);
  } finally {
    connection?.close();
  }
  assert.equal(answer, null, 'no answer came');
}

scenario('who shows no certificate, or one of a stranger, is refused and counted; who shows a good one is let in and named in the log',
  () => config(ca()), async ({ weir, origin }) => {
    page(origin);
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3']) {
      await refused(weir, { ...nobody(), maxVersion });
      await refused(weir, { ...showing('web', stranger), maxVersion });
      assert.equal((await fetchTls(weir, 'GET /', { ...showing('web'), maxVersion }, { 'X-Request-Id': maxVersion })).text, 'nobody');
      assert.equal((await weir.logged(maxVersion)).client_certificate, 'spiffe://mesh/web/one');
    }
    assert.equal(origin.requests.length, 2);
    await eventually(async () => (await weir.metric('weir_tls_handshakes_failed_total', { reason: 'certificate' })) === 4, 'four refusals are counted');
    await weir.said(/a client's TLS handshake failed .*(did not return a certificate|the certificate is refused)/);
  });

scenario('a refusal says why, whatever the client has sent meanwhile', () => config(ca()), async ({ weir }) => {
  for (let i = 0; i < 20; i += 1) {
    const client = await connectTls(weir, { ...nobody(), minVersion: 'TLSv1.3' });
    const told = new Promise((resolve) => client.socket.once('error', resolve));
    for (let k = 0; k < 10; k += 1) client.request('GET /');
    assert.match(String((await within(told, 'an alert')).code), /ALERT_CERTIFICATE_REQUIRED/);
    client.close();
  }
});

scenario('optional: none will do, a bad one will not', () => config(`${ca()}, verify: optional`), async ({ weir, origin }) => {
  page(origin);
  assert.equal((await fetchTls(weir, 'GET /', nobody(), { 'X-Request-Id': 'none' })).status, 200);
  assert.equal((await weir.logged('none')).client_certificate, undefined);
  assert.equal((await fetchTls(weir, 'GET /', showing('web'), { 'X-Request-Id': 'web' })).status, 200);
  assert.equal((await weir.logged('web')).client_certificate, 'spiffe://mesh/web/one');
  await refused(weir, showing('web', stranger));
});

scenario('only those with an allowed name', () => config(`${ca()}, names: [ "spiffe://mesh/web/*" ]`), async ({ weir, origin }) => {
  page(origin);
  assert.equal((await fetchTls(weir, 'GET /', showing('web'))).status, 200);
  await refused(weir, showing('api'));
  await weir.said(/none of the names that are allowed/);
});

scenario('an intermediate that the client shows is followed, as deep as is allowed; one in the file is trusted by itself', () => {
  authority.sign('between', [], { authority: true });
  const openssl = (...args) => execFileSync('openssl', args, { cwd: authority.folder, stdio: 'pipe' });
  openssl('req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'below.key', '-out', 'below.csr', '-subj', '/CN=below');
  openssl('x509', '-req', '-in', 'below.csr', '-CA', 'between.crt', '-CAkey', 'between.key', '-CAcreateserial', '-days', '30', '-out', 'alone.crt');
  fs.writeFileSync(file('below.crt'), fs.readFileSync(file('alone.crt'), 'utf8') + fs.readFileSync(file('between.crt'), 'utf8'));
  return config(ca(), `${ca()}, depth: 0`, `ca_file: "${file('between.crt')}"`);
}, async ({ weir, origin }) => {
  page(origin);
  const [deep, flat, direct] = weir.ports;
  assert.equal((await fetchTls(deep, 'GET /', showing('below'))).status, 200);
  await refused(flat, showing('below'));
  const alone = { ca: authority.pem, cert: fs.readFileSync(file('alone.crt')), key: fs.readFileSync(file('below.key')) };
  await refused(deep, alone);
  assert.equal((await fetchTls(direct, 'GET /', alone)).status, 200);
  await refused(direct, showing('web'));
});

scenario('the origin is told by Client-Cert where the answer is not kept, and nobody can say it of himself', () => config(`${ca()}, verify: optional, forward: true`, null),
  async ({ weir, origin }) => {
    page(origin);
    const [secure, plain] = weir.ports;
    const own = showing('web');
    const expected = `:${new X509Certificate(own.cert).raw.toString('base64')}:`;
    const forged = { 'Client-Cert': ':Zm9yZ2Vk:', 'Client-Cert-Chain': ':Zm9yZ2Vk:', 'CLIENT-CERT': 'x' };
    assert.equal((await fetchTls(secure, 'GET /off/a', own, forged)).text, expected);
    assert.equal((await fetchTls(secure, 'POST /', own, forged, 'x')).text, expected);
    assert.equal((await fetchTls(secure, 'GET /off/a', nobody(), forged)).text, 'nobody');
    assert.equal((await fetch(plain, 'GET /off/a', forged)).text, 'nobody');
    assert.equal((await fetch(plain, 'GET /', forged)).text, 'nobody');
    for (const request of origin.requests) assert.equal(request.get('client-cert-chain'), undefined);
  });

scenario('what may be kept is fetched as nobody, and is the same for all', () => config(`${ca()}, verify: optional, forward: true`), async ({ weir, origin }) => {
  page(origin);
  origin.on('/varies', (request) => ({ headers: { 'Cache-Control': 'max-age=60', Vary: 'Client-Cert' }, body: `${request.get('client-cert') ?? 'nobody'}` }));
  const first = await fetchTls(weir, 'GET /kept/a', showing('web'));
  const second = await fetchTls(weir, 'GET /kept/a', showing('api'));
  assert.equal(first.text, 'nobody');
  assert.equal(second.text, 'nobody');
  assert.ok(isHit(second));
  for (const who of ['web', 'api']) {
    const answer = await fetchTls(weir, 'GET /varies', showing(who));
    assert.equal(answer.text, 'nobody');
    assert.equal(isHit(answer), false, 'who says that it varies by what each client has is believed');
  }
});

// A ticket is a session that the client keeps; TLS 1.3 sends it after the handshake.
async function visit(port, options) {
  const connection = await connectTls(port, options);
  try {
    const answer = await connection.request('GET /').answer();
    assert.equal(answer.status, 200);
    const session = connection.sessions.at(-1) ?? connection.socket.getSession();
    return { session, reused: connection.socket.isSessionReused() };
  } finally {
    connection.close();
  }
}

for (const maxVersion of ['TLSv1.2', 'TLSv1.3']) {
  scenario(`${maxVersion}: a session holds on its own listener alone, and until the file of the CA changes`, () => config(ca(), `ca_file: "${file('both.crt')}"`, `${ca()}, verify: optional`),
    async ({ weir, origin }) => {
      page(origin);
      const [first, second, optional] = weir.ports;
      const web = { ...showing('web'), maxVersion };
      const { session } = await visit(first, web);
      assert.equal((await visit(first, { ...nobody(), maxVersion, session })).reused, true);
      assert.equal((await visit(second, { ...web, session })).reused, false);
      await refused(second, { ...nobody(), maxVersion, session });
      const guest = await visit(optional, { ...nobody(), maxVersion });
      assert.equal((await visit(optional, { ...nobody(), maxVersion, session: guest.session })).reused, true);
      await refused(first, { ...nobody(), maxVersion, session: guest.session });
      // Now only the stranger's clients are believed.
      weir.write(config(`ca_file: "${stranger.file}"`, `ca_file: "${file('both.crt')}"`, `${ca()}, verify: optional`));
      assert.equal((await weir.admin('POST /admin/reload')).status, 200);
      await refused(first, { ...web, session });
      await refused(first, { ...nobody(), maxVersion, session });
      assert.equal((await visit(first, { ...showing('web', stranger), maxVersion })).reused, false);
    });

  scenario(`${maxVersion}: a session ends with the certificate that it rests on`, () => config(ca()), async ({ weir, origin }) => {
    page(origin);
    const brief = { ...showing('brief'), maxVersion };
    const { session } = await visit(weir, brief);
    assert.equal((await visit(weir, { ...brief, session })).reused, true);
    weir.clock.turn(86400 + 60);
    await refused(weir, { ...brief, session });
    assert.equal((await visit(weir, { ...showing('web'), maxVersion })).reused, false);
  });
}

scenario('a reload that lets in others: who came in before ends what is under way, and shows himself anew', () => config(ca(), ca()), async (stage) => {
  const { weir, origin } = stage;
  const told = gate();
  page(origin);
  origin.on('/off/slow', async () => (await told.opened, { body: 'slow' }));
  const [first, second] = weir.ports;
  const h2 = await stage.h2({ secure: { ...showing('web'), port: first, servername: 'localhost' } });
  const h1 = await connectTls(first, showing('web'));
  const idle = await connectTls(first, showing('web'));
  const others = await stage.h2({ secure: { ...showing('web'), port: second, servername: 'localhost' } });
  assert.equal((await others.get('/')).status, 200);
  assert.equal((await idle.request('GET /').answer()).status, 200);
  const slow = h2.request('GET /off/slow');
  h1.request('GET /off/slow');
  await origin.reached('/off/slow', 2);

  weir.write(config(ca(), `${ca()}, forward: true`));
  assert.equal((await weir.admin('POST /admin/reload')).status, 200);
  await h2.settled();
  assert.equal(h2.goaway, undefined, 'nothing of it has changed');
  assert.equal(await others.closed(), 'NO_ERROR', 'that is a rule, too');

  const again = await stage.h2({ secure: { ...showing('web'), port: second, servername: 'localhost' } });
  weir.write(config(`${ca()}, names: [ "spiffe://mesh/other/*" ]`, `${ca()}, forward: true`));
  assert.equal((await weir.admin('POST /admin/reload')).status, 200);
  await h2.until(() => h2.goaway, 'GOAWAY');
  assert.equal(await idle.rest(), '');
  told.open();
  assert.equal((await slow.answer()).text, 'slow');
  assert.equal(await h2.closed(), 'NO_ERROR');
  const answer = await h1.answer();
  assert.deepEqual([answer.text, answer.get('connection')], ['slow', 'close']);
  assert.equal(await h1.rest(), '');
  await refused(first, showing('web'));
  assert.equal((await again.get('/')).status, 200);
  assert.equal(again.goaway, undefined);
});

test('weir check names what is wrong with the rules, and where', async () => {
  authority.sign('ending', [], { authority: true, ends: 5 });
  authority.sign('ended', [], { authority: true, begins: -9, ends: -1 });
  const check = (rules) => withFile(`${config(rules).trim()}\nupstreams: { api: { servers: "http://127.0.0.1:1" } }\n`, (path) => weirCall(['check', '-c', path]));
  const rows = [
    [ca(), 0, /^$/],
    ['ca_file: ""', 1, /:1:\d+: nobody would be verified/],
    ['verify: optional', 1, /ca_file/],
    ['ca_file: none.crt', 1, /:1:\d+: can't read \S*none\.crt: No such file/],
    [`ca_file: "${file('server.key')}"`, 1, /there is no certificate in/],
    [`ca_file: "${file('ending.crt')}"`, 0, /warning: the CA CN=ending in \S+ expires on/],
    [`ca_file: "${file('ended.crt')}"`, 1, /:1:\d+: the CA CN=ended in \S+ expired on/],
    [`${ca()}, names: [ ]`, 1, /no name is allowed/],
    [`${ca()}, names: [ "spiffe://mesh/*/a" ]`, 1, /is not a name of clients/],
    [`${ca()}, names: [ "*" ]`, 1, /is not a name of clients/],
    [`${ca()}, depth: 12`, 1, /12/],
    [`${ca()}, verify: maybe`, 1, /required/],
  ];
  for (const [rules, code, words] of rows) {
    const result = await check(rules);
    assert.equal(result.code, code, `${rules}: ${result.err}`);
    assert.match(result.err, words);
  }
});
