// The main job, as an operator has it: real StreamVibe, real PostgreSQL, conf/streamvibe.yaml, and weir in front.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { StreamVibe } from '../support/streamvibe.js';

let streamvibe, base, admin;
before(async () => {
  streamvibe = await StreamVibe.start();
  ({ base, admin } = streamvibe);
}, { timeout: 120_000 });
after(() => streamvibe?.stop(), { timeout: 60_000 });

const user = (n) => ({ Authorization: `Bearer user-${n}` });
const status = (answer) => answer.headers.get('cache-status');
const get = async (path, headers = {}) => {
  const answer = await fetch(base + path, { headers });
  return { answer, text: await answer.text(), hit: /^weir; hit/.test(status(answer)) };
};
const originRequests = async () => (await (await fetch(`${streamvibe.api}/_origin/stats`)).json()).requests;

for (const path of ['/api/videos/trending', '/api/videos/1', '/api/videos/1/comments', '/api/videos/1/related', '/api/videos/1/stats',
  '/api/search?q=the', '/api/users/1/profile', '/api/recommendations/1', '/media/1/thumb.jpg']) {
  test(`${path}: asked once, then kept, byte for byte`, async () => {
    const first = await get(path);
    assert.equal(first.answer.status, 200, first.text);
    assert.equal(first.hit, false, status(first.answer));
    const second = await get(path);
    assert.equal(second.hit, true, status(second.answer));
    assert.equal(second.text, first.text);
  });
}

test('hits ask StreamVibe nothing', async () => {
  await get('/api/videos/2');
  const before = await originRequests();
  for (let i = 0; i < 20; i += 1) assert.ok((await get('/api/videos/2')).hit);
  assert.equal(JSON.stringify(await originRequests()), JSON.stringify(before));
});

test('a made ETag is answered with a 304', async () => {
  await get('/api/videos/3');
  const { answer } = await get('/api/videos/3');
  const etag = answer.headers.get('etag');
  assert.ok(etag);
  assert.equal((await fetch(`${base}/api/videos/3`, { headers: { 'If-None-Match': etag } })).status, 304);
});

test('a purge by tag: the next answer is fetched', async () => {
  await get('/api/videos/4');
  assert.ok((await get('/api/videos/4')).hit);
  const purged = await fetch(`${admin}/admin/cache/invalidate`, {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ tags: ['video:4'] }),
  });
  assert.equal(purged.status, 200);
  assert.equal((await get('/api/videos/4')).hit, false);
  assert.ok((await get('/api/videos/1')).hit, 'others stay');
});

test('a feed is kept for its user alone', async () => {
  const first = await get('/api/videos/feed', user(1));
  assert.equal(first.answer.status, 200, first.text);
  assert.ok((await get('/api/videos/feed', user(1))).hit);
  assert.equal((await get('/api/videos/feed', user(2))).hit, false);
});

test('a comment is there for the next reader', async () => {
  await get('/api/videos/5/comments');
  const posted = await fetch(`${base}/api/videos/5/comments`, {
    method: 'POST', headers: { ...user(1), 'Content-Type': 'application/json' }, body: JSON.stringify({ text: 'seen by all at once', body: 'seen by all at once' }),
  });
  assert.ok(posted.status < 300, `${posted.status} ${await posted.text()}`);
  const { hit, text } = await get('/api/videos/5/comments');
  assert.equal(hit, false);
  assert.ok(text.includes('seen by all at once'));
});

test('an upload streams through', async () => {
  const body = Buffer.alloc(5 << 20, 'u');
  const answer = await fetch(`${base}/api/videos/upload`, { method: 'POST', headers: user(1), body });
  assert.ok(answer.status < 300, `${answer.status} ${await answer.clone().text()}`);
  assert.ok((await answer.text()).includes(String(body.length)));
});
