// What people do on StreamVibe, as load: each journey is a few requests with pauses, chosen by popularity, and each
// answer is checked for what it must say, not only for its status. kJourneys says how often each comes and what
// counts as success through weir.

import { createHash } from 'node:crypto';

const kWords = ['river', 'kitchen', 'guitar', 'mountain', 'robot', 'garden', 'bicycle', 'ocean', 'coffee', 'castle',
  'keyboard', 'forest', 'pancake', 'telescope', 'harbour', 'violin', 'desert', 'rocket', 'library', 'lantern', 'noodle',
  'puzzle', 'skateboard', 'volcano', 'calm', 'golden', 'secret', 'midnight', 'tutorial', 'concert'];
const kPart = 65_536;                 // bytes that a player asks for at a time

const uploadBody = Buffer.alloc(2 << 20, 'streamvibe ');

async function browsing(visit) {
  const { videos } = await visit.json('GET', '/api/videos/trending');
  visit.expect(videos.length > 0, 'nothing is trending');
  let { id } = visit.pick(videos);
  for (let seen = 0; seen < 2; seen++) {
    await visit.think(2);
    const video = await visit.json('GET', `/api/videos/${id}`);
    visit.expect(video.id === id, 'another video');
    const { comments } = await visit.json('GET', `/api/videos/${id}/comments`);
    visit.expect(Array.isArray(comments), 'no comments');
    const related = await visit.json('GET', `/api/videos/${id}/related`);
    if (visit.chance(0.5) && related.length) id = visit.pick(related).id; else id = visit.video();
  }
}

async function search(visit) {
  const q = visit.pick(kWords) + (visit.chance(0.3) ? ` ${visit.pick(kWords)}` : '');
  const typed = visit.chance(0.3) ? q.toUpperCase() : q;
  const page = visit.chance(0.2) ? '&page=2' : '';
  const found = await visit.json('GET', `/api/search?q=${encodeURIComponent(typed)}${page}`);
  visit.expect(found.q === q, 'another question was answered');
  await visit.think(3);
  const id = found.results.length ? visit.pick(found.results).id : visit.video();
  const { video } = await visit.json('GET', `/api/videos/${id}/page`);
  visit.expect(video.id === id, 'another page');
  await visit.think(2);
  const author = await visit.json('GET', `/api/users/${video.author.id}/profile`);
  visit.expect(author.id === video.author.id, 'another author');
}

async function feed(visit) {
  const mine = async () => {
    const answer = await visit.json('GET', '/api/videos/feed', { signedIn: true });
    visit.expect(answer.userId === visit.user, "somebody else's feed");
    return answer.videos;
  };
  const videos = await mine();
  const forMe = await visit.json('GET', `/api/recommendations/${visit.user}`);
  visit.expect(forMe.userId === visit.user, "somebody else's recommendations");
  await visit.think(3);
  const id = videos.length ? visit.pick(videos).id : visit.video();
  await visit.json('GET', `/api/videos/${id}`);
  await visit.json('GET', `/api/videos/${id}/stats`);
  await visit.think(4);
  await mine();
}

// What one has written one must then see: a kept answer that hides it is a wrong answer.
async function social(visit) {
  const id = visit.video();
  const video = await visit.json('GET', `/api/videos/${id}`);
  await visit.json('POST', `/api/videos/${id}/view`, { status: 201 });
  await visit.think(3);
  await visit.json('POST', `/api/videos/${id}/like`, { signedIn: true, status: [200, 201] });
  const made = await visit.json('POST', `/api/videos/${id}/comments`,
    { signedIn: true, status: 201, send: { body: `great, ${video.title.toLowerCase()}` } });
  const { comments } = await visit.json('GET', `/api/videos/${id}/comments`);
  visit.expect(comments.some((one) => one.id === made.id) || comments[0]?.id > made.id, 'my comment is not there');
  await visit.think(2);
  const author = video.author.id;
  if (author !== visit.user) {
    const method = visit.chance(0.8) ? 'POST' : 'DELETE';
    await visit.json(method, `/api/users/${author}/follow`, { signedIn: true, status: [200, 201] });
  }
}

async function upload(visit) {
  const body = uploadBody.subarray(0, 65_536 + Math.floor(visit.random() * (uploadBody.length - 65_536)));
  const made = await visit.json('POST', '/api/videos/upload?title=Mine', { signedIn: true, status: 201, bytes: body });
  visit.expect(made.bytes === body.length, 'another length arrived');
  visit.expect(made.sha256 === createHash('sha256').update(body).digest('hex'), 'other bytes arrived');
}

async function media(visit) {
  const id = visit.video();
  await visit.bytes(`/media/${id}/thumb.jpg`);
  await visit.think(1);
  const path = `/media/${id}/seg-0.ts`;
  const whole = await visit.bytes(path);
  for (let first = 0, parts = 0; first < whole.length && parts < 3; first += kPart, parts++) {
    const last = Math.min(first + kPart, whole.length) - 1;
    const part = await visit.bytes(path, { range: `bytes=${first}-${last}`, status: 206 });
    visit.expect(part.equals(whole.subarray(first, last + 1)), 'other bytes than the whole has');
    await visit.think(1);
  }
  await visit.bytes(`/media/${id}/seg-1.ts`, { range: 'bytes=0-', status: 206 });
}

// `weight`: its share of all journeys. `wanted`, through weir: milliseconds, share of requests, share of the cacheable.
export const kJourneys = {
  browsing: { run: browsing, weight: 50, wanted: { p95: 200, error_rate: 0.005, hit_rate: 0.75 } },
  search:   { run: search,   weight: 20, wanted: { p95: 400, error_rate: 0.005, hit_rate: 0.5 } },
  feed:     { run: feed,     weight: 10, wanted: { p95: 1500, error_rate: 0.005, hit_rate: 0.4 } },
  social:   { run: social,   weight: 10, wanted: { p95: 400, error_rate: 0.005 } },
  upload:   { run: upload,   weight: 3,  wanted: { p95: 2000, error_rate: 0.005 } },
  media:    { run: media,    weight: 7,  wanted: { p95: 200, error_rate: 0.005, hit_rate: 0.5 } },
};
