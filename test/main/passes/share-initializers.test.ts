import { expect, it } from 'vitest';
import { floatTensor, int64Tensor } from '../../../src-main/onnx/ir';
import { shareInitializers } from '../../../src-main/passes';
import { expectPass } from '../../support/expect-pass';
import { expectSameOutputs, modelFromText } from '../../support/model-from-text';

it('keeps equal weights once, also for bodies, and tells type and shape apart', async () => {
  const { notes } = await expectPass(
    shareInitializers,
    `g (bool k, float[2] x) => (float[2] y) <float[2] a = {1, 2}, float[2] b = {1, 2}, float[1, 2] c = {1, 2}, float[2] d = {1, 3}> {
      p = Add (x, a)
      q = Add (p, b)
      r = Add (q, d)
      s = Add (r, c)
      t = Squeeze (s)
      y = If (k) <
        then_branch = then () => (float[2] u) <float[2] w = {1, 2}> { u = Mul (t, w) },
        else_branch = else () => (float[2] v) { v = Neg (t) }
      >
    }`,
    `g (bool k, float[2] x) => (float[2] y) <float[2] a = {1, 2}, float[1, 2] c = {1, 2}, float[2] d = {1, 3}> {
      p = Add (x, a)
      q = Add (p, a)
      r = Add (q, d)
      s = Add (r, c)
      t = Squeeze (s)
      y = If (k) <
        then_branch = then () => (float[2] u) { u = Mul (t, a) },
        else_branch = else () => (float[2] v) { v = Neg (t) }
      >
    }`,
  );
  expect(notes).toEqual(['shared 2 equal initializers (16 bytes)']);
});

it('moves weights that several bodies hold to the graph around them, but no small constants', async () => {
  const list = Array.from({ length: 256 }, (_, at) => at).join(', ');
  const body = (name: string, weight: string, op: string): string =>
    `${name} () => (float[256] ${name}_o) <float[256] ${weight} = {${list}}, float ${weight}_s = {2}> {
      ${name}_a = ${op} (x, ${weight})
      ${name}_o = Mul (${name}_a, ${weight}_s)
    }`;
  const sharing = (name: string, op: string): string =>
    `${name} () => (float[256] ${name}_o) <float ${name[0]}w_s = {2}> {
      ${name}_a = ${op} (x, "shared/tw")
      ${name}_o = Mul (${name}_a, ${name[0]}w_s)
    }`;
  await expectPass(
    shareInitializers,
    `g (bool k, float[256] x) => (float[256] y) {
      y = If (k) <then_branch = ${body('then', 'tw', 'Add')}, else_branch = ${body('else', 'ew', 'Sub')}>
    }`,
    `g (bool k, float[256] x) => (float[256] y) <float[256] "shared/tw" = {${list}}> {
      y = If (k) <then_branch = ${sharing('then', 'Add')}, else_branch = ${sharing('else', 'Sub')}>
    }`,
  );
});

it('shares sparse initializers of equal values, places and shape', async () => {
  const { graph, ...rest } = modelFromText(
    'g (float[4] x) => (float[4] y) { a = Add (x, p) b = Mul (a, q) y = Sub (b, r) }',
  );
  const sparse = (name: string, places: readonly number[]) => ({
    values: floatTensor(name, [2], [3, 5]),
    indices: int64Tensor(`${name}_at`, [2], places),
    shape: [4],
  });
  const model = {
    ...rest,
    graph: { ...graph, sparseInitializers: [sparse('p', [0, 2]), sparse('q', [0, 2]), sparse('r', [0, 3])] },
  };
  const { model: after, changed } = shareInitializers(model);
  expect(changed).toBe(1);
  expect(after.graph.sparseInitializers.map(({ values }) => values.name)).toEqual(['p', 'r']);
  await expectSameOutputs(model, after);
});
