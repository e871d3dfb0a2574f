import { expect, it } from 'vitest';
import { dimName, fedInputs } from '../../../../src-main/onnx/ir';
import { modelFromText } from '../../../support/model-from-text';

it('calls a dim by its name, by input and axis where it has none, and a number not at all', () => {
  expect(dimName('x', 0, 'batch')).toBe('batch');
  expect(dimName('x', 1, null)).toBe('x.1');
  expect(dimName('x', 2, 0)).toBe('x.2');
  expect(dimName('x', 3, 7)).toBeNull();
});

it('counts no input that an initializer gives a default as one to be fed', () => {
  const { graph } = modelFromText(
    'g (float[2] x, float[2] w) => (float[2] y) <float[2] w = {1, 2}> { y = Add (x, w) }',
  );
  expect(fedInputs(graph).map(({ name }) => name)).toEqual(['x']);
});
