import { describe, expect, it } from 'vitest';
import { learningRateAt } from '../../../src-main/distil/schedule';

describe('learningRateAt', () => {
  it('rises to the peak, then falls along half a cosine', () => {
    const rates = Array.from({ length: 12 }, (_, at) => learningRateAt(at, 12, 1, 4, 'cosine'));
    expect(rates.slice(0, 4)).toEqual([0.25, 0.5, 0.75, 1]);
    expect(rates[4]).toBe(1);
    expect(rates[8]).toBeCloseTo(0.5, 12);
    expect(rates[11]).toBeGreaterThan(0);
    expect(rates[11]).toBeLessThan(0.05);
  });

  it('falls to a tenth after half and to a hundredth after three quarters', () => {
    const rates = Array.from({ length: 8 }, (_, at) => learningRateAt(at, 8, 1, 2, 'step'));
    expect(rates).toEqual([0.5, 1, 1, 1, 0.1, 0.1, 0.01, 0.01]);
  });

  it('stays at the peak where the schedule is constant', () => {
    expect(learningRateAt(9, 10, 0.3, 2, 'constant')).toBe(0.3);
  });
});
