// The service `recommendations`: compares every video there is with each one that the user has watched. Seconds of
// CPU at full size, in small steps so that /health still answers. `node recommendations.js --help`

import { setImmediate as turn } from 'node:timers/promises';
import { id } from './api/input.js';
import { say } from './process.js';
import { Refusal, serve } from './service.js';

const kBest = 20;
const kStep = 2000;      // comparisons between two looks at what else is waiting

const terms = (video) => new Set([...video.title.toLowerCase().split(' '), ...video.tags]);

// Both sides' terms are made anew for every pair: this is the illness.
function likeness(video, watched) {
  const mine = terms(video);
  const theirs = terms(watched);
  const shared = [...mine].filter((term) => theirs.has(term)).length;
  const together = new Set([...mine, ...theirs]).size;
  return shared / together + (video.author_id === watched.author_id ? 0.2 : 0)
    + (video.category === watched.category ? 0.1 : 0);
}

async function all_videos(database) {
  const videos = await database.rows('SELECT id, author_id, title, category FROM videos ORDER BY id');
  const byId = new Map(videos.map((video) => [video.id, Object.assign(video, { tags: [] })]));
  for (const row of await database.rows('SELECT video_id, tag FROM video_tags ORDER BY id')) {
    byId.get(row.video_id)?.tags.push(row.tag);
  }
  return byId;
}

async function recommend(database, userId) {
  const user = await database.row('SELECT id FROM users WHERE id = $1', userId);
  if (!user) throw new Refusal(404, 'not_found', `there is no user ${userId}`);
  const videos = await all_videos(database);
  const history = await database.rows('SELECT DISTINCT video_id AS id FROM views WHERE user_id = $1 ORDER BY 1', userId);
  const watched = history.map((row) => videos.get(row.id)).filter(Boolean);
  const seen = new Set(watched);

  const scored = [];
  let steps = 0;
  for (const video of videos.values()) {
    if (seen.has(video)) continue;
    let score = 0;
    for (const other of watched) {
      score += likeness(video, other);
      if (++steps % kStep === 0) await turn();
    }
    scored.push({ id: video.id, title: video.title, category: video.category, score: Number(score.toFixed(4)) });
  }
  scored.sort((a, b) => b.score - a.score || a.id - b.id);
  return { userId, basedOn: watched.length, videos: scored.slice(0, kBest) };
}

serve('recommendations', (app, { database }) => {
  app.get('/api/recommendations/:userId', async (request) => recommend(database, id(request.params.userId, 'the user')));
}).catch((error) => { say(`recommendations: ${error.message}`); process.exit(1); });
