// What somebody changes in StreamVibe's database, past its API, changes the next answer: outbox, triggers and listener as
// docs/postgres.md says, on a real PostgreSQL; alone, and with two weirs that share a Redis.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, kPatience } from '../support/patience.js';
import { RedisServer } from '../support/redis.js';
import { StreamVibe } from '../support/streamvibe.js';

for (const shared of [false, true]) {
  const name = shared ? 'two tiers' : 'memory alone';
  let redis, streamvibe;
  const get = async (path) => {
    const answer = await fetch(streamvibe.base + path);
    return { status: answer.headers.get('cache-status'), body: await answer.json() };
  };
  const performance = async () => (await fetch(`${streamvibe.admin}/health/performance`)).json();

  test(`${name}: a change in the database changes the next answer`, { timeout: 20 * kPatience }, async (t) => {
    await t.test('start', async () => {
      if (shared) redis = await RedisServer.start();
      streamvibe = await StreamVibe.start(shared ? { REDIS_URL: redis.url } : {}, { triggers: true });
      await eventually(async () => (await performance()).database_listener.phase === 'following', 'weir listens to the database');
    });
    await t.test('an UPDATE', async () => {
      // What the listener says of its start makes the first copies invalid, in a shared log a little later.
      const kept = async () => /hit/.test((await get('/api/videos/1')).status);
      await eventually(kept, 'a copy of the video is kept');
      streamvibe.sql("UPDATE videos SET title = 'changed by hand' WHERE id = 1");
      await eventually(async () => (await get('/api/videos/1')).body.title === 'changed by hand', 'the new title is served');
    });
    await t.test('a rolled back one changes nothing, and another video\'s copy stays', async () => {
      await get('/api/videos/2');
      const { rows } = (await performance()).database_listener;
      streamvibe.sql("BEGIN; UPDATE videos SET title = 'never' WHERE id = 2; ROLLBACK; UPDATE videos SET title = 'again' WHERE id = 1");
      await eventually(async () => (await performance()).database_listener.rows > rows, 'the change after it was heard');
      assert.match((await get('/api/videos/2')).status, /hit/);
    });
    await t.test('a row that goes', async () => {
      const id = streamvibe.sql("INSERT INTO comments (video_id, author_id, body, created_at) VALUES (3, 1, 'soon gone', now()) RETURNING id").trim();
      const has = async () => JSON.stringify((await get('/api/videos/3/comments')).body).includes('soon gone');
      await eventually(has, 'the comment is there');
      streamvibe.sql(`DELETE FROM comments WHERE id = ${id}`);
      await eventually(async () => !(await has()), 'and is gone');
    });
    await t.test('the backend that weir listens on is killed: nothing is missed', async () => {
      await get('/api/videos/4');
      streamvibe.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND query LIKE '%weir%'; " +
        "UPDATE videos SET title = 'meanwhile' WHERE id = 4");
      await eventually(async () => (await get('/api/videos/4')).body.title === 'meanwhile', 'the change came after all');
    });
    await t.test('stop', async () => {
      await streamvibe.stop();
      await redis?.stop();
    });
  });
}
