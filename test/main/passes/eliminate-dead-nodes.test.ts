import { expect, it } from 'vitest';
import { eliminateDeadNodes } from '../../../src-main/passes';
import { expectPass, expectUntouched } from '../../support/expect-pass';

it('removes nodes, optional outputs and outputs of bodies that nothing reads', async () => {
  const { notes } = await expectPass(
    eliminateDeadNodes,
    `g (bool k, float[1, 1, 4, 4] x) => (float[1, 1, 2, 2] y, float[1, 1, 4, 4] z) {
      a = Relu (x)
      b = Neg (a)
      y, i = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (x)
      z, w = If (k) <
        then_branch = t () => (float[1, 1, 4, 4] p, float[1, 1, 4, 4] q) { p = Relu (x) q = Abs (x) },
        else_branch = e () => (float[1, 1, 4, 4] r, float[1, 1, 4, 4] s) { r = Neg (x) s = Exp (r) }
      >
    }`,
    `g (bool k, float[1, 1, 4, 4] x) => (float[1, 1, 2, 2] y, float[1, 1, 4, 4] z) {
      y = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (x)
      z = If (k) <
        then_branch = t () => (float[1, 1, 4, 4] p) { p = Relu (x) },
        else_branch = e () => (float[1, 1, 4, 4] r) { r = Neg (x) }
      >
    }`,
  );
  expect(notes).toEqual(['removed 4 nodes that nothing reads', 'dropped unread outputs of 2 nodes']);
});

it('leaves nodes that are no targets as they are', async () => {
  const dead = `g (bool k, float[1, 1, 4, 4] x) => (float[1, 1, 2, 2] y) {
    y, i = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (x)
    z = If (k) <
      then_branch = t () => (float[1, 1, 4, 4] p) { p = Relu (x) },
      else_branch = e () => (float[1, 1, 4, 4] r) { r = Neg (x) }
    >
  }`;
  await expectUntouched((model) => eliminateDeadNodes(model, ({ opType }) => opType === 'Transpose'), dead);
});
