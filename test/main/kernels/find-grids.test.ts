import { describe, expect, it } from 'vitest';
import { type BlockGrids, findGrids, type GridSearch, type ZeroKind } from '../../../src-main/kernels';
import { rootedInverse } from '../../../src-main/kernels/block-grids';
import { Random } from '../../../src-main/kernels/random';

/** The zero point of HQQ in float64, with the powers of the library. */
function halfQuadraticZero(x: Float32Array, levelBits: number, scale: number, zero: number): number {
  let best = zero;
  let least = Infinity;
  for (let round = 0, beta = 10; round <= 20; round++, beta *= 1.01) {
    const codes = [...x].map((value) => Math.min(2 ** levelBits - 1, Math.max(0, Math.round(value / scale + zero))));
    const rests = codes.map((code, i) => x[i]! - (code - zero) * scale);
    const error = rests.reduce((sum, rest) => sum + Math.abs(rest) ** 0.7, 0);
    if (error >= least) return best;
    [least, best] = [error, zero];
    const shrunk = rests.map((rest) => Math.sign(rest) * Math.max(0, Math.abs(rest) - Math.abs(rest) ** -0.3 / beta));
    zero = codes.reduce((sum, code, i) => sum + code - (x[i]! - shrunk[i]!) / scale, 0) / codes.length;
  }
  return best;
}

/** The grid of one output that is one block, its codes and what they stand for. */
function coded(x: Float32Array, levelBits: number, zeroKind: ZeroKind, search: GridSearch) {
  const codes = new Uint8Array(x.length);
  const packed = { bits: 8, shift: 0, codes };
  const grids: BlockGrids = findGrids(x, x.length, 1, x.length, levelBits, zeroKind, search, packed);
  const [scale, zero] = [grids.scales[0]!, grids.zeros[0]!];
  return { scale, zero, codes: [...codes], values: [...codes].map((code) => scale * (code - zero)) };
}

describe('grids of a block', () => {
  it('with float zero points run from the least to the largest value', () => {
    const x = Float32Array.of(1, 1.6, 2.4, 4);
    expect(coded(x, 2, 'float', 'nearest')).toEqual({ scale: 1, zero: -1, codes: [0, 1, 1, 3], values: [1, 2, 2, 4] });
  });

  it('hold a block of one value exactly', () => {
    for (const value of [0, 3, -0.7]) {
      const x = new Float32Array(4).fill(value);
      for (const search of ['nearest', 'k-quant', 'hqq'] as const) {
        const { values } = coded(x, 4, 'float', search);
        for (const back of values) expect(back).toBeCloseTo(value, 6);
      }
    }
  });

  it('by k-quant solve the weighted least squares for scale and zero point', () => {
    // Codes 0, 1, 3 whatever the step; weights √mean(x²) + |x|.
    const x = Float32Array.of(-1, 0.1, 2);
    const { scales, zeros } = findGrids(x, 3, 1, 3, 2, 'float', 'k-quant');
    const spread = Math.sqrt((1 + 0.01 + 4) / 3);
    const u = [...x].map((value) => spread + Math.abs(value));
    const codes = [0, 1, 3];
    const total = u.reduce((a, b) => a + b);
    const meanCode = codes.reduce((sum, code, i) => sum + u[i]! * code, 0) / total;
    const meanX = [...x].reduce((sum, value, i) => sum + u[i]! * value, 0) / total;
    const slope =
      codes.reduce((sum, code, i) => sum + u[i]! * (code - meanCode) * (x[i]! - meanX), 0) /
      codes.reduce((sum, code, i) => sum + u[i]! * (code - meanCode) ** 2, 0);
    // float32 numbers in the table.
    expect(scales[0]).toBeCloseTo(slope, 6);
    expect(zeros[0]).toBeCloseTo(meanCode - meanX / slope, 5);
  });

  it('by HQQ lower Σ|x − x̂|^0.7 and follow its published rounds', () => {
    const random = new Random(3);
    for (const levelBits of [2, 3, 4]) {
      const x = Float32Array.from({ length: 64 }, () => random.normal());
      const moved = coded(x, levelBits, 'float', 'hqq');
      const plain = coded(x, levelBits, 'float', 'nearest');
      expect(moved.scale).toBe(plain.scale);
      const lost = ({ values }: { readonly values: readonly number[] }) =>
        values.reduce((sum, value, i) => sum + Math.abs(value - x[i]!) ** 0.7, 0);
      expect(lost(moved)).toBeLessThanOrEqual(lost(plain) * (1 + 1e-6));
      const zero = halfQuadraticZero(x, levelBits, plain.scale, plain.zero);
      // Float32 sums of 64 terms and a power good to 1e-6.
      expect(moved.zero).toBeCloseTo(zero, 4);
    }
  });

  it('take x^−0.3 to a millionth over all sizes that differ', () => {
    for (let exponent = -100; exponent < 127; exponent += 0.37) {
      const x = Math.fround(2 ** exponent);
      expect(Math.abs(rootedInverse(x) / x ** -0.3 - 1)).toBeLessThan(2e-6);
    }
  });

  it('of 3 bits by ranges are those of a block of the same range', () => {
    const x = Float32Array.of(-4, 3, 1, 0.4);
    expect(findGrids(x, 4, 1, 4, 3, 'none', 'nearest')).toEqual({
      scales: Float32Array.of(1),
      zeros: Float32Array.of(4),
    });
    const { scales, zeros } = findGrids(x, 4, 1, 4, 3, 'integer', 'mse');
    expect(scales[0]).toBeLessThanOrEqual(1);
    expect(zeros[0]).toBe(Math.round(zeros[0]!));
  });

  it('with whole zero points keep zero exactly', () => {
    const x = Float32Array.of(0, 0.9, -0.3, 1.7);
    const { values } = coded(x, 4, 'integer', 'k-quant');
    expect(Math.abs(values[0]!)).toBe(0);
  });
});
