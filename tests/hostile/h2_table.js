// Runs tables of hostile HTTP/2: what is done on a connection of its own, and what may come of it. The files h2_*.test.js are
// the tables. The stage, and what must hold after any case, are those of table.js: the origin has seen only strict HTTP/1.1 and
// nothing for /evil, the next client is served its own page, weir is alive. Beyond that, wherever the connection goes on, the
// next request on it is answered rightly.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect } from '../support/h2.js';
import { unharmed } from './table.js';

// What may happen, each { text, fits(outcome) }. A row with several of them says why the RFC allows more than one.

// The connection ends, after a GOAWAY with one of these codes.
export const connection = (...codes) => ({ text: `GOAWAY ${codes.join(' or ')}, and the end`, fits: (it) => it.ended && codes.includes(it.goaway) });
// The connection ends without a word.
export const closes = { text: 'the end of the connection', fits: (it) => it.ended && it.goaway === null };
// The stream is reset with one of these codes, the connection goes on.
export const stream = (...codes) => ({ text: `RST_STREAM ${codes.join(' or ')}`, fits: (it) => !it.ended && codes.includes(it.code) });
// The stream is answered by one of these, the connection goes on.
export const status = (...numbers) => ({ text: `an answer ${numbers.join(' or ')}`, fits: (it) => !it.ended && numbers.includes(it.status) });
// Nothing happens but what was asked for.
export const fine = { text: 'no error', fits: (it) => !it.ended && it.goaway === null && !it.code && (it.status ?? 200) < 400 };

// How the case ended: { ended, goaway, code, status }; `under` is the stream that it is about, where there is one.
async function outcome(h2, under) {
  const alive = await h2.settled();
  if (alive && under) await under.closed();
  const error = h2.goaways.find(({ code }) => code !== 'NO_ERROR');
  if (error || !alive) await h2.closed();
  return { ended: h2.ended, goaway: (error ?? h2.goaway)?.code ?? null, code: under?.code ?? null, status: under?.answered?.status };
}

// The connection is in order: a request on it is answered, headers and all.
export async function goes_on(h2) {
  const stream_after = h2.request('GET /page/fence', { headers: { 'X-After': 'the case' } });
  const answer = await stream_after.answer();
  assert.equal(answer?.text, 'page /page/fence', `the next request on the connection: ${stream_after.over}`);
}

export const whole = (requests) => requests.filter((request) => !request.cut).map(({ method, target, body }) => `${method} ${target} ${body}`.trim());

// A row: [what, play, expected, { asked, options }]
//   play      (h2) => the stream that it is about, or nothing
//   expected  one of the above, or a list of them
//   asked     what the origin saw whole, as 'METHOD target body' lines: nothing unless said; null: it doesn't matter
//   options   of connect()
export function frames(stage, title, rows) {
  for (const [what, play, expected, { asked = [], options } = {}] of rows) {
    test(`${title}: ${what}`, async () => {
      const { origin, weir } = stage();
      const since = origin.requests.length;
      const h2 = await connect(weir, options);
      try {
        const seen = await outcome(h2, await play(h2));
        const allowed = [expected].flat();
        assert.ok(allowed.some((one) => one.fits(seen)), `${JSON.stringify(seen)}, not ${allowed.map((one) => one.text).join('; or ')}`);
        if (!seen.ended) await goes_on(h2);
        if (h2.fault) throw h2.fault;
      } finally {
        h2.close();
      }
      const requests = await unharmed(stage(), since);
      if (asked) assert.deepEqual(whole(requests), asked);
    });
  }
}

// A row: [what, what request() takes first, expected, { asked, then, … }], of which `then` is what comes after the head, and the rest is
// for request(). What is malformed is refused, with RST_STREAM PROTOCOL_ERROR or an answer 400 (RFC 9113 §8.1.1 allows both), and the
// connection goes on.
export const kMalformed = [stream('PROTOCOL_ERROR'), status(400)];
export function messages(stage, title, rows) {
  frames(stage, title, rows.map(([what, fields, expected = kMalformed, { asked, then, ...how } = {}]) => [what, async (h2) => {
    const under = h2.request(fields, how);
    await then?.(h2, under);
    return under;
  }, expected, { asked }]));
}
