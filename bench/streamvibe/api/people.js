// Reading what belongs to a user: the feed of a signed-in one, the profile of any.

import { Refusal } from '../service.js';
import { id, signed_in } from './input.js';

const kFeed = 20;
const kProfileVideos = 20;

export function people(app, { database }) {
  app.get('/api/videos/feed', async (request) => {
    const user = await signed_in(request, database);
    const rows = await database.rows(`SELECT id, author_id, title, category, created_at FROM videos
      WHERE author_id IN (SELECT followed_id FROM follows WHERE follower_id = $1)
      ORDER BY created_at DESC, id DESC LIMIT ${kFeed}`, user.id);
    const list = [];
    for (const row of rows) {
      const author = await database.row('SELECT id, name FROM users WHERE id = $1', row.author_id);
      const likes = await database.row('SELECT count(*)::int AS n FROM likes WHERE video_id = $1', row.id);
      const comments = await database.row('SELECT count(*)::int AS n FROM comments WHERE video_id = $1', row.id);
      list.push({ id: row.id, title: row.title, category: row.category, createdAt: row.created_at, author,
        likes: likes.n, comments: comments.n });
    }
    return { userId: user.id, videos: list };
  });

  app.get('/api/users/:id/profile', async (request) => {
    const userId = id(request.params.id, 'the user');
    const user = await database.row('SELECT id, name, bio, created_at AS "createdAt" FROM users WHERE id = $1', userId);
    if (!user) throw new Refusal(404, 'not_found', `there is no user ${userId}`);
    const followers = await database.row('SELECT count(*)::int AS n FROM follows WHERE followed_id = $1', userId);
    const following = await database.row('SELECT count(*)::int AS n FROM follows WHERE follower_id = $1', userId);
    const rows = await database.rows(`SELECT id, title FROM videos WHERE author_id = $1
      ORDER BY created_at DESC, id DESC LIMIT ${kProfileVideos}`, userId);
    for (const row of rows) {
      row.views = (await database.row('SELECT count(*)::int AS n FROM views WHERE video_id = $1', row.id)).n;
    }
    return { ...user, followers: followers.n, following: following.n, videos: rows };
  });
}
