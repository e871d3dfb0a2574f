import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readModel, writeModel } from '../../../../src-main/onnx/file';
import { createSession, modelLabel, withOutputs } from '../../../../src-main/onnx/session/create-session';
import { temporaryFolder } from '../../../support/folder';
import { modelFromText, randomTensor } from '../../../support/model-from-text';

const model = modelFromText('net (float[2] x) => (float[2] y) { [r] a = Relu (x) y = Neg (a) }');

describe('createSession', () => {
  it('opens a path, a model in memory, and one whose weights lie beside it, which it maps from there', async () => {
    const folder = temporaryFolder();
    const large = modelFromText('net (float[512] x) => (float[512] y) { y = Mul (x, w) }', [
      randomTensor('w', [512], 1),
    ]);
    const { path } = await writeModel(large, join(folder, 'model.onnx'), { externalData: 'always' });
    for (const [source, weights] of [
      [path, null],
      [large, null],
      [await readModel(path), folder],
    ] as const) {
      const { session, weightsFolder } = await createSession(source, {});
      expect(session.outputNames).toEqual(['y']);
      expect(weightsFolder).toBe(weights);
      await session.release();
    }
  });

  it('gives out values between nodes on request, of a path too', async () => {
    const { path } = await writeModel(model, join(temporaryFolder(), 'model.onnx'));
    const { session } = await createSession(path, { extraOutputs: ['a'] });
    expect(session.outputNames).toEqual(['y', 'a']);
    await session.release();
  });

  it('names a model by its label, its file or its graph', async () => {
    expect(modelLabel('/some/where/net.onnx', {})).toBe('net.onnx');
    expect(modelLabel(model, {})).toBe('net');
    expect(modelLabel(model, { label: 'the teacher' })).toBe('the teacher');
    const broken = modelFromText('net (float[2] x) => (float[2] y) { [odd] y = Foo (x) }');
    await expect(createSession(broken, { label: 'the teacher' })).rejects.toThrow(/^the teacher: Foo "odd"/);
  });

  it('says of an old file as of an old model to raise the opset', async () => {
    const old = modelFromText(
      '<ir_version: 3, opset_import: ["" : 6]> g (float[2] x) => (float[2] y) { y = Add (x, x) }',
    );
    const { path } = await writeModel(old, join(temporaryFolder(), 'old.onnx'));
    for (const source of [old, path]) await expect(createSession(source, {})).rejects.toThrow(/raise the opset/);
  });
});

it('withOutputs adds each value once, behind the outputs that are there', () => {
  const { graph } = withOutputs(model, ['a', 'y', 'a']);
  expect(graph.outputs.map(({ name }) => name)).toEqual(['y', 'a']);
});
