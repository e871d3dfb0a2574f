import { describe, expect, it } from 'vitest';
import { readTensor } from '../../../src-main/onnx/file';
import type { NdArray } from '../../../src-main/onnx/ir';
import {
  type BlockFormat,
  gptqBlocks,
  gptqFactor,
  type Rounding,
  roundBlocks,
  valuesOf,
} from '../../../src-main/quantize/block-codes';
import { randomTensor } from '../../support/model-from-text';

const symmetric: BlockFormat = { bits: 4, levelBits: 4, block: 16, zeroPoints: 'none' };

const normal = (inputs: number, outputs: number, seed = 1) =>
  (readTensor(randomTensor('w', [inputs, outputs], seed)) as NdArray<'float32'>).data;

/** [inputs, outputs] as the codes stand for it. */
function rounded(rounding: Rounding, w: Float32Array, inputs: number, outputs: number, format: BlockFormat) {
  return valuesOf(rounding(w, inputs, outputs, format), inputs, outputs, format);
}

const power = (x: Float32Array, y: Float32Array, p = 2) =>
  x.reduce((sum, value, i) => sum + Math.abs(value - (y[i] as number)) ** p, 0);

/** Inputs of a layer that go together, [rows, inputs], as the outputs see them: Σ xᵀ·x, and the error of outputs. */
function correlatedInputs(rows: number, inputs: number) {
  const shared = normal(rows, 1, 3);
  const own = normal(rows, inputs, 2);
  const x = own.map((value, i) => shared[Math.floor(i / inputs)]! * (1 + (i % inputs) / inputs) + 0.3 * value);
  const hessian = new Float64Array(inputs * inputs);
  for (let row = 0; row < rows; row++)
    for (let i = 0; i < inputs; i++)
      for (let j = 0; j < inputs; j++) hessian[i * inputs + j]! += x[row * inputs + i]! * x[row * inputs + j]!;
  const outputError = (w: Float32Array, back: Float32Array, outputs: number) => {
    let sum = 0;
    for (let row = 0; row < rows; row++)
      for (let output = 0; output < outputs; output++) {
        let difference = 0;
        for (let i = 0; i < inputs; i++)
          difference += x[row * inputs + i]! * (w[i * outputs + output]! - back[i * outputs + output]!);
        sum += difference ** 2;
      }
    return sum;
  };
  return { hessian, outputError };
}

describe('blocks of few bits', () => {
  it('hold −8 … 7 exactly, the first input in the low half of a byte', () => {
    const w = Float32Array.from({ length: 16 }, (_, i) => i - 8);
    const { codes, scales } = roundBlocks('nearest')(w, 16, 1, symmetric);
    expect([...scales]).toEqual([1]);
    expect([...codes]).toEqual([0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0xdc, 0xfe]);
  });

  it('of 3 bits hold −4 … 3 in 4 bits about the same middle', () => {
    const w = Float32Array.from({ length: 16 }, (_, i) => (i % 8) - 4);
    const format: BlockFormat = { ...symmetric, levelBits: 3 };
    const { codes, scales } = roundBlocks('nearest')(w, 16, 1, format);
    expect([...scales]).toEqual([1]);
    expect([...codes.subarray(0, 4)]).toEqual([0x54, 0x76, 0x98, 0xba]);
    expect([...rounded(roundBlocks('nearest'), w, 16, 1, format)]).toEqual([...w]);
  });

  it.each(['nearest', 'k-quant', 'hqq'] as const)('with float zero points hold any even grid exactly: %s', (search) => {
    const format: BlockFormat = { ...symmetric, zeroPoints: 'float' };
    const w = Float32Array.from({ length: 32 }, (_, i) => 0.1 + 0.3 * ((i * 7) % 16));
    // What float32 rounds off scale, offset and product.
    rounded(roundBlocks(search), w, 32, 1, format).forEach((value, i) => {
      expect(value).toBeCloseTo(w[i]!, 5);
    });
    const whole = rounded(roundBlocks('nearest'), w, 32, 1, { ...format, zeroPoints: 'integer' });
    expect(power(w, whole)).toBeGreaterThan(1e-3);
  });

  it.each([
    // Relative error of normal numbers in blocks of 32, whose range is about 4σ: step²/12 with 2^bits − 1 steps.
    { bits: 8, levelBits: 8, share: 0.006 },
    { bits: 4, levelBits: 4, share: 0.1 },
    { bits: 4, levelBits: 3, share: 0.22 },
    { bits: 2, levelBits: 2, share: 0.5 },
  ] as const)('$levelBits bits stay within their error budget', ({ bits, levelBits, share }) => {
    for (const zeroPoints of ['integer', 'float'] as const) {
      const format: BlockFormat = { bits, levelBits, block: 32, zeroPoints };
      const w = normal(128, 16);
      const back = rounded(roundBlocks('nearest'), w, 128, 16, format);
      const error = Math.sqrt(power(w, back) / power(w, new Float32Array(w.length)));
      expect(error).toBeLessThan(share);
      expect(error).toBeGreaterThan(share / 4);
    }
  });

  it('on the range of least squared error are no worse than on the full one', () => {
    const format: BlockFormat = { ...symmetric, zeroPoints: 'integer' };
    const w = normal(64, 32);
    const full = power(w, rounded(roundBlocks('nearest'), w, 64, 32, format));
    expect(power(w, rounded(roundBlocks('mse'), w, 64, 32, format))).toBeLessThan(full);
  });

  it.each(['none', 'integer', 'float'] as const)(
    'by k-quant are nearer than nearest, zero points: %s',
    (zeroPoints) => {
      for (const levelBits of [2, 3, 4] as const) {
        const format: BlockFormat = { bits: levelBits === 2 ? 2 : 4, levelBits, block: 32, zeroPoints };
        const w = normal(128, 16);
        const plain = power(w, rounded(roundBlocks('nearest'), w, 128, 16, format));
        expect(power(w, rounded(roundBlocks('k-quant'), w, 128, 16, format))).toBeLessThan(plain);
      }
    },
  );

  it('by HQQ have a smaller error in the norm that it works on', () => {
    const format: BlockFormat = { bits: 4, levelBits: 4, block: 64, zeroPoints: 'float' };
    const w = normal(128, 16).map((x) => x ** 3);
    const plain = power(w, rounded(roundBlocks('nearest'), w, 128, 16, format), 0.7);
    expect(power(w, rounded(roundBlocks('hqq'), w, 128, 16, format), 0.7)).toBeLessThan(plain);
  });

  it.each([
    { zeroPoints: 'none', byActivity: false, levelBits: 4 },
    { zeroPoints: 'integer', byActivity: false, levelBits: 4 },
    { zeroPoints: 'integer', byActivity: true, levelBits: 4 },
    { zeroPoints: 'float', byActivity: true, levelBits: 3 },
  ] as const)('by GPTQ change the outputs less than nearest ones: %o', ({ zeroPoints, byActivity, levelBits }) => {
    const [inputs, outputs] = [64, 16];
    const format: BlockFormat = { bits: 4, levelBits, block: 32, zeroPoints };
    const w = normal(inputs, outputs);
    const { hessian, outputError } = correlatedInputs(96, inputs);
    const byGptq = rounded(gptqBlocks(gptqFactor(hessian, inputs, byActivity)), w, inputs, outputs, format);
    const nearest = rounded(roundBlocks('nearest'), w, inputs, outputs, format);
    expect(outputError(w, byGptq, outputs)).toBeLessThan(outputError(w, nearest, outputs) / 2);
  });

  it('by GPTQ refuse inputs that are not finite', () => {
    expect(() => gptqFactor(Float64Array.of(1, 0, 0, Number.NaN), 2, false)).toThrow('not finite');
  });
});
