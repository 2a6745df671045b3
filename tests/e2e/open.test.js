// What stays open, through conf/streamvibe.yaml: the WebSocket /live, and a video's events.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import WebSocket from '../../bench/streamvibe/node_modules/ws/wrapper.mjs';
import { eventually } from '../support/patience.js';
import { StreamVibe } from '../support/streamvibe.js';

let streamvibe, base, admin;
before(async () => {
  streamvibe = await StreamVibe.start();
  ({ base, admin } = streamvibe);
}, { timeout: 120_000 });
after(() => streamvibe?.stop(), { timeout: 60_000 });

const metric = async (name) => {
  const text = await (await fetch(`${admin}/metrics`)).text();
  return text.split('\n').filter((line) => line.startsWith(name) && /^[ {]/.test(line.slice(name.length)))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
};
const live = () => new WebSocket(`${base.replace('http', 'ws')}/live`);
// All that it says, from now on, without the ticks.
function listen(socket) {
  const heard = [];
  socket.on('message', (data, binary) => {
    const text = data.toString('latin1');
    if (binary || !/^\{"tick":\d+\}$/.test(text)) heard.push(text);
  });
  return heard;
}

test('/live: a WebSocket speaks with the API, both ways', async () => {
  const socket = live();
  const heard = listen(socket);
  await once(socket, 'open');
  assert.equal(await metric('weir_tunnels'), 1);
  const said = ['hello', 'ü'.repeat(1000), 'x'.repeat(500_000)];
  for (const text of said) socket.send(Buffer.from(text));
  await eventually(() => heard.length === said.length, 'the echoes');
  assert.deepEqual(heard, said.map((text) => Buffer.from(text).toString('latin1')));
  socket.close(1000, 'enough');
  const [code] = await once(socket, 'close');
  assert.equal(code, 1000);
  await eventually(async () => (await metric('weir_tunnels')) === 0, 'no tunnel is open');
});

test('/live: the API speaks first, each second', async () => {
  const socket = live();
  const ticks = [];
  socket.on('message', (data) => ticks.push(JSON.parse(data)));
  await eventually(() => ticks.length >= 2, 'two ticks');
  assert.deepEqual(ticks.slice(0, 2), [{ tick: 1 }, { tick: 2 }]);
  socket.terminate();
  await once(socket, 'close');
});

test('/live: a hundred of them at once', async () => {
  const sockets = Array.from({ length: 100 }, live);
  const heard = sockets.map(listen);
  await Promise.all(sockets.map((socket) => once(socket, 'open')));
  sockets.forEach((socket, i) => socket.send(Buffer.from(`I am ${i}`)));
  await eventually(() => heard.every((list) => list.length === 1), 'all echoes');
  heard.forEach((list, i) => assert.deepEqual(list, [`I am ${i}`]));
  for (const socket of sockets) socket.close();
  await Promise.all(sockets.map((socket) => once(socket, 'close')));
});

test('/live without an upgrade is an answer like any other, and elsewhere there is no upgrade', async () => {
  const answer = await fetch(`${base}/live`);
  assert.equal(answer.status, 426);
  await answer.text();
  const elsewhere = new WebSocket(`${base.replace('http', 'ws')}/api/videos/1`);
  const [error] = await once(elsewhere, 'error');
  assert.match(error.message, /200/);
});

test('/api/videos/1/events: events come one by one, uncoded, and the API hears when nobody listens any more', async () => {
  const leave = new AbortController();
  const answer = await fetch(`${base}/api/videos/1/events`, { signal: leave.signal, headers: { 'Accept-Encoding': 'gzip' } });
  assert.equal(answer.headers.get('content-type'), 'text/event-stream');
  assert.equal(answer.headers.get('content-encoding'), null);
  const reader = answer.body.getReader();
  let text = '';
  while (!text.includes('id: 2\n')) text += Buffer.from((await reader.read()).value).toString();
  assert.match(text, /^id: 1\nevent: watching\ndata: \{"videoId":1,"n":1\}\n\nid: 2\n/);
  leave.abort();
  await eventually(async () => (await metric('weir_upstream_busy')) === 0, 'no request to the API is under way');
});
