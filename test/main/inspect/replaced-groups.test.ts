import { expect, it } from 'vitest';
import { diffModels } from '../../../src-main/inspect';
import { modelFromText } from '../../support/model-from-text';

const model = (middle: string) =>
  modelFromText(
    `<ir_version: 8, opset_import: ["" : 17]>
    g (float[2, 4] x) => (float[2, 4] z) <float two = {2}, float eps = {0.00001}, float[4] w = {1, 2, 3, 5}, float[4] b = {2, 3, 4, 6}> {
      [before] a = Relu (x)
      ${middle}
      [after] z = Tanh (y)
    }`,
  );

it('tells nodes that stand in the place of others together', async () => {
  const parts = model(`
    [mean] m = ReduceMean <axes = [-1]> (a)
    [centre] c = Sub (a, m)
    [square] s = Pow (c, two)
    [variance] v = ReduceMean <axes = [-1]> (s)
    [safe] e = Add (v, eps)
    [root] r = Sqrt (e)
    [unit] u = Div (c, r)
    [scale] k = Mul (u, w)
    [shift] y = Add (k, b)`);
  const whole = model('[norm] y = LayerNormalization (a, w, b)');
  const diff = await diffModels(parts, whole);
  expect([diff.added, diff.removed]).toEqual([[], []]);
  expect(diff.replaced).toHaveLength(1);
  expect(diff.replaced[0]?.before.map(({ name }) => name)).toEqual(
    'mean centre square variance safe root unit scale shift'.split(' '),
  );
  expect(diff.replaced[0]?.after).toEqual([{ name: 'norm', op: 'LayerNormalization' }]);
  expect(diff.same).toBe(2);
});

it('calls what has no counterpart removed or added', async () => {
  const diff = await diffModels(model('[more] h = Exp (a) [y] y = Neg (h)'), model('[y] y = Neg (a)'));
  expect(diff.removed).toEqual([{ name: 'more', op: 'Exp' }]);
  expect([diff.replaced, diff.added]).toEqual([[], []]);
});
