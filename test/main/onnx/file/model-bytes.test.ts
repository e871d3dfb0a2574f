import { join } from 'node:path';
import { expect, test } from 'vitest';
import { equalModels, readModel, writeModel } from '../../../../src-main/onnx/file';
import { floatTensor, type Model } from '../../../../src-main/onnx/ir';
import { temporaryFolder } from '../../../support/folder';
import { modelFromText } from '../../../support/model-from-text';

const signal = new AbortController().signal;

/** y = x · w with a weight of 4 KB. */
function withWeight(change: (weights: Float32Array) => void): Model {
  const model = modelFromText(`
    <ir_version: 10, opset_import: ["" : 20]>
    m (float[n, 32] x) => (float[n, 32] y) { y = MatMul(x, w) }
  `);
  const weights = Float32Array.from({ length: 1024 }, (_, at) => at / 7);
  change(weights);
  const initializers = new Map([['w', floatTensor('w', [32, 32], weights)]]);
  return { ...model, graph: { ...model.graph, initializers } };
}

test('a model equals itself however it is stored, and no other', async () => {
  const folder = temporaryFolder();
  const inline = join(folder, 'inline.onnx');
  const external = join(folder, 'external.onnx');
  await writeModel(
    withWeight(() => {}),
    inline,
  );
  await writeModel(
    withWeight(() => {}),
    external,
    { externalData: 'always' },
  );
  const [a, b] = [await readModel(inline), await readModel(external)];
  expect(await equalModels(a, b, signal)).toBe(true);
  const last = withWeight((weights) => {
    weights[1023] = -0;
  });
  expect(await equalModels(a, last, signal)).toBe(false);
  const renamed = { ...a, graph: { ...a.graph, name: `${a.graph.name}2` } };
  expect(await equalModels(a, renamed, signal)).toBe(false);
  expect(await equalModels(renamed, a, signal)).toBe(false);
  await expect(equalModels(a, b, AbortSignal.abort())).rejects.toThrow('abort');
});
