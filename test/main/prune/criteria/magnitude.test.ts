import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { readModel, readTensor, readTensorBytes, writeModel } from '../../../../src-main/onnx/file';
import {
  floatTensor,
  type Model,
  makeNode,
  maskOfZeros,
  type NdArray,
  prunedWeights,
  type Tensor,
} from '../../../../src-main/onnx/ir';
import { openSession } from '../../../../src-main/onnx/session';
import { pruneStep } from '../../../../src-main/prune/step';
import { findWeights } from '../../../../src-main/prune/weights';
import { temporaryFolder } from '../../../support/folder';
import { smallGraph, smallModel } from '../../../support/small-model';
import { stepContext } from '../../../support/step-context';

const file = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const values = (tensor: Tensor) => (readTensor(tensor) as NdArray<'float32'>).data;
const prune = (model: Model, options: { sparsity: number; scope: string; minElements?: number }, targets = {}) =>
  pruneStep.run(model, 'magnitude', { minElements: 0, ...options }, targets, stepContext(model));

const twoLayers = smallModel(
  smallGraph(
    [makeNode('MatMul', 'a', ['x', 'w'], ['h']), makeNode('MatMul', 'b', ['h', 'v'], ['y'])],
    [floatTensor('w', [2, 3], [1, -2, 3, -4, 5, -6]), floatTensor('v', [3, 1], [0.1, -0.2, 9])],
  ),
);
const held = (model: Model, name: string) => [...values(model.graph.initializers.get(name) as Tensor)];

it('takes the smallest of the model by one threshold: 4 of 9 by hand', async () => {
  const { model, eligible, changed } = await prune(twoLayers, { sparsity: 4 / 9, scope: 'global' });
  expect(held(model, 'w')).toEqual([0, 0, 3, -4, 5, -6]);
  expect(held(model, 'v')).toEqual([0, 0, 9]);
  expect([eligible, changed]).toEqual([2, 2]);
  expect(held(twoLayers, 'w')).toEqual([1, -2, 3, -4, 5, -6]);
});

it('takes the same share of each layer: half of 6 and of 3 by hand', async () => {
  const { model } = await prune(twoLayers, { sparsity: 0.5, scope: 'layer' });
  expect(held(model, 'w')).toEqual([0, 0, 0, -4, 5, -6]);
  expect(held(model, 'v')).toEqual([0, 0, 9]);
});

it('leaves the mask behind: names in the metadata, zeros in the weights', async () => {
  const { model } = await prune(twoLayers, { sparsity: 0.5, scope: 'layer' }, { include: ['a'] });
  expect(prunedWeights(model)).toEqual(['w']);
  expect([...maskOfZeros(values(model.graph.initializers.get('w') as Tensor))]).toEqual([0, 0, 0, 1, 1, 1]);
});

it('counts what it did not change, and why', async () => {
  const { changed, skipped } = await prune(twoLayers, { sparsity: 0, scope: 'global' });
  expect(changed).toBe(0);
  expect(skipped.map(({ node }) => node)).toEqual(['a', 'b']);
});

it('reaches the asked sparsity of the digits model to the weight, and keeps the largest', async () => {
  const model = await readModel(file('samples/digits/model.onnx'));
  const { model: pruned, notes } = await prune(model, { sparsity: 0.7, scope: 'global', minElements: 256 });
  const before = findWeights(model, {}, 256).weights.flatMap(({ tensor }) => [...values(tensor)]);
  const after = findWeights(pruned, {}, 256).weights.flatMap(({ tensor }) => [...values(tensor)]);
  expect(after.filter((value) => value === 0)).toHaveLength(Math.round(0.7 * before.length));
  const sorted = before.map(Math.abs).sort((a, b) => a - b);
  const threshold = sorted[Math.round(0.7 * before.length)] as number;
  expect(after).toEqual(before.map((value) => (Math.abs(value) < threshold ? 0 : value)));
  expect(notes[0]).toMatch(/^\d+,\d+ of \d+,\d+ eligible weights are zero now \(70\.0 %\)\.$/);
  expect(notes.at(-1)).toContain('not a smaller file or a faster CPU run');
});

it('gives the same bytes of a weight whole and in odd parts', async () => {
  const model = await readModel(file('samples/digits/model.onnx'));
  const { model: pruned } = await prune(model, { sparsity: 0.5, scope: 'layer' });
  for (const { tensor } of findWeights(pruned, {}, 0).weights) {
    const whole = readTensorBytes(tensor);
    for (const [start, end] of [
      [0, 1],
      [3, 9],
      [5, 801],
    ] as const)
      expect(readTensorBytes(tensor, start, end)).toEqual(whole.subarray(start, end));
  }
});

it('prunes float16 weights, and the file that is written runs', async () => {
  const model = await readModel(file('models/langid-transformer/model-fp16.onnx'));
  const { model: pruned, changed } = await prune(model, { sparsity: 0.5, scope: 'global', minElements: 256 });
  expect(changed).toBeGreaterThan(10);
  const path = join(temporaryFolder(), 'model.onnx');
  await writeModel(pruned, path);
  const session = await openSession(path);
  const tokens: NdArray<'int64'> = { dtype: 'int64', shape: [1, 96], data: new BigInt64Array(96).fill(65n) };
  const { logits } = await session.run({ tokens });
  await session.release();
  expect([...(logits as NdArray<'float32'>).data].every(Number.isFinite)).toBe(true);
  const reread = findWeights(await readModel(path), {}, 256).weights;
  const halves = reread.flatMap(({ tensor }) => [...(readTensor(tensor) as NdArray<'float16'>).data]);
  expect(halves.filter((bits) => (bits & 0x7fff) === 0).length / halves.length).toBeCloseTo(0.5, 2);
});

it('stops when it is told to', async () => {
  const context = stepContext(twoLayers, { signal: AbortSignal.abort() });
  const run = pruneStep.run(twoLayers, 'magnitude', { sparsity: 0.5, scope: 'global', minElements: 0 }, {}, context);
  await expect(run).rejects.toThrow(/abort/i);
});
