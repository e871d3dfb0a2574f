import { expect, it } from 'vitest';
import { readTensor } from '../../../src-main/onnx/file';
import { attributes, makeNode } from '../../../src-main/onnx/ir';
import { constantTensor } from '../../../src-main/passes/constant-tensor';

const { float, floats, int, ints, string } = attributes;

it('reads each spelling of a constant, with its type and shape', () => {
  const read = (name: string, attribute: ReturnType<typeof int>) => {
    const tensor = constantTensor(makeNode('Constant', 'c', [], ['v'], { [name]: attribute }), 'v');
    return tensor === undefined ? undefined : [tensor.name, readTensor(tensor)];
  };
  expect(read('value_int', int(7))).toEqual(['v', { dtype: 'int64', shape: [], data: BigInt64Array.of(7n) }]);
  expect(read('value_ints', ints([1, -1]))).toEqual([
    'v',
    { dtype: 'int64', shape: [2], data: BigInt64Array.of(1n, -1n) },
  ]);
  expect(read('value_float', float(0.5))).toEqual(['v', { dtype: 'float32', shape: [], data: Float32Array.of(0.5) }]);
  expect(read('value_floats', floats([]))).toEqual(['v', { dtype: 'float32', shape: [0], data: new Float32Array(0) }]);
  expect(read('value_string', string('é'))).toEqual(['v', { dtype: 'string', shape: [], data: ['é'] }]);
});

it('knows no value that a caller gives', () => {
  const given = { type: 'reference', name: 'slope', attributeType: 1 } as const;
  expect(constantTensor(makeNode('Constant', 'c', [], ['v'], { value_float: given }), 'v')).toBeUndefined();
});
