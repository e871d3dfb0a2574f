import { expect, it } from 'vitest';
import { attributes, floatTensor, int64Tensor, makeNode, tensorFromArray } from '../../../src-main/onnx/ir';
import { findWeights } from '../../../src-main/prune/weights';
import { smallGraph, smallModel } from '../../support/small-model';

const ones = (name: string, shape: number[]) =>
  floatTensor(name, shape, new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1));

it('finds a shared weight once, a Constant, and one inside a body that reads it from outside', () => {
  const body = smallGraph([makeNode('MatMul', 'inner', ['x', 'shared'], ['y'])], [], { outputs: { y: [2, 2] } });
  const constant = ones('', [2, 2]);
  const model = smallModel(
    smallGraph(
      [
        makeNode('Constant', 'c', [], ['held'], { value: attributes.tensor(constant) }),
        makeNode('MatMul', 'a', ['x', 'shared'], ['h']),
        makeNode('Gemm', 'b', ['h', 'held'], ['g']),
        makeNode('If', 'if', ['cond'], ['z'], {
          then_branch: attributes.graph(body),
          else_branch: attributes.graph(body),
        }),
      ],
      [ones('shared', [2, 2])],
    ),
  );
  const { weights, skipped } = findWeights(model, {}, 0);
  expect(skipped).toEqual([]);
  expect(weights.map(({ name, uses }) => [name, uses.map(({ node, top }) => [node.name, top])])).toEqual([
    [
      'shared',
      [
        ['a', true],
        ['inner', false],
        ['inner', false],
      ],
    ],
    ['held', [['b', true]]],
  ]);
});

it('says why it leaves a weight alone', () => {
  const int8 = tensorFromArray('q', { dtype: 'int8', shape: [2, 2], data: Int8Array.of(1, 2, 3, 4) });
  const model = smallModel(
    smallGraph(
      [
        makeNode('MatMul', 'attention', ['x', 'x'], ['a']),
        makeNode('DequantizeLinear', 'dq', ['q', 's'], ['w1']),
        makeNode('MatMul', 'quantized', ['x', 'w1'], ['b']),
        makeNode('Cast', 'cast', ['q'], ['w2'], { to: attributes.int(1) }),
        makeNode('Mul', 'rescale', ['w2', 's'], ['w3']),
        makeNode('MatMul', 'scaled', ['x', 'w3'], ['c']),
        makeNode('Gather', 'embed', ['tied', 'ids'], ['e']),
        makeNode('Transpose', 't', ['tied'], ['w4']),
        makeNode('MatMul', 'head', ['e', 'w4'], ['d']),
        makeNode('MatMul', 'small', ['x', 'little'], ['f']),
        makeNode('MatMul', 'vector', ['x', 'v'], ['g']),
      ],
      [
        int8,
        ones('s', []),
        ones('tied', [40, 40]),
        int64Tensor('ids', [1], [0]),
        ones('little', [2, 2]),
        ones('v', [300]),
      ],
    ),
  );
  const { weights, skipped } = findWeights(model, {}, 256);
  expect(weights).toEqual([]);
  expect(Object.fromEntries(skipped.map(({ node, reason }) => [node, reason]))).toEqual({
    attention: 'has no constant weight',
    quantized: 'its weight is quantized already',
    scaled: 'its weight is quantized already',
    head: 'its weight is also read by Gather "embed"',
    small: 'its weight has fewer than 256 elements',
    vector: 'its weight is a vector',
  });
});

it('keeps to the targets', () => {
  const model = smallModel(
    smallGraph(
      [makeNode('MatMul', 'layer1/a', ['x', 'w'], ['h']), makeNode('Gemm', 'layer2/b', ['h', 'v'], ['y'])],
      [ones('w', [2, 2]), ones('v', [2, 2])],
    ),
  );
  const names = (targets: Parameters<typeof findWeights>[1]) =>
    findWeights(model, targets, 0).weights.map(({ name }) => name);
  expect(names({ ops: ['Gemm'] })).toEqual(['v']);
  expect(names({ include: ['layer1/*'] })).toEqual(['w']);
  expect(names({ exclude: ['*/b'] })).toEqual(['w']);
});
