// The services' way to PostgreSQL: one pool, every query counted. It doesn't cache, batch or prepare anything:
// that StreamVibe asks too often is the point.

import pg from 'pg';

const kHealth = 2000;    // milliseconds after which a silent database counts as gone

export class Database {
  constructor(url, service) {
    this.queries = 0;
    this.pool = new pg.Pool({ connectionString: url, application_name: `streamvibe ${service}` });
    // The health check has a connection of its own, so that it tells of PostgreSQL and not of our queue.
    this.health = new pg.Pool({ connectionString: url, max: 1, connectionTimeoutMillis: kHealth, query_timeout: kHealth });
    for (const pool of [this.pool, this.health]) pool.on('error', () => {});   // an idle one broke
  }

  async rows(text, ...values) {
    this.queries += 1;
    return (await this.pool.query(text, values)).rows;
  }

  async row(text, ...values) {
    return (await this.rows(text, ...values))[0];
  }

  async answers() {
    try {
      await this.health.query('SELECT 1');
      return true;
    } catch { return false; }
  }

  // For load tests, which must know what there is to ask for. Not counted as work for a client.
  async size() {
    try {
      const counts = await this.health.query(
        'SELECT (SELECT max(id) FROM videos) AS videos, (SELECT max(id) FROM users) AS users');
      return counts.rows[0];
    } catch { return null; }
  }

  async close() {
    await Promise.all([this.pool.end(), this.health.end()]);
  }

  // Connection refused or broken, server starting or stopping: not a mistake in a query.
  static unavailable(error) {
    return /^(ECONN|EPIPE|ETIMEDOUT|57P|08|53)/.test(error.code ?? '') || /Connection terminated/.test(error.message);
  }
}
