// Rules of the house that a machine can check: words and paths that have no place in the tree, the length of a file, the
// comment at its head. `node house.js` complains on standard error. Layout and bugs are clang-format's and clang-tidy's.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { complain, is_main, kRoot } from './includes.js';

const kMaxLines = 400;   // of a source file
const kBinary = /\.(png|jpg|jpeg|gif|ico|pdf|gz|zst|br|bin|crt|key)$/;
const kGenerated = /(^|\/)package-lock\.json$/;
const kCorpus = /(^|\/)(corpus|cases|fixtures)\//;
const kProgram = /^(proxy|filters)\/.*\.(cc|h)$/;
const kCxx = /\.(cc|h)$/;
const kCode = /\.(cc|h|js|sh|lua)$|^dev$|^\.ci\/run$/;

// Spelt in parts, so that this file keeps its own rules.
const kWords = [
  { where: kCode, what: new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK'].join('|')})\\b`), why: 'finish it, or write an issue' },
  { where: kCxx, what: new RegExp('\\b(not |un)implement' + 'ed'), why: 'what does not work yet is not there yet' },
  { where: kProgram, what: new RegExp('down' + 'stream', 'i'), why: 'the two ends are client and origin' },
  { where: kProgram, what: new RegExp('\\bge' + 't_(?!if\\b)[a-z]'), why: 'name it after what it gives' },
  { where: kProgram, what: new RegExp('\\b[A-Z]\\w*(Mana' + 'ger|Im' + 'pl|Hel' + 'per|Ut' + 'il)s?\\b'), why: 'name it after what it does' },
  { where: kProgram, what: /\/\/\s*NOLINT(NEXTLINE)?\s*($|[^(A-Z])/, why: 'name the check that is switched off' },
  { where: /./, what: new RegExp('(^|[\\s"\'`(=])/(' + ['wo' + 'rk', 'ro' + 'ot', 'fa' + 'rm', 'ho' + 'me'].join('|') + ')/'), why: 'a path of one machine' },
  { where: /^(?!.*(\.md|Makefile)$)/, what: /[ \t]+$/, why: 'space at the end of the line' },
];

// How many lines of comment a file begins with; `#!`, guards and pragmas don't count.
function head_lines(text) {
  let count = 0;
  for (const line of text.split('\n')) {
    if (/^#!/.test(line) || (count === 0 && line === '')) continue;
    if (!/^(\/\/|#(?!\s*(include|pragma|if|define))|--|\/\*| \*)/.test(line)) break;
    count += 1;
  }
  return count;
}

export function complaints_about(path, text) {
  const found = [];
  const lines = text.split('\n');
  lines.forEach((line, index) => {
    for (const { where, what, why } of kWords) {
      const match = where.test(path) && what.exec(line);
      if (match) found.push(`${path}:${index + 1}: "${match[0].trim()}": ${why}`);
    }
  });
  if (text !== '' && !text.endsWith('\n')) found.push(`${path}:${lines.length}: no newline at the end`);
  if (kCode.test(path)) {
    if (lines.length - 1 > kMaxLines) found.push(`${path}:${kMaxLines}: ${lines.length - 1} lines; ${kMaxLines} are the most`);
    if (head_lines(text) < 1) found.push(`${path}:1: no comment at the head says what this file is`);
  }
  return found;
}

// All files that are in git or will be.
export function tree_files(root) {
  return execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], { cwd: root, encoding: 'utf8' })
    .split('\0').filter((path) => path && existsSync(join(root, path)) &&
      !kBinary.test(path) && !kGenerated.test(path) && !kCorpus.test(path));
}

export function complaints(root) {
  return tree_files(root).flatMap((path) => complaints_about(path, readFileSync(join(root, path), 'utf8')));
}

if (is_main(import.meta.url)) complain(complaints(kRoot), 'house rules');
