import { expect, it } from 'vitest';
import { foldedTypes, isStatic } from '../../../../src-main/onnx/session';
import { modelFromText, randomTensor } from '../../../support/model-from-text';

/** Its Reshape target is computed from a Shape, where plain inference stops. */
const text = (
  batch: string,
): string => `g (float[${batch}, 6] x) => (float[N, M] y) <int64[1] two = {2}, int64[1] rest = {-1}, int64[1] z = {0}> {
  s = Shape (x)
  n = Gather <axis = 0> (s, z)
  half = Div (n, two)
  t = Concat <axis = 0> (half, rest)
  r = Reshape (x, t)
  y = MatMul (r, w)
}`;

it('knows shapes behind computed targets where inputs have sizes, without the weights', async () => {
  const model = modelFromText(text('4'), [randomTensor('w', [12, 300], 1)]);
  const folded = await foldedTypes(model);
  expect(folded?.types.get('r')).toEqual({ kind: 'tensor', dtype: 'float32', shape: [2, 12] });
  expect(folded?.types.get('y')).toEqual({ kind: 'tensor', dtype: 'float32', shape: [2, 300] });
  expect(folded?.constants.has('w')).toBe(false);
});

it('knows nothing where an input has no size, or where the runtime refuses the model', async () => {
  expect(await foldedTypes(modelFromText(text('N'), [randomTensor('w', [12, 300], 1)]))).toBeNull();
  expect(await foldedTypes(modelFromText('g (float[2] x) => (float[2] y) { y = Foo (x) }'))).toBeNull();
});

it('calls static what has a number above zero for each dim', () => {
  const type = (shape: readonly (number | string | null)[] | null) =>
    ({ kind: 'tensor', dtype: 'float32', shape }) as const;
  expect([type([1, 2]), type([]), type([0]), type(['N']), type([null]), type(null), undefined].map(isStatic)).toEqual([
    ...[true, true, false, false, false, false, false],
  ]);
});
