import { expect, it } from 'vitest';
import { fixModelDims } from '../../../src-main/passes';
import { modelFromText } from '../../support/model-from-text';

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
