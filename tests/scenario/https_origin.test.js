// https:// servers: known by certificate, name and authority before anything is sent to them; sessions resumed; what goes wrong is
// a 502 that says why.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Authority } from '../support/origin_certificates.js';
import { fetch } from '../support/client.js';
import { Origin, numbered } from '../support/origin.js';
import { eventually, gate } from '../support/patience.js';
import { scenario } from '../support/scenario.js';
import { Weir, weirCall, withFile } from '../support/weir.js';

const ours = new Authority('ours');
const other = new Authority('other');
after(() => [ours, other].forEach((authority) => authority.end()));
const good = ours.sign();
const named = ours.sign('DNS:api.internal');
const subject = ours.sign('IP:127.0.0.9');

const kNoStore = { 'Cache-Control': 'no-store' };
const upstream = (tls, more = '') => (...origins) => `
upstreams:
  api:
    servers: [ ${origins.map(({ url }) => JSON.stringify(url)).join(', ')} ]
    ${tls ? `tls: ${tls}` : ''}
    timeouts: { connect: 10s }
${more}`;
const trusted = `{ ca_file: "${ours.file}" }`;
const secured = (secret, more = {}) => ({ origins: [{ tls: { ...secret, ...more } }] });
const server = async (weir) => (await weir.admin('GET /admin/upstreams')).json.api.servers[0];

scenario('an answer comes through, body and all, and is kept', upstream(trusted), async ({ origin, get }) => {
  origin.on('/page', { headers: { 'Cache-Control': 'max-age=60' }, body: 'x'.repeat(1_000_000) });
  assert.equal((await get('/page')).text.length, 1_000_000);
  assert.match((await get('/page')).get('cache-status'), /hit/);
  assert.equal(origin.count('/page'), 1);
}, secured(good));

scenario('an upload goes there, and one connection serves many', upstream(trusted), async ({ origin, send }) => {
  origin.on('/page', (request) => ({ headers: kNoStore, body: `${request.body.length}` }));
  for (let i = 0; i < 5; i += 1) assert.equal((await send('POST /page', {}, Buffer.alloc(700_000, 'y'))).text, '700000');
  assert.equal(origin.connections.length, 1);
}, secured(good));

scenario('the client\'s Host goes on, the certificate is for the server', upstream(trusted), async ({ origin, get }) => {
  origin.on('/page', { headers: kNoStore });
  await get('/page', { Host: 'shop.example' });
  assert.equal(origin.last('/page').get('host'), 'shop.example');
  assert.equal(origin.connections[0].socket.servername, false, 'an address is no name');
}, secured(good));

scenario('server_name is what is asked for, and who must answer', upstream(`{ ca_file: "${ours.file}", server_name: api.internal }`), async ({ origin, get }) => {
  origin.on('/page', { headers: kNoStore });
  assert.equal((await get('/page')).status, 200);
  assert.equal(origin.connections[0].socket.servername, 'api.internal');
}, secured(named));

for (const version of ['TLSv1.2', 'TLSv1.3']) {
  scenario(`${version}: a later connection goes on from an earlier session`, upstream(trusted), async ({ origin, get, weir }) => {
    const resumed = [];
    origin.on('/page', (request) => {
      resumed.push(request.connection.socket.isSessionReused());
      return { headers: { ...kNoStore, Connection: 'close' }, body: 'x' };
    });
    for (let i = 0; i < 5; i += 1) assert.equal((await get('/page')).status, 200);
    assert.deepEqual(resumed, [false, true, true, true, true]);
    const { tls } = await server(weir);
    assert.deepEqual(tls, { verified: true, server_name: '127.0.0.1', handshakes: 5, resumed: 4 });
    assert.equal(await weir.metric('weir_upstream_tls_resumed_total'), 4);
  }, secured(good, { minVersion: version, maxVersion: version }));
}

scenario('an idle connection that the server closes, with a goodbye or without, is not used', upstream(trusted), async ({ origin, get, send }) => {
  origin.on('/page', numbered(kNoStore));
  for (const end of ['end', 'destroy']) {
    await get('/page');
    const { socket, gone } = Object.assign(origin.connections.at(-1), { over: true });
    socket[end]();
    await gone.opened;
    const answer = await send('POST /page', {}, 'order');
    assert.equal(answer.status, 200, answer.text);
  }
  assert.equal(origin.connections.length, 3);
}, secured(good));

scenario('a body until the connection ends is whole only with a goodbye', upstream(trusted), async ({ origin, get }) => {
  const below = [];
  origin.server.on('connection', (socket) => below.push(socket));
  const finish = { whole: (socket) => socket.end(), cut: () => below.at(-1).destroy() };
  for (const [how, end] of Object.entries(finish)) {
    origin.on(`/${how}`, (request, reply) => {
      reply.connection.over = true;
      reply.raw('HTTP/1.1 200 Fine\r\nCache-Control: no-store\r\n\r\nhello');
      reply.connection.socket.write('!', () => end(reply.connection.socket));
    });
  }
  const whole = await get('/whole');
  assert.ok(whole.whole && whole.text === 'hello!');
  assert.equal((await get('/cut')).whole, false);
}, secured(good));

// What is wrong with the server, the upstream's tls, and what the client is told.
const refused = [
  ['signed by somebody else', other.sign(), trusted, /certificate/],
  ['for another name', named, trusted, /mismatch/],
  ['for another name than server_name', good, `{ ca_file: "${ours.file}", server_name: api.internal }`, /mismatch/],
  ['for a name in its subject alone', subject, `{ ca_file: "${ours.file}", server_name: ${path.basename(subject.certFile, '.crt')} }`, /mismatch/],
  ['not signed by whom the system trusts', good, '', /certificate/],
  ['expired', ours.sign('IP:127.0.0.1', 0), trusted, /certificate/],
];
for (const [what, secret, tls, why] of refused) {
  scenario(`a certificate ${what} is a 502, and nothing is sent`, upstream(tls), async ({ origin, get, weir }) => {
    origin.otherwise({ body: 'secret' });
    const answer = await get('/page');
    assert.equal(answer.status, 502);
    assert.match(JSON.parse(answer.text).detail, why);
    assert.equal(origin.requests.length, 0);
    assert.equal((await server(weir)).status, 'failing');
  }, secured(secret));
}

scenario('a server without TLS is a 502 that says so', (origin) => upstream(trusted)({ url: origin.url.replace('http', 'https') }), async ({ get }) => {
  const answer = await get('/page');
  assert.equal(answer.status, 502);
  assert.match(JSON.parse(answer.text).detail, /TLS/);
}, { origins: [{}] });

test('a server that never answers the handshake: the connect timeout', async () => {
  const silent = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => silent.once('listening', resolve));
  const weir = await Weir.start(`
upstreams:
  api: { servers: [ "https://127.0.0.1:${silent.address().port}" ], timeouts: { connect: 200ms } }
`);
  const answer = await fetch(weir, 'GET /page');
  assert.equal(answer.status, 502);
  assert.match(JSON.parse(answer.text).detail, /no TLS in time/);
  silent.close();
  await weir.stop();
});

scenario('where one server has a bad certificate, another one answers', upstream(trusted), async ({ origins, get, send }) => {
  for (const one of origins) one.otherwise(() => ({ headers: kNoStore, body: 'fine' }));
  for (let i = 0; i < 4; i += 1) assert.equal((await get(`/${i}`)).text, 'fine');
  for (let i = 0; i < 4; i += 1) assert.equal((await send('POST /order', {}, 'one')).text, 'fine', 'nothing of it was sent before');
  assert.equal(origins[0].requests.length, 8);
}, { origins: [{ tls: good }, { tls: other.sign() }] });

scenario('verify: false takes anybody, and says so everywhere', upstream('{ verify: false }'), async ({ origin, get, weir }) => {
  origin.on('/page', { headers: kNoStore, body: 'fine' });
  assert.equal((await get('/page')).text, 'fine');
  assert.ok(weir.lines.some((line) => /^weir: upstream api: https:\S+ may be anybody/.test(line)), weir.output);
  assert.equal(await weir.metric('weir_upstream_unverified'), 1);
  assert.equal((await server(weir)).tls.verified, false);
  const checked = await weirCall(['check', '-c', weir.file]);
  assert.equal(checked.code, 0);
  assert.match(checked.err, /:\d+:\d+: warning: anybody can pass for a server of upstream "api"/);
  const explained = await weirCall(['explain', '-c', weir.file, 'GET /page']);
  assert.match(explained.out, /server's certificate +any: it may be anybody/);
}, secured(other.sign()));

scenario('weir shows its own certificate to who asks', upstream(`{ ca_file: "${ours.file}", certificate: "${named.certFile}", key: "${named.keyFile}" }`), async ({ origin, get }) => {
  origin.on('/page', { headers: kNoStore });
  assert.equal((await get('/page')).status, 200);
  assert.equal(origin.connections[0].socket.getPeerCertificate().subjectaltname, 'DNS:api.internal');
}, secured(good, { requestCert: true, ca: fs.readFileSync(ours.file) }));

scenario('a reload reads the files again: what it then trusts counts, a bad one leaves all as it is', upstream('{ ca_file: "trusted.pem" }'.replace('trusted.pem', path.join(ours.folder, 'trusted.pem'))), async ({ origin, get, weir }) => {
  const file = path.join(ours.folder, 'trusted.pem');
  origin.on('/page', { headers: kNoStore });
  assert.equal((await get('/page')).status, 200);
  fs.writeFileSync(file, 'nothing of use');
  const bad = await weir.admin('POST /admin/reload');
  assert.notEqual(bad.status, 200);
  assert.match(bad.text, /:\d+:\d+: there is no certificate in /);
  assert.equal((await get('/page')).status, 200);
  fs.copyFileSync(ours.file, file);
  assert.equal((await weir.admin('POST /admin/reload')).status, 200);
  assert.equal((await get('/page')).status, 200);
  assert.equal(origin.connections.length, 1, 'the same content: the connection lives on');
  fs.copyFileSync(other.file, file);
  assert.equal((await weir.admin('POST /admin/reload')).status, 200);
  assert.equal((await get('/page')).status, 502);
}, secured(good));
before(() => fs.copyFileSync(ours.file, path.join(ours.folder, 'trusted.pem')));

// What `weir check` says of a file with this upstream.
const wrong = [
  ['tls: { ca_file: "/nowhere/ca.pem" }', 'https://h', /can't read \/nowhere\/ca\.pem: No such file or directory/],
  [`tls: { certificate: "${good.certFile}" }`, 'https://h', /a certificate and its key go together/],
  [`tls: { certificate: "${good.certFile}", key: "${named.keyFile}" }`, 'https://h', /the key \S+ does not belong to the certificate/],
  ['tls: { ca_file: x }', 'http://h', /no server of upstream "api" speaks TLS/],
  ['tls: { server_name: "a/b" }', 'https://h', /server's name/],
  ['', 'unix:run/api.sock', /unix:\/run\/api.sock/],
  ['', 'ftp://h', /https:\/\/HOST:PORT/],
];
for (const [tls, url, why] of wrong) {
  test(`an error with its place: ${url} ${tls.replaceAll(ours.folder, '')}`, () =>
    withFile(`upstreams:\n  api:\n    servers: [ "${url}" ]\n    ${tls}\n`, async (file) => {
      const { code, err } = await weirCall(['check', '-c', file]);
      assert.equal(code, 1, err);
      assert.match(err, why);
      assert.match(err, /:[34]:\d+: /);
    }));
}

test('weir run --origin https://…: as the system trusts', async () => {
  const origin = await Origin.start({ tls: good });
  origin.otherwise({ headers: kNoStore, body: 'fine' });
  const args = ['run', '--origin', origin.url, '--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0'];
  const known = await Weir.start('', { args, env: { SSL_CERT_FILE: ours.file } });
  assert.equal((await fetch(known, 'GET /page')).text, 'fine');
  await known.stop();
  const unknown = await Weir.start('', { args });
  assert.equal((await fetch(unknown, 'GET /page')).status, 502);
  await unknown.stop();
  await origin.close();
});

scenario('a client that leaves while the handshake is under way leaves nothing behind', upstream(trusted, 'workers: 1'), async ({ origin, connect, get, weir }) => {
  origin.otherwise({ headers: kNoStore, body: 'fine' });
  const seen = gate();
  origin.server.on('connection', () => seen.open());
  const client = await connect();
  client.request('GET /own');
  await seen.opened;
  client.reset();
  assert.equal((await get('/page')).status, 200);
  await eventually(async () => (await server(weir)).busy === 0, 'its slot is free');
}, secured(good));
