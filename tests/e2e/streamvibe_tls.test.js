// StreamVibe over TLS, through conf/streamvibe.yaml as `./dev up --tls` and production have it: other people's clients, by HTTP/2 and HTTP/1.1,
// and what stays open. Without the certificate in the environment the same file has no such listener (streamvibe.test.js).
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import WebSocket from '../../bench/streamvibe/node_modules/ws/wrapper.mjs';
import { browse, command, folderOf, selfSigned, succeed } from '../support/commands.js';
import { gate, kPatience, within } from '../support/patience.js';
import { StreamVibe } from '../support/streamvibe.js';
import { Weir } from '../support/weir.js';

const kFile = fileURLToPath(new URL('../../conf/streamvibe.yaml', import.meta.url));
let signed, streamvibe, base, port, expected;
const secured = () => ({ WEIR_TLS_LISTEN: '127.0.0.1:0', WEIR_TLS_CERTIFICATE: signed.certificate, WEIR_TLS_KEY: signed.key, WEIR_TLS_OCSP: '' });
before(async () => {
  signed = await selfSigned();
  streamvibe = await StreamVibe.start(secured());
  port = Number(streamvibe.secure.split(':').at(-1));
  base = `https://localhost:${port}`;
  expected = await (await fetch(`${streamvibe.api}/api/videos/42`)).text();
}, { timeout: 120_000 });
after(async () => {
  await streamvibe?.stop();
  signed?.remove();
}, { timeout: 60_000 });

const long = { timeout: 6 * kPatience };

for (const [options, version] of [[['--http2'], '2'], [['--http1.1'], '1.1'], [['--http1.1', '--tls-max', '1.2'], '1.1']]) {
  test(`curl ${options.join(' ')}`, long, async () => {
    const { out } = await succeed('curl', ['-sS', '--cacert', signed.certificate, ...options, '-w', '\n%{http_version} %{http_code}', `${base}/api/videos/42`]);
    assert.equal(out, `${expected}\n${version} 200`);
  });
}

test('curl by HTTP/2 with prior knowledge, on the port without TLS', long, async () => {
  const { out } = await succeed('curl', ['-sS', '--http2-prior-knowledge', '-w', '\n%{http_version}', `${streamvibe.base}/api/videos/42`]);
  assert.equal(out, `${expected}\n2`);
});

test('nghttp and h2load', long, async () => {
  const { out } = await succeed('nghttp', ['-v', '-n', '-y', `${base}/api/videos/42`, `${base}/api/videos/trending`]);
  assert.match(out, /The negotiated protocol: h2/);
  assert.equal(out.match(/:status: 200/g).length, 2);
  for (const h1 of [[], ['--h1']]) {
    const load = await succeed('h2load', ['-n', '500', '-c', '5', '-m', '10', ...h1, `${base}/api/videos/42`]);
    assert.match(load.out, /500 succeeded, 0 failed, 0 errored, 0 timeout/);
  }
});

test('openssl s_client: the certificate verifies, TLS 1.2 and 1.3', long, async () => {
  for (const version of ['-tls1_2', '-tls1_3']) {
    const { out } = await command('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, '-servername', 'localhost', '-CAfile', signed.certificate, '-ign_eof', version],
      { input: 'GET /api/videos/42 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' });
    assert.match(out, /Verify return code: 0|Verification: OK/);
    assert.match(out, /HTTP\/1\.1 200 /);
  }
});

// One request of Node's client; { status, headers, body, trailers }.
function ask(session, headers, body) {
  return within(new Promise((resolve, reject) => {
    const stream = session.request(headers);
    const answer = { body: '' };
    stream.on('response', (head) => Object.assign(answer, { status: head[':status'], headers: head }));
    stream.on('trailers', (trailers) => (answer.trailers = trailers));
    stream.on('data', (data) => (answer.body += data.toString('latin1')));
    stream.on('error', reject).on('close', () => resolve(answer));
    stream.end(body);
  }), headers[':path']);
}
const connect = (to) => http2.connect(`https://localhost:${to}`, { ca: signed.pem, lookup: (name, options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]) });

test("Node's http2: forty requests at once, and an answer that was kept without TLS", long, async () => {
  const session = connect(port);
  try {
    const all = await Promise.all(Array.from({ length: 40 }, () => ask(session, { ':path': '/api/videos/42' })));
    for (const answer of all) assert.equal(answer.body, expected);
    assert.match((await ask(session, { ':path': '/api/videos/42' })).headers['cache-status'], /hit/);
  } finally {
    session.destroy();
  }
});

test('a WebSocket over wss://', long, async () => {
  const socket = new WebSocket(`wss://localhost:${port}/live`, { ca: signed.pem });
  const heard = gate();
  socket.on('message', (data) => data.toString() === 'hello' && heard.open());
  await within(once(socket, 'open'), 'the WebSocket');
  socket.send('hello');
  await within(heard.opened, 'the echo');
  socket.close(1000);
  await within(once(socket, 'close'), 'the end');
});

test('Chromium: a page of the API, and a WebSocket', long, async () => {
  const ends = [];
  const folder = () => folderOf({ onEnd: (what) => ends.push(what) });
  const spki = (await succeed('sh', ['-c', 'openssl x509 -in "$1" -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64', 'sh',
    signed.certificate])).out.trim();
  const flags = [`--ignore-certificate-errors-spki-list=${spki}`];
  const told = gate();
  // A page that speaks with weir's WebSocket; StreamVibe itself has none.
  const page = http.createServer((request, response) => {
    if (request.url.startsWith('/report')) told.open(new URL(request.url, base).searchParams.get('said'));
    response.setHeader('Content-Type', 'text/html');
    response.end(`<!doctype html><script>
      const report = (said) => fetch('/report?said=' + encodeURIComponent(said));
      const socket = new WebSocket('wss://localhost:${port}/live');
      socket.onopen = () => socket.send('hello');
      socket.onmessage = ({ data }) => data === 'hello' && report(data);
      socket.onerror = () => report('the WebSocket failed');
    </script>`);
  }).listen(0, '127.0.0.1');
  await once(page, 'listening');
  try {
    const { out } = await command('chromium', ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run',
      `--user-data-dir=${folder()}/profile`, ...flags, '--dump-dom', `${base}/api/videos/42`]);
    assert.match(out, /"id":42/);
    assert.equal(await browse(`http://localhost:${page.address().port}/`, told.opened, { folder: folder(), flags }), 'hello');
  } finally {
    page.close();
    page.closeAllConnections();
    for (const end of ends) end();
  }
});

// StreamVibe has no gRPC; behind the same file stands an API that answers as gRPC does.
test('a call as gRPC makes it: message, answer, and the status in the trailers', long, async () => {
  const api = http.createServer((request, response) => {
    const parts = [];
    request.on('data', (data) => parts.push(data)).on('end', () => {
      response.writeHead(200, { 'Content-Type': 'application/grpc', Trailer: 'grpc-status, grpc-message' });
      response.write(Buffer.concat(parts));
      response.addTrailers({ 'grpc-status': '0', 'grpc-message': `${request.headers.te}` });
      response.end();
    });
  }).listen(0, '127.0.0.1');
  await once(api, 'listening');
  const origin = `http://127.0.0.1:${api.address().port}`;
  const weir = await Weir.start('', { args: ['run', '-c', path.resolve(kFile)], env: { ...secured(), STREAMVIBE_API: origin, STREAMVIBE_RECOMMENDATIONS: origin,
    WEIR_LISTEN: '127.0.0.1:0', WEIR_ADMIN_LISTEN: '127.0.0.1:0', WEIR_ADMIN_TOKEN: '', WEIR_ACCESS_LOG: 'off', REDIS_URL: '', DATABASE_URL: '' } });
  const session = connect(weir.ports[1]);
  try {
    const message = Buffer.concat([Buffer.from([0, 0, 0, 0, 5]), Buffer.from('hello')]);
    const answer = await ask(session, { ':method': 'POST', ':path': '/api/echo.Echo/Once', 'content-type': 'application/grpc', te: 'trailers' }, message);
    assert.equal(answer.status, 200);
    assert.equal(answer.body, message.toString('latin1'));
    assert.equal(answer.trailers['grpc-status'], '0');
    assert.equal(answer.trailers['grpc-message'], 'trailers');
  } finally {
    session.destroy();
    await weir.stop();
    api.close();
    api.closeAllConnections();
  }
});
