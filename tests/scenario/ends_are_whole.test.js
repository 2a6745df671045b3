// How a connection ends takes nothing away: what TLS has encrypted and the kernel has not taken yet still leaves, whatever ends the
// connection, and a client that takes its time, but takes it, gets all of it.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { selfSigned } from '../support/commands.js';
import { kPatience } from '../support/patience.js';
import { scenario } from '../support/scenario.js';
import { connectTls } from '../support/tls.js';

let signed;
before(async () => {
  signed = await selfSigned();
});
after(() => signed.remove());

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const kRoutes = 'routes:\n  - { name: all, match: /, cache: off }\n';
const kUnhurried = 'client: { timeouts: { slow: 10m } }\n';   // they read nothing for as long as a busy machine takes to make them all
const inTls = () => `listen: [ { address: "127.0.0.1:0", tls: { certificate: ${signed.certificate}, key: ${signed.key} } } ]
${kUnhurried}${kRoutes}`;

const sized = (origin) => origin.otherwise((request) => ({ body: Buffer.alloc(Number(request.query), 'x') }));
const kKiB = 1024;
let count = 0;

// A client that asks for `size` bytes and reads nothing; `out`: whether weir has got rid of the answer all the same.
async function asks(stage, size, headers = {}) {
  const client = await connectTls(stage.weir, { ca: signed.pem });
  stage.onEnd(() => client.close());
  client.hold();
  const id = `sized-${(count += 1)}`;
  client.request(`GET /?${size}`, { 'X-Request-Id': id, ...headers });
  let out = false;
  for (let i = 0; i < 20 && !out; i += 1) {
    await pause(15);
    out = stage.weir.log.some((line) => line.request_id === id);
  }
  return { client, size, out };
}

// Answers about as large as what the kernel takes for a client that reads nothing: of some of them TLS holds the end.
// `made`: told of each at once.
async function fullClients(stage, headers, made = () => {}) {
  const fits = async (size) => {
    const { client, out } = await asks(stage, size, headers);
    client.close();
    return out;
  };
  let most = 512 * kKiB;
  for (const step of [1024 * kKiB, 128 * kKiB]) while (await fits(most + step)) most += step;
  const clients = [];
  for (let size = most - 64 * kKiB; size < most + 128 * kKiB; size += 12 * kKiB) {
    clients.push(await asks(stage, size, headers));
    made(clients.at(-1));
  }
  return clients;
}

async function allWhole(clients) {
  for (const { client } of clients) client.go_on();
  for (const { client, size, out } of clients) {
    const answer = await client.answer();
    assert.equal(answer?.body?.length, size, `of ${size} bytes (${out ? 'out' : 'not out'})`);
    assert.ok(answer.whole);
  }
}

scenario('SIGTERM', inTls, async (stage) => {
  sized(stage.origin);
  const clients = await fullClients(stage);
  stage.weir.signal('SIGTERM');
  await stage.weir.said(/draining/);
  await pause(100);
  await allWhole(clients);
  assert.equal((await stage.weir.ended()).code, 0);
}, { timeout: 8 * kPatience });

scenario('Connection: close, and a client that comes back after longer than weir lingers', inTls, async (stage) => {
  sized(stage.origin);
  const clients = await fullClients(stage, { Connection: 'close' });
  await pause(3000);
  await allWhole(clients);
}, { timeout: 8 * kPatience });

scenario('Connection: close, and a client that has ended its side', inTls, async (stage) => {
  sized(stage.origin);
  // While weir lingers: what it hears of a client later than that is answered by a reset.
  const clients = await fullClients(stage, { Connection: 'close' }, ({ client, out }) => out && client.finish());
  await pause(100);
  await allWhole(clients.filter(({ out }) => out));
}, { timeout: 8 * kPatience });

const kSteady = `client: { timeouts: { slow: 2s }, min_rate: 1KiB }\n${kRoutes}`;
for (const protocol of ['HTTP/1.1', 'HTTP/2']) {
  scenario(`${protocol}: who reads faster than min_rate is not slow, however much the kernel holds for it`, kSteady, async (stage) => {
    const size = 16 << 20;
    stage.origin.on('/big', { headers: { 'Cache-Control': 'no-store' }, body: Buffer.alloc(size, 'x') });
    const client = protocol === 'HTTP/2' ? await stage.h2({ settings: { INITIAL_WINDOW_SIZE: 2 ** 31 - 1 } }) : await stage.connect();
    if (protocol === 'HTTP/2') client.grant(0, 2 ** 30);
    const { socket } = client;
    const answer = protocol === 'HTTP/2' ? client.get('/big') : client.request('GET /big').answer();
    // Some 64 KiB at a time: kernels tell of that in steps of hundreds of KiB, and take more only after a megabyte.
    let slowly = true;
    socket.on('data', () => slowly && socket.pause());
    const tick = setInterval(() => socket.resume(), 150);
    await pause(7000);
    clearInterval(tick);
    slowly = false;
    socket.resume();
    assert.equal((await answer).body.length, size);
    assert.equal((await answer).cut, null);
  }, { timeout: 8 * kPatience });
}

const kHeld = `
client: { timeouts: { slow: 500ms } }
upstreams: { api: { servers: [ "ORIGIN" ], connections: { max: 1, queue_timeout: 60s } } }
${kRoutes}`;
for (const protocol of ['HTTP/1.1', 'HTTP/2']) {
  scenario(`${protocol}: who waits to be told to go on is not slow`, (origin) => kHeld.replace('ORIGIN', origin.url), async (stage) => {
    const { origin } = stage;
    origin.on('/long', async () => (await pause(1500), { body: 'long' })).on('/upload', (request) => ({ body: `${request.body}` }));
    const first = stage.get('/long');
    await origin.reached('/long');
    const client = protocol === 'HTTP/2' ? await stage.h2() : await stage.connect();
    const head = { Expect: '100-continue', 'Content-Length': 5 };
    if (protocol === 'HTTP/2') {
      const stream = client.request('PUT /upload', { end: false, headers: head });
      await client.until(() => stream.interim.length > 0 || stream.over, '100 Continue');
      await stream.write('hello', { end: true });
      assert.equal((await stream.answer())?.text, 'hello');
    } else {
      client.send('PUT /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n');
      await client.inbox.until('\r\n\r\n', '100 Continue');
      client.send('hello');
      assert.equal((await client.answer('PUT')).text, 'hello');
    }
    assert.equal((await first).text, 'long');
  });
}
