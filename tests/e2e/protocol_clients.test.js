// Clients that others wrote, without TLS: curl, nghttp, h2load and Node's http2, by HTTP/1.1 and by HTTP/2 with prior knowledge, on one port.
// The same over TLS is in protocol_clients_tls.test.js.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http2 from 'node:http2';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { command, folderOf, sha256, succeed } from '../support/commands.js';
import { gate, kPatience, within } from '../support/patience.js';
import { scenario } from '../support/scenario.js';

const kRoutes = `
cache: { memory: 256MiB, max_object: 16MiB }
defaults: { compress: { encodings: [ zstd, br, gzip ], min_size: 1KiB } }
routes:
  - { name: upload, match: POST /upload, request: { max_body: 64MiB } }
  - { name: off, match: /off/, cache: off }
  - { name: all, match: /, cache: origin }
`;
const kKept = { 'Cache-Control': 'max-age=600' };
const kText = 'a text that is worth its while to compress '.repeat(2000);
const kBig = Buffer.alloc(8 << 20, 'a big one ');

function serve({ origin }) {
  origin.on('/page', { headers: { ...kKept, ETag: '"one"', 'Content-Type': 'text/plain' }, body: kText });
  origin.on('/big', { headers: kKept, body: kBig }).on('/small', { headers: kKept, body: 'small' }).on('/own', { headers: { 'Cache-Control': 'no-store' }, body: 'own' });
  origin.on('/upload', (request) => ({ body: `${request.body.length} ${sha256(request.body)}` }));
  origin.on('/hints', (request, reply) => void reply.raw('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 Fine\r\nContent-Length: 5\r\n\r\nfinal'));
  origin.on('/trailers', (request, reply) => void reply.begin({ Trailer: 'X-Sum' }).chunk('body').end({ 'X-Sum': 'abc' }));
}
const url = ({ weir }, where) => `http://127.0.0.1:${weir.port}${where}`;

for (const [option, version] of [['--http1.1', '1.1'], ['--http2-prior-knowledge', '2'], ['--http2', '1.1']]) {
  scenario(`curl ${option}`, kRoutes, async (stage) => {
    serve(stage);
    const curl = async (where, ...more) => {
      const { bytes } = await succeed('curl', ['-sS', option, '-w', '\n%{http_version} %{http_code} %{num_connects}', ...more, ...[where].flat().map((one) => url(stage, one))]);
      const cut = bytes.lastIndexOf('\n');
      const [seen, status] = bytes.toString('latin1', cut + 1).split(' ');
      assert.equal(seen, version, `${where}`);
      return { status: Number(status), body: bytes.subarray(0, cut) };
    };
    for (let i = 0; i < 2; i += 1) {
      assert.equal((await curl('/page')).body.toString(), kText);
      assert.equal(gunzipSync((await curl('/page', '-H', 'Accept-Encoding: gzip')).body).toString(), kText);
      for (const coding of ['gzip', 'br', 'zstd']) assert.equal((await curl('/page', '--compressed', '-H', `Accept-Encoding: ${coding}`)).body.toString(), kText);
      assert.equal(sha256((await curl('/big')).body), sha256(kBig));
    }
    assert.equal((await curl('/page', '-r', '2-5')).body.toString(), kText.slice(2, 6));
    assert.equal((await curl('/page', '-H', 'If-None-Match: "one"')).status, 304);
    assert.equal((await curl('/page', '-I')).status, 200);
    assert.equal((await curl('/none')).status, 404);
    assert.equal((await curl('/hints')).body.toString(), 'final');
    assert.equal((await curl('/trailers')).body.toString(), 'body');
    const file = path.join(folderOf(stage), 'upload');
    fs.writeFileSync(file, kBig);
    const expected = `${kBig.length} ${sha256(kBig)}`;
    // The first waits for 100 Continue, the second doesn't know its length.
    assert.equal((await curl('/upload', '--data-binary', `@${file}`, '-H', 'Expect: 100-continue')).body.toString(), expected);
    assert.equal((await curl('/upload', '-T', file, '-X', 'POST', '-H', 'Transfer-Encoding: chunked')).body.toString(), expected);
    // curl 7.88 asks only once on a connection with prior knowledge, whoever answers. Over TLS it can.
    if (option === '--http2-prior-knowledge') return;
    const many = await curl(Array.from({ length: 20 }, () => '/small'), '-Z');
    assert.equal(many.body.toString().match(/small/g).length, 20);
  }, { timeout: 8 * kPatience });
}

scenario('nghttp: requests, uploads, priorities, trailers; weir says nothing that nghttp2 minds', kRoutes, async (stage) => {
  serve(stage);
  const file = path.join(folderOf(stage), 'upload');
  fs.writeFileSync(file, kBig.subarray(0, 1 << 20));
  const nghttp = async (...args) => {
    const { out, err } = await succeed('nghttp', ['-v', ...args]);
    assert.doesNotMatch(out + err, /\[ERROR\]|some requests were not processed|[A-Z]+_ERROR \(0x0[1-9a-f]\)/i);
    return out;
  };
  const page = await nghttp('-n', url(stage, '/page'), url(stage, '/small'), url(stage, '/big'));
  assert.equal(page.match(/:status: 200/g).length, 3);
  assert.match(page, /NO_RFC7540_PRIORITIES\(0x09\):1/);
  assert.match(page, /MAX_CONCURRENT_STREAMS\(0x03\):100/);
  assert.match(await nghttp('-n', '-p', '256', '-H', 'priority: u=0', url(stage, '/page')), /:status: 200/);
  assert.match(await nghttp('-n', '--no-rfc7540-pri', '--continuation', '-b', '100', url(stage, '/page')), /:status: 200/);
  assert.match(await nghttp('-d', file, url(stage, '/upload')), new RegExp(`${1 << 20} ${sha256(kBig.subarray(0, 1 << 20))}`));
  assert.match(await nghttp('-d', file, '--trailer', 'x-sum: abc', url(stage, '/upload')), /:status: 200/);
  assert.match(await nghttp('-n', url(stage, '/trailers')), /x-sum: abc/);
  assert.match(await nghttp('-n', url(stage, '/hints')), /:status: 103[^]*:status: 200/);
  assert.match(await nghttp('-n', '-w', '10', '-W', '12', url(stage, '/big')), /:status: 200/);
  assert.match(await nghttp('-n', '--header-table-size=0', '--encoder-header-table-size=0', url(stage, '/page'), url(stage, '/page')), /:status: 200/);
  assert.match(await nghttp('-n', '--expect-continue', '-d', file, url(stage, '/upload')), /:status: 100/);
}, { timeout: 8 * kPatience });

for (const [what, args] of [['HTTP/2', []], ['HTTP/1.1', ['--h1']]]) {
  scenario(`h2load by ${what}: hits, misses, uploads, big ones; none fails`, `workers: 2${kRoutes}`, async (stage) => {
    serve(stage);
    const file = path.join(folderOf(stage), 'upload');
    fs.writeFileSync(file, 'x'.repeat(5000));
    const load = async (n, ...more) => {
      const { out } = await succeed('h2load', ['-n', `${n}`, '-t', '1', ...args, ...more]);
      assert.match(out, new RegExp(`requests: ${n} total, ${n} started, ${n} done, ${n} succeeded, 0 failed, 0 errored, 0 timeout`), out);
      assert.match(out, new RegExp(`status codes: ${n} 2xx`));
    };
    await load(5000, '-c', '10', '-m', '32', url(stage, '/small'));
    await load(1000, '-c', '10', '-m', '10', url(stage, '/own'));
    await load(500, '-c', '5', '-m', '10', url(stage, '/page'), url(stage, '/small'), url(stage, '/own'));
    await load(40, '-c', '4', '-m', '10', '-w', '16', '-W', '16', url(stage, '/big'));
    await load(300, '-c', '3', '-m', '10', '-d', file, '-H', ':method: POST', url(stage, '/upload'));
  }, { timeout: 8 * kPatience });
}

// One request by Node's client: { status, headers, body, trailers, hints }.
function askNode(session, headers, body) {
  const stream = session.request(headers, { endStream: body === undefined });
  const answer = { hints: [] };
  const parts = [];
  stream.on('headers', (hint) => answer.hints.push(hint));
  stream.on('response', (given) => Object.assign(answer, { status: given[':status'], headers: given }));
  stream.on('trailers', (trailers) => (answer.trailers = trailers));
  stream.on('data', (data) => parts.push(data));
  if (body !== undefined) stream.end(body);
  return within(new Promise((resolve, reject) => {
    stream.on('error', reject).on('end', () => resolve({ ...answer, body: Buffer.concat(parts) }));
  }), `the answer to ${headers[':path']}`, 2 * kPatience);
}

const kPatient = (origin) => `
upstreams: { api: { servers: [ "${origin.url}" ], timeouts: { first_byte: 1h } } }
${kRoutes}`;
scenario("Node's http2: many at once, uploads, trailers, hints, PING, a reset", kPatient, async (stage) => {
  serve(stage);
  const { origin } = stage;
  origin.on('/off/never', () => gate().opened);
  const session = http2.connect(url(stage, ''));
  stage.onEnd(() => session.destroy());
  const failed = gate();
  session.on('error', failed.fail).on('goaway', (code) => code && failed.fail(new Error(`GOAWAY ${code}`)));
  const get = (where, more = {}) => Promise.race([askNode(session, { ':path': where, ...more }), failed.opened]);
  const answers = await Promise.all(Array.from({ length: 90 }, (_, i) => get(['/small', '/page', '/own'][i % 3])));
  for (const [i, { status, body }] of answers.entries()) {
    assert.equal(status, 200);
    assert.equal(body.toString(), ['small', kText, 'own'][i % 3]);
  }
  assert.equal(sha256((await get('/big')).body), sha256(kBig));
  const upload = await askNode(session, { ':path': '/upload', ':method': 'POST' }, kBig);
  assert.equal(upload.body.toString(), `${kBig.length} ${sha256(kBig)}`);
  assert.equal((await get('/trailers', { te: 'trailers' })).trailers['x-sum'], 'abc');
  assert.equal((await get('/hints')).hints[0].link, '</a>');
  assert.equal((await get('/page', { 'if-none-match': '"one"' })).status, 304);
  await within(new Promise((resolve, reject) => session.ping((error) => (error ? reject(error) : resolve()))), 'a PING');
  const never = session.request({ ':path': '/off/never' });
  const { connection } = await origin.reached('/off/never');
  never.close(http2.constants.NGHTTP2_CANCEL);
  await within(connection.gone.opened, "the end of the origin's connection");
  assert.equal((await get('/small')).status, 200);
}, { timeout: 8 * kPatience });

scenario('curl by both at once against a slow origin: one fetch', kRoutes, async (stage) => {
  const { origin } = stage;
  const told = gate();
  origin.on('/slow', async () => (await told.opened, { headers: kKept, body: 'slow' }));
  const all = ['--http1.1', '--http2-prior-knowledge'].flatMap((option) => Array.from({ length: 3 }, () => command('curl', ['-sS', option, url(stage, '/slow')])));
  await origin.reached('/slow');
  told.open();
  for (const { out } of await Promise.all(all)) assert.equal(out, 'slow');
  assert.equal(origin.count('/slow'), 1);
}, { timeout: 8 * kPatience });
