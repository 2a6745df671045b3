// StreamVibe as it is, on a real PostgreSQL, and weir with conf/streamvibe.yaml in front: for end-to-end tests. All on
// free ports; stop() ends everything and removes the data.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { kInvalidation } from '../../bench/streamvibe/invalidation.js';

const kRoot = join(dirname(fileURLToPath(import.meta.url)), '../..');
const kWeir = process.env.WEIR_BIN ?? join(kRoot, 'build/weir');

function lineOf(stream, pattern) {
  return new Promise((resolve, reject) => {
    const lines = createInterface({ input: stream });
    lines.on('line', (line) => pattern.test(line) && resolve(pattern.exec(line)));
    lines.on('close', () => reject(new Error(`ended before it said ${pattern}`)));
  });
}

export class StreamVibe {
  #folder = mkdtempSync(join(tmpdir(), 'weir-e2e-'));
  #children = [];

  // `env`: for weir, beside its addresses. `triggers`: the database tells weir what changes in it.
  static async start(env = {}, { triggers = false } = {}) {
    const all = new StreamVibe();
    try {
      await all.#start(env, triggers);
    } catch (error) {
      await all.stop();
      throw error;
    }
    return all;
  }

  async #start(env, triggers) {
    const up = this.#spawn(process.execPath, ['bench/streamvibe/up.js', '--data', this.#folder, '--scale', '0.01', '--port', '0',
      '--recommendations-port', '0', '--watch-stdin']);
    up.stderr.resume();
    const { api, recommendations, postgres } = JSON.parse((await lineOf(up.stdout, /^\{.*"ready":true.*\}$/))[0]);
    this.postgres = postgres;
    if (triggers) {
      const sql = execFileSync(kWeir, ['postgres-sql', ...kInvalidation], { encoding: 'utf8' });
      this.sql(sql);
    }
    const weir = this.#spawn(kWeir, ['run', '-c', 'conf/streamvibe.yaml'], {
      STREAMVIBE_API: api, STREAMVIBE_RECOMMENDATIONS: recommendations,
      WEIR_LISTEN: '127.0.0.1:0', WEIR_ADMIN_LISTEN: '127.0.0.1:0', WEIR_ADMIN_TOKEN: '', REDIS_URL: '',
      WEIR_TLS_LISTEN: '', WEIR_TLS_CERTIFICATE: '', WEIR_TLS_KEY: '', WEIR_TLS_OCSP: '',
      DATABASE_URL: triggers ? postgres : '', ...env,
    });
    weir.stdout.resume();
    let said = '';
    await new Promise((resolve, reject) => {
      weir.stderr.on('data', (data) => {
        said += data;
        if (/weir: ready/.test(said)) resolve();
      });
      weir.once('exit', () => reject(new Error(said)));
    });
    this.api = api;
    const [plain, secure] = [...said.matchAll(/listening on (\S+)/g)].map(([, address]) => address);
    this.base = `http://${plain}`;
    this.secure = secure;   // ADDRESS:PORT of the listener with TLS, where `env` names one
    this.admin = `http://${/admin on (\S+)/.exec(said)[1]}`;
  }

  // By psql, as an operator would; gives what it prints.
  sql(text) {
    const words = ['-qAt', '-v', 'ON_ERROR_STOP=1', this.postgres];
    return execFileSync('psql', words, { input: text, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] });
  }

  #spawn(program, args, env) {
    const child = spawn(program, args, { cwd: kRoot, env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
    this.#children.push(child);
    return child;
  }

  async stop() {
    for (const child of this.#children.reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    this.#children = [];
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
