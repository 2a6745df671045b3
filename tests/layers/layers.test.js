// The sources keep the order of the layers, and a breach of each kind would be noticed.

import assert from 'node:assert';
import test from 'node:test';
import { closure, includes_of, kRoot, read_sources } from './includes.js';
import { breaches } from './layers.js';

function sources(texts) {
  return Object.fromEntries(Object.entries(texts).map(([path, text]) => [path, { text, includes: includes_of(text) }]));
}

const kHeaders = { 'proxy/base/result.h': '', 'proxy/cache/store.h': '', 'proxy/server/worker.h': '', 'tests/support/catch.h': '' };

function breaches_of(path, text) {
  return breaches(sources({ ...kHeaders, [path]: text }));
}

test('the sources keep the order of the layers', () => {
  const all = read_sources(kRoot, ['proxy', 'filters', 'tests', 'bench']);
  assert.ok(Object.keys(all).length > 10, 'too few sources were read for this to mean anything');
  assert.deepEqual(breaches(all), []);
});

test('own folder and earlier ones may be included', () => {
  assert.deepEqual(breaches_of('proxy/cache/flight.cc', '#include "proxy/cache/store.h"\n#include "proxy/base/result.h"\n'), []);
  assert.deepEqual(breaches_of('proxy/main.cc', '#include "proxy/server/worker.h"\n'), []);
});

test('an include from a later folder is noticed, with its line', () => {
  const found = breaches_of('proxy/cache/flight.cc', '// head\n#include "proxy/server/worker.h"\n');
  assert.equal(found.length, 1);
  assert.match(found[0], /^proxy\/cache\/flight\.cc:2: .*may not know it/);
});

test('a filter may not include the server, the server may include a filter', () => {
  assert.equal(breaches_of('filters/etag.cc', '#include "proxy/server/worker.h"\n').length, 1);
  assert.deepEqual(breaches_of('filters/etag.cc', '#include "proxy/cache/store.h"\n'), []);
});

test('a path that is not from the root, or that is not there, is noticed', () => {
  assert.match(breaches_of('proxy/cache/flight.cc', '#include "store.h"\n')[0], /no such file/);
  assert.match(breaches_of('proxy/cache/flight.cc', '#include "../base/result.h"\n')[0], /no such file/);
});

test('a new folder has to take its place among the layers', () => {
  assert.match(breaches_of('proxy/attic/box.h', '')[0], /stands in no layer/);
});

test('the program does not include its tests, and a unit test does not reach past its folder', () => {
  assert.equal(breaches_of('proxy/cache/flight.cc', '#include "tests/support/catch.h"\n').length, 1);
  assert.equal(breaches_of('tests/unit/cache/store_test.cc', '#include "proxy/server/worker.h"\n').length, 1);
  assert.deepEqual(breaches_of('tests/unit/cache/store_test.cc', '#include "proxy/cache/store.h"\n#include "tests/support/catch.h"\n'), []);
});

test('a library stays where it is kept', () => {
  assert.match(breaches_of('proxy/cache/flight.cc', '#include <event2/event.h>\n')[0], /libevent stops at/);
  assert.deepEqual(breaches_of('proxy/net/loop.cc', '#include <event2/event.h>\n'), []);
});

test('what a file reads is found through its headers', () => {
  const found = closure(sources({ 'a.cc': '#include "b.h"\n', 'b.h': '#include "c.h"\n', 'c.h': '#include "b.h"\n', 'd.h': '' }), 'a.cc');
  assert.deepEqual([...found].sort(), ['a.cc', 'b.h', 'c.h']);
});
