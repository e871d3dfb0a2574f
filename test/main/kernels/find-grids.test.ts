import { describe, expect, it } from 'vitest';
import { type BlockGrids, findGrids, quantizeOnGrids } from '../../../src-main/kernels';

/** The codes of one output and what they stand for. */
function onGrids(x: Float32Array, levelBits: number, grids: BlockGrids) {
  const codes = new Uint8Array(x.length);
  quantizeOnGrids(x, x.length, 1, x.length, 8, levelBits, 0, grids.scales, grids.zeros, codes);
  return { codes: [...codes], values: [...codes].map((code) => grids.scales[0]! * (code - grids.zeros[0]!)) };
}

describe('grids of a block', () => {
  it('with float zero points run from the least to the largest value', () => {
    const x = Float32Array.of(1, 1.6, 2.4, 4);
    const grids = findGrids(x, 4, 1, 4, 2, 'float', 'nearest');
    expect([...grids.scales]).toEqual([1]);
    expect([...grids.zeros]).toEqual([-1]);
    expect(onGrids(x, 2, grids)).toEqual({ codes: [0, 1, 1, 3], values: [1, 2, 2, 4] });
  });

  it('hold a block of one value exactly', () => {
    for (const value of [0, 3, -0.7]) {
      const x = new Float32Array(4).fill(value);
      for (const search of ['nearest', 'k-quant', 'hqq'] as const) {
        const { values } = onGrids(x, 4, findGrids(x, 4, 1, 4, 4, 'float', search));
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

  it('with whole zero points keep zero exactly', () => {
    const x = Float32Array.of(0, 0.9, -0.3, 1.7);
    const { values } = onGrids(x, 4, findGrids(x, 4, 1, 4, 4, 'integer', 'k-quant'));
    expect(Math.abs(values[0]!)).toBe(0);
  });
});
