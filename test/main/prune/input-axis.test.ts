import { expect, it } from 'vitest';
import { attributes, floatTensor, makeNode, type Node } from '../../../src-main/onnx/ir';
import { inputAxis } from '../../../src-main/prune/input-axis';

const axis = (opType: string, shape: number[], input = 1, ints: Record<string, number> = {}, through: Node[] = []) => {
  const node = makeNode(
    opType,
    'node',
    ['a', 'b'],
    ['y'],
    Object.fromEntries(Object.entries(ints).map(([name, value]) => [name, attributes.int(value)])),
  );
  const size = shape.reduce((a, b) => a * b, 1);
  const tensor = floatTensor('w', shape, new Float32Array(size));
  return inputAxis({ tensor, name: 'w', uses: [{ node, input, top: true, through }] });
};

it.each([
  ['Conv', [8, 3, 5, 5], 1, {}, { axis: 1, size: 3, inner: 25 }],
  ['ConvTranspose', [6, 4, 2, 2], 1, {}, { axis: 0, size: 6, inner: 16 }],
  ['MatMul', [10, 20], 1, {}, { axis: 0, size: 10, inner: 20 }],
  ['MatMul', [10, 20], 0, {}, { axis: 1, size: 20, inner: 1 }],
  ['MatMul', [2, 10, 20], 1, {}, { axis: 1, size: 10, inner: 20 }],
  ['Gemm', [10, 20], 1, {}, { axis: 0, size: 10, inner: 20 }],
  ['Gemm', [20, 10], 1, { transB: 1 }, { axis: 1, size: 10, inner: 1 }],
  ['Gemm', [20, 10], 0, {}, { axis: 1, size: 10, inner: 1 }],
  ['Gemm', [10, 20], 0, { transA: 1 }, { axis: 0, size: 10, inner: 20 }],
] as const)('%s %j, input %i, %j', (opType, shape, input, ints, expected) => {
  expect(axis(opType, [...shape], input, ints)).toEqual(expected);
});

it('follows a Transpose between tensor and node', () => {
  const transpose = makeNode('Transpose', 't', ['w'], ['wt']);
  expect(axis('MatMul', [20, 10], 1, {}, [transpose])).toEqual({ axis: 1, size: 10, inner: 1 });
  const permuted = makeNode('Transpose', 't', ['w'], ['wt'], { perm: attributes.ints([1, 0, 2]) });
  expect(axis('MatMul', [10, 2, 20], 1, {}, [permuted])).toEqual({ axis: 0, size: 10, inner: 40 });
});
