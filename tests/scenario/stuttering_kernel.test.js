// A socket may take none or a part of what it is offered, and give a part of what is there, whenever it likes. weir_stutters is weir on
// such sockets (tests/support/stutter.cc): everything still comes whole, in time, and a connection at rest costs nothing.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { requestBytes } from '../support/client.js';
import { selfSigned } from '../support/commands.js';
import { eventually, gate, kPatience } from '../support/patience.js';
import { kPlain, scenario } from '../support/scenario.js';
import { connectTls } from '../support/tls.js';
import { weirBinary } from '../support/weir.js';

const binary = path.join(path.dirname(weirBinary), 'tests/weir_stutters');
if (!fs.existsSync(binary)) throw new Error(`${binary} is missing: ./dev build --asan builds it`);
const many = { binary, timeout: 8 * kPatience };

let signed;
before(async () => {
  signed = await selfSigned();
});
after(() => signed.remove());

const sum = (data) => createHash('sha256').update(data).digest('hex');
const kSizes = [0, 1, 300, 5000, 70_000, 300_000];
const bodyOf = (size) => Buffer.alloc(size, `${size} bytes `);
const kKept = { 'cache-control': 'max-age=600' };
const kUnkept = { 'cache-control': 'no-store' };

// A loop that spins never stands still: not for a hundred milliseconds, five times one after the other.
const cpuTime = ({ process }) => fs.readFileSync(`/proc/${process.pid}/stat`, 'latin1').replace(/^.*\) /, '').split(' ').slice(11, 13).join();
async function rests(weir) {
  let quiet = 0;
  await eventually(async () => {
    const before = cpuTime(weir);
    await new Promise((resolve) => setTimeout(resolve, 100));
    quiet = cpuTime(weir) === before ? quiet + 1 : 0;
    return quiet === 5;
  }, 'weir to do nothing when there is nothing to do');
}

scenario('a client that pipelines far ahead and reads now and then', kPlain, async ({ origin, connect, get, weir }) => {
  const body = bodyOf(100_000);
  origin.on('/hit', { headers: kKept, body });
  await get('/hit');
  for (let round = 0; round < 5; round += 1) {
    const client = await connect();
    client.hold();
    const n = 100;
    client.send(Buffer.concat(Array(n).fill(requestBytes('GET /hit'))));
    client.go_on();
    for (let i = 0; i < n; i += 1) assert.equal((await client.answer()).body.length, body.length);
  }
  await rests(weir);
}, many);

const config = (protocol) => (...origins) => `
listen:
  - { address: "127.0.0.1:0" }
  - { address: "127.0.0.1:0", tls: { certificate: ${signed.certificate}, key: ${signed.key} } }
upstreams:
  api: { servers: [ ${origins.map(({ url }) => JSON.stringify(url)).join(', ')} ], protocol: ${protocol} }
routes:
  - { name: all, match: /, cache: origin }
`;

// { ask(path), send(path, body) } for each of the four ways in.
const h1 = (client) => ({ ask: (where) => client.request(`GET ${where}`).answer(), send: (where, body) => client.request(`POST ${where}`, {}, body).answer('POST') });
const h2 = (client) => ({ ask: (where) => client.get(where), send: (where, body) => client.request(`POST ${where}`, { body }).answer() });
const kClients = {
  'HTTP/1.1': async (stage) => h1(await stage.connect()),
  'HTTP/1.1 in TLS': async (stage) => {
    const client = await connectTls(stage.weir.ports[1], { ca: signed.pem });
    stage.onEnd(() => client.close());
    return h1(client);
  },
  'HTTP/2': async (stage) => h2(await stage.h2()),
  'HTTP/2 in TLS': async (stage) => h2(await stage.h2({ secure: { ca: signed.pem, servername: 'localhost', port: stage.weir.ports[1] } })),
};

for (const [protocol, kind] of [['h1', {}], ['h2', { h2: true }]]) {
  for (const [name, open] of Object.entries(kClients)) {
    scenario(`${name} from the client, ${protocol} to the origin: bodies of all sizes, both ways`, config(protocol), async (stage) => {
      const { origin, weir } = stage;
      for (const size of kSizes) {
        origin.on(`/kept/${size}`, { headers: kKept, body: bodyOf(size) }).on(`/own/${size}`, { headers: kUnkept, body: bodyOf(size) });
      }
      origin.on('/upload', (request) => ({ headers: kUnkept, body: sum(request.body) }));
      const clients = await Promise.all(Array.from({ length: 4 }, () => open(stage)));
      await Promise.all(clients.map(async ({ ask, send }) => {
        for (let round = 0; round < 3; round += 1) {
          for (const size of kSizes) {
            for (const where of ['kept', 'own']) assert.equal(sum((await ask(`/${where}/${size}`)).body), sum(bodyOf(size)), `${where} ${size}`);
            assert.equal((await send('/upload', bodyOf(size))).text, sum(bodyOf(size)), `upload ${size}`);
          }
        }
      }));
      await rests(weir);
    }, { ...many, origins: [kind] });
  }
}

scenario('many at once, and the slow ones among them', config('h1'), async (stage) => {
  const { origin, weir } = stage;
  const told = gate();
  origin.on('/slow', async () => (await told.opened, { headers: kUnkept, body: bodyOf(70_000) })).on('/quick', { headers: kUnkept, body: bodyOf(5000) });
  const client = await stage.h2();
  const slow = Array.from({ length: 20 }, () => client.get('/slow'));
  const clients = await Promise.all(Array.from({ length: 20 }, stage.connect));
  for (const one of clients) assert.equal((await one.request('GET /quick').answer()).body.length, 5000);
  told.open();
  for (const answer of await Promise.all(slow)) assert.equal(answer.body.length, 70_000);
  await rests(weir);
}, many);
