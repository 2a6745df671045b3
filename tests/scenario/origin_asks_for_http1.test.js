// HTTP_1_1_REQUIRED (RFC 9113 §7): a server that chose HTTP/2 and then wants to be asked in HTTP/1.1 gets what it wants, whatever
// the method, where nothing is lost by asking again.
import assert from 'node:assert/strict';
import http2 from 'node:http2';
import { after, test } from 'node:test';
import { fetch } from '../support/client.js';
import { Authority } from '../support/origin_certificates.js';
import { scenario } from '../support/scenario.js';
import { Weir } from '../support/weir.js';

const ours = new Authority('ours');
after(() => ours.end());
const good = ours.sign();
const kRequired = 0xd;

const config = (protocol, ...urls) => `
upstreams:
  api: { servers: [ ${urls.map((url) => JSON.stringify(url)).join(', ')} ], protocol: ${protocol}, tls: { ca_file: "${ours.file}" } }
routes: [ { name: all, match: /, cache: off } ]
`;

// A server that speaks both; /open is answered in HTTP/2, too. `seen`: the versions of the requests it got.
async function both() {
  const seen = [];
  const sessions = new Set();
  const server = http2.createSecureServer({ ...good, allowHTTP1: true }, (request, response) => {
    seen.push(request.httpVersion);
    let size = 0;
    request.on('data', (piece) => (size += piece.length)).on('end', () => {
      if (request.httpVersion === '2.0' && request.url !== '/open') return request.stream.close(kRequired);
      return response.end(`${request.method} ${size}`);
    });
  });
  server.on('session', (session) => sessions.add(session));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const end = () => {
    for (const session of sessions) session.destroy();
    server.close();
  };
  return { seen, sessions, end, url: `https://127.0.0.1:${server.address().port}` };
}

async function play(protocol, count, what) {
  const servers = await Promise.all(Array.from({ length: count }, both));
  const weir = await Weir.start(config(protocol, ...servers.map(({ url }) => url)));
  await what({ servers, weir, send: (...request) => fetch(weir, ...request) });
  await weir.stop();
  for (const server of servers) server.end();
}

test('auto: the request is asked again in HTTP/1.1, a write too, and later ones are at once', () => play('auto', 1, async ({ servers, weir, send }) => {
  const [{ seen, sessions }] = servers;
  assert.equal((await send('GET /open')).text, 'GET 0');
  assert.equal((await send('POST /page', {}, 'order')).text, 'POST 5');
  assert.deepEqual(seen, ['2.0', '2.0', '1.1']);
  for (const line of ['GET /page', 'GET /open', 'POST /page']) assert.equal((await send(line, {}, 'x')).status, 200);
  assert.deepEqual(seen.slice(3), ['1.1', '1.1', '1.1']);
  assert.ok([...sessions].every((session) => session.closed || session.destroyed), 'the connection of HTTP/2 is not kept');
  assert.equal((await weir.admin('GET /admin/upstreams')).json.api.servers[0].protocol, 'h1');
}));

test('auto: of several servers it is that one which is asked again', () => play('auto', 3, async ({ servers, send }) => {
  for (let i = 0; i < 6; i += 1) assert.equal((await send('POST /page', {}, 'order')).text, 'POST 5');
  for (const { seen } of servers) assert.deepEqual(seen, ['2.0', '1.1', '1.1']);
}));

test('auto: many at once', () => play('auto', 1, async ({ send }) => {
  const answers = await Promise.all(Array.from({ length: 30 }, () => send('POST /page', {}, 'order')));
  assert.deepEqual(answers.map(({ text }) => text), Array(30).fill('POST 5'));
}));

test('auto: what of a large body was sent is lost: a 502, and the next one goes by HTTP/1.1', () => play('auto', 1, async ({ servers, send }) => {
  const large = Buffer.alloc(60_000, 'x');
  const answer = await send('POST /page', {}, large);
  assert.equal(answer.status, 502);
  assert.match(JSON.parse(answer.text).detail, /asks for HTTP\/1\.1/);
  assert.equal((await send('POST /page', {}, large)).text, 'POST 60000');
  assert.deepEqual(servers[0].seen, ['2.0', '1.1']);
}));

test('h2: a 502 that says what the server asks for', () => play('h2', 1, async ({ servers, send }) => {
  const answer = await send('GET /page');
  assert.equal(answer.status, 502);
  assert.match(JSON.parse(answer.text).detail, /asks for HTTP\/1\.1: HTTP_1_1_REQUIRED/);
  assert.equal((await send('GET /open')).text, 'GET 0');
  assert.deepEqual(servers[0].seen, ['2.0', '2.0']);
}));

scenario('auto: a server that does not speak HTTP/1.1 either goes on in HTTP/2', (origin) => config('auto', origin.url), async ({ origin, get }) => {
  origin.on('/page', (request, reply) => void reply.reset('HTTP_1_1_REQUIRED')).on('/open', { body: 'fine' });
  const answer = await get('/page');
  assert.equal(answer.status, 502);
  assert.match(JSON.parse(answer.text).detail, /does not offer HTTP\/1\.1/);
  assert.equal((await get('/open')).text, 'fine');
}, { origins: [{ h2: true, tls: good }] });
