import { expect, it } from 'vitest';
import { fixModelDims } from '../../../src-main/passes';
import { cleanStep } from '../../../src-main/passes/step';
import { modelFromText } from '../../support/model-from-text';
import { stepContext } from '../../support/step-context';

const model = modelFromText('g (float[batch, 4] x) => (float[batch, 4] y) { y = Relu (x) }');

it('puts sizes in the place of names', () => {
  const { model: fixed, notes } = fixModelDims(model, { batch: 3 });
  expect(fixed.graph.inputs[0]?.type).toMatchObject({ shape: [3, 4] });
  expect(fixed.graph.outputs[0]?.type).toMatchObject({ shape: [3, 4] });
  expect(notes).toEqual(['fixed batch = 3: the model takes this shape only']);
});

it('names the dims that there are', () => {
  expect(() => fixModelDims(model, { sequence: 3 })).toThrow(
    'fix-dims: the inputs have no dimension "sequence"; they have batch',
  );
});

it('is proved on input of the size that was fixed', async () => {
  const { model: fixed, notes } = await cleanStep.run(model, 'fix-dims', { dims: ['batch=3'] }, {}, stepContext(model));
  expect(fixed.graph.inputs[0]?.type).toMatchObject({ shape: [3, 4] });
  expect(notes.at(-1)).toBe('outputs on random input differ by nothing');
});

it('refuses what is not name=size', async () => {
  await expect(cleanStep.run(model, 'fix-dims', { dims: ['batch'] }, {}, stepContext(model))).rejects.toThrow(
    '"batch" is not name=size with a size of at least 1',
  );
});
