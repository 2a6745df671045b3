// Other people's programs as clients of weir: run to their end, by their words alone.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { kPatience, within } from './patience.js';

// { code, out, err } of a program; `out` and `err` are text, `bytes` is `out` as it came. It is killed where it takes too long.
export async function command(program, args, { input = '', patience = 4 * kPatience } = {}) {
  const child = spawn(program, args, { stdio: 'pipe' });
  const parts = { out: [], err: [] };
  child.stdout.on('data', (data) => parts.out.push(data));
  child.stderr.on('data', (data) => parts.err.push(data));
  child.stdin.on('error', () => {}).end(input);
  const ended = new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  try {
    const code = await within(ended, `${program} ${args.join(' ')}`, patience);
    const bytes = Buffer.concat(parts.out);
    return { code, bytes, out: bytes.toString('latin1'), err: Buffer.concat(parts.err).toString('latin1') };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

// The same where anything but 0 is an error.
export async function succeed(program, args, options) {
  const result = await command(program, args, options);
  if (result.code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${result.code}:\n${result.out.slice(-2000)}\n${result.err.slice(-2000)}`);
  return result;
}

export const sha256 = (data) => createHash('sha256').update(data).digest('hex');

// A folder that goes when `stage` ends.
export function folderOf(stage) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'weir-clients-'));
  stage?.onEnd(() => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 20 }));
  return folder;
}

// A certificate for localhost and 127.0.0.1 that signs itself, made by openssl: { folder, certificate, key, pem, remove }.
export async function selfSigned() {
  const folder = folderOf();
  const certificate = path.join(folder, 'weir.crt');
  const key = path.join(folder, 'weir.key');
  await succeed('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '365', '-subj', '/CN=localhost',
    '-addext', 'subjectAltName=DNS:localhost,DNS:streamvibe.test,IP:127.0.0.1', '-keyout', key, '-out', certificate]);
  const remove = () => fs.rmSync(folder, { recursive: true, force: true });
  return { folder, certificate, key, pem: fs.readFileSync(certificate), remove };
}

// Chromium opens `url` and is gone, with all the processes that it started, when `until` is settled; gives what that gave.
export async function browse(url, until, { folder, flags = [] }) {
  const args = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--disable-background-networking',
    `--user-data-dir=${path.join(folder, 'profile')}`, ...flags, url];
  const browser = spawn('chromium', args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true });   // a group of its own
  const said = [];
  browser.stderr.setEncoding('latin1').on('data', (text) => said.push(text));
  const words = () => said.join('').slice(-2000);
  const ended = new Promise((resolve, reject) => {
    browser.on('error', reject).on('exit', (code, signal) => resolve({ error: `chromium ended with ${code ?? signal}: ${words()}` }));
  });
  const kill = (signal) => {
    try {
      process.kill(-browser.pid, signal);
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;   // all are gone
    }
  };
  try {
    return await within(Promise.race([until, ended]), 'the page to report', 4 * kPatience);
  } catch (error) {
    error.message += `\n--- chromium said\n${words()}`;
    throw error;
  } finally {
    if (browser.pid !== undefined) {
      kill('SIGTERM');
      await within(ended, 'chromium to end', kPatience / 4).catch(() => {});
      kill('SIGKILL');
      await ended;
    }
  }
}
