// Runs clang-tidy over the program's sources, two at a time, and remembers in the build folder which passed: a source is
// looked at again only when it, a header of ours that it reads, its compile command or .clang-tidy has changed.
// `node tidy.js BUILD_FOLDER [FILE…]`; complaints go to standard output as clang-tidy words them.

import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { availableParallelism, cpus } from 'node:os';
import { closure, kRoot, read_sources } from './includes.js';

const kFolders = ['proxy', 'filters'];
const kBound = 300_000;   // milliseconds for one source
const kMaxOutput = 16 << 20;

function hash_of(...parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest('hex').slice(0, 32);
}

// [{ path, state }]: the sources to look at, each with the hash of all that decides its outcome.
function sources_to_check(build, wanted) {
  const commands = JSON.parse(readFileSync(join(build, 'compile_commands.json'), 'utf8'));
  const sources = read_sources(kRoot, kFolders);
  const rules = readFileSync(join(kRoot, '.clang-tidy'), 'utf8') + execFileSync('clang-tidy', ['--version'], { encoding: 'utf8' });
  return commands.map(({ file, command }) => ({ path: relative(kRoot, file), command }))
    .filter(({ path }) => path in sources && (wanted.length === 0 || wanted.includes(path)))
    .map(({ path, command }) => {
      const texts = [...closure(sources, path)].sort().flatMap((read) => [read, sources[read].text]);
      return { path, state: hash_of(rules, command, ...texts) };
    });
}

function check(build, { path, state }, passed_folder) {
  const options = ['-p', build, '--quiet', '--extra-arg=-Wno-unknown-warning-option', join(kRoot, path)];
  return new Promise((done) => {
    execFile('clang-tidy', options, { timeout: kBound, maxBuffer: kMaxOutput }, (error, output, errors) => {
      if (!error) writeFileSync(join(passed_folder, state), `${path}\n`);
      done({ path, ok: !error, words: error ? `${output}${output ? '' : errors}` : '' });
    });
  });
}

function forget_older(passed_folder, all) {
  const states = new Set(all.map(({ state }) => state));
  for (const state of readdirSync(passed_folder)) if (!states.has(state)) rmSync(join(passed_folder, state));
}

async function main([folder, ...wanted]) {
  const build = join(kRoot, folder);
  const passed_folder = join(build, 'tidy');
  mkdirSync(passed_folder, { recursive: true });
  const all = sources_to_check(build, wanted);
  if (wanted.length === 0) forget_older(passed_folder, all);
  const waiting = all.filter(({ state }) => !existsSync(join(passed_folder, state)));
  const said = new Set();   // what a header does wrong is told once, not once a source
  let done = 0;
  let bad = 0;
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const { path, ok, words } = await check(build, next, passed_folder);
      done += 1;
      if (!ok) bad += 1;
      console.log(`[${done}/${done + waiting.length}] ${path}${ok ? '' : ': not clean'}`);
      for (const block of words.split(/\n(?=\S+:\d+:\d+: (?:error|warning))/)) {
        if (said.has(block)) continue;
        said.add(block);
        console.log(block);
      }
    }
  };
  const cores = availableParallelism ? availableParallelism() : cpus().length;
  await Promise.all(Array.from({ length: cores }, work));
  console.log(`clang-tidy: ${all.length} sources, ${done} looked at, ${bad} not clean`);
  process.exitCode = bad ? 1 : 0;
}

await main(process.argv.slice(2));
