// StreamVibe for a test: all of it, by up.js, on free ports and in a directory of its own that goes with it. Starts no
// test itself.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const directory = () => mkdtempSync(join(tmpdir(), 'streamvibe-test-'));

// `pid` of up.js, its announcement, and stop() → exit code.
export async function up(data, { scale = '0.01', quiet = true } = {}) {
  const program = fileURLToPath(new URL('../up.js', import.meta.url));
  const child = spawn(process.execPath, [program, '--data', data, '--scale', scale, '--watch-stdin'],
    { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => { said += text; if (!quiet) process.stderr.write(text); });
  const over = new Promise((done) => { child.on('exit', (code, signal) => done(code ?? signal)); });
  const ready = await new Promise((done, failed) => {
    createInterface({ input: child.stdout }).once('line', (line) => done(JSON.parse(line)));
    over.then((code) => failed(new Error(`up.js ended with ${code}:\n${said}`)));
  });
  return { ...ready, child, over, said: () => said, stop: (signal = 'SIGTERM') => { child.kill(signal); return over; } };
}

export async function started() {
  const data = directory();
  const vibe = await up(data);
  return { ...vibe, stop: async () => { await vibe.stop(); rmSync(data, { recursive: true, force: true }); } };
}
