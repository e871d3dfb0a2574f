import { it } from 'vitest';
import { resolveIf } from '../../../src-main/passes';
import { expectPass, expectUntouched } from '../../support/expect-pass';

it('takes the branch in, its weights and what it only passes on included', async () => {
  await expectPass(
    (model) => resolveIf(model),
    `g (float[2] x) => (float[2] y, float[2] z, float[2] u) <bool yes = {1}, float[2] w = {5, 6}> {
      y, z = If (yes) <
        then_branch = t () => (float[2] p, float[2] k) <float[2] k = {1, 2}> { a = Add (x, k) p = Relu (a) },
        else_branch = e () => (float[2] q, float[2] r) { q = Neg (x) r = Abs (x) }
      >
      u = Mul (y, w)
    }`,
    `g (float[2] x) => (float[2] y, float[2] z, float[2] u) <bool yes = {1}, float[2] w = {5, 6}, float[2] k = {1, 2}> {
      a = Add (x, k)
      y = Relu (a)
      u = Mul (y, w)
      z = Identity (k)
    }`,
  );
});

it('gives names of its own to what both of two branches call the same', async () => {
  await expectPass(
    (model) => resolveIf(model),
    `g (float[2] x) => (float[2] y, float[2] z) <bool yes = {1}, bool no = {0}> {
      [one] y = If (yes) <then_branch = t () => (float[2] p) { a = Neg (x) p = Relu (a) }, else_branch = e () => (float[2] q) { q = Neg (x) }>
      [two] z = If (no) <then_branch = t () => (float[2] p) { p = Abs (x) }, else_branch = e () => (float[2] q) { a = Exp (x) q = Log (a) }>
    }`,
    `g (float[2] x) => (float[2] y, float[2] z) <bool yes = {1}, bool no = {0}> {
      "one/a" = Neg (x)
      y = Relu ("one/a")
      "two/a" = Exp (x)
      z = Log ("two/a")
    }`,
    { tolerance: 0 },
  );
});

it('leaves a condition that is fed', async () => {
  await expectUntouched(
    (model) => resolveIf(model),
    `g (bool k, float[2] x) => (float[2] y) {
      y = If (k) <then_branch = t () => (float[2] p) { p = Relu (x) }, else_branch = e () => (float[2] q) { q = Neg (x) }>
    }`,
  );
});
