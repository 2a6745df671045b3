// Each house rule notices what it is there for. The tree itself is checked by ./dev lint.

import assert from 'node:assert';
import test from 'node:test';
import { complaints_about } from './house.js';

const kHead = '// What it is, and where in the life of a request.\n';

function expect_complaint(path, text, pattern) {
  const found = complaints_about(path, kHead + text);
  assert.ok(found.some((line) => pattern.test(line)), `${JSON.stringify(found)} lacks ${pattern}`);
}

test('a file in order raises no complaint', () => {
  assert.deepEqual(complaints_about('proxy/cache/store.cc', `${kHead}#include "proxy/cache/store.h"\n\nint find();\n`), []);
});

test('unfinished work is noticed', () => {
  expect_complaint('proxy/cache/store.cc', '// TO' + 'DO: later\n', /:2: .*finish it/);
  expect_complaint('proxy/cache/store.cc', '// not ' + 'implemented\n', /:2: /);
});

test('words that mean nothing are noticed', () => {
  expect_complaint('proxy/cache/store.h', 'int ge' + 't_key();\n', /name it after/);
  expect_complaint('filters/etag.cc', 'class EtagMana' + 'ger {};\n', /name it after/);
  expect_complaint('proxy/net/loop.h', 'int down' + 'stream;\n', /client and origin/);
});

test('paths of a machine are noticed anywhere', () => {
  expect_complaint('README.md', 'see /ro' + 'ot/x\n', /a path of one machine/);
});

test('a long file, a missing head and a missing newline are noticed', () => {
  assert.match(complaints_about('proxy/a.cc', kHead + 'int a;\n'.repeat(400))[0], /401 lines/);
  assert.match(complaints_about('proxy/a.cc', '#include <vector>\n')[0], /no comment at the head/);
  assert.match(complaints_about('proxy/a.cc', '#pragma once\n')[0], /no comment at the head/);
  assert.match(complaints_about('proxy/a.cc', kHead.trim())[0], /no newline/);
});

test('a check is switched off only by name', () => {
  expect_complaint('proxy/a.cc', 'int a;  // NOLINT\n', /name the check/);
  assert.deepEqual(complaints_about('proxy/a.cc', `${kHead}int a;  // NOLINT(bugprone-x)\n`), []);
});
