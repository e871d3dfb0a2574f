import { describe, expect, it } from 'vitest';
import { attributes, makeNode, tensorFromArray } from '../../../src-main/onnx/ir';
import { maySaturate, narrowLimit } from '../../../src-main/quantize/saturation';

const codes = (shape: number[], values: number[]) =>
  tensorFromArray('w', { dtype: 'int8', shape, data: Int8Array.from(values) });
const node = (opType: string, extra = {}) => makeNode(opType, 'node', ['x', 'w'], ['y'], extra);

describe('maySaturate', () => {
  it('finds 255·w₀ + 255·w₁ beyond 16 bits: 64 + 64 fits, 65 + 64 does not, −64 − 65 does not', () => {
    const matMul = node('MatMul');
    expect(maySaturate(matMul, codes([2, 1], [narrowLimit, narrowLimit]))).toBe(false);
    expect(maySaturate(matMul, codes([2, 1], [65, 64]))).toBe(true);
    // 255 · −128 = −32,640 and 255 · −129 = −32,895, below −2¹⁵.
    expect(maySaturate(matMul, codes([2, 1], [-64, -64]))).toBe(false);
    expect(maySaturate(matMul, codes([2, 1], [-64, -65]))).toBe(true);
    expect(maySaturate(matMul, codes([2, 1], [127, -127]))).toBe(false);
  });

  it('adds along the inputs of an output only', () => {
    const across = codes([2, 2], [127, 127, 0, 0]); // [in, out]: two outputs, each 127 and 0
    expect(maySaturate(node('MatMul'), across)).toBe(false);
    expect(maySaturate(node('Gemm', { transB: attributes.int(1) }), across)).toBe(true);
  });

  it('takes the channels of one place of a Conv side by side', () => {
    // [1, 2, 1, 2]: channel 0 holds 127, 0; channel 1 holds 0, 127. Side by side: 127, 0, 0, 127.
    expect(maySaturate(node('Conv'), codes([1, 2, 1, 2], [127, 0, 0, 127]))).toBe(false);
    expect(maySaturate(node('Conv'), codes([1, 2, 1, 2], [127, 0, 127, 0]))).toBe(true);
  });

  it('spares depthwise convolutions, whose kernels widen first', () => {
    const depthwise = node('Conv', { group: attributes.int(2) });
    expect(maySaturate(depthwise, codes([2, 1, 1, 2], [127, 127, 127, 127]))).toBe(false);
  });
});
