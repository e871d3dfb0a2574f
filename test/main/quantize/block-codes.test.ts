import { describe, expect, it } from 'vitest';
import { dequantizeBlocks } from '../../../src-main/kernels';
import { readTensor } from '../../../src-main/onnx/file';
import type { NdArray } from '../../../src-main/onnx/ir';
import {
  type BlockCodes,
  type BlockFormat,
  gptqBlocks,
  hqqBlocks,
  roundBlocks,
} from '../../../src-main/quantize/block-codes';
import { randomTensor } from '../../support/model-from-text';

const symmetric: BlockFormat = { bits: 4, block: 16, zeroPoints: 'none' };

const normal = (inputs: number, outputs: number, seed = 1) =>
  (readTensor(randomTensor('w', [inputs, outputs], seed)) as NdArray<'float32'>).data;

/** [inputs, outputs] as the codes stand for it, float zero points included. */
function values(
  { codes, scales, zeroPoints }: BlockCodes,
  inputs: number,
  outputs: number,
  { bits, block }: BlockFormat,
) {
  const w = new Float32Array(inputs * outputs);
  if (!(zeroPoints instanceof Float32Array)) {
    dequantizeBlocks(codes, scales, zeroPoints, inputs, outputs, block, bits, w);
    return w;
  }
  const blocks = Math.ceil(inputs / block);
  for (let output = 0; output < outputs; output++)
    for (let input = 0; input < inputs; input++) {
      const place = output * blocks + Math.floor(input / block);
      const bit = (input % block) * bits;
      const code = ((codes[(place * block * bits) / 8 + (bit >> 3)] as number) >> (bit & 7)) & (2 ** bits - 1);
      w[input * outputs + output] = (code - (zeroPoints[place] as number)) * (scales[place] as number);
    }
  return w;
}

const power = (x: Float32Array, y: Float32Array, p = 2) =>
  x.reduce((sum, value, i) => sum + Math.abs(value - (y[i] as number)) ** p, 0);

describe('blocks of 4 bits', () => {
  it('hold −8 … 7 exactly, the first input in the low half of a byte', () => {
    const w = Float32Array.from({ length: 16 }, (_, i) => i - 8);
    const { codes, scales } = roundBlocks(w, 16, 1, symmetric, 1);
    expect([...scales]).toEqual([1]);
    expect([...codes]).toEqual([0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0xdc, 0xfe]);
  });

  it('with float zero points hold any evenly spaced grid exactly', () => {
    const format: BlockFormat = { ...symmetric, zeroPoints: 'float' };
    const w = Float32Array.from({ length: 32 }, (_, i) => 0.1 + 0.3 * ((i * 7) % 16));
    const back = values(roundBlocks(w, 32, 1, format, 1), 32, 1, format);
    // What float32 rounds off scale, zero point and product.
    w.forEach((value, i) => {
      expect(back[i]).toBeCloseTo(value, 5);
    });
    const whole = values(roundBlocks(w, 32, 1, { ...symmetric, zeroPoints: 'integer' }, 1), 32, 1, symmetric);
    expect(power(w, whole)).toBeGreaterThan(1e-3);
  });

  it.each([
    // Relative error of normal numbers in blocks of 32, whose range is about 4σ: step²/12 with 2^bits − 1 steps.
    { bits: 8, share: 0.006 },
    { bits: 4, share: 0.1 },
    { bits: 2, share: 0.5 },
  ] as const)('$bits bits stay within their error budget', ({ bits, share }) => {
    const format: BlockFormat = { bits, block: 32, zeroPoints: 'integer' };
    const w = normal(128, 16);
    const error = Math.sqrt(
      power(w, values(roundBlocks(w, 128, 16, format, 1), 128, 16, format)) / power(w, new Float32Array(w.length)),
    );
    expect(error).toBeLessThan(share);
    expect(error).toBeGreaterThan(share / 4);
  });

  it('on the range of least squared error are no worse than on the full one', () => {
    const format: BlockFormat = { ...symmetric, zeroPoints: 'integer' };
    const w = normal(64, 32);
    const full = power(w, values(roundBlocks(w, 64, 32, format, 1), 64, 32, format));
    const shrunk = power(w, values(roundBlocks(w, 64, 32, format, 20), 64, 32, format));
    expect(shrunk).toBeLessThan(full);
  });

  it('by HQQ have a smaller error in the norm that it works on', () => {
    const format: BlockFormat = { bits: 4, block: 64, zeroPoints: 'float' };
    const w = normal(128, 16).map((x) => x ** 3);
    const plain = power(w, values(roundBlocks(w, 128, 16, format, 1), 128, 16, format), 0.7);
    expect(power(w, values(hqqBlocks(w, 128, 16, format), 128, 16, format), 0.7)).toBeLessThan(plain);
  });

  it('by GPTQ change the outputs less than nearest ones', () => {
    const [inputs, outputs, rows] = [32, 16, 64];
    const format: BlockFormat = { bits: 4, block: 32, zeroPoints: 'none' };
    const w = normal(inputs, outputs);
    const x = normal(rows, inputs, 2).map((value) => 1 + 0.3 * value);
    const sum = new Float64Array(inputs * inputs);
    for (let row = 0; row < rows; row++)
      for (let i = 0; i < inputs; i++)
        for (let j = 0; j < inputs; j++)
          sum[i * inputs + j]! += (x[row * inputs + i] as number) * (x[row * inputs + j] as number);
    const product = (matrix: Float32Array) =>
      Float32Array.from({ length: rows * outputs }, (_, at) => {
        let total = 0;
        for (let i = 0; i < inputs; i++)
          total +=
            (x[Math.floor(at / outputs) * inputs + i] as number) * (matrix[i * outputs + (at % outputs)] as number);
        return total;
      });
    const error = (codes: BlockCodes) => power(product(w), product(values(codes, inputs, outputs, format)));
    const hessian = { groups: 1, inputs, sum };
    expect(error(gptqBlocks(w, inputs, outputs, format, hessian, 1))).toBeLessThan(
      error(roundBlocks(w, inputs, outputs, format, 1)) / 2,
    );
  });
});
