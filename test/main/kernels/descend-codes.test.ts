import { describe, expect, it } from 'vitest';
import { descendCodes } from '../../../src-main/kernels/descend-codes';
import { Random } from '../../../src-main/kernels/random';

/** H of samples that have much in common, and the error of codes by its definition. */
function layer(inputs: number, samples: number, seed: number) {
  const random = new Random(seed);
  const x = Array.from({ length: samples }, () => {
    const common = random.normal();
    return Float64Array.from({ length: inputs }, () => common + 0.3 * random.normal());
  });
  const h = new Float64Array(inputs * inputs);
  for (const row of x)
    for (let i = 0; i < inputs; i++)
      for (let j = 0; j < inputs; j++) h[i * inputs + j]! += (row[i] as number) * (row[j] as number);
  const w = Float64Array.from({ length: inputs }, () => random.normal());
  const error = (codes: ArrayLike<number>, scale: number) =>
    x.reduce((sum, row) => sum + row.reduce((y, value, j) => y + value * (w[j]! - scale * codes[j]!), 0) ** 2, 0);
  return { w, h, error };
}

describe('descending codes', () => {
  it('finds what follows by hand', () => {
    // Both inputs always equal: w₁ + w₂ = 0.8 is what counts. Nearest gives 0 + 0; one of them up gives 1.
    const codes = Int8Array.of(0, 0);
    const left = descendCodes(Float64Array.of(0.4, 0.4), Float64Array.of(1, 1, 1, 1), 1, 127, true, codes);
    expect([...codes]).toEqual([1, 0]);
    // (0.8 − 1)²
    expect(left).toBeCloseTo(0.04, 12);
  });

  it.each([
    [2, 0.5],
    [4, 0.5],
    [7, 0.25],
  ])('of %i inputs ends where no single move is left, never above nearest', (inputs, scale) => {
    const { w, h, error } = layer(inputs, 40, inputs);
    const codes = Int8Array.from(w, (value) => Math.round(value / scale));
    const nearest = error(codes, scale);
    const left = descendCodes(w, h, scale, 127, true, codes);
    // The sum of float64 products in another order.
    expect(left).toBeCloseTo(error(codes, scale), 8);
    expect(left).toBeLessThanOrEqual(nearest);
    const all = Array.from({ length: 2 ** inputs }, (_, bits) =>
      error(
        Array.from(w, (value, j) => Math.floor(value / scale) + ((bits >> j) & 1)),
        scale,
      ),
    );
    // A local minimum: no single move is left that lowers it.
    codes.forEach((code, j) => {
      for (const step of [-1, 1]) {
        const moved = Int8Array.from(codes);
        moved[j] = code + step;
        if (Math.abs((w[j] as number) / scale - (code + step)) < 1)
          expect(error(moved, scale)).toBeGreaterThanOrEqual(left * (1 - 1e-6));
      }
    });
    expect(left).toBeGreaterThanOrEqual(Math.min(...all) * (1 - 1e-9));
  });

  it('stays within the limit, and within up and down where it must', () => {
    const { w, h } = layer(32, 10, 5);
    const scale = 0.05;
    const free = Int8Array.from(w, (value) => Math.max(-15, Math.min(15, Math.round(value / scale))));
    descendCodes(w, h, scale, 15, false, free);
    expect(Math.max(...free.map(Math.abs))).toBeLessThanOrEqual(15);
    const bound = Int8Array.from(w, (value) => Math.round(value / scale));
    descendCodes(w, h, scale, 127, true, bound);
    bound.forEach((code, j) => {
      expect(Math.abs((w[j] as number) / scale - code)).toBeLessThan(1);
    });
  });
});
