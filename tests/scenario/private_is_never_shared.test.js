// Promise 1: nothing private is stored, and nobody is answered with what was meant for another, unless a route says how.
import assert from 'node:assert/strict';
import { cacheStatus, isHit } from '../support/cache_status.js';
import { numbered } from '../support/origin.js';
import { scenario } from '../support/scenario.js';

const kRoutes = `
routes:
  - name: feed
    match: GET /feed
    key: { user: { header: Authorization } }
    cache: { ttl: 10m }
    tags: [ "feed:\${user}" ]
  - name: cart
    match: GET /cart
    key: { user: { cookie: session } }
    cache: { ttl: 10m }
  - name: strip
    match: GET /strip
    cache: { ttl: 10m, set_cookie: strip }
  - name: store
    match: GET /store
    cache: { ttl: 10m, set_cookie: store }
  - name: forced
    match: GET /forced/
    cache: { ttl: 10m, override: true }
  - name: rest
    match: /
    cache: { ttl: 10m }
`;
const kAda = { Authorization: 'Bearer ada-secret' };
const kBob = { Authorization: 'Bearer bob-secret' };

scenario('an answer to Authorization is not stored', kRoutes, async ({ origin, get }) => {
  origin.on('/page', numbered());
  const answer = await get('/page', kAda);
  assert.equal(cacheStatus(answer).stored, false);
  assert.equal((await get('/page', kBob)).text, 'answer 2');
  assert.equal((await get('/page')).text, 'answer 3');
  assert.equal(origin.asked('/page')[0].get('authorization'), kAda.Authorization);
});

scenario('Authorization is not answered from what was stored without it', kRoutes, async ({ origin, get }) => {
  origin.on('/page', numbered());
  await get('/page');
  assert.equal((await get('/page', kAda)).text, 'answer 2');
  assert.equal((await get('/page')).text, 'answer 1');
});

for (const directive of ['public', 's-maxage=60', 'must-revalidate']) {
  scenario(`${directive} shares it`, kRoutes, async ({ origin, get }) => {
    origin.on('/page', numbered({ 'Cache-Control': `max-age=60, ${directive}` }));
    await get('/page', kAda);
    assert.equal((await get('/page', kBob)).text, 'answer 1');
    assert.ok(isHit(await get('/page')));
  });
}

for (const control of ['private', 'private, max-age=60', 'no-store', 'max-age=60, no-store', 'PRIVATE', 'max-age=60, No-Store']) {
  for (const path of ['/page', '/forced/page']) {
    scenario(`${control} on ${path}: never stored, whatever the route's ttl`, kRoutes, async ({ origin, get }) => {
      origin.on(path, numbered({ 'Cache-Control': control }));
      assert.equal(cacheStatus(await get(path)).stored, false);
      assert.equal((await get(path)).text, 'answer 2');
    });
  }
}

scenario('Set-Cookie: not stored, and every client gets its own', kRoutes, async ({ origin, get }) => {
  let n = 0;
  origin.on('/page', () => ({ headers: { 'Set-Cookie': `id=${(n += 1)}`, 'Cache-Control': 'public, max-age=60' } }));
  assert.equal((await get('/page')).get('set-cookie'), 'id=1');
  assert.equal((await get('/page')).get('set-cookie'), 'id=2');
});

scenario('set_cookie: strip stores it without the cookie, and gives none to anybody', kRoutes, async ({ origin, get }) => {
  origin.on('/strip', numbered({ 'Set-Cookie': 'id=1' }));
  assert.equal((await get('/strip')).fields.has('set-cookie'), false);
  const answer = await get('/strip');
  assert.ok(isHit(answer));
  assert.equal(answer.fields.has('set-cookie'), false);
});

scenario('set_cookie: store stores it with the cookie', kRoutes, async ({ origin, get }) => {
  origin.on('/store', numbered({ 'Set-Cookie': 'theme=dark' }));
  await get('/store');
  const answer = await get('/store');
  assert.ok(isHit(answer));
  assert.equal(answer.get('set-cookie'), 'theme=dark');
});

scenario('key.user: a header keeps users apart, and each has hits', kRoutes, async ({ origin, get }) => {
  origin.on('/feed', (request) => ({ body: `feed of ${request.get('authorization')}` }));
  for (const user of [kAda, kBob, kAda, kBob]) assert.equal((await get('/feed', user)).text, `feed of ${user.Authorization}`);
  assert.ok(isHit(await get('/feed', kAda)));
  assert.equal(origin.count('/feed'), 2);
});

scenario('key.user: without the header nobody gets a user\'s copy', kRoutes, async ({ origin, get }) => {
  origin.on('/feed', (request) => ({ body: `feed of ${request.get('authorization') ?? 'nobody'}` }));
  await get('/feed', kAda);
  assert.equal((await get('/feed')).text, 'feed of nobody');
  assert.equal((await get('/feed', { Authorization: '' })).text === `feed of ${kAda.Authorization}`, false);
});

scenario('key.user: a cookie keeps users apart, whatever other cookies there are', kRoutes, async ({ origin, get }) => {
  origin.on('/cart', (request) => ({ body: `cart of ${/session=(\w+)/.exec(request.get('cookie'))?.[1]}` }));
  assert.equal((await get('/cart', { Cookie: 'session=ada; theme=dark' })).text, 'cart of ada');
  assert.equal((await get('/cart', { Cookie: 'theme=light; session=bob' })).text, 'cart of bob');
  const again = await get('/cart', { Cookie: 'theme=blue; session=ada' });
  assert.equal(again.text, 'cart of ada');
  assert.ok(isHit(again));
});

const kSession = { Cookie: 'session=s1' };
const kApart = {
  'an empty session': [{ Cookie: 'session=' }, { Cookie: 'session=' }],
  'no session': [{}, {}],
  'the same session': [kSession, kSession],
};
for (const [what, [one, other]] of Object.entries(kApart)) {
  scenario(`key.user is a cookie: Authorization with ${what} is nobody else's`, kRoutes, async ({ origin, get }) => {
    origin.on('/cart', (request) => ({ body: `cart of ${request.get('authorization')}` }));
    const answer = await get('/cart', { ...one, ...kAda });
    assert.equal(cacheStatus(answer).stored, false);
    assert.equal((await get('/cart', { ...other, ...kBob })).text, 'cart of Bearer bob-secret');
    assert.equal((await get('/cart', other)).text, 'cart of undefined', 'nor of who shows none');
    assert.equal((await get('/cart', { ...one, ...kAda })).text, 'cart of Bearer ada-secret', 'nor the other way round');
  });
}

for (const cookie of ['session=', 'theme=dark; session=', 'session=; session=']) {
  scenario(`private, and "${cookie}" names nobody: not stored`, kRoutes, async ({ origin, get }) => {
    origin.on('/cart', numbered({ 'Cache-Control': 'private, max-age=60' }));
    assert.equal(cacheStatus(await get('/cart', { Cookie: cookie })).stored, false);
    assert.equal((await get('/cart', { Cookie: cookie })).text, 'answer 2');
  });
}

scenario('private is kept for a user who is named', kRoutes, async ({ origin, get }) => {
  origin.on('/cart', numbered({ 'Cache-Control': 'private, max-age=60' }));
  await get('/cart', kSession);
  assert.ok(isHit(await get('/cart', kSession)));
  assert.equal((await get('/cart', { Cookie: 'session=s2' })).text, 'answer 2');
  assert.equal((await get('/cart', { ...kSession, ...kAda })).text, 'answer 3');
});

scenario('a user\'s private answer is still not stored', kRoutes, async ({ origin, get }) => {
  origin.on('/feed', numbered({ 'Cache-Control': 'no-store' }));
  await get('/feed', kAda);
  assert.equal((await get('/feed', kAda)).text, 'answer 2');
});

scenario('the value that tells users apart is nowhere to be read', kRoutes, async ({ origin, get, weir }) => {
  origin.on('/feed', numbered());
  await get('/feed', kAda);
  await get('/feed', kAda);
  const pages = ['/admin/cache/entry?url=/feed', '/admin/cache/stats', '/metrics', '/admin/config'];
  for (const page of pages) {
    const { text } = await weir.admin(`GET ${page}`);
    assert.equal(text.includes('ada-secret'), false, page);
  }
  await weir.stop();
  assert.equal(weir.output.includes('ada-secret'), false, 'the log');
});

scenario('a user\'s tag purges that user alone', kRoutes, async ({ origin, get, weir }) => {
  origin.on('/feed', numbered());
  await get('/feed', kAda);
  await get('/feed', kBob);
  const { json } = await weir.admin('GET /admin/cache/entry?url=/feed');
  const tags = [...new Set(JSON.stringify(json).match(/feed:[0-9a-f]+/g))];
  assert.equal(tags.length, 2, JSON.stringify(json));
  await weir.invalidate({ tags: [tags[0]] });
  const after = [await get('/feed', kAda), await get('/feed', kBob)];
  assert.deepEqual(after.map(isHit).sort(), [false, true]);
});

scenario('a client\'s no-store is not stored', kRoutes, async ({ origin, get }) => {
  origin.on('/page', numbered());
  await get('/page', { 'Cache-Control': 'no-store' });
  assert.equal((await get('/page')).text, 'answer 2');
});
