// Thumbnails and segments: bytes made from the id, the same for ever, so they are the one thing here that may be
// cached by its own headers, and the one that honours Range (one range; several or a foreign unit get the whole, as
// RFC 9110 §14.2 allows). Asks no database: any id has media.

import { createCipheriv, createHash } from 'node:crypto';
import { Refusal } from '../service.js';
import { id } from './input.js';

const kForEver = 'public, max-age=31536000, immutable';
const kPacket = 188;                                  // bytes of a transport stream packet

// AES in counter mode over zeros: fast, and the same on every machine.
function noise(name, least, spread) {
  const seed = createHash('sha256').update(name).digest();
  const size = least + seed.readUInt32LE(0) % spread;
  return createCipheriv('aes-128-ctr', seed.subarray(0, 16), seed.subarray(16, 32)).update(Buffer.alloc(size));
}

function thumbnail(videoId) {
  const bytes = noise(`thumb ${videoId}`, 6 * 1024, 18 * 1024);
  bytes.set([0xff, 0xd8, 0xff, 0xe0]);                // what a JPEG begins with
  return bytes;
}

function segment(videoId, n) {
  const bytes = noise(`segment ${videoId} ${n}`, 192 * 1024, 384 * 1024);
  for (let at = 0; at < bytes.length; at += kPacket) bytes[at] = 0x47;   // the packets' sync byte
  return bytes;
}

// RFC 9110 §14.1.2. → null: the whole; { first, last }; or 'none' when nothing of it is there.
export function range_of(header, size) {
  const match = /^bytes=[ \t]*([0-9]*)-([0-9]*)[ \t]*$/i.exec(header ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return null;
  if (match[1] === '') {
    const length = Math.min(Number(match[2]), size);
    return length === 0 ? 'none' : { first: size - length, last: size - 1 };
  }
  const first = Number(match[1]);
  const last = match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1);
  if (match[2] !== '' && Number(match[2]) < first) return null;          // not a range at all
  return first >= size ? 'none' : { first, last };
}

function send(request, reply, type, bytes) {
  reply.header('accept-ranges', 'bytes');
  // There is no validator that an If-Range could name, so with one the whole goes out.
  const wanted = request.method === 'GET' && !request.headers['if-range']
    ? range_of(request.headers.range, bytes.length) : null;
  if (wanted === 'none') {
    return reply.code(416).header('content-range', `bytes */${bytes.length}`)
      .send({ error: 'range_not_satisfiable', message: `there are ${bytes.length} bytes` });
  }
  reply.header('cache-control', kForEver).type(type);
  if (!wanted) return reply.send(bytes);
  return reply.code(206).header('content-range', `bytes ${wanted.first}-${wanted.last}/${bytes.length}`)
    .send(bytes.subarray(wanted.first, wanted.last + 1));
}

export function media(app) {
  app.get('/media/:id/thumb.jpg', async (request, reply) =>
    send(request, reply, 'image/jpeg', thumbnail(id(request.params.id, 'the video'))));

  app.get('/media/:id/:segment', async (request, reply) => {
    const videoId = id(request.params.id, 'the video');
    const match = /^seg-(0|[1-9][0-9]{0,4})\.ts$/.exec(request.params.segment);
    if (!match) throw new Refusal(404, 'not_found', 'there is thumb.jpg and seg-N.ts');
    return send(request, reply, 'video/mp2t', segment(videoId, Number(match[1])));
  });
}
