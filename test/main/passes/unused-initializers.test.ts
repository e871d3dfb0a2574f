import { expect, it } from 'vitest';
import { removeUnusedInitializers } from '../../../src-main/passes';
import { expectPass } from '../../support/expect-pass';

it('removes what neither a node, a body nor an output reads', async () => {
  const { changed } = await expectPass(
    removeUnusedInitializers,
    `g (bool k, float[2] x) => (float[2] y) <float[2] a = {1, 2}, float[2] b = {3, 4}, float[2] c = {5, 6}> {
      p = Add (x, a)
      y = If (k) <
        then_branch = then () => (float[2] u) <float[2] unread = {1, 2}> { u = Mul (p, b) },
        else_branch = else () => (float[2] v) { v = Neg (p) }
      >
    }`,
    `g (bool k, float[2] x) => (float[2] y) <float[2] a = {1, 2}, float[2] b = {3, 4}> {
      p = Add (x, a)
      y = If (k) <
        then_branch = then () => (float[2] u) { u = Mul (p, b) },
        else_branch = else () => (float[2] v) { v = Neg (p) }
      >
    }`,
  );
  expect(changed).toBe(2);
});
