import { expect, it } from 'vitest';
import { outputScale } from '../../../src-main/evaluate/output-scale';
import { modelFromText } from '../../support/model-from-text';

const scaleOf = (body: string) => outputScale(modelFromText(`g (float[2, 4] x) => (float[2, 4] y) { ${body} }`), 'y');

it('believes Softmax and LogSoftmax, also behind nodes that keep the numbers', () => {
  expect(scaleOf('y = Softmax (x)')).toBe('probabilities');
  expect(scaleOf('y = LogSoftmax (x)')).toBe('log-probabilities');
  expect(scaleOf('a = Softmax (x) b = Transpose <perm = [1, 0]> (a) y = Cast <to = 1> (b)')).toBe('probabilities');
});

it('says nothing of anything else', () => {
  expect(scaleOf('a = Softmax (x) y = Add (a, x)')).toBeNull();
  expect(scaleOf('y = Relu (x)')).toBeNull();
  expect(outputScale(modelFromText('g (float[2] x) => (float[2] x) { a = Neg (x) }'), 'x')).toBeNull();
});
