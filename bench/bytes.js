// ./dev bench bytes: what StreamVibe's answers weigh in each coding, through weir and conf/streamvibe.yaml, on a real
// database. Every decoded body is compared with the plain one. Prints a table in Markdown.
//
//   --scale S   how much data StreamVibe has (0.1)

import http from 'node:http';
import { parseArgs } from 'node:util';
import { decoded, decoded_by, holding } from '../tests/support/codings.js';
import { kDefaults, start_all, stop_all } from './journeys/start.js';

const kPaths = [
  '/api/videos/trending', '/api/videos/1', '/api/videos/1/comments', '/api/videos/1/related', '/api/videos/1/stats',
  '/api/videos/1/page', '/api/search?q=the', '/api/users/1/profile', '/api/recommendations/1', '/api/videos',
];
// Routes with `dictionary: trained` in conf/streamvibe.yaml.
const kSmall = ['/api/videos/N', '/api/users/N/profile'];
const kAnswers = 300;     // asked for, of each
const kPatience = 30_000; // milliseconds for the training
const kCodings = ['gzip', 'br', 'zstd'];
const kHot = 40;   // hits, after which the small ones are compressed best

// As the tests read it: by other programs than weir's libraries.
const readable = ({ coding, body }) => ({ fields: new Map(coding ? [['content-encoding', coding]] : []), body });
const text = (answer) => decoded(readable(answer));

function get(base, path, coding, more = {}) {
  const headers = coding ? { 'Accept-Encoding': coding, ...more } : more;
  return new Promise((done, fail) => {
    http.get(new URL(path, base), { headers, agent: false, timeout: 60_000 }, (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('end', () => done({ status: response.statusCode, link: response.headers.link, coding: response.headers['content-encoding'], body: Buffer.concat(parts) }));
      response.on('error', fail);
    }).on('error', fail);
  });
}

async function weigh(base, path) {
  const plain = await get(base, path);
  if (plain.status !== 200) throw new Error(`${path} answers ${plain.status}`);
  const row = { path, plain: plain.body.length };
  for (const coding of kCodings) {
    let answer;
    for (let i = 0; i < kHot; i += 1) answer = await get(base, path, coding);
    if (text(answer) !== text(plain)) throw new Error(`${path} in ${coding} is another body`);
    row[coding] = answer.body.length;
  }
  return row;
}

async function learn(base, pattern) {
  const paths = Array.from({ length: kAnswers }, (_, i) => pattern.replace('N', i + 1));
  const there = [];
  for (const path of paths) if ((await get(base, path, 'zstd')).status === 200) there.push(path);
  for (const end = Date.now() + kPatience; Date.now() < end;) {
    const { link } = await get(base, there[0], 'zstd');
    if (link) return { there, dictionary: (await get(base, /<(.*?)>/.exec(link)[1])).body };
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`no dictionary for ${pattern} of ${there.length} answers`);
}

// What some answers weigh, plain, in zstd, and for a client that holds their route's dictionary.
async function weigh_small(base, pattern) {
  const { there, dictionary } = await learn(base, pattern);
  const row = { path: pattern, answers: there.length, plain: 0, zstd: 0, dcz: 0, dictionary: dictionary.length };
  for (const path of there) {
    const [plain, zstd, dcz] = [await get(base, path), await get(base, path, 'zstd'), await get(base, path, null, holding(dictionary, 'zstd, dcz'))];
    if (dcz.coding === 'dcz' && decoded_by(dictionary, readable(dcz)) !== text(plain)) throw new Error(`${path} in dcz is another body`);
    row.plain += plain.body.length;
    row.zstd += zstd.body.length;
    row.dcz += dcz.body.length;
  }
  return row;
}

function table_of_small(rows) {
  const each = (row, key) => Math.round(row[key] / row.answers).toLocaleString('en');
  const less = (row, key, than) => `−${(100 * (1 - row[key] / row[than])).toFixed(0)} %`;
  const line = (row) => `| ${row.path} | ${each(row, 'plain')} | ${each(row, 'zstd')} (${less(row, 'zstd', 'plain')}) | ` +
    `${each(row, 'dcz')} (${less(row, 'dcz', 'plain')}) | ${less(row, 'dcz', 'zstd')} | ${row.dictionary.toLocaleString('en')} |`;
  return ['| bytes an answer | plain | zstd | dcz | dcz below zstd | dictionary, once |', '| --- | ---: | ---: | ---: | ---: | ---: |', ...rows.map(line)].join('\n');
}

function table(rows) {
  const saved = (row, coding) => `${row[coding].toLocaleString('en')} (−${(100 * (1 - row[coding] / row.plain)).toFixed(0)} %)`;
  const line = (row) => `| ${row.path} | ${row.plain.toLocaleString('en')} | ${kCodings.map((coding) => saved(row, coding)).join(' | ')} |`;
  const sum = { path: '**all**' };
  for (const key of ['plain', ...kCodings]) sum[key] = rows.reduce((total, row) => total + row[key], 0);
  return ['| bytes | plain | gzip | br | zstd |', '| --- | ---: | ---: | ---: | ---: |', ...rows.map(line), line(sum)].join('\n');
}

const { values } = parseArgs({ options: { scale: { type: 'string', default: '0.1' } } });
try {
  const { weir } = await start_all({ ...kDefaults, scale: values.scale }, true);
  const rows = [];
  for (const path of kPaths) {
    rows.push(await weigh(weir, path));
    console.error(path);
  }
  const small = [];
  for (const pattern of kSmall) {
    small.push(await weigh_small(weir, pattern));
    console.error(pattern);
  }
  console.log(`${table(rows)}\n\n${table_of_small(small)}`);
} finally {
  await stop_all();
}
