// The cache key: what counts in it, in which form, and that nothing outside it changes the answer (hostile.md 26-28).
import assert from 'node:assert/strict';
import { isHit } from '../support/cache_status.js';
import { numbered } from '../support/origin.js';
import { kPlain, scenario } from '../support/scenario.js';

const kRoutes = `
routes:
  - name: search
    match: GET /search
    key: { query: [ q, page ], normalise: { q: [ trim, lower ] } }
    cache: { ttl: 10m }
  - name: list
    match: GET /list
    key: { query_except: [ utm_source, fbclid ] }
    cache: { ttl: 10m }
  - name: worded
    match: GET /worded
    key: { headers: [ X-Lang ], cookies: [ theme ] }
    cache: { ttl: 10m }
  - name: forwarding
    match: GET /forwarding
    request: { forward: [ X-Trace ] }
    cache: { ttl: 10m }
  - name: off
    match: /off
    cache: off
  - name: origin
    match: /origin
    cache: origin
  - name: rest
    match: /
    cache: { ttl: 10m }
`;

// Asks for each target in turn; says the number of copies and what the origin was asked for.
async function copies({ origin, get }, targets) {
  origin.otherwise(numbered());
  const texts = [];
  for (const [target, headers] of targets.map((one) => [one].flat())) texts.push((await get(target, headers)).text);
  return { count: new Set(texts).size, asked: origin.requests.map((request) => request.target) };
}

const same = [
  ['the order of the query', ['/page?b=2&a=1', '/page?a=1&b=2'], '/page?a=1&b=2'],
  ['unreserved bytes that are encoded', ['/%7Euser/%61', '/~user/a'], '/~user/a'],
  ['hex digits in another case', ['/a%2fb', '/a%2Fb'], '/a%2Fb'],
  ['dot segments', ['/a/./b/../c', '/a/c'], '/a/c'],
  ['encoded dot segments', ['/a/%2e%2E/c', '/c'], '/c'],
  ['only the parameters that count', ['/search?q=weir&page=1&utm=x', '/search?page=1&q=weir'], '/search?page=1&q=weir'],
  ['no parameter that counts', ['/search?x=1', '/search?y=2'], null],
  ['trim and lower', ['/search?q=%20Weir%20', '/search?q=weir'], '/search?q=weir'],
  ['excepted parameters', ['/list?a=1&utm_source=mail&fbclid=2', '/list?a=1'], '/list?a=1'],
];
for (const [what, targets, form] of same) {
  scenario(`one copy: ${what}`, kRoutes, async (stage) => {
    const { count, asked } = await copies(stage, targets);
    assert.equal(count, 1);
    assert.equal(asked.length, 1);
    if (form) assert.equal(asked[0], form, 'what is keyed is what the origin is asked');
  });
}

const different = [
  ['a query and none', ['/page?', '/page']],
  ['another value', ['/page?a=1', '/page?a=2']],
  ['a parameter without value', ['/page?a', '/page?a=']],
  ['repeated parameters in another order', ['/page?a=1&a=2', '/page?a=2&a=1']],
  ['an encoded slash and a slash', ['/a%2Fb', '/a/b']],
  ['an encoded ampersand', ['/page?a=1%26b=2', '/page?a=1&b=2']],
  ['another case of the path', ['/Page', '/page']],
  ['a slash at the end', ['/page/', '/page']],
  ['a keyed header', [['/worded', { 'X-Lang': 'en' }], ['/worded', { 'X-Lang': 'cy' }], '/worded']],
  ['a keyed cookie', [['/worded', { Cookie: 'theme=a' }], ['/worded', { Cookie: 'theme=b' }], '/worded']],
  ['a value moved from a header to a cookie', [['/worded', { 'X-Lang': 'a' }], ['/worded', { Cookie: 'theme=a' }]]],
  ['a forged delimiter', [['/worded', { 'X-Lang': 'en; theme=a' }], ['/worded', { 'X-Lang': 'en', Cookie: 'theme=a' }]]],
  ['another host', [['/page', { Host: 'a.test' }], ['/page', { Host: 'b.test' }]]],
  ['another port of a host', [['/page', { Host: 'a.test:8080' }], ['/page', { Host: 'a.test' }]]],
];
for (const [what, targets] of different) {
  scenario(`as many copies as requests: ${what}`, kRoutes, async (stage) => {
    const { count } = await copies(stage, targets);
    assert.equal(count, targets.length);
  });
}

scenario('one copy, and one form for the origin: the host in any case, its default port', kRoutes, async ({ origin, get }) => {
  origin.on('/page', numbered());
  for (const host of ['a.test', 'A.Test', 'a.test:80']) assert.equal((await get('/page', { Host: host })).text, 'answer 1');
  assert.equal(origin.last('/page').get('host'), 'a.test');
});

scenario('one copy: other headers and cookies than the keyed ones', kRoutes, async (stage) => {
  const { count } = await copies(stage, [
    ['/worded', { 'X-Lang': 'en', Cookie: 'theme=a' }],
    ['/worded', { 'X-Lang': 'en', Cookie: 'other=1; theme=a', 'X-Other': '1' }],
  ]);
  assert.equal(count, 1);
});

const kOwn = ['X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Proto', 'X-Forwarded-Port'];
const kNever = ['Forwarded', 'X-Real-IP', 'X-Original-URL', 'X-Original-Host', 'X-Rewrite-URL', 'X-HTTP-Method-Override', 'X-Host'];

for (const path of ['/page', '/origin', '/off']) {
  scenario(`${path}: what only a proxy may say is weir's own word`, kRoutes, async ({ origin, get }) => {
    origin.otherwise(numbered());
    const forged = Object.fromEntries([...kOwn, ...kNever].map((name) => [name, 'evil.test']));
    await get(path, forged);
    const { fields } = origin.last(path);
    for (const [name, value] of fields.list) assert.equal(value.includes('evil'), false, `${name}: ${value}`);
    for (const name of kNever) assert.equal(fields.has(name), false, name);
    assert.equal(fields.get('x-forwarded-for'), '127.0.0.1');
    assert.equal(fields.get('x-forwarded-proto'), 'http');
    assert.equal(fields.get('x-forwarded-host'), 'streamvibe.test');
  });

  // CGI and its heirs (WSGI, Rack, PHP) make one variable of `X-Real-IP` and `X_Real_IP`.
  scenario(`${path}: nor with underscores for hyphens`, kRoutes, async ({ origin, get }) => {
    origin.otherwise(numbered());
    const names = [...kOwn, ...kNever, 'Client-Cert', 'X-Forwarded-Anything', 'X-Request-Id', 'Content-Length'].map((name) => name.replaceAll('-', '_'))
      .filter((name) => name.includes('_'));
    await get(path, Object.fromEntries([...names, 'X-Real_IP', `X_Forwarded_${'x'.repeat(100)}`].map((name) => [name, 'evil.test'])));
    for (const [name, value] of origin.last(path).fields.list) assert.equal(value.includes('evil'), false, `${name}: ${value}`);
  });
}

// An origin with the ways of CGI.
const as_cgi = (request, name) => request.get(name) ?? request.get(name.replaceAll('-', '_'));

scenario('nor does a condition or what selects an answer come past weir by an underscore', kPlain, async ({ origin, get, weir }) => {
  let version = 1;
  origin.on('/page', (request) => {
    const headers = { 'Cache-Control': 'max-age=60', ETag: `"v${version}"` };
    const said = request.get('if_none_match') ?? request.get('if-none-match');
    return ['*', headers.ETag].includes(said) ? { status: 304, headers } : { headers, body: `version ${version}` };
  }).on('/lang', (request) => ({ headers: { 'Cache-Control': 'max-age=60', Vary: 'Accept-Language' }, body: as_cgi(request, 'accept-language') ?? 'any' }))
    .on('/who', (request) => ({ headers: { 'Cache-Control': 'max-age=60', Vary: 'X_Forwarded_For' }, body: as_cgi(request, 'x-forwarded-for') }));
  await get('/page');
  version = 2;
  weir.clock.turn(100);
  await get('/page', { If_None_Match: '*', If_Modified_Since: 'Thu, 01 Jan 2099 00:00:00 GMT' });
  assert.equal((await get('/page')).text, 'version 2');
  await get('/lang', { Accept_Language: 'xx' });
  assert.equal((await get('/lang')).text, 'any');
  await get('/who');
  assert.equal(isHit(await get('/who')), false);
});

scenario('a field of the API\'s own may have underscores', kRoutes, async ({ origin, get }) => {
  origin.otherwise(numbered());
  await get('/off', { x_api_key: 'k', X_Forwarded: '1', api_host: 'h' });
  for (const [name, value] of [['x_api_key', 'k'], ['x_forwarded', '1'], ['api_host', 'h']]) assert.equal(origin.last('/off').get(name), value, name);
});

scenario('a route with a ttl: fields outside the key do not reach the origin', kRoutes, async ({ origin, get }) => {
  origin.otherwise(numbered());
  const sent = { 'X-Evil': '1', 'X-Trace': '2', 'X-Lang': 'en', 'Accept-Language': 'cy', Cookie: 'theme=a; session=b' };
  await get('/page', sent);
  for (const name of ['x-evil', 'x-trace', 'x-lang', 'cookie']) assert.equal(origin.last('/page').get(name), undefined, name);
  await get('/worded', sent);
  assert.equal(origin.last('/worded').get('x-lang'), 'en');
  assert.equal(origin.last('/worded').get('cookie'), 'theme=a');
  assert.equal(origin.last('/worded').get('x-evil'), undefined);
  await get('/forwarding', sent);
  assert.equal(origin.last('/forwarding').get('x-trace'), '2');
  assert.equal(origin.last('/forwarding').get('x-evil'), undefined);
});

for (const path of ['/origin', '/off']) {
  scenario(`${path}: without a ttl of the route the API gets what it may need`, kRoutes, async ({ origin, get }) => {
    origin.otherwise(numbered());
    await get(path, { 'X-Any': '1', Authorization: 'Bearer x', Cookie: 'a=b', 'Accept-Language': 'cy' });
    const { fields } = origin.last(path);
    assert.deepEqual(['x-any', 'authorization', 'cookie', 'accept-language'].map((name) => fields.get(name)), ['1', 'Bearer x', 'a=b', 'cy']);
  });
}

scenario('poison in a header does not reach the next client', kRoutes, async ({ origin, get }) => {
  origin.on('/page', (request) => ({ body: `<script src="//${request.get('x-forwarded-host')}${request.get('x-evil') ?? ''}">` }));
  await get('/page', { 'X-Forwarded-Host': 'evil.test', 'X-Evil': '/evil.js' });
  const answer = await get('/page');
  assert.equal(answer.text.includes('evil'), false);
});

scenario('a GET with a body: 400 where the answer may be kept, forwarded where not', kRoutes, async ({ origin, send }) => {
  origin.otherwise(numbered());
  assert.equal((await send('GET /page', {}, 'body')).status, 400);
  assert.equal(origin.count('/page'), 0);
  assert.equal((await send('GET /off', {}, 'body')).status, 200);
  assert.equal(origin.last('/off').body.toString(), 'body');
});

const kChunked = 'GET /page HTTP/1.1\r\nHost: streamvibe.test\r\nTransfer-Encoding: chunked\r\n\r\n';
for (const [how, pieces, status] of [['at once', [`${kChunked}0\r\n\r\n`], 200], ['later', [kChunked, '0\r\n\r\n'], 200],
  ['with trailers', [kChunked, '0\r\nX-End: 1\r\n', '\r\n'], 200], ['with a byte', [`${kChunked}1\r\n`, 'x'], 400], ['with a byte, at once', [`${kChunked}1\r\nx\r\n0\r\n\r\n`], 400],
  ['malformed', [kChunked, 'x\r\n'], 400]]) {
  scenario(`a GET whose chunks end ${how}: what comes decides`, kRoutes, async ({ origin, get, connect }) => {
    origin.otherwise(numbered());
    const client = await connect();
    for (const piece of pieces) {
      client.send(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal((await client.answer()).status, status);
    assert.equal(origin.count('/page'), status === 200 ? 1 : 0);
    assert.equal(isHit(await get('/page')), status === 200);
  });
}

scenario('a GET over HTTP/2 whose stream ends after its head: what comes decides', kRoutes, async ({ origin, weir, h2: open }) => {
  origin.otherwise(numbered());
  const h2 = await open();
  const [plain, trailed, full] = [{ body: '' }, { body: '', trailers: { 'x-end': '1' } }, { body: 'x' }].map((how) => h2.request('GET /page', how));
  assert.equal((await plain.answer()).status, 200);
  assert.equal((await trailed.answer()).status, 200);
  assert.equal((await full.answer()).status, 400);
  assert.equal(origin.count('/page'), 1);
  const before = await weir.metric('weir_requests_total', { result: 'miss' });
  h2.request('GET /page', { body: '', end: false }).reset();
  assert.ok(isHit(await h2.get('/page')));
  assert.equal(await weir.metric('weir_requests_total', { result: 'miss' }), before, 'nothing was looked for');
});

scenario('an absolute target is the same as its origin form, and its authority counts', kPlain, async ({ origin, get }) => {
  origin.on('/page', numbered({ 'Cache-Control': 'max-age=60' }));
  await get('http://A.test/page', { Host: 'b.test' });
  assert.ok(isHit(await get('/page', { Host: 'a.test' })));
  assert.equal(isHit(await get('/page', { Host: 'b.test' })), false);
  assert.equal(origin.asked('/page')[0].get('host'), 'a.test');
});
