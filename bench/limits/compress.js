// The row that compresses: 1 KiB hits, alone and while 20 MiB answers are made into br one after the other.

import http from 'node:http';
import { median } from '../report.js';

const kMemory = '2GiB';
const kLarge = 20 * 2 ** 20;
const kConnections = 4;       // that ask for the hits: not so many that they queue for the cores
const kSeconds = 2;           // each time
const kAnswers = 12;          // large ones for each round, more than are compressed meanwhile
const kFields = 'Cache-Control: max-age=3600\r\nContent-Type: application/json';

// JSON as an API has it, in which little is said twice.
function json_of(bytes) {
  const parts = [];
  for (let size = 0, i = 0; size < bytes; i += 1) {
    const part = `{"id":${i},"title":"video ${(i * 7919) % 99991}","views":${(i * 104729) % 1000003},"tags":["t${i % 97}","t${i % 89}"]},\n`;
    parts.push(part);
    size += part.length;
  }
  return Buffer.from(parts.join('').slice(0, bytes));
}

// Reads it all away; gives its size.
function get(port, path, headers) {
  return new Promise((done, fail) => {
    http.get({ port, host: '127.0.0.1', path, headers, agent: false, timeout: 60_000 }, (response) => {
      let bytes = 0;
      response.on('data', (part) => { bytes += part.length; });
      response.on('end', () => done({ bytes, coding: response.headers['content-encoding'] }));
      response.on('error', fail);
    }).on('error', fail);
  });
}

export async function compress(stand, { rounds }) {
  const large = json_of(kLarge);
  const origin = await stand.start_origin((path) => ({ fields: kFields, body: path.startsWith('/large/') ? large : Buffer.alloc(1024, 'w') }));
  const weir = await stand.start_weir({ memory: kMemory, origin });
  const hits = async () => {
    const { figures } = stand.run_program('generator', [weir.port, kConnections, kSeconds, 200, 'same', '/hit']);
    const { failed, p99_us: p99, requests } = await figures;
    stand.expect(failed === 0, `${failed} hits failed`);
    return { p99, rate: requests / kSeconds };
  };
  const quiet = [], busy = [];
  let made = 0;
  await get(weir.port, '/hit', {});
  for (let round = 0; round < rounds; round += 1) {
    for (let i = 0; i < kAnswers; i += 1) await get(weir.port, `/large/${round}-${i}`, { 'Accept-Encoding': 'identity' });
    quiet.push(await hits());
    let over = false;
    const measured = hits().finally(() => { over = true; });
    for (let i = 0; i < kAnswers && !over; i += 1) {
      const { bytes, coding } = await get(weir.port, `/large/${round}-${i}`, { 'Accept-Encoding': 'br' });
      stand.expect(coding === 'br' && bytes < kLarge / 2, `20 MiB were answered in ${coding}, ${bytes} bytes`);
      made += 1;
    }
    stand.expect(made > 0, 'nothing was compressed');
    busy.push(await measured);
    stand.say(`round ${round + 1}: p99 ${quiet.at(-1).p99} µs alone, ${busy.at(-1).p99} µs beside`);
  }
  const [alone, beside] = [quiet, busy].map((list) => median(list.map((it) => it.p99)));
  return {
    measured: { quiet, busy, made },
    figures: [
      { what: '1 KiB hits, p99', promised: '–', measured: `${alone} µs` },
      { what: `the same while 20 MiB answers become br (${made} in ${rounds * kSeconds} s)`, promised: 'at most 2×',
        measured: `${beside} µs (${(beside / alone).toFixed(2)}×)` },
    ],
  };
}
