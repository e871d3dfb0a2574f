import { expect, test } from 'vitest';
import {
  dtypeBytes,
  dtypeCode,
  dtypeFromCode,
  expectedByteLength,
  floatTensor,
  int64Tensor,
  tensorByteLength,
  tensorFromArray,
  zeros,
} from '../../../../src-main/onnx/ir';

test('tensors of numbers hold their little-endian bytes', () => {
  expect(floatTensor('f', [1], [1]).data).toEqual({ kind: 'inline', bytes: Uint8Array.of(0, 0, 128, 63) });
  expect(int64Tensor('i', [2], [1, -1n]).data).toEqual({
    kind: 'inline',
    bytes: Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, ...new Array(8).fill(255)),
  });
});

test('a tensor of texts holds them as UTF-8', () => {
  const tensor = tensorFromArray('t', { dtype: 'string', shape: [2], data: ['a', 'ß'] });
  expect(tensor.data).toEqual({ kind: 'strings', strings: [Uint8Array.of(97), Uint8Array.of(195, 159)] });
  expect(tensorByteLength(tensor)).toBe(3);
});

test('byte lengths: as stored, and as dtype and shape ask', () => {
  const tensor = { ...tensorFromArray('t', zeros('int32', [3])), shape: [4] };
  expect([tensorByteLength(tensor), expectedByteLength(tensor)]).toEqual([12, 16]);
  expect([dtypeBytes('int4', 3), dtypeBytes('uint2', 5), dtypeBytes('complex64', 2), dtypeBytes('bool', 0)]).toEqual([
    2, 2, 16, 0,
  ]);
});

test('dtype codes are those of TensorProto.DataType', () => {
  expect([dtypeCode('float32'), dtypeCode('bfloat16'), dtypeCode('int4')]).toEqual([1, 16, 22]);
  expect([dtypeFromCode(1), dtypeFromCode(0), dtypeFromCode(99)]).toEqual(['float32', undefined, undefined]);
});
