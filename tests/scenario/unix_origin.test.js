// Servers behind unix sockets: the same requests, another way there.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { fetch } from '../support/client.js';
import { Origin, numbered } from '../support/origin.js';
import { scenario } from '../support/scenario.js';
import { Weir, weirCall } from '../support/weir.js';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'weir-unix-'));
after(() => fs.rmSync(folder, { recursive: true, force: true }));
let number = 0;
const kNoStore = { 'Cache-Control': 'no-store' };
const kAll = 'routes: [ { name: all, match: /, cache: origin } ]';
const socket = () => ({ path: path.join(folder, `${(number += 1)}.sock`) });
const one = () => ({ origins: [socket()] });

scenario('requests and answers pass, the client\'s Host with them, over one connection', kAll, async ({ origin, get, send }) => {
  origin.on('/page', (request) => ({ headers: kNoStore, body: `${request.get('host')} ${request.body}` }));
  assert.equal((await get('/page', { Host: 'Shop.Example' })).text, 'shop.example ');
  assert.equal((await send('POST /page', { Host: 'shop.example' }, 'order')).text, 'shop.example order');
  assert.equal(origin.connections.length, 1);
}, one());

scenario('what is kept is kept', kAll, async ({ origin, get }) => {
  origin.on('/page', numbered({ 'Cache-Control': 'max-age=60' }));
  for (let i = 0; i < 3; i += 1) assert.equal((await get('/page')).text, 'answer 1');
}, one());

scenario('it is named by its path: admin, metrics, explain', kAll, async ({ origin, get, weir }) => {
  origin.on('/page', { headers: kNoStore });
  await get('/page');
  const [{ server, status, address }] = (await weir.admin('GET /admin/upstreams')).json.api.servers;
  assert.deepEqual([server, status, address], [origin.url, 'ok', origin.url]);
  assert.equal(await weir.metric('weir_upstream_requests_total', { server: origin.url }), 1);
  const { out } = await weirCall(['explain', '-c', weir.file, 'GET /page']);
  assert.ok(out.includes(origin.url), out);
  const drained = await weir.admin('POST /admin/upstreams/api/drain', { server: `unix://${origin.path}` });
  assert.equal(drained.json.servers[0].drained, true);
}, one());

scenario('a socket that nobody listens on is a 502; another server answers where there is one', kAll, async ({ origins, get }) => {
  origins[1].on('/page', { headers: kNoStore, body: 'fine' });
  await origins[0].die();
  for (let i = 0; i < 4; i += 1) assert.equal((await get('/page')).text, 'fine');
  await origins[1].die();
  const answer = await get('/page');
  assert.equal(answer.status, 502);
  assert.match(JSON.parse(answer.text).detail, /No such file|refused/);
}, { origins: [socket(), {}] });

test('weir run --origin unix:/…', async () => {
  const origin = await Origin.start(socket());
  origin.otherwise({ headers: kNoStore, body: 'fine' });
  const weir = await Weir.start('', { args: ['run', '--origin', origin.url, '--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0'] });
  assert.equal((await fetch(weir, 'GET /page')).text, 'fine');
  await weir.stop();
  await origin.close();
});
