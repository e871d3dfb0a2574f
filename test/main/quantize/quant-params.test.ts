import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { activationParams, coveredRange, rangeWithZero } from '../../../src-main/quantize/quant-params';

describe('activationParams', () => {
  it('puts 0 … 2.55 on 256 steps of 0.01', () => {
    const params = activationParams({ low: 0, high: 2.55 }, 'uint8', false);
    expect(params.scale).toBeCloseTo(0.01, 9);
    expect(params.zeroPoint).toBe(0);
  });

  it('puts −1 … 1 symmetrically around 128, and a range above 0 at 0 all the same', () => {
    expect(activationParams({ low: -1, high: 0.5 }, 'uint8', true)).toEqual({
      dtype: 'uint8',
      scale: Math.fround(1 / 127),
      zeroPoint: 128,
    });
    expect(activationParams({ low: 0, high: 1 }, 'uint8', true).zeroPoint).toBe(0);
  });

  it('gives scale 1 to an activation that is always 0', () => {
    expect(activationParams(rangeWithZero(0, 0), 'uint8', false)).toEqual({ dtype: 'uint8', scale: 1, zeroPoint: 0 });
  });

  it.each(['uint8', 'int8'] as const)('covers any range to within half a step, with 0 exact (%s)', (dtype) => {
    const bound = fc.float({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(bound, bound, (a, b) => {
        const range = rangeWithZero(Math.min(a, b), Math.max(a, b));
        const params = activationParams(range, dtype, false);
        const { low, high } = coveredRange(params);
        // Rounding the zero point moves both ends by at most half a step.
        const slack = params.scale * 0.5001;
        expect(low).toBeLessThanOrEqual(range.low + slack);
        expect(high).toBeGreaterThanOrEqual(range.high - slack);
        expect(Number.isInteger(params.zeroPoint)).toBe(true);
      }),
    );
  });
});
