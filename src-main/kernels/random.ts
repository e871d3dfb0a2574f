/** Repeatable random numbers: the same seed gives the same numbers on every machine. */

/**
 * xoshiro128** by Blackman and Vigna (2018, arXiv:1805.01407), its state filled by splitmix32. Period 2^128 − 1.
 */
export class Random {
  readonly #state = new Uint32Array(4);
  #spare: number | undefined;

  /** @param seed a whole number; its low 32 bits count */
  constructor(seed: number) {
    let mixed = seed >>> 0;
    for (let at = 0; at < 4; at++) {
      mixed = (mixed + 0x9e3779b9) >>> 0;
      let word = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
      word = Math.imul(word ^ (word >>> 15), 0x735a2d97);
      this.#state[at] = word ^ (word >>> 15);
    }
  }

  /** 32 random bits as a whole number from 0. */
  bits(): number {
    const s = this.#state as Uint32Array & { 0: number; 1: number; 2: number; 3: number };
    const product = Math.imul(s[1], 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const shifted = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = (s[3] << 11) | (s[3] >>> 21);
    return result;
  }

  /** Uniform in [0, 1). */
  uniform(): number {
    return this.bits() / 0x1_0000_0000;
  }

  /** A whole number in [0, bound), without bias: draws beyond the last whole multiple are drawn again. `bound` ≤ 2^32 − 1. */
  below(bound: number): number {
    const limit = 0x1_0000_0000 - (0x1_0000_0000 % bound);
    let bits = this.bits();
    while (bits >= limit) bits = this.bits();
    return bits % bound;
  }

  /** Normal with mean 0 and variance 1 (Marsaglia's polar method). */
  normal(): number {
    if (this.#spare !== undefined) {
      const spare = this.#spare;
      this.#spare = undefined;
      return spare;
    }
    for (;;) {
      const u = 2 * this.uniform() - 1;
      const v = 2 * this.uniform() - 1;
      const square = u * u + v * v;
      if (square === 0 || square >= 1) continue;
      const scale = Math.sqrt((-2 * Math.log(square)) / square);
      this.#spare = v * scale;
      return u * scale;
    }
  }

  /** Puts the items in random order, in place (Fisher–Yates). */
  shuffle<Item>(items: Item[]): Item[] {
    for (let last = items.length - 1; last > 0; last--) {
      const other = this.below(last + 1);
      const kept = items[last] as Item;
      items[last] = items[other] as Item;
      items[other] = kept;
    }
    return items;
  }
}
