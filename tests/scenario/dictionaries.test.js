// Small answers that are alike go to clients that hold one of them, or what they have in common, as what is different
// (RFC 9842); everybody else notices nothing.
import assert from 'node:assert/strict';
import { isHit } from '../support/cache_status.js';
import { decoded, decoded_by, holding } from '../support/codings.js';
import { eventually } from '../support/patience.js';
import { scenario } from '../support/scenario.js';

const routes = (source) => `
routes:
  - name: items
    match: GET /items/{id}
    compress: { dictionary: ${source}, min_size: 100B }
    request: { forward: [ Accept-Language ] }
    cache: { ttl: 10m }
    tags: [ items, "item:\${id}" ]
  - name: all
    match: /
    compress: { min_size: 100B }
    cache: { ttl: 10m }
`;
const kJson = { 'Content-Type': 'application/json' };
const item = (n) => JSON.stringify({
  id: n, title: `The ${n}th item of this small shop`, description: `It is item number ${n}, and there are ${n * 7} of it`,
  price: { currency: 'EUR', amount: n * 3.5 }, seller: { name: `seller ${n % 17}`, country: 'PT', rating: n % 5 }, tags: [ 'small', 'alike', `tag${n % 9}` ],
});
const kModern = { 'Accept-Encoding': 'gzip, deflate, br, zstd' };

function serve(origin) {
  for (let n = 1; n <= 400; n += 1) origin.on(`/items/${n}`, { headers: { ...kJson, ETag: `"${n}"` }, body: item(n) });
  origin.on('/elsewhere', { headers: kJson, body: item(0) });
}

scenario('previous: an answer that says so is the dictionary of the next one', routes('previous'), async ({ origin, get }) => {
  serve(origin);
  await get('/items/1', kModern);
  const first = await get('/items/1', kModern);
  assert.equal(first.get('use-as-dictionary'), 'match="/items/*"');
  assert.match(first.get('vary'), /available-dictionary/i);
  await get('/items/2', kModern);
  const second = await get('/items/2', holding(item(1)));
  assert.equal(decoded_by(item(1), second), item(2));
  const zstd = await get('/items/2', kModern);
  assert.ok(second.body.length < zstd.body.length * 0.6, `${second.body.length} of ${zstd.body.length}`);
  assert.match(second.get('vary'), /available-dictionary/i);
  assert.notEqual(second.get('etag'), zstd.get('etag'));
  const again = await get('/items/2', { ...holding(item(1)), 'If-None-Match': second.get('etag') });
  assert.equal(again.status, 304);
});

scenario('whoever holds nothing, or something else, reads what it reads otherwise', routes('previous'), async ({ origin, get }) => {
  serve(origin);
  for (const n of [1, 2]) await get(`/items/${n}`, kModern);
  const cases = [
    [{ 'Accept-Encoding': 'gzip, br, zstd, dcz' }, 'zstd'],
    [holding('what weir never said'), 'zstd'],
    [{ ...holding(item(1)), 'Available-Dictionary': 'nonsense' }, 'zstd'],
    [{ ...holding(item(1)), 'Available-Dictionary': ':AAAA:' }, 'zstd'],
    [holding(item(1), 'gzip, br, zstd'), 'zstd'],
    [holding(item(1), 'zstd, dcz;q=0.5'), 'zstd'],
    [holding(item(1), 'gzip'), 'gzip'],
    [holding(item(1), 'identity'), undefined],
  ];
  for (const [fields, coding] of cases) {
    const answer = await get('/items/2', fields);
    assert.equal(answer.get('content-encoding'), coding, JSON.stringify(fields));
    assert.equal(decoded(answer), item(2));
  }
  const plain = await get('/items/1');
  assert.equal(plain.get('use-as-dictionary'), undefined);
  assert.equal(plain.text, item(1));
  const other = await get('/elsewhere', kModern);
  assert.equal(other.get('use-as-dictionary'), undefined);
  assert.ok(origin.requests.every((request) => request.get('available-dictionary') === undefined));
});

scenario('a client gets dcz by each of several dictionaries, one kept form or not', routes('previous'), async ({ origin, get }) => {
  serve(origin);
  for (const n of [1, 2, 3, 4]) await get(`/items/${n}`, kModern);
  for (let round = 0; round < 2; round += 1) {
    for (const held of [1, 2, 3]) {
      const answer = await get('/items/4', holding(item(held)));
      assert.equal(decoded_by(item(held), answer), item(4));
      assert.ok(isHit(answer));
    }
  }
});

scenario('a purged answer is nobody\'s dictionary', routes('previous'), async ({ origin, get, weir }) => {
  serve(origin);
  for (const n of [1, 2]) await get(`/items/${n}`, kModern);
  assert.equal((await get('/items/2', holding(item(1)))).get('content-encoding'), 'dcz');
  await weir.invalidate({ tags: ['item:1'] });
  const answer = await get('/items/2', holding(item(1)));
  assert.equal(answer.get('content-encoding'), 'zstd');
  assert.equal(decoded(answer), item(2));
});

async function trained(origin, get) {
  serve(origin);
  for (let n = 1; n <= 400; n += 1) await get(`/items/${n}`, kModern);
  const link = await eventually(async () => (await get('/items/1', kModern)).get('link'), 'a dictionary is trained');
  const [, path] = /^<([^>]+)>; rel="compression-dictionary"$/.exec(link);
  return { path, dictionary: await get(path, kModern) };
}

scenario('trained: made of many answers, announced, served, used', routes('trained'), async ({ origin, get }) => {
  const { path, dictionary } = await trained(origin, get);
  assert.equal(dictionary.status, 200);
  assert.equal(dictionary.get('use-as-dictionary'), 'match="/items/*"');
  assert.match(dictionary.get('cache-control'), /max-age=\d+/);
  assert.ok(dictionary.body.length > 500 && dictionary.body.length <= 16384);
  const answer = await get('/items/399', holding(dictionary.body));
  assert.equal(decoded_by(dictionary.body, answer), item(399));
  const zstd = await get('/items/399', kModern);
  assert.ok(answer.body.length < zstd.body.length * 0.6, `${answer.body.length} of ${zstd.body.length}`);
  assert.equal(zstd.get('use-as-dictionary'), undefined);
  assert.equal((await get('/items/1')).get('link'), undefined);
  assert.equal((await get(path, { 'If-None-Match': dictionary.get('etag') })).status, 304);
  assert.equal(origin.count(path), 0);
});

for (const purge of [{ tags: ['items'] }, { all: true }, { prefix: '/.well-known/weir/' }]) scenario(`a trained dictionary is purged by ${JSON.stringify(purge)}`, routes('trained'), async ({ origin, get, weir }) => {
  const { path, dictionary } = await trained(origin, get);
  await weir.invalidate(purge);
  origin.on(path, { status: 404, body: 'none here' });
  assert.equal((await get(path)).status, 404);
  const answer = await get('/items/5', holding(dictionary.body));
  assert.equal(decoded(answer), item(5));
});

scenario('what one host tells is no dictionary for another', routes('previous'), async ({ origin, get }) => {
  serve(origin);
  const other = { Host: 'other.test' };
  await get('/items/1', kModern);
  await get('/items/2', { ...kModern, ...other });
  const answer = await get('/items/2', { ...holding(item(1)), ...other });
  assert.equal(answer.get('content-encoding'), 'zstd');
});

scenario('an answer that varies is no dictionary', routes('previous'), async ({ origin, get }) => {
  origin.on('/items/1', { headers: { ...kJson, Vary: 'Accept-Language' }, body: item(1) });
  origin.on('/items/2', { headers: kJson, body: item(2) });
  await get('/items/1', kModern);
  assert.equal((await get('/items/1', kModern)).get('use-as-dictionary'), undefined);
  await get('/items/2', kModern);
  assert.equal((await get('/items/2', holding(item(1)))).get('content-encoding'), 'zstd');
});

scenario('larger answers are coded by a dictionary in the background', routes('previous'), async ({ origin, get }) => {
  const large = (n) => JSON.stringify(Array.from({ length: 60 }, (_, i) => JSON.parse(item(n + i))));
  for (const n of [1, 2]) origin.on(`/items/${n}`, { headers: kJson, body: large(n) });
  for (const n of [1, 2]) await get(`/items/${n}`, kModern);
  for (let i = 0; i < 2; i += 1) {
    const answers = await Promise.all(Array.from({ length: 3 }, () => get('/items/2', holding(large(1)))));
    for (const answer of answers) assert.equal(decoded_by(large(1), answer), large(2));
  }
});
