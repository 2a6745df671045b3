// Runs tables of hostile cases: raw bytes in, and what must have come of them on both ends. Each file beside this one is a table.
//
// Whatever the case, afterwards: the origin has seen only requests that are strict HTTP/1.1 and none for /evil, the next client
// on a new connection is served its own page, and weir is alive.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { connect, fetch } from '../support/client.js';
import { sharedStage } from '../support/scenario.js';

const kRoutes = (origin) => `
upstreams:
  api:
    servers: [ "${origin.url}" ]
    timeouts: { connect: 1s, first_byte: 600ms, between_bytes: 600ms }
client:
  timeouts: { head: 600ms, idle: 5s, slow: 600ms }
routes:
  - name: kept
    match: GET /kept/
    cache: { ttl: 1h }
  - name: off
    match: /off/
    cache: off
    request: { max_body: 64KiB }
  - name: live
    match: /live
    cache: off
    upgrade: [ websocket ]
    request: { max_body: 64KiB }
  - name: rest
    match: /
    cache: origin
    request: { max_body: 64KiB }
`;

const page = (request) => ({ headers: { 'Cache-Control': 'max-age=600' }, body: `page ${request.target}` });

// The stage for a whole file, with an origin that echoes what it understood.
export function hostileStage() {
  return sharedStage({ before, after }, kRoutes, {}, ({ origin }) => {
    origin.otherwise((request) => {
      const whole = request.cut ? undefined : { headers: { 'Cache-Control': 'no-store' }, body: `${request.method} ${request.target} ${request.body}` };
      return request.path.startsWith('/page') ? page(request) : whole;
    });
  });
}

let number = 0;

// What must hold after any case. `since`: how many requests the origin had seen before it.
export async function unharmed({ weir, origin }, since) {
  const seen = origin.requests.slice(since);
  assert.deepEqual(origin.violations, [], 'the origin was sent what is no HTTP/1.1');
  assert.deepEqual(seen.filter((request) => request.target.includes('evil') && !request.cut), [], 'a smuggled request arrived');
  number += 1;
  const own = `/page/${number}`;
  const answer = await fetch(weir, `GET ${own}`);
  assert.equal(answer.text, `page ${own}`, 'the next client is served its own page');
  assert.equal(weir.exit, undefined, 'weir is alive');
  return seen.filter((request) => request.path !== own && request.path !== '/page/fence');
}

// All final answers until the connection ends or, where weir keeps it open, until one more request was answered on it.
async function converse(stage, data) {
  const client = await connect(stage.weir);
  const answers = [];
  try {
    client.send(data);
    let fenced = false;
    for (;;) {
      const answer = await client.answer();
      if (answer === null || answer.get('x-request-id') === 'fence') break;
      answers.push(answer);
      if (fenced || /close/i.test(answer.get('connection') ?? '')) continue;
      fenced = true;
      client.send('GET /page/fence HTTP/1.1\r\nHost: fence.test\r\nX-Request-Id: fence\r\n\r\n');
    }
  } finally {
    client.close();
  }
  return answers;
}

// A row: [what, bytes, { status, answers, asked }]
//   status    of the first answer: a number or a list of allowed ones; undefined: none at all
//   answers   how many answers there are (1 unless said)
//   asked     what the origin saw, as 'METHOD target body' lines (nothing unless said)
export function requests(stage, title, rows) {
  for (const [what, data, expected] of rows) {
    test(`${title}: ${what}`, async () => {
      const { origin } = stage();
      const since = origin.requests.length;
      const answers = await converse(stage(), data);
      const seen = await unharmed(stage(), since);
      const { status, answers: count = 1, asked = [] } = expected;
      assert.ok([status].flat().includes(answers[0]?.status), `${answers[0]?.status} ${answers[0]?.text}`);
      assert.equal(answers.length, answers[0] ? count : 0, answers.map((answer) => `${answer.status} ${answer.text}`).join('\n'));
      const whole = seen.filter((request) => !request.cut);
      assert.deepEqual(whole.map((request) => `${request.method} ${request.target} ${request.body}`.trim()), asked);
      for (const answer of answers) if (answer.status >= 400) assert.match(answer.get('connection') ?? 'close', /close/i);
    });
  }
}

// A row: [what, bytes of the origin's answer, { status, body, kept, cut }], asked for with `ask` (GET unless said) and `headers`.
//   status    what the client sees; with `cut`, a visibly incomplete body is right as well
//   kept      whether a second client gets the same from the cache (no unless said)
export function responses(stage, title, rows) {
  for (const [what, data, expected] of rows) {
    test(`${title}: ${what}`, async () => {
      const { origin, weir } = stage();
      const since = origin.requests.length;
      number += 1;
      const path = `/kept/${number}`;
      const { status = 502, body, kept = false, cut = false, end = 'cut', ask = 'GET', headers } = expected;
      origin.on(path, [
        (request, reply) => {
          reply.raw(data);
          if (end !== 'open') reply[end]();
        },
        { body: 'the second answer' },
      ]);
      const answer = await fetch(weir, `${ask} ${path}`, headers);
      if (cut) {
        // A reset can overtake the bytes before it: then nothing of the answer came, and one more try is right.
        const again = answer.text === 'the second answer';
        assert.ok(!answer.whole || answer.status === 502 || again, `${answer.status} ${answer.text} looks whole`);
      } else {
        assert.ok([status].flat().includes(answer.status), `${answer.status} ${answer.text}`);
        assert.ok(answer.whole);
        if (body !== undefined) assert.equal(answer.text, body);
      }
      const second = await fetch(weir, `GET ${path}`);
      assert.equal(second.text === 'the second answer', !kept, second.text);
      await unharmed(stage(), since);
    });
  }
}
