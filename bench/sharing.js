// ./dev bench sharing: what is promised of several nodes that share a Redis, measured on the real programs on loopback. What must
// be right (no old answer, one origin request, no error while Redis breaks) ends it with 1 where it is not; times are
// only printed beside what was promised. Each row in sharing/ starts its own Redis, origin and weirs.

import { run_program, WrongUse } from './promises.js';
import { cold } from './sharing/cold.js';
import { faults } from './sharing/faults.js';
import { hits_row } from './sharing/hits.js';
import { many } from './sharing/many.js';
import { purge } from './sharing/purge.js';
import { restart_row } from './sharing/restart.js';
import { Stage } from './sharing/stage.js';

run_program({
  name: 'sharing',
  rows: { purge, many, cold, restart: restart_row, hits: hits_row, faults },
  numbers: {
    purges: { value: 300, of: 'of purge and many, of each kind' },
    objects: { value: 20_000, of: 'of purge and hits' },
    many: { value: 1_000_000, of: 'objects of many' },
    nodes: { value: 6, of: 'of cold' },
    clients: { value: 200, of: 'of cold, of each node' },
    rounds: { value: 5, of: 'of cold, of each kind' },
    browsed: { value: 5000, of: 'objects of restart' },
    rate: { value: 500, of: 'requests a second of restart and faults' },
    seconds: { value: 10, of: 'of restart, before and after; of each measurement of hits' },
    workers: { value: 1, of: 'of each weir' },
  },
  check({ objects, many: all, purges }) {
    if (Math.min(objects, all) < purges + 2) throw new WrongUse('--objects and --many want one for each of --purges, and two more');
  },
  programs: (names) => [
    'redis-server', ...(names.includes('hits') ? ['redis-benchmark'] : []), ...(names.includes('many') ? ['nginx'] : []),
  ],
  Stand: Stage,
});
