// What stays open: the WebSocket /live (echoes, and says a tick a second) and a video's events (SSE, one a second).

import { WebSocketServer } from 'ws';
import { id } from './input.js';
import { video } from './videos.js';

const kSecond = 1000;
const kLargest = 1 << 20;      // bytes of one WebSocket message
const kBacklog = 4 << 20;      // bytes a client may leave unread before it is dropped

function converse(socket) {
  let n = 0;
  const tick = setInterval(() => {
    if (socket.bufferedAmount > kBacklog) socket.terminate();
    else socket.send(JSON.stringify({ tick: ++n }));
  }, kSecond);
  socket.on('message', (data, binary) => {
    if (socket.bufferedAmount > kBacklog) socket.terminate();
    else socket.send(data, { binary });
  });
  socket.on('close', () => clearInterval(tick));
  socket.on('error', () => socket.terminate());
}

export function live(app, { database, stats, faults, onStop }) {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: kLargest, perMessageDeflate: false });
  const events = new Set();
  const upgraded = new Set();    // their connections, which the HTTP server no longer knows
  sockets.on('connection', converse);

  app.server.on('upgrade', async (request, socket, head) => {
    upgraded.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => upgraded.delete(socket));
    if (request.url.split('?')[0] !== '/live' || request.method !== 'GET') {
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    stats.follow_upgrade('GET /live', socket);
    const fate = await faults.befall('GET /live', socket);
    if (fate === 'error') socket.end('HTTP/1.1 500 Internal Server Error\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    else if (fate === 'answer') sockets.handleUpgrade(request, socket, head, (one) => sockets.emit('connection', one));
  });

  app.get('/live', async (request, reply) => reply.code(426).header('upgrade', 'websocket')
    .send({ error: 'upgrade_required', message: 'this is a WebSocket' }));

  app.get('/api/videos/:id/events', { exposeHeadRoute: false }, async (request, reply) => {
    const { id: videoId } = await video(database, id(request.params.id, 'the video'));
    const { raw } = reply.hijack();
    raw.writeHead(200, { 'content-type': 'text/event-stream' });
    let n = 0;
    const tick = () => {
      n += 1;
      raw.write(`id: ${n}\nevent: watching\ndata: ${JSON.stringify({ videoId, n })}\n\n`);
      if (raw.writableLength > kBacklog) raw.destroy();
    };
    const timer = setInterval(tick, kSecond);
    events.add(raw);
    raw.on('error', () => raw.destroy());
    raw.on('close', () => { clearInterval(timer); events.delete(raw); });
    tick();
  });

  onStop(() => {
    for (const socket of sockets.clients) socket.close(1001);
    for (const stream of events) stream.end();
    setTimeout(() => { for (const socket of upgraded) socket.destroy(); }, 300);
  });
}
