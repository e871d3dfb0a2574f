import { describe, expect, it } from 'vitest';
import { readTensorBytes } from '../../../src-main/onnx/file';
import { floatTensor, type Tensor } from '../../../src-main/onnx/ir';
import { floats, leastErrorScales, minMaxScales, quantizedWeight } from '../../../src-main/quantize/weights';
import { randomTensor } from '../../support/model-from-text';

const codesOf = (tensor: Tensor) => [...new Int8Array(readTensorBytes(tensor).slice().buffer)];

/** Worked by hand: columns of [[1, −2, 0.5], [0.3, 1.1, −0.2]] have magnitudes 1, 2 and 0.5. */
const weight = floatTensor('w', [2, 3], [1, -2, 0.5, 0.3, 1.1, -0.2]);

describe('int8 weights', () => {
  it('follow from the largest magnitude of each column', () => {
    const scales = minMaxScales(weight, 1);
    expect([...scales.scales]).toEqual([1 / 127, 2 / 127, 0.5 / 127].map(Math.fround));
    // 0.3 · 127 = 38.1, 1.1 · 63.5 = 69.85, −0.2 · 254 = −50.8
    expect(codesOf(quantizedWeight('q', weight, scales))).toEqual([127, -127, 127, 38, 70, -51]);
  });

  it('follow from the largest magnitude of all, with one scale', () => {
    // 1 · 63.5 = 63.5, ties to even: 64; 0.5 · 63.5 = 31.75; 0.3 · 63.5 = 19.05; 1.1 · 63.5 = 69.85; −12.7
    expect(codesOf(quantizedWeight('q', weight, minMaxScales(weight, null)))).toEqual([64, -127, 32, 19, 70, -13]);
  });

  it('read in parts are what they are read whole', () => {
    const large = randomTensor('large', [3, 700_001], 7);
    const tensor = quantizedWeight('q', large, minMaxScales(large, 0));
    expect(tensor.data.kind).toBe('derived');
    const whole = readTensorBytes(tensor);
    expect([...readTensorBytes(tensor, 699_990, 700_020)]).toEqual([...whole.subarray(699_990, 700_020)]);
  });

  it.each([
    { axis: 0, name: 'per channel' },
    { axis: null, name: 'per tensor' },
  ])('stay within half a step of what they stand for, $name', ({ axis }) => {
    const source = randomTensor('w', [16, 32], 3);
    const { scales } = minMaxScales(source, axis);
    const codes = codesOf(quantizedWeight('q', source, { axis, scales }));
    const errors = Array.from(floats(source, 0, 512), (value, at) => {
      const scale = scales[axis === null ? 0 : Math.floor(at / 32)] as number;
      return Math.abs(value - (codes[at] as number) * scale) / scale;
    });
    // Half a step, and what float32 rounds off the quotient.
    expect(Math.max(...errors)).toBeLessThan(0.5001);
    expect(Math.max(...errors)).toBeGreaterThan(0.4);
  });

  it('name the tensor that holds NaN', () => {
    expect(() => minMaxScales(floatTensor('stem', [2], [1, Number.NaN]), null)).toThrow(/weight "stem".*NaN/);
  });
});

describe('scales of least squared error', () => {
  it('cut off one outlier where that makes the other weights exact enough, and keep a range that is needed', () => {
    // Limit 7: one weight of 1 among 199 of 0.09. With the step 1/7 they cost 199 · 0.0529² = 0.556; with 0.7 of it,
    // 0.1, they cost 199 · 0.01² and the outlier, cut to 0.7, 0.3²: 0.11, the least of all shares by hundredths.
    const crowd = new Array<number>(200).fill(0.09).with(0, 1);
    const even = Array.from({ length: 200 }, (_, at) => (at % 2 === 0 ? 1 : -1));
    const both = floatTensor('w', [2, 200], [...crowd, ...even]);
    const { scales } = leastErrorScales(both, minMaxScales(both, 0, 7));
    expect(scales[0]).toBeCloseTo(0.1, 7);
    expect(scales[1]).toBe(Math.fround(1 / 7));
  });
});
