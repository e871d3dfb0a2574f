import { expect, it } from 'vitest';
import { argmax, asFloats, asNumbers } from '../../../src-main/evaluate/as-floats';

it('reads numbers of each kind as floats, and texts not at all', () => {
  const own = Float32Array.of(1, 2);
  expect(asFloats({ dtype: 'float32', shape: [2], data: own })).toBe(own);
  expect([...asFloats({ dtype: 'float16', shape: [2], data: Uint16Array.of(0x3c00, 0xc000) })]).toEqual([1, -2]);
  expect([...asFloats({ dtype: 'bfloat16', shape: [1], data: Uint16Array.of(0x3f80) })]).toEqual([1]);
  expect([...asFloats({ dtype: 'int64', shape: [2], data: BigInt64Array.of(-1n, 7n) })]).toEqual([-1, 7]);
  expect(() => asFloats({ dtype: 'string', shape: [1], data: ['a'] })).toThrow('holds texts');
  expect(asNumbers({ dtype: 'int64', shape: [1], data: BigInt64Array.of(3n) })).toEqual([3]);
});

it('argmax takes the first of equals and a NaN before all, as numpy does', () => {
  expect(argmax([0, 3, 3, 1], 0, 4)).toBe(1);
  expect(argmax([9, 0, 5, 4], 1, 3)).toBe(1);
  expect(argmax([1, Number.NaN, 2], 0, 3)).toBe(1);
  expect(argmax([-Infinity, -Infinity], 0, 2)).toBe(0);
});
