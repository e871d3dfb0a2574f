import { it } from 'vitest';
import { pushTransposes } from '../../../src-main/passes';
import { expectPass, expectUntouched } from '../../support/expect-pass';

it('moves transposes through elementwise work, constants, joins and reductions until they meet their inverse', async () => {
  await expectPass(
    (model) => pushTransposes(model),
    `g (float[1, 2, 3, 4] x) => (float[1, 4, 3, 4] y) <int64[1] axes = {3}, float[4] c = {1, 2, 3, 4}, float[3, 1, 2] d = {1, 2, 3, 4, 5, 6}> {
      a = Transpose <perm = [0, 2, 3, 1]> (x)
      b = Relu (a)
      e = Mul (b, d)
      f = Concat <axis = 3> (e, b)
      h = Add (f, c)
      m = ReduceMax <keepdims = 1> (h, axes)
      n = Sub (h, m)
      y = Transpose <perm = [0, 3, 1, 2]> (n)
    }`,
    `g (float[1, 2, 3, 4] x) => (float[1, 4, 3, 4] y)
    <int64[1] axes = {3}, float[4] c = {1, 2, 3, 4}, float[3, 1, 2] d = {1, 2, 3, 4, 5, 6},
     float[1, 2, 3, 1] "d/transposed" = {1, 3, 5, 2, 4, 6}, float[1, 4, 1, 1] "c/transposed" = {1, 2, 3, 4}, int64[1] "axes/transposed" = {1}> {
      "b/before-transpose" = Relu (x)
      "e/before-transpose" = Mul ("b/before-transpose", "d/transposed")
      "f/before-transpose" = Concat <axis = 1> ("e/before-transpose", "b/before-transpose")
      "h/before-transpose" = Add ("f/before-transpose", "c/transposed")
      "m/before-transpose" = ReduceMax <keepdims = 1> ("h/before-transpose", "axes/transposed")
      y = Sub ("h/before-transpose", "m/before-transpose")
    }`,
  );
});

it('leaves a graph in which nothing would be won', async () => {
  await expectUntouched(
    (model) => pushTransposes(model),
    `g (float[1, 2, 3] x) => (float[1, 3, 2] y) {
      a = Transpose <perm = [0, 2, 1]> (x)
      y = Relu (a)
    }`,
  );
});

it('lets a Transpose in a body meet its inverse, though the main graph has none', async () => {
  await expectPass(
    pushTransposes,
    `g (bool k, float[2, 3] x) => (float[2, 3] y) {
        y = If (k) <
          then_branch = t () => (float[2, 3] p) {
            a = Transpose <perm = [1, 0]> (x)
            b = Relu (a)
            c = Transpose <perm = [1, 0]> (b)
            p = Neg (c)
          },
          else_branch = e () => (float[2, 3] q) { q = Neg (x) }
        >
      }`,
    `g (bool k, float[2, 3] x) => (float[2, 3] y) {
        y = If (k) <
          then_branch = t () => (float[2, 3] p) { "b/before-transpose" = Relu (x) p = Neg ("b/before-transpose") },
          else_branch = e () => (float[2, 3] q) { q = Neg (x) }
        >
      }`,
  );
});
