// Thousands of random bodies, sizes, codings, cuts by the origin, and ranges: each client gets exactly the content.
// The seed is printed; FORMS_SEED repeats a run.
import assert from 'node:assert/strict';
import { decoded } from '../support/codings.js';
import { scenario } from '../support/scenario.js';

const kRoutes = `
defaults:
  compress: { min_size: 100B }
routes:
  - name: passing
    match: GET /passing/{n}
    cache: off
  - name: all
    match: /
    cache: { ttl: 1h }
`;
const kSeed = Number(process.env.FORMS_SEED ?? Date.now() % 1_000_000);
const kBodies = 300;
const kCodings = [undefined, 'gzip', 'br', 'zstd', 'gzip, br, zstd', 'br;q=0.1, *;q=0.5'];

function random_from(seed) {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % below;
  };
}

function body_of(random) {
  const words = Array.from({ length: 1 + random(40) }, () => random(1 << 30).toString(36));
  const size = [random(300), random(5000), random(70_000), random(600_000)][random(4)];
  let text = '';
  while (text.length < size) text += random(10) === 0 ? random(1 << 30).toString(36) : words[random(words.length)];
  return text.slice(0, size);
}

function written(random, body, reply) {
  const cuts = Array.from({ length: random(6) }, () => random(body.length + 1)).sort((a, b) => a - b);
  const parts = [0, ...cuts].map((from, i) => body.slice(from, cuts[i] ?? body.length)).filter((part) => part);
  const headers = { 'Content-Type': 'text/plain', ETag: `"${body.length}"` };
  if (random(2)) {
    reply.begin(headers);
    for (const part of parts) reply.chunk(part);
    reply.end();
  } else {
    reply.raw(`HTTP/1.1 200 Fine\r\nContent-Type: text/plain\r\nETag: "${body.length}"\r\nContent-Length: ${body.length}\r\n\r\n`);
    for (const part of parts) reply.raw(part);
  }
}

async function check(get, random, path, body) {
  const headers = {};
  const coding = kCodings[random(kCodings.length)];
  if (coding) headers['Accept-Encoding'] = coding;
  const first = random(body.length + 1);
  const last = first + random(body.length + 1);
  const ranged = random(4) === 0;
  if (ranged) headers.Range = `bytes=${first}-${last}`;
  const answer = await get(path, headers);
  const what = `seed ${kSeed} ${path} ${JSON.stringify(headers)} of ${body.length}: ${answer.status}`;
  assert.ok(answer.whole, what);
  if (answer.status === 416) return assert.ok(ranged && first >= body.length, what);
  const whole = answer.status === 200 ? body : body.slice(first, last + 1);
  assert.ok(answer.status === 200 || (ranged && answer.status === 206), what);
  assert.ok(decoded(answer) === whole, what);
}

for (const prefix of ['/kept', '/passing']) {
  scenario(`${prefix}: whatever the body, the coding and the range (seed ${kSeed})`, kRoutes, async ({ origin, get }) => {
    const random = random_from(kSeed);
    for (let n = 0; n < kBodies; n += 1) {
      const path = `${prefix}/${n}`;
      const body = body_of(random);
      origin.on(path, (request, reply) => written(random, body, reply));
      await Promise.all(Array.from({ length: 3 }, () => check(get, random, path, body)));
      await check(get, random, path, body);
    }
  }, { timeout: 300_000 });
}
