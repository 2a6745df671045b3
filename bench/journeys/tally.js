// Counts what a run measured: latencies (in buckets 2 % wide, so that memory is bounded whatever the length of a run),
// errors by kind, how answers came. Tallies of one kind can be added up.

import { kCacheable, kHits, outcome } from './cache_status.js';

const kStep = Math.log(1.02);

export class Latencies {
  constructor() {
    this.buckets = new Map();       // of microseconds, by logarithm
    this.count = 0;
    this.largest = 0;
  }

  add(ms) {
    const bucket = Math.round(Math.log(Math.max(1, ms * 1000)) / kStep);
    this.buckets.set(bucket, (this.buckets.get(bucket) ?? 0) + 1);
    this.count += 1;
    this.largest = Math.max(this.largest, ms);
  }

  merge(other) {
    for (const [bucket, n] of other.buckets) this.buckets.set(bucket, (this.buckets.get(bucket) ?? 0) + n);
    this.count += other.count;
    this.largest = Math.max(this.largest, other.largest);
  }

  // Milliseconds below which this share of all was.
  at(share) {
    let left = Math.ceil(this.count * share);
    for (const [bucket, n] of [...this.buckets].sort(([a], [b]) => a - b)) {
      left -= n;
      if (left <= 0) return Math.min(this.largest, Math.exp(bucket * kStep) / 1000);
    }
    return 0;
  }

  report() {
    return { p50: this.at(0.5), p95: this.at(0.95), p99: this.at(0.99), max: this.largest };
  }
}

// Of one journey, one route, or all.
class Counts {
  constructor() {
    this.latencies = new Latencies();
    this.errors = {};
    this.words = {};
    this.tiers = {};
    this.bytes = 0;
  }

  add({ ms, bytes, error, word, tier }) {
    const bump = (where, key) => { where[key] = (where[key] ?? 0) + 1; };
    this.latencies.add(ms);
    this.bytes += bytes;
    if (error) bump(this.errors, error);
    if (word) bump(this.words, word);
    if (tier) bump(this.tiers, tier);
  }

  merge(other) {
    this.latencies.merge(other.latencies);
    this.bytes += other.bytes;
    for (const part of ['errors', 'words', 'tiers']) {
      for (const [key, n] of Object.entries(other[part])) this[part][key] = (this[part][key] ?? 0) + n;
    }
  }

  // A request that failed has no word: hit rates are of what was answered.
  report() {
    const requests = this.latencies.count;
    const sum = (words) => words.reduce((n, word) => n + (this.words[word] ?? 0), 0);
    const [cacheable, failed] = [sum(kCacheable), Object.values(this.errors).reduce((a, b) => a + b, 0)];
    const share = (n) => (cacheable ? n / cacheable : null);
    return { requests, ...this.latencies.report(), errors: failed, error_rate: requests ? failed / requests : 0,
      errors_by_kind: this.errors, bytes: this.bytes, outcomes: this.words, cacheable, hit_rate: share(sum(kHits)),
      memory_rate: share(this.tiers.memory ?? 0), redis_rate: share(this.tiers.redis ?? 0) };
  }
}

export class Tally {
  constructor() {
    this.all = new Counts();
    this.journeys = new Map();
    this.routes = new Map();
    this.done = {};                  // journeys brought to their end
    this.abandoned = {};             // and those that an error ended
    this.retries = 0;                // of requests on a kept connection that had just been closed
  }

  #of(map, name) {
    if (!map.has(name)) map.set(name, new Counts());
    return map.get(name);
  }

  add(journey, route, { cacheStatus, ...answer }) {
    const one = { ...answer, ...(answer.error ? {} : outcome(cacheStatus)) };
    for (const counts of [this.all, this.#of(this.journeys, journey), this.#of(this.routes, route)]) counts.add(one);
  }

  finished(journey, whole) {
    const where = whole ? this.done : this.abandoned;
    where[journey] = (where[journey] ?? 0) + 1;
  }

  merge(other) {
    this.all.merge(other.all);
    this.retries += other.retries;
    for (const part of ['journeys', 'routes']) {
      for (const [name, counts] of other[part]) this.#of(this[part], name).merge(counts);
    }
    for (const part of ['done', 'abandoned']) {
      for (const [key, n] of Object.entries(other[part])) this[part][key] = (this[part][key] ?? 0) + n;
    }
  }

  report() {
    const each = (map) => Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([k, v]) => [k, v.report()]));
    return { ...this.all.report(), retries: this.retries, done: this.done, abandoned: this.abandoned,
      journeys: each(this.journeys), routes: each(this.routes) };
  }
}
