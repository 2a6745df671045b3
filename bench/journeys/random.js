// Chance that is the same in each run: a small seeded generator, and draws by popularity. Two runs with one seed ask
// the same questions in the same order, which is what makes them comparable.

// mulberry32: 32 bits of state, good enough to choose pages with.
export function generator(...seeds) {
  let state = seeds.reduce((all, seed) => Math.imul(all ^ (seed + 0x9e3779b9), 0x85ebca6b) ^ (all >>> 13), 0x2545f491);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

// Ranks 1..size, where rank r comes up in proportion to r^-s: draw(u) for a u in [0, 1).
export class Zipf {
  constructor(size, s) {
    this.running = new Float64Array(size);
    let sum = 0;
    for (let rank = 1; rank <= size; rank++) this.running[rank - 1] = sum += rank ** -s;
    this.whole = sum;
  }

  draw(u) {
    const target = u * this.whole;
    let [low, high] = [0, this.running.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.running[middle] > target) high = middle; else low = middle + 1;
    }
    return low + 1;
  }
}

// As in ../streamvibe/seed.sql: what is popular here is what was popular there.
export const rank_to_id = (rank, size) => Number((BigInt(rank) * 2654435761n) % BigInt(size)) + 1;

// One of [[name, weight], …].
export function weighted(choices, u) {
  let left = u * choices.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [name, weight] of choices) {
    left -= weight;
    if (left < 0) return name;
  }
  return choices.at(-1)[0];
}
