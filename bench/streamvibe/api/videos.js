// Reading videos. Slow in the ways of an API that grew: a query for each thing and for each row, one after the other,
// counts by scanning. Writes are in writes.js, the feed and the profiles in people.js.

import { Refusal } from '../service.js';
import { id, whole } from './input.js';

const kColumns = `id, author_id AS "authorId", title, description, category, duration_s AS "durationSeconds",
  created_at AS "createdAt", updated_at AS "updatedAt"`;
const kRelated = 10;
const kPageComments = 20;

export async function video(database, videoId) {
  const found = await database.row(`SELECT ${kColumns} FROM videos WHERE id = $1`, videoId);
  if (!found) throw new Refusal(404, 'not_found', `there is no video ${videoId}`);
  return found;
}

async function whole_video(database, videoId) {
  const found = await video(database, videoId);
  const author = await database.row('SELECT id, name FROM users WHERE id = $1', found.authorId);
  const tags = await database.rows('SELECT tag FROM video_tags WHERE video_id = $1 ORDER BY id', videoId);
  const views = await database.row('SELECT count(*)::int AS n FROM views WHERE video_id = $1', videoId);
  const likes = await database.row('SELECT count(*)::int AS n FROM likes WHERE video_id = $1', videoId);
  return { ...found, author, tags: tags.map((row) => row.tag), views: views.n, likes: likes.n,
    media: { thumbnail: `/media/${videoId}/thumb.jpg`, firstSegment: `/media/${videoId}/seg-0.ts` } };
}

async function comments(database, videoId, limit, offset) {
  await video(database, videoId);
  const { n } = await database.row('SELECT count(*)::int AS n FROM comments WHERE video_id = $1', videoId);
  const rows = await database.rows(`SELECT id, author_id, body, created_at FROM comments WHERE video_id = $1
    ORDER BY created_at DESC, id DESC LIMIT $2 OFFSET $3`, videoId, limit, offset);
  const list = [];
  for (const row of rows) {
    const author = await database.row('SELECT id, name FROM users WHERE id = $1', row.author_id);
    list.push({ id: row.id, body: row.body, createdAt: row.created_at, author });
  }
  return { videoId, total: n, limit, offset, comments: list };
}

async function related(database, videoId) {
  await video(database, videoId);
  return database.rows(`SELECT v.id, v.title, v.category, count(*)::int AS "sharedTags"
    FROM videos v JOIN video_tags t ON t.video_id = v.id
    WHERE v.id <> $1 AND t.tag IN (SELECT tag FROM video_tags WHERE video_id = $1)
    GROUP BY v.id ORDER BY 4 DESC, v.id LIMIT ${kRelated}`, videoId);
}

async function stats(database, videoId) {
  await video(database, videoId);
  const counts = {};
  for (const table of ['views', 'likes', 'comments']) {
    counts[table] = (await database.row(`SELECT count(*)::int AS n FROM ${table} WHERE video_id = $1`, videoId)).n;
  }
  return { videoId, ...counts };
}

async function author_of(database, videoId) {
  const { authorId } = await video(database, videoId);
  const author = await database.row('SELECT id, name, bio FROM users WHERE id = $1', authorId);
  const followers = await database.row('SELECT count(*)::int AS n FROM follows WHERE followed_id = $1', authorId);
  return { ...author, followers: followers.n };
}

export function videos(app, { database }) {
  app.get('/api/videos', async () => {
    const all = await database.rows(`SELECT ${kColumns} FROM videos ORDER BY id`);
    return { total: all.length, videos: all };
  });

  app.get('/api/videos/trending', async () => ({
    videos: await database.rows(`SELECT v.id, v.title, v.category, v.author_id AS "authorId", count(w.id)::int AS views
      FROM videos v LEFT JOIN views w ON w.video_id = v.id GROUP BY v.id ORDER BY count(w.id) DESC, v.id LIMIT 20`),
  }));

  app.get('/api/videos/:id', async (request) => whole_video(database, id(request.params.id, 'the video')));

  app.get('/api/videos/:id/comments', async (request) => comments(database, id(request.params.id, 'the video'),
    whole(request.query, 'limit', { least: 1, most: 100, otherwise: 20 }),
    whole(request.query, 'offset', { least: 0, most: 1_000_000, otherwise: 0 })));

  app.get('/api/videos/:id/related', async (request) => related(database, id(request.params.id, 'the video')));

  app.get('/api/videos/:id/stats', async (request) => stats(database, id(request.params.id, 'the video')));

  app.get('/api/videos/:id/page', async (request) => {
    const videoId = id(request.params.id, 'the video');
    const page = { video: await whole_video(database, videoId) };
    page.comments = await comments(database, videoId, kPageComments, 0);
    page.related = await related(database, videoId);
    page.author = await author_of(database, videoId);
    return page;
  });
}
