// The rows in which a thousand clients ask for one URL that nobody has asked for before, and the origin takes its time:
// once it may be kept (one fetch for all), once not (each has its own, side by side).

import { setTimeout as sleep } from 'node:timers/promises';
import { median } from '../report.js';

const kAfter = 300;             // milliseconds that the origin takes for each answer
const kBody = 1024;             // bytes
const kSpread = 20;             // milliseconds promised between the first answer and the last
const kUncacheableRoom = 24;    // connections to the origin beyond one a client

// The n-th answer for a path: no two are alike.
const body_of = (path, n) => Buffer.from(`${n} ${path} `.repeat(kBody).slice(0, kBody), 'latin1');

const in_words = (statuses) => Object.entries(statuses)
  .map(([status, count]) => `${count} × ${status === '0' ? 'nothing' : status}`).join(', ');

async function rounds(stand, { clients, count, path, weir, origin, look }) {
  const measured = [];
  for (let round = 1; round <= count; round += 1) {
    const url = `/${path}/${process.pid}-${round}`;
    while (origin.parallel > 0) await sleep(50);   // what a failed round has left behind
    origin.forget();
    const { bodies, ...figures } = await stand.run_program('storm', [weir.port, clients, url]).figures;
    const seen = { ...figures, origin_requests: origin.requests_for(url), origin_parallel: origin.peak };
    stand.say(`${round}/${count}  answers after ${seen.first_ms.toFixed(1)} to ${seen.last_ms.toFixed(1)} ms, ` +
      `${seen.origin_requests} origin requests, ${seen.origin_parallel} of them at once`);
    stand.expect(seen.answered === clients,
      `${seen.answered} of ${clients} clients were answered 200 (round ${round}): ${in_words(seen.statuses)}`);
    look(seen, new Set(bodies), url, round);
    measured.push(seen);
  }
  return measured;
}

// Lines of the table from the rounds: middle and worst of a time, lowest and highest of a count.
function lines_of(measured) {
  const of = (word) => measured.map((it) => it[word]);
  const number = (n) => n.toLocaleString('en');
  const ends = (values) => [...new Set([Math.min(...values), Math.max(...values)])];
  return {
    time: (what, promised, word) => (
      { what, promised, measured: `${median(of(word)).toFixed(1)} ms, worst ${Math.max(...of(word)).toFixed(1)} ms` }),
    count: (what, promised, word) => (
      { what, promised: promised.toLocaleString('en'), measured: ends(of(word)).map(number).join(' to ') }),
  };
}

const kShared = 'Cache-Control: public, max-age=3600\r\nContent-Type: text/plain';
const kNoStore = 'Cache-Control: no-store\r\nContent-Type: text/plain';

export async function storm(stand, { clients, rounds: count }) {
  const origin = await stand.start_origin((path, n) => ({ fields: kShared, body: body_of(path, n), after: kAfter }));
  const weir = await stand.start_weir({ memory: "320MiB", origin });
  const look = (seen, bodies, url, round) => {
    stand.expect(seen.origin_requests === 1, `one URL cost ${seen.origin_requests} origin requests (round ${round})`);
    stand.expect(bodies.size === 1 && bodies.has(String(body_of(url, 1))),
      `a body is not what the origin sent (round ${round})`);
  };
  const measured = await rounds(stand, { clients, count, path: 'storm', weir, origin, look });
  const who = `${clients.toLocaleString('en')} clients, one cold URL`;
  const { count: counted, time } = lines_of(measured);
  return {
    measured,
    figures: [
      counted(`${who}: origin requests`, 1, 'origin_requests'),
      counted(`${who}: answered 200`, clients, 'answered'),
      time(`${who}: first to last answer`, `≤ ${kSpread} ms`, 'spread_ms'),
    ],
  };
}

export async function uncacheable(stand, { clients, rounds: count }) {
  const origin = await stand.start_origin((path, n) => ({ fields: kNoStore, body: body_of(path, n), after: kAfter }));
  const weir = await stand.start_weir({ memory: "320MiB", origin, connections: clients + kUncacheableRoom });
  const look = (seen, bodies, url, round) => {
    stand.expect(seen.origin_requests === clients,
      `${clients} requests for what may not be kept cost ${seen.origin_requests} origin requests (round ${round})`);
    const sent = Array.from({ length: seen.origin_requests }, (_, n) => String(body_of(url, n + 1)));
    stand.expect(bodies.size === clients && sent.every((body) => bodies.has(body)),
      `${bodies.size} different bodies for ${clients} clients, or not those that the origin sent (round ${round})`);
    stand.expect(seen.origin_parallel > 1, `the origin was asked for one after the other (round ${round})`);
  };
  const measured = await rounds(stand, { clients, count, path: 'uncacheable', weir, origin, look });
  const who = `${clients.toLocaleString('en')} clients, one no-store URL`;
  const { count: counted, time } = lines_of(measured);
  return {
    measured,
    figures: [
      counted(`${who}: origin requests`, clients, 'origin_requests'),
      counted(`${who}: answered 200`, clients, 'answered'),
      counted(`${who}: at once at the origin`, 'all but the first', 'origin_parallel'),
      time(`${who}: first answer`, `about ${kAfter} ms`, 'first_ms'),
      time(`${who}: last answer`, `about ${2 * kAfter} ms`, 'last_ms'),
    ],
  };
}
