import { expect, it } from 'vitest';
import { readTensor } from '../../../src-main/onnx/file';
import { int64Tensor } from '../../../src-main/onnx/ir';
import { floatsTensor, readFloats } from '../../../src-main/passes/float-tensor';

it('rounds to the type and reads back exactly what that holds', () => {
  const values = [1, -2.5, 1 / 3, 65504];
  const back = (dtype: 'float64' | 'float32' | 'float16' | 'bfloat16'): number[] =>
    Array.from(readFloats(floatsTensor('w', dtype, [4], values)) as Float64Array);
  expect(back('float64')).toEqual(values);
  expect(back('float32')).toEqual(values.map(Math.fround));
  // 10 and 7 bits of mantissa, to the nearest: 1/3 is 0x3555 and 0x3eab, 65504 the largest float16.
  expect(back('float16')).toEqual([1, -2.5, 1365 / 4096, 65504]);
  expect(back('bfloat16')).toEqual([1, -2.5, 171 / 512, 65536]);
});

it('makes float32 where the wanted type is no float, and reads no integers', () => {
  expect(readTensor(floatsTensor('w', 'int8', [1], [0.5]))).toEqual({
    dtype: 'float32',
    shape: [1],
    data: Float32Array.of(0.5),
  });
  expect(readFloats(int64Tensor('n', [1], [1]))).toBeUndefined();
});
