import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { readModel } from '../../../../src-main/onnx/file';
import type { Model } from '../../../../src-main/onnx/ir';
import { modelInputs, openSession } from '../../../../src-main/onnx/session';
import { modelFromText } from '../../../support/model-from-text';

const models = fileURLToPath(new URL('../../../models', import.meta.url));

/** What onnxruntime itself says. */
async function inputsOfSession(model: Model) {
  const session = await openSession(model);
  await session.release();
  return session.inputs;
}

it.each(['mnist-cnn/model-bn.onnx', 'langid-transformer/model.onnx', 'glyph-vit/model.onnx'])(
  'tells the inputs of %s as a session does',
  async (file) => {
    const model = await readModel(`${models}/${file}`);
    expect(await modelInputs(model)).toEqual(await inputsOfSession(model));
  },
);

it('tells scalars, dims that are open or named, and leaves out weights that stand among the inputs', async () => {
  const model = modelFromText(
    'g (int64 s, float[n, ?, 3] x, float[3] w) => (float[n, ?, 3] y) <float[3] w = {1, 2, 3}> { c = Cast<to = 1>(s) p = Mul(x, w) y = Mul(p, c) }',
  );
  const inputs = await modelInputs(model);
  expect(inputs).toEqual([
    { name: 's', kind: 'tensor', dtype: 'int64', shape: [] },
    { name: 'x', kind: 'tensor', dtype: 'float32', shape: ['n', null, 3] },
  ]);
  expect(inputs).toEqual(await inputsOfSession(model));
});

it('asks onnxruntime where the file does not say', async () => {
  const model = modelFromText('g (float[2] x) => (float[2] y) { y = Neg(x) }');
  const graph = { ...model.graph, inputs: [{ name: 'x', type: null }] };
  await expect(modelInputs({ ...model, graph })).rejects.toThrow(/input|type/i);
});
