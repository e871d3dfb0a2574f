import { join } from 'node:path';
import { expect, it } from 'vitest';
import { hashModel, hashModelFile, readModel, writeModel } from '../../../../src-main/onnx/file';
import { temporaryFolder } from '../../../support/folder';
import { modelFromText } from '../../../support/model-from-text';

const text = (weight: number) =>
  `g (float[N,2] x) => (float[N,2] y) <float[2,2] w = {1, 2, 3, ${weight}}> { y = MatMul(x, w) }`;

it('is the hash of the file that the model would be written to', async () => {
  const model = modelFromText(text(4));
  const { path } = await writeModel(model, join(temporaryFolder(), 'model.onnx'));
  expect(hashModel(model)).toBe((await hashModelFile(path)).sha256);
});

it('does not tell where the weights lie', async () => {
  const model = await readModel(join(import.meta.dirname, '../../../models/emoji-resnet/model.onnx'));
  const { path } = await writeModel(model, join(temporaryFolder(), 'model.onnx'), { externalData: 'always' });
  expect(hashModel(await readModel(path))).toBe(hashModel(model));
});

it('tells one weight from another', () => {
  expect(hashModel(modelFromText(text(5)))).not.toBe(hashModel(modelFromText(text(4))));
});
