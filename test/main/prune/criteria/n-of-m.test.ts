import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { readModel, readTensor, readTensorBytes } from '../../../../src-main/onnx/file';
import { attributes, floatTensor, type Model, makeNode, type NdArray, type Tensor } from '../../../../src-main/onnx/ir';
import { inputAxis } from '../../../../src-main/prune/input-axis';
import { pruneStep } from '../../../../src-main/prune/step';
import { findWeights } from '../../../../src-main/prune/weights';
import { smallGraph, smallModel } from '../../../support/small-model';
import { stepContext } from '../../../support/step-context';

const prune = (model: Model, pattern: string, minElements = 0) =>
  pruneStep.run(model, 'n-m', { pattern, minElements }, {}, stepContext(model));
const held = (model: Model, name: string) => [
  ...(readTensor(model.graph.initializers.get(name) as Tensor) as NdArray<'float32'>).data,
];

it('keeps 1 of 2 inputs of each neuron, by hand, for both layouts', async () => {
  const model = smallModel(
    smallGraph(
      [
        makeNode('MatMul', 'a', ['x', 'w'], ['h']),
        makeNode('Gemm', 'b', ['h', 'v'], ['y'], { transB: attributes.int(1) }),
      ],
      [floatTensor('w', [4, 2], [1, 5, -2, 4, 7, 1, 6, 2]), floatTensor('v', [2, 2], [3, -4, 2, 1])],
    ),
  );
  const { model: pruned } = await prune(model, '1:2');
  expect(held(pruned, 'w')).toEqual([0, 5, -2, 0, 7, 0, 0, 2]);
  expect(held(pruned, 'v')).toEqual([0, -4, 2, 0]);
});

it('holds 2:4 in every group of a vision transformer, read whole or in parts', async () => {
  const path = fileURLToPath(new URL('../../../models/glyph-vit/model.onnx', import.meta.url));
  const { model, changed, skipped } = await prune(await readModel(path), '2:4', 64);
  expect(changed).toBeGreaterThan(20);
  expect(skipped).toContainEqual(expect.objectContaining({ reason: 'its neurons have 1 inputs, fewer than 4' }));
  for (const weight of findWeights(model, {}, 64).weights) {
    const { size, inner } = inputAxis(weight) as NonNullable<ReturnType<typeof inputAxis>>;
    if (size < 4) continue;
    const { data } = readTensor(weight.tensor) as NdArray<'float32'>;
    const kept = new Map<string, number>();
    data.forEach((value, at) => {
      const slice = Math.floor(at / (size * inner));
      const group = Math.floor((Math.floor(at / inner) % size) / 4);
      const key = `${slice},${group},${at % inner}`;
      kept.set(key, (kept.get(key) ?? 0) + (value === 0 ? 0 : 1));
    });
    expect([...kept.values()].filter((count) => count > 2)).toEqual([]);
    const whole = readTensorBytes(weight.tensor);
    expect(readTensorBytes(weight.tensor, 37, 411)).toEqual(whole.subarray(37, 411));
  }
});
