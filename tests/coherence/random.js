// Random numbers that a seed repeats (SplitMix64, its upper bits).
export class Random {
  #state;

  constructor(seed) {
    this.#state = BigInt(seed);
  }

  // 0 <= x < 1
  next() {
    this.#state = BigInt.asUintN(64, this.#state + 0x9e3779b97f4a7c15n);
    let x = this.#state;
    x = BigInt.asUintN(64, (x ^ (x >> 30n)) * 0xbf58476d1ce4e5b9n);
    x = BigInt.asUintN(64, (x ^ (x >> 27n)) * 0x94d049bb133111ebn);
    return Number((x ^ (x >> 31n)) >> 11n) / 2 ** 53;
  }

  below(n) {
    return Math.floor(this.next() * n);
  }

  between(a, b) {
    return a + this.next() * (b - a);
  }

  pick(list) {
    return list[this.below(list.length)];
  }
}
