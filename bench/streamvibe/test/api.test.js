// Every call of StreamVibe once, against the real services and a real PostgreSQL at a hundredth of the size.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { WebSocket } from 'ws';
import { started } from '../support/started.js';

let vibe;
let api;
const kUser = { authorization: 'Bearer user-7' };

before(async () => { vibe = await started(); api = vibe.api; }, { timeout: 60_000 });
after(() => vibe.stop());

async function call(method, path, { headers = {}, body, at = api } = {}) {
  const json = body !== undefined && typeof body === 'object' && !(body instanceof Uint8Array);
  const response = await fetch(at + path, { method, signal: AbortSignal.timeout(20_000),
    headers: { ...(json && { 'content-type': 'application/json' }), ...headers }, body: json ? JSON.stringify(body) : body });
  const bytes = Buffer.from(await response.arrayBuffer());
  const type = response.headers.get('content-type') ?? '';
  return { status: response.status, headers: response.headers, bytes, json: type.includes('json') ? JSON.parse(bytes) : null };
}
const get = (path, options) => call('GET', path, options);

async function good(path, options) {
  const answer = await get(path, options);
  assert.equal(answer.status, 200, path);
  for (const name of ['cache-control', 'etag', 'last-modified', 'expires', 'vary']) {
    assert.equal(answer.headers.get(name), null, `${path} ${name}`);
  }
  return answer.json;
}

test('videos: all of them, the trending, one, its parts and its page', async () => {
  const all = await good('/api/videos');
  assert.equal(all.total, 1000);
  assert.equal(all.videos.length, 1000);

  const { videos: trending } = await good('/api/videos/trending');
  assert.equal(trending.length, 20);
  assert.ok(trending[0].views > trending[9].views && trending[9].views > 10, 'Zipf');

  const { id } = trending[0];
  const video = await good(`/api/videos/${id}`);
  assert.equal(video.id, id);
  assert.equal(video.views, trending[0].views);
  assert.equal(video.tags.length, 3);
  const comments = await good(`/api/videos/${id}/comments?limit=2&offset=1`);
  assert.equal(comments.comments.length, 2);
  assert.ok(comments.total > 2 && comments.comments[0].author.name);
  const related = await good(`/api/videos/${id}/related`);
  assert.equal(related.length, 10);
  assert.equal(related[0].sharedTags, 3);
  const stats = await good(`/api/videos/${id}/stats`);
  assert.deepEqual({ views: stats.views, likes: stats.likes }, { views: video.views, likes: video.likes });

  const page = await good(`/api/videos/${id}/page`);
  assert.deepEqual(page.video, video);
  assert.deepEqual(page.comments, await good(`/api/videos/${id}/comments`));
  assert.deepEqual(page.related, related);
  assert.equal(page.author.id, video.author.id);
});

test('search: case and surrounding space do not count, wildcards are letters', async () => {
  const found = await good('/api/search?q=river');
  assert.ok(found.total > 20);
  assert.equal(found.results.length, 20);
  assert.deepEqual(await good('/api/search?q=%20RIVER%20&page=1'), found);
  assert.notDeepEqual((await good('/api/search?q=river&page=2')).results, found.results);
  assert.equal((await good('/api/search?q=%25')).total, 0);
  for (const wrong of ['', '?q=', '?q=a&q=b', '?q=a&page=0', '?q=a&page=x', `?q=${'a'.repeat(101)}`, '?q=%00']) {
    assert.equal((await get(`/api/search${wrong}`)).status, 400, wrong);
  }
});

test('feed and profile', async () => {
  const feed = await good('/api/videos/feed', { headers: kUser });
  assert.equal(feed.userId, 7);
  assert.equal(feed.videos.length, 20);
  assert.ok(feed.videos[0].author.name && feed.videos[0].likes >= 0);
  const profile = await good('/api/users/7/profile');
  assert.equal(profile.following > 0, true);
});

test('who is not signed in, and what is not there', async () => {
  for (const authorization of [undefined, 'Bearer', 'Bearer user-0', 'Bearer user-999999', 'Basic dTpw']) {
    const answer = await get('/api/videos/feed', { headers: authorization ? { authorization } : {} });
    assert.equal(answer.status, 401, authorization);
  }
  for (const path of ['/api/videos/999999', '/api/videos/999999/comments', '/api/videos/999999/related',
    '/api/videos/999999/stats', '/api/videos/999999/page', '/api/videos/999999/events', '/api/users/999999/profile',
    '/media/1/other.png', '/nowhere']) {
    assert.equal((await get(path)).status, 404, path);
  }
  for (const path of ['/api/videos/0', '/api/videos/007', '/api/videos/1e3', '/api/videos/-1', '/api/videos/9999999999',
    '/api/videos/1/comments?limit=0', '/api/videos/1/comments?limit=101', '/api/videos/1/comments?offset=-1',
    '/media/x/thumb.jpg']) {
    assert.equal((await get(path)).status, 400, path);
  }
});

test('recommendations', async () => {
  const first = await good('/api/recommendations/7', { at: vibe.recommendations });
  assert.equal(first.videos.length, 20);
  assert.ok(first.basedOn > 0 && first.videos[0].score >= first.videos[19].score);
  assert.equal((await get('/api/recommendations/999999', { at: vibe.recommendations })).status, 404);
  assert.equal((await get('/api/recommendations/x', { at: vibe.recommendations })).status, 400);
  assert.equal((await get('/api/recommendations/7')).status, 404, 'the api does not serve them');
});

test('view, like, comment', async () => {
  const before = await good('/api/videos/3/stats');
  assert.equal((await call('POST', '/api/videos/3/view')).status, 201);
  assert.equal((await call('POST', '/api/videos/3/view', { headers: { authorization: 'Bearer nobody' } })).status, 401);
  const user = { authorization: 'Bearer user-11' };
  await call('POST', '/api/videos/3/like', { headers: user });
  assert.equal((await call('POST', '/api/videos/3/like', { headers: user })).status, 200, 'once');
  assert.equal((await call('POST', '/api/videos/3/like')).status, 401);
  const made = await call('POST', '/api/videos/3/comments', { headers: user, body: { body: ' first! ' } });
  assert.equal(made.status, 201);
  assert.equal(made.json.body, 'first!');
  const after = await good('/api/videos/3/stats');
  assert.equal(after.views, before.views + 1);
  assert.equal(after.comments, before.comments + 1);
  assert.equal((await good('/api/videos/3/comments')).comments[0].id, made.json.id);

  for (const body of [{}, { body: ' ' }, { body: 7 }, { body: 'x'.repeat(2001) }, []]) {
    assert.equal((await call('POST', '/api/videos/3/comments', { headers: user, body })).status, 400);
  }
  const headers = { ...user, 'content-type': 'application/json' };
  assert.equal((await call('POST', '/api/videos/3/comments', { headers, body: '{"body"' })).status, 400);
  assert.equal((await call('POST', '/api/videos/3/comments', { headers, body: ' '.repeat(70_000) })).status, 413);
  assert.equal((await call('POST', '/api/videos/999999/view')).status, 404);
});

test('follow and unfollow', async () => {
  const headers = { authorization: 'Bearer user-20' };
  await call('DELETE', '/api/users/21/follow', { headers });
  const { followers } = await good('/api/users/21/profile');
  assert.equal((await call('POST', '/api/users/21/follow', { headers })).status, 201);
  assert.equal((await call('POST', '/api/users/21/follow', { headers })).status, 200);
  assert.equal((await good('/api/users/21/profile')).followers, followers + 1);
  assert.equal((await call('DELETE', '/api/users/21/follow', { headers })).json.following, false);
  assert.equal((await good('/api/users/21/profile')).followers, followers);
  assert.equal((await call('POST', '/api/users/20/follow', { headers })).status, 400, 'oneself');
  assert.equal((await call('POST', '/api/users/999999/follow', { headers })).status, 404);
});

test('upload, change, delete', async () => {
  const body = new Uint8Array(3_000_000).fill(7);
  const made = await call('POST', '/api/videos/upload?title=Mine', { headers: kUser, body });
  assert.equal(made.status, 201);
  assert.deepEqual({ bytes: made.json.bytes, sha256: made.json.sha256 },
    { bytes: body.length, sha256: createHash('sha256').update(body).digest('hex') });
  assert.equal((await call('POST', '/api/videos/upload', { body: 'small: it is refused before it is read' })).status, 401);
  assert.equal((await call('POST', '/api/videos/upload', { headers: kUser })).status, 400);

  const path = `/api/videos/${made.json.id}`;
  assert.equal((await call('PUT', path, { headers: { authorization: 'Bearer user-8' }, body: { title: 'Theirs' } })).status, 403);
  assert.equal((await call('PUT', path, { headers: kUser, body: { title: '' } })).status, 400);
  assert.equal((await call('PUT', path, { headers: kUser, body: { title: 'Better' } })).json.title, 'Better');
  assert.equal((await good(path)).title, 'Better');
  await call('POST', `${path}/view`);
  assert.equal((await call('DELETE', path)).status, 401);
  assert.equal((await call('DELETE', path, { headers: kUser })).status, 204);
  assert.equal((await get(path)).status, 404);
});

// By hand: fetch would hold a request back whose length it doesn't believe.
test('an upload that says it is too large is refused before it is read', async () => {
  const status = await new Promise((done, failed) => {
    const request = http.request(`${api}/api/videos/upload`, { method: 'POST',
      headers: { ...kUser, 'content-length': 2 ** 30 + 1 } }, (response) => { done(response.statusCode); request.destroy(); });
    request.on('error', failed).flushHeaders();
  });
  assert.equal(status, 413);
});

test('media: kept for ever, the same each time, and in ranges', async () => {
  const whole = await get('/media/5/seg-2.ts');
  assert.equal(whole.status, 200);
  assert.equal(whole.headers.get('cache-control'), 'public, max-age=31536000, immutable');
  assert.equal(whole.headers.get('accept-ranges'), 'bytes');
  assert.equal(whole.bytes[188], 0x47);
  assert.deepEqual((await get('/media/5/seg-2.ts')).bytes, whole.bytes);
  assert.notDeepEqual((await get('/media/5/seg-3.ts')).bytes, whole.bytes);
  assert.equal((await get('/media/5/thumb.jpg')).headers.get('content-type'), 'image/jpeg');
  assert.equal((await call('HEAD', '/media/5/seg-2.ts')).headers.get('content-length'), String(whole.bytes.length));

  const size = whole.bytes.length;
  for (const [range, first, last] of [['bytes=0-0', 0, 0], ['bytes=100-199', 100, 199], ['bytes=-10', size - 10, size - 1],
    [`bytes=${size - 3}-`, size - 3, size - 1], [`bytes=10-${size * 2}`, 10, size - 1]]) {
    const part = await get('/media/5/seg-2.ts', { headers: { range } });
    assert.equal(part.status, 206, range);
    assert.equal(part.headers.get('content-range'), `bytes ${first}-${last}/${size}`);
    assert.deepEqual(part.bytes, whole.bytes.subarray(first, last + 1));
  }
  for (const range of [`bytes=${size}-`, 'bytes=-0']) {
    const none = await get('/media/5/seg-2.ts', { headers: { range } });
    assert.equal(none.status, 416, range);
    assert.equal(none.headers.get('content-range'), `bytes */${size}`);
    assert.equal(none.headers.get('cache-control'), null);
  }
  for (const headers of [{ range: 'bytes=5-2' }, { range: 'bytes=0-1,3-4' }, { range: 'lines=0-1' }, { range: 'bytes=-' },
    { range: 'bytes=0-1', 'if-range': '"x"' }]) {
    assert.equal((await get('/media/5/seg-2.ts', { headers })).status, 200, JSON.stringify(headers));
  }
});

test('/live echoes and ticks', async () => {
  const socket = new WebSocket(`${api.replace('http', 'ws')}/live`);
  const heard = [];
  await new Promise((done, failed) => {
    socket.on('error', failed);
    socket.on('open', () => { socket.send('hello'); socket.send(Buffer.from([1, 2, 3])); });
    socket.on('message', (data, binary) => { heard.push(binary ? [...data] : String(data)); if (heard.length === 3) done(); });
  });
  socket.close();
  assert.deepEqual(heard, ['hello', [1, 2, 3], '{"tick":1}']);
  assert.equal((await get('/live')).status, 426);
});

test('events come one a second', async () => {
  const response = await fetch(`${api}/api/videos/5/events`, { signal: AbortSignal.timeout(10_000) });
  assert.equal(response.headers.get('content-type'), 'text/event-stream');
  let text = '';
  for await (const chunk of response.body) {
    text += Buffer.from(chunk);
    if (text.includes('id: 2')) break;
  }
  assert.match(text, /^id: 1\nevent: watching\ndata: \{"videoId":5,"n":1\}\n\nid: 2\n/);
});

test('health, and what the origin counted', async () => {
  assert.deepEqual(await good('/health'), { status: 'ok', service: 'api' });
  assert.equal((await good('/health', { at: vibe.recommendations })).service, 'recommendations');
  assert.equal((await call('POST', '/_origin/reset')).status, 200);
  await get('/api/videos/5');
  await get('/api/videos/5');
  await get('/api/videos/5/stats');
  await get('/media/5/thumb.jpg');
  const stats = await good('/_origin/stats');
  assert.equal(stats.requests, 4);
  assert.equal(stats.sql_queries, 5 + 5 + 4);
  assert.equal(stats.routes['GET /api/videos/:id'].requests, 2);
  assert.ok(stats.routes['GET /media/:id/thumb.jpg'].bytes_sent > 6000);
  assert.ok(stats.data.videos >= 1000 && stats.data.users === 200);
});

test('faults: slow, wrong, closed, silent, and over', async () => {
  const faults = (body) => call('POST', '/_origin/faults', { body });
  const route = 'GET /api/videos/:id/stats';
  await faults({ route, error_rate: 1 });
  assert.equal((await get('/api/videos/5/stats')).status, 500);
  assert.equal((await get('/api/videos/5')).status, 200, 'another route');
  await faults({ route, delay_ms: 300 });
  const began = performance.now();
  assert.equal((await get('/api/videos/5/stats')).status, 200);
  assert.ok(performance.now() - began >= 299);
  await faults({ route, close_rate: 1 });
  await assert.rejects(get('/api/videos/5/stats'));
  await faults({ route, hang_rate: 1 });
  await assert.rejects(fetch(`${api}/api/videos/5/stats`, { signal: AbortSignal.timeout(300) }));
  assert.equal((await good('/_origin/faults')).faults.length, 1);
  await faults({});
  assert.equal((await get('/api/videos/5/stats')).status, 200);
  await faults({ error_rate: 1 });
  assert.equal((await get('/health')).status, 500, 'everything');
  await faults({});
  for (const body of [{ error_rate: 2 }, { delay: 3 }, { route: '/nowhere', delay_ms: 1 }, { delay_ms: '5' }]) {
    assert.equal((await faults(body)).status, 400, JSON.stringify(body));
  }
});
