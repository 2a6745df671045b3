// The rows of the comparison: what is asked for, how the generator asks, and what has to be true for the row to mean what
// it says. It starts nothing.

import { kText } from './servers.js';

const kZipfCount = 10_000;
const kKiB = 1024;

// path: asked for once before the row, to see that the answer is right. asks(run, stamp): what the generator then asks for,
// in the words that bench/generator.cc and wrk's scripts share: `same PATH`, `each PREFIX COUNT`, `zipf PREFIX COUNT SEED`.
// warm: the same for the second before it is measured. origin: how many origin requests a client request costs.
// headers: what the generator sends along. over: by what, plain HTTP/1.1 where nothing is said: `h2` (prior knowledge), `h2-tls`, `tls`
// (HTTP/1.1) or `handshake` (a connection with a full handshake for each request). At HTTP/2 16 connections ask with 32 streams each.
export const kRows = [
  { name: 'hit-1k', words: 'hit, 1 KiB', path: '/1k', bytes: kKiB, origin: 'none' },
  // What hit-zstd is held against: as large a request and an answer.
  { name: 'hit-plain', words: 'hit, 1 KiB, to a client that reads zstd', path: '/1k', bytes: kKiB, origin: 'none', headers: ['Accept-Encoding: zstd'] },
  {
    name: 'hit-zstd', words: 'hit, text of 5 KiB, which is 1 KiB in zstd', path: '/text', bytes: kText.length, origin: 'none',
    headers: ['Accept-Encoding: zstd'],
  },
  { name: 'hit-16k', words: 'hit, 16 KiB', path: '/16k', bytes: 16 * kKiB, origin: 'none' },
  { name: 'hit-128k', words: 'hit, 128 KiB', path: '/128k', bytes: 128 * kKiB, origin: 'none' },
  {
    name: 'zipf', words: 'Zipf over 10,000 × 1 KiB', path: '/zipf/1', bytes: kKiB, origin: 'none',
    asks: (run) => ['zipf', '/zipf/', kZipfCount, run + 1], warm: () => ['each', '/zipf/', kZipfCount],
  },
  { name: '304', words: '304', path: '/1k', bytes: kKiB, conditional: true, origin: 'none' },
  { name: 'pass', words: 'pass-through of no-store, 1 KiB', path: '/pass', bytes: kKiB, origin: 'one' },
  {
    name: 'miss', words: 'miss, each URL once, 1 KiB', path: '/miss/first', bytes: kKiB, origin: 'one',
    asks: (run, stamp) => ['each', `/miss/${stamp}-${run}-`, 0],
  },
  { name: 'h2-1k', over: 'h2', words: 'HTTP/2 hit, 1 KiB', path: '/1k', bytes: kKiB, origin: 'none' },
  { name: 'h2-16k', over: 'h2', words: 'HTTP/2 hit, 16 KiB', path: '/16k', bytes: 16 * kKiB, origin: 'none' },
  { name: 'h2-128k', over: 'h2', words: 'HTTP/2 hit, 128 KiB', path: '/128k', bytes: 128 * kKiB, origin: 'none' },
  { name: 'h2-tls-1k', over: 'h2-tls', words: 'HTTP/2 over TLS hit, 1 KiB', path: '/1k', bytes: kKiB, origin: 'none' },
  { name: 'h2-tls-16k', over: 'h2-tls', words: 'HTTP/2 over TLS hit, 16 KiB', path: '/16k', bytes: 16 * kKiB, origin: 'none' },
  { name: 'tls-1k', over: 'tls', words: 'TLS 1.3 hit, 1 KiB', path: '/1k', bytes: kKiB, origin: 'none' },
  { name: 'tls-16k', over: 'tls', words: 'TLS 1.3 hit, 16 KiB', path: '/16k', bytes: 16 * kKiB, origin: 'none' },
  { name: 'handshake', over: 'handshake', words: 'full handshake and a hit', path: '/1k', bytes: kKiB, origin: 'none' },
];

// What may be named for several rows at once: `h2` is HTTP/2 and all that speaks TLS.
const group_of = ({ over }) => (over === undefined ? 'http1' : 'h2');
export const kGroups = ['http1', 'h2'];
export const rows_named = (name) => kRows.filter((row) => row.name === name || group_of(row) === name);
