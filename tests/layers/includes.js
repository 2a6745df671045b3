// Reads which file includes which. What the layer rules, the house rules and the clang-tidy cache have in common.
// It knows no rule itself.

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const kRoot = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

// The C++ files below `folders` of `root`, by their path from it, in order.
export function source_files(root, folders, ending = /\.(cc|h)$/) {
  return folders.filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: false, withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : source_files(root, [path], ending);
      return ending.test(entry.name) ? [path] : [];
    })).sort();
}

// The includes of a text: [{ line, path, quoted }].
export function includes_of(text) {
  const found = [];
  text.split('\n').forEach((line, index) => {
    const match = /^\s*#\s*include\s*(["<])([^">]+)[">]/.exec(line);
    if (match) found.push({ line: index + 1, path: match[2], quoted: match[1] === '"' });
  });
  return found;
}

// { path: { text, includes } } for all C++ files below `folders`.
export function read_sources(root, folders) {
  return Object.fromEntries(source_files(root, folders).map((path) => {
    const text = readFileSync(join(root, path), 'utf8');
    return [path, { text, includes: includes_of(text) }];
  }));
}

// The file and all of our own headers that it reads, directly or not.
export function closure(sources, path, seen = new Set()) {
  if (seen.has(path) || !sources[path]) return seen;
  seen.add(path);
  for (const include of sources[path].includes) if (include.quoted) closure(sources, include.path, seen);
  return seen;
}

export function is_main(url) {
  return process.argv[1] && relative(resolve(process.argv[1]), fileURLToPath(url)) === '';
}

// Prints the complaints and sets the exit status.
export function complain(complaints, subject) {
  for (const complaint of complaints) console.error(complaint);
  if (complaints.length) process.exitCode = 1;
  else console.log(`${subject}: in order`);
}
