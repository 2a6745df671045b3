// Search: three LIKEs over all the text there is, then two queries for each result. `q` is trimmed and its letters'
// case doesn't count, so that ' Cat ' and 'cat' are the same question with the same answer, byte for byte.

import { whole, words } from './input.js';

const kPage = 20;

export function search(app, { database }) {
  app.get('/api/search', async (request) => {
    const q = words(request.query.q, 'q', { most: 100 }).toLowerCase();
    const page = whole(request.query, 'page', { least: 1, most: 1000, otherwise: 1 });
    const pattern = `%${q.replace(/[\\%_]/g, '\\$&')}%`;

    const inTitle = await database.rows('SELECT id FROM videos WHERE lower(title) LIKE $1 ORDER BY id', pattern);
    const inText = await database.rows('SELECT id FROM videos WHERE lower(description) LIKE $1 ORDER BY id', pattern);
    const inComments = await database.rows(
      'SELECT DISTINCT video_id AS id FROM comments WHERE lower(body) LIKE $1 ORDER BY 1', pattern);
    const found = [...new Set([...inTitle, ...inText, ...inComments].map((row) => row.id))];

    const results = [];
    for (const id of found.slice((page - 1) * kPage, page * kPage)) {
      const video = await database.row('SELECT id, author_id, title, category FROM videos WHERE id = $1', id);
      if (!video) continue;                                    // deleted since
      const author = await database.row('SELECT id, name FROM users WHERE id = $1', video.author_id);
      results.push({ id: video.id, title: video.title, category: video.category, author });
    }
    return { q, page, total: found.length, results };
  });
}
