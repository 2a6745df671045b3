// Uploads that nobody takes: over HTTP/2 they share a connection with others, whose requests go on as if they weren't there. What weir
// holds of them all is bounded.
import assert from 'node:assert/strict';
import { eventually, gate, kPatience } from '../support/patience.js';
import { scenario } from '../support/scenario.js';

const kTwo = (deaf, well) => `
workers: 1
upstreams:
  deaf: { servers: "${deaf.url}", connections: { max: 1000 }, timeouts: { first_byte: 10m, between_bytes: 10m } }
  well: { servers: "${well.url}" }
defaults: { request: { max_body: 100MiB } }
routes:
  - { name: deaf, match: /deaf, cache: off, upstream: deaf }
  - { name: slow, match: /slow, cache: off, upstream: deaf }
  - { name: well, match: /well, cache: off, upstream: well }
`;
const kBody = Buffer.alloc(8_000_000, 'upload ');   // more than sockets take of it

// An upstream that takes no body until told.
function deaf(origin, told, path = '/deaf') {
  origin.on(path, async (request) => {
    request.connection.socket.pause();
    await told.opened;
    request.connection.socket.resume();
    await request.whole.catch(() => {});   // reset meanwhile
    return { body: String(request.body.length) };
  }, { early: true });
}

// None of their streams sends any more.
async function stands_still(streams) {
  const left = () => streams.reduce((sum, { window }) => sum + window, 0);
  let last, still = 0;
  await eventually(async () => {
    still = left() === last ? still + 1 : 0;
    last = left();
    await new Promise((resolve) => setTimeout(resolve, 50));
    return still > 5;
  }, 'the uploads stand still', 4 * kPatience);
}

const streams_of = (h2) => Array.from({ length: 90 }, () => h2.request('POST /deaf', { body: kBody }));

scenario('ninety on one connection: a request to another upstream goes through, again and again', kTwo,
  async ({ origins: [sick, well], h2: open }) => {
    const told = gate();
    deaf(sick, told);
    well.on('/well', (request) => ({ body: String(request.body.length) }));
    const h2 = await open();
    for (let round = 0; round < 2; round += 1) {
      const stuck = streams_of(h2);
      await stands_still(stuck);
      assert.equal((await h2.ask('POST /well', {}, 'x'.repeat(90_000))).text, '90000');
      const [one, ...others] = stuck;
      for (const stream of others) stream.reset();
      if (round === 0) {
        one.reset();
      } else {
        told.open();
        assert.equal((await one.answer()).text, String(kBody.length));
      }
    }
  }, { origins: [{}, {}], timeout: 10 * kPatience });

scenario('on many connections: past what all may hold together each has its own window, until the others are over', kTwo,
  async ({ origins: [sick, well], h2: open }) => {
    deaf(sick, gate());
    well.on('/well', (request) => ({ body: String(request.body.length) }));
    const clients = [];
    for (let i = 0; i < 6; i += 1) {
      const h2 = await open();
      clients.push({ h2, stuck: streams_of(h2) });
      await stands_still(clients[i].stuck);
    }
    const [first, last] = [clients[0], clients.at(-1)];
    await eventually(() => last.h2.window <= 0, 'all of the window of the last one is used');
    assert.equal((await first.h2.ask('POST /well', {}, 'x')).text, '1');
    const waits = last.h2.request('POST /well', { body: 'x' });
    for (const { stuck } of clients.slice(0, 3)) for (const stream of stuck) stream.reset();
    assert.equal((await waits.answer()).text, '1');
    for (const { h2 } of clients) assert.equal((await h2.ask('POST /well', {}, 'x'.repeat(90_000))).text, '90000');
  }, { origins: [{}, {}], timeout: 20 * kPatience });

scenario('one whose origin takes it again goes on, though others have all that may be held together', kTwo,
  async ({ origins: [sick], h2: open }) => {
    const told = gate();
    deaf(sick, gate());
    deaf(sick, told, '/slow');
    const h2 = await open();
    const stream = h2.request('POST /slow', { body: kBody });
    await stands_still([stream]);
    for (let i = 0; i < 5; i += 1) await stands_still(streams_of(await open()));
    const beside = Array.from({ length: 4 }, () => h2.request('POST /deaf', { body: kBody }));
    await stands_still(beside);
    told.open();
    assert.equal((await stream.answer()).text, String(kBody.length));
  }, { origins: [{}, {}], timeout: 20 * kPatience });
