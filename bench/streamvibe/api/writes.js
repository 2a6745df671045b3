// What changes something: views, likes, comments, follows, and a video's own words. Uploads are in upload.js.

import { Refusal } from '../service.js';
import { id, maybe_signed_in, signed_in, words } from './input.js';
import { video } from './videos.js';

// A row that vanished between the check and the insert is caught by the foreign key.
async function insert(database, text, ...values) {
  try {
    return await database.row(text, ...values);
  } catch (error) {
    if (error.code === '23503') throw new Refusal(404, 'not_found', 'it was deleted meanwhile');
    throw error;
  }
}

function body_of(request) {
  const { body } = request;
  if (body === null || typeof body !== 'object' || Array.isArray(body)) {
    throw new Refusal(400, 'bad_request', 'the body must be a JSON object');
  }
  return body;
}

// Only its author changes a video; the refusal names them, which a demo may do.
async function own_video(request, database) {
  const user = await signed_in(request, database);
  const found = await video(database, id(request.params.id, 'the video'));
  if (found.authorId !== user.id) {
    throw new Refusal(403, 'forbidden', `video ${found.id} is changed by its author: Bearer user-${found.authorId}`);
  }
  return found;
}

export function writes(app, { database }) {
  app.post('/api/videos/:id/view', async (request, reply) => {
    const user = await maybe_signed_in(request, database);
    const { id: videoId } = await video(database, id(request.params.id, 'the video'));
    const view = await insert(database, 'INSERT INTO views (video_id, user_id) VALUES ($1, $2) RETURNING id',
      videoId, user?.id ?? null);
    return reply.code(201).send({ videoId, viewId: view.id });
  });

  app.post('/api/videos/:id/like', async (request, reply) => {
    const user = await signed_in(request, database);
    const { id: videoId } = await video(database, id(request.params.id, 'the video'));
    const before = await database.row('SELECT id FROM likes WHERE video_id = $1 AND user_id = $2', videoId, user.id);
    if (before) return { videoId, liked: true };
    await insert(database, 'INSERT INTO likes (video_id, user_id) VALUES ($1, $2)', videoId, user.id);
    return reply.code(201).send({ videoId, liked: true });
  });

  app.post('/api/videos/:id/comments', async (request, reply) => {
    const user = await signed_in(request, database);
    const text = words(body_of(request).body, 'body', { most: 2000 });
    const { id: videoId } = await video(database, id(request.params.id, 'the video'));
    const comment = await insert(database, `INSERT INTO comments (video_id, author_id, body) VALUES ($1, $2, $3)
      RETURNING id, body, created_at AS "createdAt"`, videoId, user.id, text);
    return reply.code(201).send({ ...comment, videoId, author: user });
  });

  async function followed(request) {
    const user = await signed_in(request, database);
    const other = await database.row('SELECT id FROM users WHERE id = $1', id(request.params.id, 'the user'));
    if (!other) throw new Refusal(404, 'not_found', `there is no user ${request.params.id}`);
    if (other.id === user.id) throw new Refusal(400, 'bad_request', 'nobody follows themselves');
    return { user, other };
  }

  app.post('/api/users/:id/follow', async (request, reply) => {
    const { user, other } = await followed(request);
    const before = await database.row('SELECT id FROM follows WHERE follower_id = $1 AND followed_id = $2',
      user.id, other.id);
    if (before) return { userId: other.id, following: true };
    await insert(database, 'INSERT INTO follows (follower_id, followed_id) VALUES ($1, $2)', user.id, other.id);
    return reply.code(201).send({ userId: other.id, following: true });
  });

  app.delete('/api/users/:id/follow', async (request) => {
    const { user, other } = await followed(request);
    await database.rows('DELETE FROM follows WHERE follower_id = $1 AND followed_id = $2', user.id, other.id);
    return { userId: other.id, following: false };
  });

  app.put('/api/videos/:id', async (request) => {
    const found = await own_video(request, database);
    const body = body_of(request);
    const title = body.title === undefined ? found.title : words(body.title, 'title', { most: 200 });
    const text = body.description === undefined ? found.description
      : words(body.description, 'description', { least: 0, most: 5000 });
    const changed = await database.row(`UPDATE videos SET title = $2, description = $3, updated_at = now() WHERE id = $1
      RETURNING id, title, description, updated_at AS "updatedAt"`, found.id, title, text);
    if (!changed) throw new Refusal(404, 'not_found', `there is no video ${found.id}`);
    return changed;
  });

  app.delete('/api/videos/:id', async (request, reply) => {
    const found = await own_video(request, database);
    await database.rows('DELETE FROM videos WHERE id = $1', found.id);
    return reply.code(204).send();
  });
}
