import { expect, it } from 'vitest';
import { shareInitializers } from '../../../src-main/passes';
import { expectPass } from '../../support/expect-pass';

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
