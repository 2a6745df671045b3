// What a balancer does that only passes bytes on: headers of the PROXY protocol, and connections that begin with one. Any
// address of 127.0.0.0/8 may be whom it connects from.
import net from 'node:net';
import { Connection, bytes } from './client.js';
import { within } from './patience.js';

export const v1 = (from, family = from.includes(':') ? 'TCP6' : 'TCP4', to = from) => bytes(`PROXY ${family} ${from} ${to} 56324 443\r\n`);

const addressBytes = (text) => {
  if (!text.includes(':')) return Buffer.from(text.split('.').map(Number));
  const [left, right = ''] = text.split('::');
  const words = (part) => (part ? part.split(':').map((word) => parseInt(word, 16)) : []);
  const all = [...words(left), ...Array(8 - words(left).length - words(right).length).fill(0), ...words(right)];
  return Buffer.from(all.flatMap((word) => [word >> 8, word & 0xff]));
};

// `rest` replaces addresses and ports; `length` what is said of them; `extra` follows them.
export function v2(from, { command = 0x21, family, rest, extra = Buffer.alloc(0), length } = {}) {
  const ports = Buffer.from([0xdc, 0x04, 0x01, 0xbb]);
  const content = Buffer.concat([rest ?? Buffer.concat([addressBytes(from), addressBytes(from), ports]), extra]);
  const head = Buffer.from('\r\n\r\n\0\r\nQUIT\n\0\0\0\0', 'latin1');
  head[12] = command;
  head[13] = family ?? (from?.includes(':') ? 0x21 : 0x11);
  head.writeUInt16BE(length ?? content.length, 14);
  return Buffer.concat([head, content]);
}
export const kLocal = v2(null, { command: 0x20, family: 0, rest: Buffer.alloc(0) });

// A connection on which nothing was said but `first`.
export async function beginWith(target, first = '', { from = '127.0.0.1' } = {}) {
  const port = typeof target === 'number' ? target : target.port;
  const socket = net.connect({ host: '127.0.0.1', port, localAddress: from, allowHalfOpen: true, noDelay: true });
  await within(
    new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject)),
    `a connection to port ${port} from ${from}`,
  );
  if (first.length) socket.write(bytes(first));
  return socket;
}

export const speakAfter = async (target, first, options) => new Connection(await beginWith(target, first, options));

// One request behind `first`, and its answer; null where weir closed instead.
export async function askAfter(target, first, line = 'GET /who', headers = {}, options = {}) {
  const client = await speakAfter(target, first, options);
  try {
    return await client.request(line, headers).answer();
  } catch (error) {
    if (error.code === 'ECONNRESET' || error.code === 'EPIPE') return null;
    throw error;
  } finally {
    client.close();
  }
}
