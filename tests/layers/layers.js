// The order of the folders: a file includes only from its own folder and from those above it in kLayers, by its path
// from the root; a library that one folder keeps to itself is included nowhere else. `node layers.js` complains on
// standard error. What CMake links is not read here.

import { complain, is_main, kRoot, read_sources } from './includes.js';

export const kLayers = [
  'proxy/base', 'proxy/http', 'proxy/coding', 'proxy/cache', 'proxy/net', 'proxy/shared', 'proxy/upstream', 'proxy/config',
  'proxy/route', 'proxy/fetch', 'proxy/exchange', 'filters', 'proxy/admin', 'proxy/server', 'proxy/cli', 'proxy/main.cc',
];

// Where the outside world stops: only these folders see that library.
const kKept = [
  { header: /^(event2\/|event\.h)/, name: 'libevent', folders: ['proxy/net'] },
  { header: /^openssl\//, name: 'OpenSSL', folders: ['proxy/coding', 'proxy/net', 'proxy/shared'] },
  { header: /^yaml-cpp\//, name: 'yaml-cpp', folders: ['proxy/config'] },
  { header: /^nghttp2\//, name: 'nghttp2', folders: ['proxy/http'] },
  { header: /^hiredis\//, name: 'hiredis', folders: ['proxy/shared'] },
  { header: /^libpq-fe\.h/, name: 'libpq', folders: ['proxy/shared'] },
  { header: /^xxhash\.h/, name: 'xxHash', folders: ['proxy/base'] },
  { header: /^(zstd|zdict)\.h/, name: 'zstd', folders: ['proxy/coding'] },
  { header: /^brotli\//, name: 'brotli', folders: ['proxy/coding'] },
  { header: /^zlib\.h/, name: 'zlib', folders: ['proxy/coding'] },
];

// The layer of a path, as an index; -1 for what stands outside of the layers.
export function layer_of(path) {
  return kLayers.findIndex((layer) => path === layer || path.startsWith(`${layer}/`));
}

function layer_of_test(path) {
  const match = /^tests\/unit\/(filters|[^/]+)\//.exec(path);
  if (!match) return kLayers.length;
  return layer_of(match[1] === 'filters' ? 'filters/' : `proxy/${match[1]}/`);
}

function breach(path, include, exists) {
  const own = layer_of(path);
  const test = path.startsWith('tests/') || path.startsWith('bench/');
  if (!include.quoted) {
    const kept = kKept.find((library) => library.header.test(include.path));
    if (!kept || test || kept.folders.includes(kLayers[own])) return null;
    return `${kept.name} stops at ${kept.folders.join(' and ')}`;
  }
  if (!exists(include.path)) return `no such file from the root: "${include.path}"`;
  if (/^(tests|bench)\//.test(include.path)) return test ? null : `"${include.path}" is not part of the program`;
  const target = layer_of(include.path);
  if (target < 0) return `"${include.path}" stands in no layer: tests/layers/layers.js names them`;
  const limit = test ? layer_of_test(path) : own;
  return target > limit ? `"${include.path}" stands below ${kLayers[limit]}, which may not know it` : null;
}

// `sources` as read_sources gives them; the complaints as lines of text.
export function breaches(sources) {
  const found = [];
  for (const [path, { includes }] of Object.entries(sources)) {
    if (/^(proxy|filters)\//.test(path) && layer_of(path) < 0) found.push(`${path}:1: stands in no layer`);
    for (const include of includes) {
      const why = breach(path, include, (wanted) => wanted in sources);
      if (why) found.push(`${path}:${include.line}: ${why}`);
    }
  }
  return found;
}

if (is_main(import.meta.url)) {
  complain(breaches(read_sources(kRoot, ['proxy', 'filters', 'tests', 'bench'])), 'layers');
}
