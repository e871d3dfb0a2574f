import { describe, expect, it } from 'vitest';
import { Random } from '../../../src-main/kernels/random';

describe('Random', () => {
  it('follows xoshiro128** step by step', () => {
    // By hand, in BigInt arithmetic straight from the paper's listing.
    const mask = 0xffff_ffffn;
    const rotl = (x: bigint, k: bigint) => ((x << k) | (x >> (32n - k))) & mask;
    let seed = 7n;
    const state = Array.from({ length: 4 }, () => {
      seed = (seed + 0x9e37_79b9n) & mask;
      let word = ((seed ^ (seed >> 16n)) * 0x21f0_aaadn) & mask;
      word = ((word ^ (word >> 15n)) * 0x735a_2d97n) & mask;
      return word ^ (word >> 15n);
    }) as [bigint, bigint, bigint, bigint];
    const random = new Random(7);
    for (let step = 0; step < 100; step++) {
      const expected = (rotl((state[1] * 5n) & mask, 7n) * 9n) & mask;
      expect(random.bits()).toBe(Number(expected));
      const shifted = (state[1] << 9n) & mask;
      state[2] ^= state[0];
      state[3] ^= state[1];
      state[1] ^= state[2];
      state[0] ^= state[3];
      state[2] ^= shifted;
      state[3] = rotl(state[3], 11n);
    }
  });

  it('spreads whole numbers evenly', () => {
    const random = new Random(1);
    const counts = [0, 0, 0, 0, 0, 0, 0];
    for (let draw = 0; draw < 70_000; draw++) counts[random.below(7)]! += 1;
    // Five standard deviations of a binomial count with n = 70,000 and p = 1/7.
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(5 * Math.sqrt((70_000 * 6) / 49));
  });

  it('draws normal numbers of mean 0 and variance 1', () => {
    const random = new Random(2);
    const draws = Array.from({ length: 40_000 }, () => random.normal());
    const mean = draws.reduce((sum, x) => sum + x, 0) / draws.length;
    const variance = draws.reduce((sum, x) => sum + x * x, 0) / draws.length;
    // Five standard errors: 1/√n of the mean, √(2/n) of the variance.
    expect(Math.abs(mean)).toBeLessThan(5 / 200);
    expect(Math.abs(variance - 1)).toBeLessThan((5 * Math.SQRT2) / 200);
  });

  it('shuffles without loss, alike for a seed and not for another', () => {
    const items = () => Array.from({ length: 50 }, (_, at) => at);
    const once = new Random(3).shuffle(items());
    expect(new Random(3).shuffle(items())).toEqual(once);
    expect(new Random(4).shuffle(items())).not.toEqual(once);
    expect([...once].sort((a, b) => a - b)).toEqual(items());
  });
});
