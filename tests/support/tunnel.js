// Both ends of an upgrade (RFC 9110 §7.8, RFC 6455 §4): a client that asks for one, and an origin that grants it. What
// follows are plain bytes: whoever speaks WebSocket inside them is no concern of a proxy's.
import { createHash } from 'node:crypto';
import { requestBytes, Answer } from './client.js';
import { BodyReader, readHead, responseFraming } from './wire.js';

export const kKey = Buffer.from('sixteen bytes ok').toString('base64');
export const acceptFor = (key) => createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');

export const kAsking = {
  Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': 13, 'Sec-WebSocket-Key': kKey,
};

export const askingBytes = (path, fields = {}) => requestBytes(`GET ${path}`, { ...kAsking, ...fields });

// The next head, whatever its status: 101 is the last one that is HTTP.
export async function answered(client) {
  const head = await readHead(client.inbox, 'the answer to an upgrade');
  if (head === null) return null;
  const answer = new Answer(head, 'GET', []);
  if (answer.status === 101) return answer;
  const reader = new BodyReader(client.inbox, responseFraming(answer.status, head.fields, 'GET'));
  answer.body = await reader.whole();
  answer.cut = reader.cut;
  return answer;
}

// Asks, behind it says `data` at once, and gives the answer.
export function ask(client, path, fields = {}, data = '') {
  client.send(Buffer.concat([askingBytes(path, fields), Buffer.from(data, 'latin1')]));
  return answered(client);
}

// Exactly so many bytes.
export async function take(inbox, n) {
  const pieces = [];
  for (let left = n; left > 0; ) {
    const piece = await inbox.some(left, `${n} bytes`);
    if (piece === null) break;
    pieces.push(piece);
    left -= piece.length;
  }
  return Buffer.concat(pieces).toString('latin1');
}

export function grant(request, fields = {}) {
  const given = { Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Accept': acceptFor(request.get('sec-websocket-key')), ...fields };
  const lines = Object.entries(given).flatMap(([name, values]) => (values === null ? [] : [values].flat().map((value) => `${name}: ${value}\r\n`)));
  return `HTTP/1.1 101 Switching Protocols\r\n${lines.join('')}\r\n`;
}

// A handler for Origin.on() that grants it, says `data` in the same breath, and converses: ({ socket, inbox, end, reset }).
// When that is over, the origin ends its side.
export function granting(converse = () => {}, { fields = {}, data = '' } = {}) {
  return async (request, reply) => {
    const { connection } = reply;
    connection.over = true; // no HTTP follows
    reply.raw(grant(request, fields) + data);
    await converse({ socket: connection.socket, inbox: connection.inbox, reply });
  };
}

export const echo = async ({ socket, inbox }) => {
  for (let piece; (piece = await inbox.some()) !== null; ) socket.write(piece);
};
