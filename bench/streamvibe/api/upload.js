// Uploads: a body of up to 1 GiB is hashed as it arrives and never held. It becomes a video of the signed-in user.

import { createHash } from 'node:crypto';
import { Refusal } from '../service.js';
import { signed_in, words } from './input.js';

const kMost = 2 ** 30;

const too_large = () => new Refusal(413, 'too_large', `an upload has at most ${kMost} bytes`);

// Leaving the loop early leaves the stream alive: destroying it would take the connection, and our 413 with it.
async function hash(stream) {
  const sha256 = createHash('sha256');
  let bytes = 0;
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    bytes += chunk.length;
    if (bytes > kMost) throw too_large();
    sha256.update(chunk);
  }
  return { bytes, sha256: sha256.digest('hex') };
}

export function upload(app, { database }) {
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (request, stream, done) => done(null, stream));   // as it comes: a stream

    scope.post('/api/videos/upload', { bodyLimit: kMost }, async (request, reply) => {
      reply.header('connection', 'close');          // unless the body is read to its end
      if (Number(request.headers['content-length']) > kMost) throw too_large();
      const user = await signed_in(request, database);
      const title = words(request.query.title ?? 'Untitled', 'title', { most: 200 });
      const { bytes, sha256 } = request.body ? await hash(request.body) : { bytes: 0 };
      reply.removeHeader('connection');
      if (bytes === 0) throw new Refusal(400, 'bad_request', 'an upload has a body');
      const made = await database.row(`INSERT INTO videos (author_id, title, description, category, duration_s)
        VALUES ($1, $2, $3, 'upload', $4) RETURNING id`, user.id, title, `sha256 ${sha256}`, 1 + bytes % 3600);
      return reply.code(201).send({ id: made.id, title, bytes, sha256 });
    });
  });
}
