// The row of what a hit in Redis costs: a weir with so little memory that nearly every answer comes from Redis; beside it hits
// in memory of the same weir, and what redis-benchmark gets out of the same Redis.

import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { family_seconds } from '../load.js';
import { body_of, kFields } from './bodies.js';
import { ms, number, table } from './figures.js';

const kMemory = '1MiB';
const kInMemory = 100;          // objects that this memory holds beyond doubt
const kConnections = [64, 256];
const kPipelines = [1, 16];     // of redis-benchmark
const kFillSeconds = 600;       // at most
const kChecked = 200;           // objects whose bodies are looked at
const kBytes = 1024;

const url_of = (n) => `/object/${n}`;

async function fill(stage, node, objects) {
  const { child, figures } = stage.run_program('generator', [node.port, 64, kFillSeconds, 200, 'each', url_of(''), objects]);
  while (await stage.redis.ask(['DBSIZE']) < objects) await sleep(100);
  child.kill('SIGUSR1');
  const { failed } = await figures;
  stage.expect(failed === 0, `${failed} requests failed while filling`);
}

// Every byte of some answers.
async function check_bodies(stage, node, objects) {
  const client = stage.connect(node.port);
  let hits = 0;
  for (let i = 0; i < kChecked; i += 1) {
    const path = url_of(1 + Math.floor(i * objects / kChecked));
    const { status, head, body } = await client.get(path);
    stage.expect(status === 200 && body.equals(body_of(path)), `${path} was answered ${status} with another body`);
    hits += /^cache-status: weir; hit;.*redis/im.test(head) ? 1 : 0;
  }
  stage.say(`${hits} of ${kChecked} bodies that were looked at came from Redis`);
}

// What was used so far.
async function used(stage, node) {
  const metrics = await stage.metrics(node);
  const hits = (tier) => metrics.get(`weir_hits_total{route="object",tier="${tier}"}`);
  return {
    weir: family_seconds(node.pid), redis: family_seconds(stage.redis.process.pid),
    commands: metrics.get('weir_redis_commands_total'), late: metrics.get('weir_redis_timeouts_total'),
    from_redis: hits('redis'), from_memory: hits('memory'),
  };
}

// Hits of `count` objects, one after the other.
async function hits(stage, { node, connections, seconds, count, tier }) {
  const before = await used(stage, node);
  const { figures } = stage.run_program('generator', [node.port, connections, seconds, 200, 'each', url_of(''), count]);
  const { requests, failed, duration_us: took, p50_us, p99_us } = await figures;
  const after = await used(stage, node);
  const spent = (word) => after[word] - before[word];
  stage.expect(failed === 0, `${failed} requests failed`);
  return {
    what: `weir, ${count === kInMemory ? 'in memory' : 'in Redis'}, ${connections} connections`,
    rate: requests / took * 1e6, p50_us, p99_us, part: spent(tier) / requests, late: spent('late'),
    weir_us: spent('weir') * 1e6 / requests, redis_us: spent('redis') * 1e6 / requests, commands: spent('commands') / requests,
  };
}

// The words of one line of redis-benchmark's CSV.
async function benchmark(stage, test, { connections, count, pipeline, objects }) {
  const words = ['-h', '127.0.0.1', '-p', stage.redis.port, '-c', connections, '-n', count, '-P', pipeline, '-d', kBytes,
    '-r', objects, '-t', test, '--csv'];
  const { stdout } = await promisify(execFile)('redis-benchmark', words.map(String));
  return stdout.trim().split('\n').at(-1).split(',').map((word) => word.replaceAll('"', ''));
}

// GETs of 1 KiB by redis-benchmark, of which there are as many as objects.
async function bare(stage, { connections, pipeline, seconds, objects }) {
  const about = 20_000 * (pipeline > 1 ? 5 : 1);   // a second, so that it takes about as long as the other measurements
  const before = family_seconds(stage.redis.process.pid);
  const count = about * seconds;
  const [, rate, , , p50, , p99] = await benchmark(stage, 'get', { connections, count, pipeline, objects });
  const redis_us = (family_seconds(stage.redis.process.pid) - before) * 1e6 / count;
  return {
    what: `redis-benchmark -P ${pipeline}, ${connections} connections`, rate: Number(rate), p50_us: p50 * 1000,
    p99_us: p99 * 1000, redis_us, commands: 1,
  };
}

const per_second = (rate) => `${(rate / 1000).toFixed(1)}k/s`;
const us = (value) => (value === undefined ? '–' : value.toFixed(1));
const percent = (part) => (part === undefined ? '–' : `${(100 * part).toFixed(1)} %`);

// Where a line is not nearly all hits in its tier, it doesn't show what it means to: Redis was late too often, most likely.
const kHeads = ['hits', 'requests/s', 'p50', 'p99', 'CPU of weir, µs', 'of Redis, µs', 'commands', 'in that tier', 'Redis late'];
const line_of = (it) => [
  it.what, per_second(it.rate), ms(it.p50_us), ms(it.p99_us), us(it.weir_us), us(it.redis_us), it.commands.toFixed(2),
  percent(it.part), it.late === undefined ? '–' : number(it.late),
];

export async function hits_row(stage, { objects, seconds }) {
  const origin = await stage.start_origin((path) => ({ fields: kFields, body: body_of(path) }));
  await stage.start_redis();
  const node = await stage.start_node({ origin, memory: kMemory });
  await stage.joined();
  await fill(stage, node, objects);
  await check_bodies(stage, node, objects);
  const measured = [];
  const keep = (line) => {
    measured.push(line);
    stage.say(`${line.what}: ${per_second(line.rate)}, p50 ${ms(line.p50_us)}, p99 ${ms(line.p99_us)}`);
  };
  for (const [tier, count] of [['from_redis', objects], ['from_memory', kInMemory]]) {
    for (const connections of kConnections) keep(await hits(stage, { node, connections, seconds, count, tier }));
  }
  await benchmark(stage, 'set', { connections: 64, count: 10 * objects, pipeline: 16, objects });
  for (const pipeline of kPipelines) {
    for (const connections of kConnections) keep(await bare(stage, { connections, pipeline, seconds, objects }));
  }
  return {
    measured,
    more: table(kHeads, measured.map(line_of)),
    figures: kConnections.map((connections, i) => ({
      what: `hits in Redis, ${number(objects)} objects of 1 KiB, ${connections} connections`, promised: '–',
      measured: `${per_second(measured[i].rate)}, p99 ${ms(measured[i].p99_us)}`,
    })),
  };
}
