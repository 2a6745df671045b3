// OCSP stapling: what a CA says of a certificate goes with it to clients that ask, while it is good and no longer; a file that somebody else
// keeps fresh is noticed without a reload.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, test } from 'node:test';
import tls from 'node:tls';
import { command, succeed } from '../support/commands.js';
import { Authority } from '../support/certificates.js';
import { eventually, within } from '../support/patience.js';
import { scenario } from '../support/scenario.js';
import { fetchTls } from '../support/tls.js';
import { weirCall, withFile } from '../support/weir.js';

let authority;
before(() => {
  authority = new Authority();
  for (const name of ['one', 'two']) {
    const { certificate } = authority.sign(name, [`${name}.test`]);
    fs.appendFileSync(certificate, authority.pem);   // with it, who signed it
  }
});
after(() => authority?.remove());

const kDay = 86400;
// A folder of its own in which each scenario may replace what is said.
const file = (name) => `${authority.folder}/${name}`;
const entry = (name, ocsp) => `{ certificate: "${file(`${name}.crt`)}", key: "${file(`${name}.key`)}", ocsp: "${file(ocsp)}" }`;
const config = (...certificates) => `
listen: [ { address: "127.0.0.1:0", tls: { certificates: [ ${certificates.join(', ')} ] } } ]
routes: [ { name: all, match: /, cache: origin } ]
`;
// A response about `name`, under a name of its own.
function vouch(name, as, days = 7) {
  fs.copyFileSync(authority.vouch(name, days), file(`${as}.new`));
  fs.renameSync(file(`${as}.new`), file(as));
  return fs.readFileSync(file(as));
}

// What is stapled for that name: bytes, or null.
function stapled(weir, servername, options = {}) {
  return within(new Promise((resolve, reject) => {
    let response = null;
    const socket = tls.connect({ host: '127.0.0.1', port: weir.port, ca: authority.pem, servername, requestOCSP: true, ...options });
    socket.on('OCSPResponse', (bytes) => (response = bytes?.length ? bytes : null));
    socket.on('secureConnect', () => {
      resolve(response);
      socket.destroy();
    }).on('error', reject);
  }), `a handshake with ${servername}`);
}

scenario('each certificate comes with its own response, by TLS 1.2 and 1.3, and openssl finds it good', () => {
  vouch('one', 'own.1');
  vouch('two', 'own.2');
  return config(entry('one', 'own.1'), entry('two', 'own.2'));
}, async ({ weir, origin }) => {
  origin.otherwise(() => ({ body: 'page' }));
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3']) {
    assert.deepEqual(await stapled(weir, 'one.test', { maxVersion }), fs.readFileSync(file('own.1')));
    assert.deepEqual(await stapled(weir, 'two.test', { maxVersion }), fs.readFileSync(file('own.2')));
    assert.equal(await stapled(weir, 'one.test', { maxVersion, requestOCSP: false }), null);
  }
  assert.equal((await fetchTls(weir, 'GET /', { ca: authority.pem, servername: 'two.test', requestOCSP: true })).text, 'page');
  for (const version of ['-tls1_2', '-tls1_3']) {
    const { out } = await command('openssl', ['s_client', '-connect', `127.0.0.1:${weir.port}`, '-servername', 'two.test', '-status', '-CAfile', authority.file, version]);
    assert.match(out, /OCSP Response Status: successful/);
    assert.match(out, /Cert Status: good/);
    assert.match(out, /Verification: OK|Verify return code: 0/);
  }
  // curl refuses a response that it can't verify.
  const { out } = await succeed('curl', ['-sS', '--cert-status', '--cacert', authority.file, '--connect-to', `two.test::127.0.0.1:${weir.port}`, 'https://two.test/']);
  assert.equal(out, 'page');
});

scenario('what ends is no longer stapled, without a reload, and metrics say when', () => {
  vouch('one', 'ending', 7);
  return config(entry('one', 'ending'));
}, async ({ weir }) => {
  const left = () => weir.metric('weir_ocsp_expiry_seconds', { certificate: file('one.crt') });
  assert.notEqual(await stapled(weir, 'one.test'), null);
  const before = await left();
  assert.ok(before > 6 * kDay && before <= 7 * kDay, `${before}`);
  weir.clock.turn(7 * kDay - 3600);
  assert.notEqual(await stapled(weir, 'one.test'), null);
  weir.clock.turn(3600);
  assert.equal(await stapled(weir, 'one.test'), null);
  assert.ok(await left() <= 0);
  const { json } = await weir.admin('GET /health/performance');
  assert.ok(json.certificates.files[0].ocsp_expires_in_seconds <= 0);
});

scenario('a file that is replaced is noticed; one that is of no use takes nothing away, one that says revoked does', () => {
  vouch('one', 'watched', 3);
  authority.sign('gone', ['gone.test']);
  fs.appendFileSync(file('gone.crt'), authority.pem);
  vouch('gone', 'gone.ocsp');
  return config(entry('one', 'watched'), entry('gone', 'gone.ocsp'));
}, async ({ weir }) => {
  const next = vouch('one', 'watched', 6);
  await eventually(async () => next.equals(await stapled(weir, 'one.test')), 'the new response is stapled');
  await weir.said(/watched.*a new OCSP response, good until/);
  fs.writeFileSync(file('watched'), 'garbage');
  await weir.said(/watched is none/);
  assert.deepEqual(await stapled(weir, 'one.test'), next);
  assert.notEqual(await stapled(weir, 'gone.test'), null);
  authority.revoke('gone');
  vouch('gone', 'gone.ocsp');
  await eventually(async () => (await stapled(weir, 'gone.test')) === null, 'nothing is stapled');
  await weir.said(/gone\.ocsp says that the certificate is revoked/);
  assert.equal(await weir.metric('weir_ocsp_expiry_seconds', { certificate: file('gone.crt') }), 0);
});

scenario('a reload with a bad response changes nothing, and a start goes on without it', () => {
  fs.writeFileSync(file('broken'), 'garbage');
  return config(entry('one', 'broken'));
}, async ({ weir }) => {
  assert.equal(await stapled(weir, 'one.test'), null);
  await weir.said(/broken is none/);
  const refused = await weir.admin('POST /admin/reload');
  assert.ok(refused.status >= 400, `${refused.status}`);
  assert.match(refused.text, /broken is none/);
  vouch('one', 'good');
  weir.write(config(entry('one', 'good')));
  assert.equal((await weir.admin('POST /admin/reload')).status, 200);
  assert.notEqual(await stapled(weir, 'one.test'), null);
});

test('weir check names what is wrong with a response, and where', async () => {
  const checkText = (text) => withFile(`${text.trim()}\nupstreams: { api: { servers: "http://127.0.0.1:1" } }\n`, (path) => weirCall(['check', '-c', path]));
  const check = (ocsp, bytes) => {
    if (bytes !== undefined) fs.writeFileSync(file(ocsp), bytes);
    return checkText(config(entry('one', ocsp)));
  };
  vouch('one', 'fine');
  assert.deepEqual([(await check('fine')).code, (await check('fine')).err], [0, '']);
  const rows = [
    ['garbage', 'garbage', /weir\.yaml:1:\d+: the OCSP response \S+ is none/],
    ['other', vouch('two', 'other'), /is about another certificate/],
    ['absent', undefined, /can't be read: No such file/],
  ];
  for (const [name, bytes, words] of rows) {
    const { code, err } = await check(name, bytes);
    assert.equal(code, 1, name);
    assert.match(err, words);
    assert.doesNotMatch(err, /warning/);
  }
  vouch('one', 'soon', 0.5);
  const { code, err } = await check('soon');
  assert.equal(code, 0);
  assert.match(err, /warning: .*expires within a day/);
  const half = await checkText(`listen: [ { address: "127.0.0.1:0", tls: { ocsp: "a", certificates: [ ${entry('one', 'fine')} ] } } ]`);
  assert.match(half.err, /an OCSP response without its certificate/);
});
