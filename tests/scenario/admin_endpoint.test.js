// The admin endpoint: every call, who may make it, and that it is never on the public port.
import assert from 'node:assert/strict';
import { isHit } from '../support/cache_status.js';
import { connect, fetch } from '../support/client.js';
import { fresh, numbered } from '../support/origin.js';
import { eventually } from '../support/patience.js';
import { kPlain, scenario } from '../support/scenario.js';

const kRoutes = `
routes:
  - name: video
    match: GET /api/videos/{id}
    cache: { ttl: 1h }
    tags: [ "video:\${id}" ]
  - name: rest
    match: /
    cache: { ttl: 1h }
`;
const kToken = 'a-token-for-tests';
const kWithToken = `admin: { address: "127.0.0.1:0", token: "${kToken}" }\n${kRoutes}`;
const bearer = (token) => ({ Authorization: `Bearer ${token}` });

async function filled({ origin, get, weir }) {
  origin.otherwise(numbered());
  for (const path of ['/api/videos/1', '/api/videos/2', '/about', '/about']) await get(path);
  await eventually(() => weir.log.length === 4, 'all are counted');
}

scenario('/health and /ready', kPlain, async ({ weir }) => {
  assert.equal((await weir.admin('GET /health')).status, 200);
  assert.equal((await weir.admin('GET /ready')).status, 200);
});

scenario('/health/performance: cache, upstreams, uptime, hit rate, latencies', kRoutes, async (stage) => {
  await filled(stage);
  const { json } = await stage.weir.admin('GET /health/performance');
  const text = JSON.stringify(json);
  for (const word of ['cache', 'upstreams', 'api', 'uptime', 'hit_rate']) assert.ok(text.includes(word), `${word} in ${text}`);
});

scenario('/metrics: Prometheus text', kRoutes, async (stage) => {
  await filled(stage);
  const answer = await stage.weir.admin('GET /metrics');
  assert.match(answer.get('content-type'), /^text\/plain/);
  const names = new Set();
  for (const line of answer.text.split('\n').filter(Boolean)) {
    assert.match(line, /^(# (HELP|TYPE) [a-z_:][\w:]* .+|[a-z_:][\w:]*(\{([a-z_]\w*="(\\.|[^"\\\n])*",?)*\})? (NaN|[+-]?Inf|-?[\d.]+(e[+-]?\d+)?))$/i);
    names.add(line.match(/^(?:# \w+ )?([\w:]+)/)[1]);
  }
  for (const name of names) assert.match(name, /^(weir|process)_/);
  assert.equal(await stage.weir.metric('weir_requests_total', { result: 'hit' }), 1);
  assert.equal(await stage.weir.metric('weir_requests_total', { result: 'miss', route: 'video' }), 2);
});

scenario('/admin/cache/stats', kRoutes, async (stage) => {
  await filled(stage);
  const { json } = await stage.weir.admin('GET /admin/cache/stats');
  assert.equal(json.hits, 1);
  assert.equal(json.misses, 3);
  assert.equal(json.objects, 3);
  assert.ok(json.bytes > 0);
  for (const key of ['stale', 'coalesced', 'evictions']) assert.equal(json[key], 0, key);
  assert.ok(JSON.stringify(json.routes).includes('video'));
});

scenario('/admin/cache/entry: what is kept for a URL', kRoutes, async (stage) => {
  await filled(stage);
  stage.turn(10);
  const { status, json } = await stage.weir.admin('GET /admin/cache/entry?url=http://streamvibe.test/api/videos/1');
  assert.equal(status, 200);
  const text = JSON.stringify(json);
  for (const part of ['video:1', '/api/videos/1', '"age":1', '"ttl":35', '"hits":0']) assert.ok(text.includes(part), `${part} in ${text}`);
  assert.equal((await stage.weir.admin('GET /admin/cache/entry?url=http://streamvibe.test/nothing')).status, 404);
});

scenario('/admin/cache/entry names the route that the URL has now, whatever number it had', kRoutes, async (stage) => {
  const { weir } = stage;
  await filled(stage);
  const route = async () => (await weir.admin('GET /admin/cache/entry?url=/api/videos/1')).json.variants[0].route;
  assert.equal(await route(), 'video');
  weir.write(kRoutes.replace('routes:', 'routes:\n  - { name: first, match: GET /first, cache: off }'));
  assert.equal((await weir.admin('POST /admin/reload')).status, 200);
  assert.equal(await route(), 'video');
});

scenario('/admin/cache/clear: by pattern, or all', kRoutes, async (stage) => {
  await filled(stage);
  assert.equal((await stage.weir.admin('POST /admin/cache/clear', { pattern: '/api/videos/*' })).status, 200);
  assert.equal(isHit(await stage.get('/api/videos/1')), false);
  assert.ok(isHit(await stage.get('/about')));
  assert.equal((await stage.weir.admin('POST /admin/cache/clear')).status, 200);
  assert.equal(isHit(await stage.get('/about')), false);
});

scenario('/admin/cache/warm: fetches a list, and tells its progress', kRoutes, async ({ origin, get, weir }) => {
  origin.otherwise(numbered());
  const urls = Array.from({ length: 20 }, (_, i) => `http://streamvibe.test/page/${i}`);
  const begun = await weir.admin('POST /admin/cache/warm', { urls });
  assert.ok([200, 202].includes(begun.status), begun.text);
  const { id } = begun.json;
  await eventually(async () => {
    const { json } = await weir.admin(`GET /admin/cache/warm/${id}`);
    return json.done === 20;
  }, 'all are fetched');
  for (let i = 0; i < 20; i += 1) assert.ok(isHit(await get(`/page/${i}`)));
  assert.equal(origin.requests.length, 20);
  assert.equal((await weir.admin('GET /admin/cache/warm/no-such-id')).status, 404);
});

scenario('/admin/explain', kRoutes, async ({ weir, origin }) => {
  const answer = await weir.admin(`GET /admin/explain?request=${encodeURIComponent('GET /api/videos/42?b=2&a=1')}`);
  assert.equal(answer.status, 200);
  for (const part of ['video', 'video:42', 'a=1&b=2']) assert.ok(answer.text.includes(part), `${part} in ${answer.text}`);
  assert.equal(origin.requests.length, 0);
  assert.equal((await weir.admin('GET /admin/explain?request=nonsense')).status, 400);
});

scenario('/admin/config: the running one, secrets masked', kWithToken, async ({ weir }) => {
  const answer = await weir.admin('GET /admin/config', undefined, bearer(kToken));
  assert.equal(answer.status, 200);
  assert.equal(answer.text.includes(kToken), false);
  assert.ok(JSON.stringify(answer.json).includes('/api/videos/{id}'));
});

scenario('/admin/upstreams', kRoutes, async (stage) => {
  await filled(stage);
  const { json } = await stage.weir.admin('GET /admin/upstreams');
  const text = JSON.stringify(json);
  assert.ok(text.includes('api') && text.includes(String(stage.origin.port)), text);
});

scenario('an origin that is dead is failing, until it answers again', kPlain, async ({ origin, get, weir }) => {
  const states = async () => {
    const { json: upstreams } = await weir.admin('GET /admin/upstreams');
    const { json: health } = await weir.admin('GET /health/performance');
    const usable = await weir.metric('weir_upstream_usable');
    return [health.status, health.upstreams.api.status, upstreams.api.status, upstreams.api.servers[0].status, usable];
  };
  origin.otherwise(numbered());
  assert.deepEqual(await states(), ['ok', 'ok', 'ok', 'ok', 1]);
  await get('/page');
  await origin.die();
  assert.equal((await get('/page')).status, 502);
  assert.deepEqual(await states(), ['degraded', 'down', 'down', 'failing', 0]);
  await origin.listen();
  assert.equal((await get('/page')).status, 200);
  assert.deepEqual(await states(), ['ok', 'ok', 'ok', 'ok', 1]);
});

const kTwoServers = 'one of two servers that is dead: degraded';
scenario(kTwoServers, kPlain, async ({ origins, get, weir }) => {
  for (const origin of origins) origin.otherwise(numbered());
  await origins[0].die();
  for (let i = 0; i < 4; i += 1) assert.equal((await get('/page')).status, 200);
  const { json } = await weir.admin('GET /admin/upstreams');
  assert.equal(json.api.status, 'degraded');
  assert.deepEqual(json.api.servers.map((server) => server.status), ['failing', 'ok']);
}, { origins: 2 });

const protectedCalls = [
  'GET /metrics', 'GET /health/performance', 'GET /admin/cache/stats', 'GET /admin/cache/entry?url=/a', 'POST /admin/cache/invalidate',
  'POST /admin/cache/clear', 'POST /admin/cache/warm', 'GET /admin/explain?request=GET%20/', 'GET /admin/config', 'POST /admin/reload',
  'GET /admin/upstreams', 'GET /admin/nothing',
];
scenario('with a token all but health and ready needs it', kWithToken, async (stage) => {
  const { weir, origin, get } = stage;
  origin.otherwise(numbered());
  await get('/about');
  for (const call of ['GET /health', 'GET /ready']) assert.equal((await weir.admin(call)).status, 200);
  const wrong = [{}, bearer('wrong'), bearer(`${kToken}x`), bearer(kToken.slice(0, -1)), bearer(''), { Authorization: `Basic ${kToken}` }];
  for (const call of protectedCalls) {
    for (const headers of wrong) {
      const body = call.startsWith('POST') ? { all: true } : undefined;
      assert.equal((await weir.admin(call, body, headers)).status, 401, `${call} ${JSON.stringify(headers)}`);
    }
  }
  assert.ok(isHit(await get('/about')), 'nothing was purged');
  assert.equal((await weir.admin('GET /admin/cache/stats', undefined, bearer(kToken))).status, 200);
  assert.equal((await weir.admin('POST /admin/cache/invalidate', { all: true }, bearer(kToken))).status, 200);
});

scenario('a page of another site can not reach it: Host and Origin are checked', kRoutes, async (stage) => {
  const { weir } = stage;
  await filled(stage);
  for (const host of ['evil.test', 'evil.test:9090', '127.0.0.1.evil.test', `streamvibe.test:${weir.adminPort}`]) {
    assert.equal((await weir.admin('POST /admin/cache/clear', undefined, { Host: host })).status, 403, host);
  }
  for (const origin of ['http://evil.test', 'null', `http://127.0.0.1:${weir.port}`]) {
    assert.equal((await weir.admin('POST /admin/cache/clear', undefined, { Origin: origin })).status, 403, origin);
  }
  assert.ok(isHit(await stage.get('/about')), 'nothing was cleared');
  assert.equal((await weir.admin('GET /health', undefined, { Host: `localhost:${weir.adminPort}` })).status, 200);
  assert.equal((await weir.admin('GET /admin/cache/stats', undefined, { Origin: weir.adminUrl })).status, 200);
});

const bad = [
  ['not JSON', 'nonsense', 400],
  ['cut JSON', '{"tags":["a"', 400],
  ['nothing to invalidate', '{}', 400],
  ['an unknown key', '{"tag":["a"]}', 400],
  ['tags that are no list', '{"tags":"a"}', 400],
  ['tags that are no texts', '{"tags":[1]}', 400],
  ['all that is no truth value', '{"all":"yes"}', 400],
  ['a prefix that is no path', '{"prefix":""}', 400],
  ['a list, not an object', '[]', 400],
  ['JSON and more', '{"all":true} and more', 400],
  ['nesting without end', '['.repeat(10_000), 400],
];
for (const [what, body, status] of bad) {
  scenario(`invalidate with ${what}: ${status}, and nothing is gone`, kRoutes, async (stage) => {
    await filled(stage);
    const { weir } = stage;
    const headers = { Host: `127.0.0.1:${weir.adminPort}`, 'Content-Type': 'application/json' };
    const answer = await fetch(weir.adminPort, 'POST /admin/cache/invalidate', headers, body);
    assert.equal(answer.status, status);
    assert.notEqual(answer.text, '');
    assert.ok(isHit(await stage.get('/about')));
  });
}

scenario('a body past a MiB is refused before it is sent', kRoutes, async ({ weir }) => {
  const client = await connect(weir.adminPort);
  client.request('POST /admin/cache/invalidate', { Host: `127.0.0.1:${weir.adminPort}`, 'Content-Length': 2 << 20 });
  assert.equal((await client.answer()).status, 413);
  client.close();
});

scenario('unknown calls are 404, known ones by another method 405 with Allow', kRoutes, async ({ weir }) => {
  assert.equal((await weir.admin('GET /nothing')).status, 404);
  const answer = await weir.admin('GET /admin/reload');
  assert.equal(answer.status, 405);
  assert.match(answer.get('allow'), /POST/);
  assert.equal((await weir.admin('DELETE /admin/cache/stats')).status, 405);
});

scenario('on the public port its paths are the API\'s', kPlain, async ({ origin, get, send }) => {
  origin.otherwise({ body: 'the API' });
  for (const path of ['/admin/cache/stats', '/metrics', '/health', '/admin/config']) assert.equal((await get(path)).text, 'the API');
  assert.equal((await send('POST /admin/cache/clear', {}, '{}')).text, 'the API');
});

scenario('many admin clients at once, some of whom say nothing', kRoutes, async ({ weir, get, origin }) => {
  origin.otherwise(numbered());
  const silent = await Promise.all(Array.from({ length: 50 }, () => connect(weir.adminPort)));
  const answers = await Promise.all(Array.from({ length: 50 }, () => weir.admin('GET /admin/cache/stats')));
  for (const answer of answers) assert.equal(answer.status, 200);
  assert.equal((await get('/about')).status, 200);
  for (const client of silent) client.close();
});

const kPurgers = (range) => `admin: { address: "127.0.0.1:0", purge_from: [ ${range} ] }\n${kRoutes}`;
scenario('PURGE and SOFTPURGE on the public port, for those who may', kPurgers('127.0.0.0/8'), async (stage) => {
  const { get, send, origin } = stage;
  origin.otherwise(fresh(600, { ETag: '"1"' }));
  await get('/about');
  assert.equal((await send('PURGE /about')).status, 200);
  assert.equal((await get('/about')).text, 'answer 2');
  assert.equal((await send('SOFTPURGE /about')).status, 200);
  await get('/about');
  assert.equal(origin.last('/about').get('if-none-match'), '"1"');
  assert.equal(origin.requests.filter((request) => request.method !== 'GET').length, 0, 'never forwarded');
});

const kByLess = `
admin: { address: "127.0.0.1:0", purge_from: [ 127.0.0.1 ] }
routes:
  - { name: drops, match: GET /drops/, key: { query: [] }, cache: { ttl: 1h } }
  - { name: changes, match: GET /changes, key: { query: [ q ], normalise: { q: [ trim, lower ] } }, cache: { ttl: 1h } }
  - { name: rest, match: / }
`;
for (const target of ['/drops/1?utm=x', '/changes?q=Foo+&utm=x']) {
  scenario(`PURGE ${target}: the copy that a GET for the same URL gets is gone`, kByLess, async ({ get, send, origin }) => {
    origin.otherwise(numbered());
    await get(target);
    assert.ok(isHit(await get(target)));
    assert.equal((await send(`PURGE ${target}`)).status, 200);
    assert.equal((await get(target)).text, 'answer 2');
  });
}

for (const [what, config] of [['by default', kRoutes], ['from elsewhere', kPurgers('10.0.0.0/8')]]) {
  scenario(`PURGE is refused ${what}, and never forwarded`, config, async (stage) => {
    await filled(stage);
    for (const method of ['PURGE', 'SOFTPURGE']) {
      const { status } = await stage.send(`${method} /about`, { 'X-Forwarded-For': '10.0.0.1' });
      assert.ok([403, 405].includes(status), `${status}`);
    }
    assert.ok(isHit(await stage.get('/about')));
    assert.equal(stage.origin.requests.filter((request) => request.method !== 'GET').length, 0);
  });
}
