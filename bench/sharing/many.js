// The row that purges a tag of very many objects where the log is in Redis: what it costs beside a tag of one. Three nodes
// follow the log; one has the objects, in its memory alone: what Redis would have of them no purge touches either.

import { kMemory, purge_through } from '../limits/purge.js';

export async function many(stage, { many: objects, purges }) {
  const origin = await stage.start_nginx();
  await stage.start_redis();
  const node = await stage.start_node({ origin, memory: kMemory, shared: false });
  for (let i = 0; i < 2; i += 1) await stage.start_node({ origin });
  await stage.joined();
  return purge_through(stage, node, { objects, purges });
}
