import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readModel, writeModel } from '../../../../src-main/onnx/file';
import { floatTensor, markPruned, maskOfZeros, prunedWeights, pruneName } from '../../../../src-main/onnx/ir';
import { temporaryFolder } from '../../../support/folder';
import { modelFromText } from '../../../support/model-from-text';

const model = modelFromText('g (float[2] x) => (float[2] y) { y = Relu (x) }');

it('keeps names through a file, each once and in order', async () => {
  expect(prunedWeights(model)).toEqual([]);
  expect(markPruned(model, [])).toBe(model);
  const marked = markPruned(markPruned(model, ['conv/w', 'b']), ['a', 'b']);
  const path = join(temporaryFolder(), 'pruned.onnx');
  await writeModel(marked, path);
  expect(prunedWeights(await readModel(path))).toEqual(['a', 'b', 'conv/w']);
});

it('takes zeros of either sign for the mask, and the node’s output for a nameless tensor', () => {
  expect([...maskOfZeros(Float32Array.of(0, 1, -0, -2, Number.MIN_VALUE))]).toEqual([0, 1, 0, 1, 0]);
  expect(pruneName(floatTensor('w', [1], [0]), 'value')).toBe('w');
  expect(pruneName(floatTensor('', [1], [0]), 'value')).toBe('value');
});
