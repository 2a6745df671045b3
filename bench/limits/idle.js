// The row of idle connections: so many clients have asked once and keep their connections, plain and inside TLS, by HTTP/1.1 and
// HTTP/2. What weir has resident for each of them. As many as the descriptors of one process allow.

import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { build_program } from '../load.js';
import { memory_of, mib } from './resident.js';

const kKinds = [['http1'], ['http2'], ['http1', 'tls'], ['http2', 'tls']];
const kReserve = 500;   // descriptors for everything else

function most_descriptors() {
  const most = execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim();
  return most === 'unlimited' ? Infinity : Number(most) - kReserve;
}

async function stand_by(stand, kind, count) {
  const origin = await stand.start_origin(() => ({ fields: 'Cache-Control: max-age=3600\r\nContent-Type: text/plain', body: Buffer.alloc(1024, 'w') }));
  const weir = await stand.start_weir({ memory: '64MiB', origin, idle: '1h' });
  const port = kind.includes('tls') ? weir.tls_port : weir.port;
  await stand.connect(weir.port).get('/page');
  const empty = memory_of(weir.pid).rss;
  const { child, figures } = stand.run_program('idle', [port, count, '/page', ...kind]);
  await stand.until_says(child, 'standing');
  await sleep(4000);   // what was borrowed is given back by then
  const { rss, peak } = memory_of(weir.pid);
  child.stdin.end();
  const { standing, alive } = await figures;
  const words = kind.join(' in ').replace('http1', 'HTTP/1.1').replace('http2', 'HTTP/2').replace('tls', 'TLS');
  stand.expect(standing === count && alive === count, `${words}: ${standing} of ${count} stood, ${alive} at the end`);
  return { words, count, empty, rss, peak, each: (rss - empty) / count };
}

export async function idle(stand, { idle: wished }) {
  build_program('idle');
  const count = Math.min(wished, most_descriptors());
  if (count < wished) stand.say(`${wished} connections were asked for; the descriptors that a process may have allow ${count}`);
  const rows = [];
  for (const kind of kKinds) {
    const row = await stand_by(stand, kind, count);
    stand.say(`${row.words}: ${mib(row.empty)} before, ${mib(row.rss)} with ${count} that idle`);
    rows.push(row);
  }
  return {
    measured: rows,
    figures: rows.map((row) => ({
      what: `${row.count} idle connections, ${row.words}: for each`, promised: '–', measured: `${(row.each / 1024).toFixed(2)} KiB`,
    })),
  };
}
