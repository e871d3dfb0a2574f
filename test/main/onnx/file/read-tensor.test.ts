import { describe, expect, it } from 'vitest';
import { readTensor } from '../../../../src-main/onnx/file';
import { elementCount, type Tensor } from '../../../../src-main/onnx/ir';

/** Float32 zeros that nobody holds. */
function zeros(shape: readonly number[]): Tensor {
  const length = 4 * elementCount(shape);
  return {
    name: 'w',
    dtype: 'float32',
    shape,
    data: { kind: 'derived', length, read: (a, b) => new Uint8Array(b - a) },
  };
}

describe('readTensor', () => {
  it('gives what is stored, in its shape', () => {
    expect(readTensor(zeros([2, 3]))).toEqual({ dtype: 'float32', shape: [2, 3], data: new Float32Array(6) });
  });

  it('refuses texts and bytes that do not fit the shape', () => {
    const text = (shape: readonly number[]): Tensor => ({
      name: 'words',
      dtype: 'string',
      shape,
      data: { kind: 'strings', strings: [Uint8Array.of(97), Uint8Array.of(98)] },
    });
    expect(readTensor(text([2, 1]))).toEqual({ dtype: 'string', shape: [2, 1], data: ['a', 'b'] });
    expect(() => readTensor(text([3]))).toThrow('tensor "words": string [3] takes 3 texts, 2 are stored; the file may');
    expect(() => readTensor({ ...zeros([2]), shape: [3] })).toThrow('"w": float32 [3] takes 12 bytes, 8 are stored;');
  });

  it('reads nothing of more than 256 MB at once', () => {
    const read = (): Uint8Array => {
      throw new Error('read');
    };
    const tensor = zeros([2 ** 13, 2 ** 13 + 1]);
    const large: Tensor = { ...tensor, data: { kind: 'derived', length: 4 * elementCount(tensor.shape), read } };
    expect(() => readTensor(large)).toThrow(/tensor "w".*has 268468224 bytes, more than the 268435456/);
  });
});
