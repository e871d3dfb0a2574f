import { describe, expect, it } from 'vitest';
import { FidelityMeter } from '../../../src-main/evaluate/fidelity';
import { float32 } from '../../support/npz';

describe('fidelity', () => {
  it('adds up by hand', () => {
    const meter = new FidelityMeter();
    meter.add(float32([2, 2], [3, 4, 1, 0]), float32([2, 2], [3, 4, 0, 1]));
    meter.add(float32([1, 2], [0, 2]), float32([1, 2], [0, 1]));
    // Cosines 1, 0, 1; signal 25 + 1 + 4, noise 0 + 2 + 1.
    expect(meter.result({ value: 0.5, ci95: [0.2, 0.8] })).toEqual({
      agreement: 0.5,
      agreementCi95: [0.2, 0.8],
      cosineMean: expect.closeTo(2 / 3, 12),
      cosineMin: 0,
      sqnrDb: expect.closeTo(10, 12),
      maxAbs: 1,
    });
  });

  it('has no noise to speak of for equal outputs, infinities included', () => {
    const meter = new FidelityMeter();
    meter.add(float32([1, 3], [1, -Infinity, 2]), float32([1, 3], [1, -Infinity, 2]));
    expect(meter.result(null)).toMatchObject({ cosineMean: expect.closeTo(1, 12), sqnrDb: null, maxAbs: 0 });
    expect(meter.brokenRows).toBe(0);
  });

  it('counts rows with NaN or infinity as unlike and keeps the rest finite', () => {
    const meter = new FidelityMeter();
    meter.add(float32([2, 1], [1, 1]), float32([2, 1], [Number.NaN, 1]));
    expect(meter.brokenRows).toBe(1);
    expect(meter.result(null)).toMatchObject({ cosineMean: 0.5, cosineMin: 0, maxAbs: 0 });
  });

  it('reads float16 as the numbers that it stands for', () => {
    const meter = new FidelityMeter();
    meter.add(float32([1, 2], [1, 0.5]), { dtype: 'float16', shape: [1, 2], data: Uint16Array.from([0x3c00, 0x3800]) });
    expect(meter.result(null)?.maxAbs).toBe(0);
  });

  it('compares nothing of different shapes, and says nothing without rows', () => {
    const meter = new FidelityMeter();
    expect(() => meter.add(float32([1, 2], [1, 2]), float32([1, 3], [1, 2, 3]))).toThrow(
      'the baseline gives shape [1, 2], this model [1, 3]',
    );
    expect(meter.result(null)).toBeNull();
  });
});
