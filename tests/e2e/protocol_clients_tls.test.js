// Clients that others wrote, over TLS: curl, openssl s_client, nghttp, h2load, Node and Chromium agree with weir on HTTP/2 or HTTP/1.1 by ALPN,
// and get what they get without TLS; WebSocket passes by both. Calls of gRPC are in grpc.test.js.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import http2 from 'node:http2';
import path from 'node:path';
import { after, before } from 'node:test';
import tls from 'node:tls';
import { isHit } from '../support/cache_status.js';
import { Connection as H1Connection } from '../support/client.js';
import { browse, command, folderOf, selfSigned, sha256, succeed } from '../support/commands.js';
import { readHead } from '../support/wire.js';
import { gate, kPatience, within } from '../support/patience.js';
import { scenario } from '../support/scenario.js';

let signed;
before(async () => {
  signed = await selfSigned();
});
after(() => signed.remove());

const kLive = '  - { name: live, match: GET /live, cache: off, upgrade: [ websocket ] }\n';
const routes = (more = '') => `
listen:
  - { address: "127.0.0.1:0", tls: { certificate: ${signed.certificate}, key: ${signed.key} } }
cache: { memory: 256MiB, max_object: 16MiB }
defaults: { compress: { encodings: [ zstd, br, gzip ], min_size: 1KiB } }
routes:
${more}  - { name: upload, match: POST /upload, request: { max_body: 64MiB } }
  - { name: all, match: /, cache: origin }
`;
const kKept = { 'Cache-Control': 'max-age=600' };
const kText = 'a text that is worth its while to compress '.repeat(2000);
const kBig = Buffer.alloc(8 << 20, 'a big one ');

function serve({ origin }) {
  origin.on('/page', { headers: { ...kKept, ETag: '"one"', 'Content-Type': 'text/plain' }, body: kText });
  origin.on('/big', { headers: kKept, body: kBig }).on('/small', { headers: kKept, body: 'small' }).on('/own', { headers: { 'Cache-Control': 'no-store' }, body: 'own' });
  origin.on('/upload', (request) => ({ body: `${request.body.length} ${sha256(request.body)}` }));
  origin.on('/trailers', (request, reply) => void reply.begin({ Trailer: 'X-Sum' }).chunk('body').end({ 'X-Sum': 'abc' }));
}
const url = ({ weir }, where = '') => `https://127.0.0.1:${weir.port}${where}`;
const over = (title, play, more) => scenario(title, () => routes(more), play, { timeout: 8 * kPatience });

for (const [options, version] of [[['--http2'], '2'], [['--http1.1'], '1.1'], [['--http2', '--tls-max', '1.2'], '2'], [['--http1.1', '--tls-max', '1.2'], '1.1'],
  [['--http2', '--tlsv1.3'], '2'], [['--no-alpn', '--http2'], '1.1']]) {
  over(`curl ${options.join(' ')}: HTTP/${version}, and the certificate verifies`, async (stage) => {
    serve(stage);
    const curl = async (where, ...more) => {
      const { bytes } = await succeed('curl', ['-sS', '--cacert', signed.certificate, ...options, '-w', '\n%{http_version} %{http_code}', ...more, ...[where].flat().map((one) => url(stage, one))]);
      const cut = bytes.lastIndexOf('\n');
      const [seen, status] = bytes.toString('latin1', cut + 1).split(' ');
      assert.equal(seen, version, `${where}`);
      return { status: Number(status), body: bytes.subarray(0, cut) };
    };
    for (let i = 0; i < 2; i += 1) {
      assert.equal((await curl('/page', '--compressed')).body.toString(), kText);
      assert.equal(sha256((await curl('/big')).body), sha256(kBig));
    }
    assert.equal((await curl('/page', '-H', 'If-None-Match: "one"')).status, 304);
    const many = await curl(Array.from({ length: 20 }, () => '/small'), '-Z');
    assert.equal(many.body.toString().match(/small/g).length, 20);
    const file = path.join(folderOf(stage), 'upload');
    fs.writeFileSync(file, kBig);
    assert.equal((await curl('/upload', '--data-binary', `@${file}`)).body.toString(), `${kBig.length} ${sha256(kBig)}`);
  });
}

over('openssl s_client: what ALPN comes to', async (stage) => {
  serve(stage);
  const dial = (more, input = '') => command('openssl', ['s_client', '-connect', `127.0.0.1:${stage.weir.port}`, '-CAfile', signed.certificate,
    '-verify_return_error', '-ign_eof', ...more], { input });
  const get = 'GET /small HTTP/1.1\r\nHost: streamvibe.test\r\nConnection: close\r\n\r\n';
  for (const version of ['-tls1_2', '-tls1_3']) {
    const one = await dial(['-alpn', 'http/1.1', version], get);
    assert.match(one.out, /ALPN protocol: http\/1\.1[^]*HTTP\/1\.1 200 /);
    assert.match(one.out, /Verify return code: 0|Verification: OK/);
    const none = await dial([version], get);
    assert.match(none.out, /No ALPN negotiated[^]*HTTP\/1\.1 200 /);
    // HTTP/1.1 where HTTP/2 was agreed on: an end, and no answer.
    const two = await dial(['-alpn', 'h2,http/1.1', version], get);
    assert.match(two.out, /ALPN protocol: h2/);
    assert.doesNotMatch(two.out, /HTTP\/1\.1 200 /);
  }
  // RFC 7301 §3.2 asks for an alert; who goes on without ALPN speaks HTTP/1.1.
  const other = await dial(['-alpn', 'spdy/3'], get);
  assert.ok(/no application protocol/i.test(other.err + other.out) || /HTTP\/1\.1 200 /.test(other.out), other.err);
  for (const old of ['-tls1', '-tls1_1']) assert.notEqual((await dial([old, '-cipher', 'ALL:@SECLEVEL=0'], get)).code, 0, old);
});

over('the preface of HTTP/2 where HTTP/1.1 was agreed on is refused', async ({ origin, weir }) => {
  const socket = tls.connect({ host: '127.0.0.1', port: weir.port, ca: signed.pem, servername: 'localhost', ALPNProtocols: ['http/1.1'] });
  await within(new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject)), 'a connection');
  const client = new H1Connection(socket);
  client.send('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0');
  const rest = await client.rest();
  assert.ok(rest === '' || /^HTTP\/1\.1 (400|505) /.test(rest), rest);
  assert.equal(origin.requests.length, 0);
  client.close();
});

over('our own clients: the same copies by both, raw frames and all', async (stage) => {
  serve(stage);
  const secure = { ca: signed.pem, servername: 'localhost' };
  const h2 = await stage.h2({ secure });
  assert.equal(h2.socket.alpnProtocol, 'h2');
  assert.equal(isHit(await h2.get('/page')), false);
  assert.ok(isHit(await h2.get('/page')));
  assert.equal(sha256((await h2.get('/big')).body), sha256(kBig));
  assert.equal((await h2.request('POST /upload', { body: kBig }).answer()).text, `${kBig.length} ${sha256(kBig)}`);
  assert.equal((await h2.get('/trailers', { TE: 'trailers' })).trailers.get('x-sum'), 'abc');
  // One byte a record, and frames that lie across records.
  const stream = h2.request('POST /upload', { end: false });
  for (const byte of 'in small pieces') h2.data(stream.id, byte);
  h2.data(stream.id, '', { end: true });
  assert.match((await stream.answer()).text, /^15 /);
  h2.headers(h2.next(), Buffer.from([0x80]), { end: true });
  assert.equal(await h2.closed(), 'COMPRESSION_ERROR');
});

over('nghttp and h2load', async (stage) => {
  serve(stage);
  const { out, err } = await succeed('nghttp', ['-v', '-n', '-y', url(stage, '/page'), url(stage, '/small'), url(stage, '/big')]);
  assert.match(out, /The negotiated protocol: h2/);
  assert.equal(out.match(/:status: 200/g).length, 3);
  assert.doesNotMatch(out + err, /\[ERROR\]|[A-Z]+_ERROR \(0x0[1-9a-f]\)/);
  for (const [h1, n] of [[[], 3000], [['--h1'], 1000]]) {
    const load = await succeed('h2load', ['-n', `${n}`, '-c', '10', '-m', '20', ...h1, url(stage, '/small'), url(stage, '/own')]);
    assert.match(load.out, new RegExp(`${n} succeeded, 0 failed, 0 errored, 0 timeout`));
  }
});

over("Node's http2", async (stage) => {
  serve(stage);
  const session = http2.connect(url(stage), { ca: signed.pem, servername: 'localhost' });
  stage.onEnd(() => session.destroy());
  const ask = (where) => within(new Promise((resolve, reject) => {
    const parts = [];
    const stream = session.request({ ':path': where });
    stream.on('error', reject).on('data', (data) => parts.push(data)).on('end', () => resolve(Buffer.concat(parts)));
  }), where, 2 * kPatience);
  const bodies = await Promise.all(Array.from({ length: 60 }, (_, i) => ask(['/small', '/page', '/own'][i % 3])));
  for (const [i, body] of bodies.entries()) assert.equal(body.toString(), ['small', kText, 'own'][i % 3]);
  assert.equal(sha256(await ask('/big')), sha256(kBig));
  assert.equal(session.alpnProtocol, 'h2');
});

// --- WebSocket: frames as RFC 6455 has them, as far as a short text needs them ---
function unframed(data) {
  const length = data[1] & 127;
  const masked = data[1] & 128;
  const start = masked ? 6 : 2;
  const content = Buffer.from(data.subarray(start, start + length));
  if (masked) for (let i = 0; i < content.length; i += 1) content[i] ^= data[2 + (i % 4)];
  return { opcode: data[0] & 15, content, rest: data.subarray(start + length) };
}
const framed = (opcode, content) => Buffer.concat([Buffer.from([128 | opcode, content.length]), content]);

// Says everything back, in capitals; answers a close with a close.
async function parrot(request, reply) {
  const { connection } = reply;
  connection.over = true;
  const accept = createHash('sha1').update(`${request.get('sec-websocket-key')}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  reply.raw(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
  for (let piece; (piece = await connection.inbox.some(Infinity, 'a WebSocket frame')) !== null; ) {
    for (let rest = piece; rest.length >= 2; ) {
      const one = unframed(rest);
      rest = one.rest;
      if (one.opcode === 8) return reply.raw(framed(8, one.content));
      reply.raw(framed(1, Buffer.from(one.content.toString().toUpperCase())));
    }
  }
  return undefined;
}

over('WebSocket over TLS, by HTTP/1.1', async ({ origin, weir }) => {
  origin.on('/live', parrot);
  const socket = tls.connect({ host: '127.0.0.1', port: weir.port, ca: signed.pem, servername: 'localhost', ALPNProtocols: ['http/1.1'] });
  await within(new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject)), 'a connection');
  const client = new H1Connection(socket);
  client.send('GET /live HTTP/1.1\r\nHost: streamvibe.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
    'Sec-WebSocket-Key: c2l4dGVlbiBieXRlcyBvaw==\r\n\r\n');
  assert.match((await readHead(client.inbox)).start, /^HTTP\/1\.1 101 /);
  const masked = Buffer.from('hello');
  client.send(Buffer.concat([Buffer.from([129, 128 | masked.length, 0, 0, 0, 0]), masked]));
  assert.equal(unframed(await client.inbox.some()).content.toString(), 'HELLO');
  client.close();
}, kLive);

over('Chromium: pages by HTTP/2, from weir and from its own cache, and a WebSocket beside them', async (stage) => {
  serve(stage);
  const { origin, weir } = stage;
  const told = gate();
  origin.on('/live', parrot).on('/', { headers: { 'Content-Type': 'text/html', 'Cache-Control': 'no-store' }, body: `<!doctype html><script type="module">
    const report = (it) => fetch('/report', { method: 'POST', body: JSON.stringify(it) });
    const hex = (bytes) => [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    try {
      const seen = {};
      for (const path of ['/page', '/big', '/own', '/page']) {
        const answer = await fetch(path);
        seen[path] = { status: answer.status, hash: hex(await crypto.subtle.digest('SHA-256', await answer.arrayBuffer())) };
      }
      await Promise.all(Array.from({ length: 50 }, (_, i) => fetch('/own?' + i).then((answer) => answer.text())));
      const upload = await (await fetch('/upload', { method: 'POST', body: new Uint8Array(1 << 20) })).text();
      const protocols = [...new Set(performance.getEntriesByType('resource').map((entry) => entry.nextHopProtocol))];
      const live = await new Promise((resolve, reject) => {
        const socket = new WebSocket('wss://' + location.host + '/live');
        socket.onopen = () => socket.send('hello');
        socket.onmessage = (event) => { resolve(event.data); socket.close(); };
        socket.onerror = () => reject(new Error('the WebSocket failed'));
      });
      await report({ seen, upload, protocols, live });
    } catch (error) {
      await report({ error: String(error) });
    }
  </script>` });
  origin.on('/report', (request) => {
    told.open(JSON.parse(request.body.toString()));
    return { status: 204 };
  });
  const spki = (await succeed('sh', ['-c', 'openssl x509 -in "$1" -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64', 'sh',
    signed.certificate])).out.trim();
  const seen = await browse(`https://localhost:${weir.port}/`, told.opened, { folder: folderOf(stage), flags: [`--ignore-certificate-errors-spki-list=${spki}`] });
  assert.equal(seen.error, undefined);
  for (const [where, body] of [['/page', kText], ['/big', kBig], ['/own', 'own']]) assert.deepEqual(seen.seen[where], { status: 200, hash: sha256(body) }, where);
  assert.equal(seen.upload, `${1 << 20} ${sha256(Buffer.alloc(1 << 20))}`);
  assert.ok(seen.protocols.includes('h2') && !seen.protocols.includes('http/1.1'), `${seen.protocols}`);
  assert.equal(seen.live, 'HELLO');
}, kLive);
