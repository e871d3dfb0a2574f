import { describe, expect, it } from 'vitest';
import { readTensor, readTensorBytes } from '../../../src-main/onnx/file';
import { floatTensor, type Tensor } from '../../../src-main/onnx/ir';
import { floatsTensor } from '../../../src-main/passes/float-tensor';
import { alongAxis, scaleTensor } from '../../../src-main/passes/scale-tensor';
import { randomTensor } from '../../support/model-from-text';

const values = (tensor: Tensor): number[] => Array.from(readTensor(tensor).data as Float32Array);

describe('scaleTensor', () => {
  it('multiplies along an axis', () => {
    const tensor = floatTensor('w', [2, 3], [1, 2, 3, 4, 5, 6]);
    expect(values(scaleTensor(tensor, 'r', alongAxis([2, 3], 0, [10, 100])))).toEqual([10, 20, 30, 400, 500, 600]);
    expect(values(scaleTensor(tensor, 'c', alongAxis([2, 3], 1, [1, 10, 100])))).toEqual([1, 20, 300, 4, 50, 600]);
  });

  it('rounds once, to the dtype that the weight has', () => {
    const half = floatsTensor('h', 'float16', [2], [1.5, 3]);
    // 4.5 and 9 are exact in half precision.
    expect(readTensor(scaleTensor(half, 'h', alongAxis([2], 0, [3, 3]))).data).toEqual(Uint16Array.of(0x4480, 0x4880));
  });

  it('gives any part of a large weight, computed when it is read', () => {
    const shape = [1100, 1024];
    const tensor = randomTensor('w', shape, 1);
    const factors = Float64Array.from({ length: 1100 }, (_, row) => row + 0.5);
    const scaled = scaleTensor(tensor, 'w', alongAxis(shape, 0, factors));
    expect(scaled.data.kind).toBe('derived');
    const [start, end] = [4 * 1024 * 7 + 3, 4 * 1024 * 9 + 5];
    const whole = readTensorBytes(scaled);
    expect(readTensorBytes(scaled, start, end)).toEqual(whole.slice(start, end));
    const [before, after] = [values(tensor), values(scaled)];
    for (const at of [0, 1023, 1024, 1_000_000]) {
      const factor = factors[Math.floor(at / 1024)] as number;
      expect(after[at]).toBe(Math.fround((before[at] as number) * factor));
    }
  });
});
