// ./dev bench limits: the promises that have a figure, measured on the real program on loopback. What must be right
// (one origin request, the right body, everybody answered, memory) ends it with 1 where it is not; times are only
// printed beside what was promised, for they are the machine's as well. Each row in limits/ starts what it needs anew.

import { compress } from './limits/compress.js';
import { idle } from './limits/idle.js';
import { memory } from './limits/memory.js';
import { purge } from './limits/purge.js';
import { readers } from './limits/readers.js';
import { Stand } from './limits/stand.js';
import { storm, uncacheable } from './limits/storm.js';
import { tunnels } from './limits/tunnels.js';
import { uploads } from './limits/uploads.js';
import { run_program, WrongUse } from './promises.js';
import { kServers } from './servers.js';

run_program({
  name: 'limits',
  rows: { storm, uncacheable, purge, memory, compress, readers, uploads, tunnels, idle },
  numbers: {
    clients: { value: 1000, of: 'of storm, uncacheable and readers' },
    rounds: { value: 5, of: 'of storm, uncacheable and compress' },
    objects: { value: 1_000_000, of: 'of purge' },
    purges: { value: 200, of: 'of purge, of each kind' },
    gib: { value: 10, of: 'through weir in memory' },
    uploads: { value: 200, of: 'at once, of 1 GiB each' },
    tunnels: { value: 2000, of: 'that stand at once' },
    idle: { value: 50_000, of: 'idle connections, as far as descriptors go' },
    workers: { value: 2, of: 'of weir' },
  },
  check({ objects, purges }) {
    if (objects < 10 * purges) throw new WrongUse('--objects wants ten for each of --purges');
  },
  programs: (names) => (names.includes('purge') ? [kServers.nginx.program] : []),
  Stand,
});
