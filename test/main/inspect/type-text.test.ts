import { expect, it } from 'vitest';
import { typeText, valueReport } from '../../../src-main/inspect';
import type { TypeInfo } from '../../../src-main/onnx/ir';

const floats: TypeInfo = { kind: 'tensor', dtype: 'float32', shape: ['N', 2] };

it('names tensors by dtype and everything else in the notation of ONNX', () => {
  expect(typeText(floats)).toBe('float32');
  expect(typeText({ kind: 'sequence', element: floats })).toBe('seq(tensor(float))');
  expect(typeText({ kind: 'optional', element: { kind: 'sequence', element: floats } })).toBe(
    'optional(seq(tensor(float)))',
  );
  expect(typeText({ kind: 'map', key: 'int64', value: { ...floats, dtype: 'float64' } })).toBe(
    'map(int64,tensor(double))',
  );
  expect(typeText({ ...floats, kind: 'sparse-tensor' })).toBe('sparse_tensor(float)');
  expect(typeText(null)).toBe('unknown');
});

it('gives a value its shape where it has one', () => {
  expect(valueReport({ name: 'x', type: floats })).toEqual({ name: 'x', type: 'float32', shape: ['N', 2] });
  expect(valueReport({ name: 's', type: { kind: 'sequence', element: floats } }).shape).toBeNull();
});
