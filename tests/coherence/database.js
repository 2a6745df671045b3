// A PostgreSQL whose items have the triggers of `weir postgres-sql`, and who changes them: transactions that commit in
// another order than the one in which they began. What a commit makes invalid is acknowledged once the position that weir
// saves in its outbox is past it (docs/postgres.md).
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { weirBinary } from '../support/weir.js';

const kStreamVibe = join(dirname(fileURLToPath(import.meta.url)), '../../bench/streamvibe');
const pg = createRequire(join(kStreamVibe, 'package.json'))('pg');
const kAsked = 50;   // milliseconds between two looks at weir's position

export class Database {
  #folder = mkdtempSync(join(tmpdir(), 'weir-coherence-'));

  static async start(items) {
    const database = new Database();
    try {
      await database.#start(items);
    } catch (error) {
      await database.stop();
      throw error;
    }
    return database;
  }

  async #start(items) {
    const server = spawn(process.execPath, ['database.js', '--data', this.#folder, '--scale', '0.0001', '--watch-stdin'],
      { cwd: kStreamVibe, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#server = server;
    for await (const line of createInterface({ input: server.stdout })) {
      if (!line.startsWith('{')) continue;
      this.url = JSON.parse(line).postgres;
      break;
    }
    if (!this.url) throw new Error('the database ended before it was ready');
    this.pool = new pg.Pool({ connectionString: this.url, max: 12 });
    // Connections are ended, idle or in use: that is a fault like the others, and whoever uses one hears of it anyway.
    this.pool.on('error', () => {}).on('connect', (client) => client.on('error', () => {}));
    await this.pool.query(`CREATE TABLE items (id int PRIMARY KEY, version int NOT NULL);
      INSERT INTO items SELECT id, 1 FROM generate_series(0, ${items - 1}) AS id`);
    await this.pool.query(execFileSync(weirBinary, ['postgres-sql', 'items:item:{id}'], { encoding: 'utf8' }));
  }

  #server = null;

  // In one transaction that stays open for `open` milliseconds; its id.
  async change(items, open) {
    const client = await this.pool.connect();
    let failed;
    try {
      await client.query('BEGIN');
      const sql = 'UPDATE items SET version = version + 1 WHERE id = ANY($1) RETURNING pg_current_xact_id()::text AS xid';
      const { rows } = await client.query(sql, [items]);
      if (open > 0) await sleep(open);
      await client.query('COMMIT');
      return rows[0].xid;
    } catch (error) {
      failed = error;
      throw error;
    } finally {
      client.release(failed);
    }
  }

  // Until weir has applied that transaction, or not within `patience` milliseconds.
  async applied(xid, patience) {
    const sql = 'SELECT pg_visible_in_snapshot($1::xid8, position) AS yes FROM weir.readers WHERE name = $2 AND history <> $3';
    for (const until = Date.now() + patience; Date.now() < until; await sleep(kAsked)) {
      const { rows } = await this.pool.query(sql, [xid, 'coherence', '']);
      if (rows[0]?.yes) return true;
    }
    return false;
  }

  async drop_connections() {
    await this.pool.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'");
  }

  async stop() {
    await this.pool?.end();
    if (this.#server?.exitCode === null && this.#server.signalCode === null) {
      this.#server.kill('SIGTERM');
      await once(this.#server, 'exit');
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
