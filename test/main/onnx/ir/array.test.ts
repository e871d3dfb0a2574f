import { describe, expect, test } from 'vitest';
import { elementCount, fromBytes, isArrayDType, toBytes, zeros } from '../../../../src-main/onnx/ir';

describe('arrays', () => {
  test('elementCount: 1 for a scalar, 0 where a dim is 0', () => {
    expect([elementCount([]), elementCount([2, 3]), elementCount([5, 0])]).toEqual([1, 6, 0]);
  });

  test('zeros holds the elements of each dtype; texts are empty', () => {
    expect(zeros('int64', [2]).data).toEqual(BigInt64Array.of(0n, 0n));
    expect(zeros('float16', [1]).data).toEqual(Uint16Array.of(0));
    expect(zeros('string', [2]).data).toEqual(['', '']);
  });

  test('fromBytes reads little-endian bytes, from an odd offset too, and is a view where it can be', () => {
    const bytes = Uint8Array.of(9, 1, 2, 0, 0, 3, 0, 0, 128);
    expect(fromBytes('int32', [2], bytes.subarray(1)).data).toEqual(Int32Array.of(0x201, 0x8000_0003 | 0));
    const aligned = new Uint8Array(8);
    const view = fromBytes('int32', [2], aligned);
    aligned[0] = 7;
    expect(view.data[0]).toBe(7);
    expect(toBytes(view)).toEqual(aligned);
  });

  test('a byte count that does not fit the shape is an error with both', () => {
    expect(() => fromBytes('float32', [2, 2], new Uint8Array(12))).toThrow(
      'float32 array: shape [2, 2] needs 16 bytes, got 12',
    );
  });

  test('texts have no packed bytes, and packed dtypes no array', () => {
    expect(() => toBytes(zeros('string', [1]))).toThrow('has no packed bytes');
    expect(['float32', 'string', 'int4', 'float8e5m2'].map((dtype) => isArrayDType(dtype as 'int4'))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});
