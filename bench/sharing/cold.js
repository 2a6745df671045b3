// The row in which all clients of all nodes ask for one URL that nobody has asked for before: one fetch for all of them; and two
// at most where the node that fetches is killed meanwhile.

import { setTimeout as sleep } from 'node:timers/promises';
import { median } from '../report.js';
import { body_of, kFields } from './bodies.js';
import { number } from './figures.js';

const kAfter = 300;      // milliseconds that the origin takes for each answer
const kKilledAt = 150;   // milliseconds into the fetch

// An origin that each node reaches by a port of its own, so that one can tell which node asked.
class KnownOrigin {
  requests = new Map();   // by path: the nodes that asked, in the order in which they did

  async port_for(stage, node) {
    return stage.start_origin((path) => {
      const asked = [...this.of(path), node];
      this.requests.set(path, asked);
      return { fields: kFields, body: body_of(path, asked.length), after: kAfter };
    });
  }

  of(path) { return this.requests.get(path) ?? []; }
}

// A node whose origin knows it by this object.
async function begin(stage, origin) {
  const known = {};
  known.node = await stage.start_node({ origin: await origin.port_for(stage, known) });
}

async function kill_leader(stage, origin, path) {
  while (origin.of(path).length === 0) await sleep(1);
  await sleep(kKilledAt);
  const [{ node }] = origin.of(path);
  await stage.end_node(node, 'SIGKILL');
  return node;
}

// Calls of Redis that weren't answered in time, of all nodes together: past that time a node fetches by itself.
async function timeouts(stage) {
  let sum = 0;
  for (const node of stage.nodes) sum += (await stage.metrics(node)).get('weir_redis_timeouts_total');
  return sum;
}

async function round(stage, { origin, clients, path, kills }) {
  const ports = stage.nodes.map(({ port }) => port);
  const before = await timeouts(stage);
  const { child, figures } = stage.run_program('storm', [ports.join(','), clients, path]);
  const killing = kills ? kill_leader(stage, origin, path) : null;
  killing?.catch(() => child.kill());   // the storm's end tells
  const { bodies, by_port, ...seen } = await figures;
  const killed = await killing;
  const asked = origin.of(path).length;
  const others = Object.entries(by_port).filter(([port]) => Number(port) !== killed?.port);
  const answered = others.reduce((sum, [, count]) => sum + count, 0);
  const late = kills ? null : await timeouts(stage) - before;   // a killed node has taken its count along
  const sent = origin.of(path).map((_, n) => String(body_of(path, n + 1)).replace('\n', '?'));   // as the storm prints it
  const right = bodies.length === 1 && sent.includes(bodies[0]);
  const whose = kills ? ', the fetching node killed' : '';
  const wanted = others.length * clients;
  stage.expect(answered === wanted, `${answered} of ${wanted} clients were answered${whose}`);
  stage.expect(right, `${bodies.length} different bodies, or not one that the origin sent${whose}`);
  const why = late ? `; Redis was late ${late} times` : '';
  stage.expect(asked >= 1 && asked <= (kills ? 2 : 1), `one URL cost ${asked} origin requests${whose}${why}`);
  stage.say(`${number(answered)} answers after ${seen.first_ms.toFixed(1)} to ${seen.last_ms.toFixed(1)} ms, ` +
    `${asked} origin requests${whose}`);
  return { ...seen, answered, asked, right, redis_late: late };
}

async function rounds(stage, { origin, clients, count, kills }) {
  const measured = [];
  for (let n = 1; n <= count; n += 1) {
    const path = `/cold/${kills ? 'killed' : 'whole'}-${process.pid}-${n}`;
    measured.push(await round(stage, { origin, clients, path, kills }));
    if (!kills) continue;
    await begin(stage, origin);
    await stage.joined();
  }
  return measured;
}

function lines_of(measured, who, promised, clients, times) {
  const of = (word) => measured.map((it) => it[word]);
  const ends = (values) => [...new Set([Math.min(...values), Math.max(...values)])].map(number).join(' to ');
  const time = (word) => `${median(of(word)).toFixed(0)} ms, worst ${Math.max(...of(word)).toFixed(0)} ms`;
  return [
    { what: `${who}: origin requests`, promised, measured: ends(of('asked')) },
    { what: `${who}: answered right`, promised: number(clients),
      measured: ends(measured.map(({ right, answered }) => (right ? answered : 0))) },
    { what: `${who}: first answer`, promised: times.first, measured: time('first_ms') },
    { what: `${who}: last answer`, promised: times.last, measured: time('last_ms') },
  ];
}

export async function cold(stage, { nodes, clients, rounds: count }) {
  const origin = new KnownOrigin();
  await stage.start_redis();
  for (let i = 0; i < nodes; i += 1) await begin(stage, origin);
  await stage.joined();
  const whole = await rounds(stage, { origin, clients, count, kills: false });
  const killed = await rounds(stage, { origin, clients, count, kills: true });
  const who = `${nodes} nodes × ${clients} clients, one cold URL`;
  return {
    measured: { whole, killed },
    figures: [
      ...lines_of(whole, who, '1', nodes * clients, { first: `about ${kAfter} ms`, last: '–' }),
      ...lines_of(killed, 'the node that fetches is killed', '≤ 2', (nodes - 1) * clients, { first: '–', last: '–' }),
    ],
  };
}
