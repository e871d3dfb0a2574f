import { describe, expect, it } from 'vitest';
import { eliminateNoOps } from '../../../src-main/passes';
import { expectPass, expectUntouched } from '../../support/expect-pass';

describe('eliminateNoOps', () => {
  it('removes what repeats its input', async () => {
    await expectPass(
      eliminateNoOps,
      `g (float[2, 3] x) => (float[2, 3] y)
      <int64[2] s = {2, 3}, int64[2] z = {0, 0}, int64[2] e = {2, 9223372036854775807}, int64[4] p = {0, 0, 0, 0},
       float zero = {0}, float one = {1}> {
        a = Identity (x)
        b = Dropout (a)
        c = Cast <to = 1> (b)
        d = Reshape (c, s)
        f = Transpose <perm = [0, 1]> (d)
        h = Slice (f, z, e)
        i = Pad (h, p)
        j = Add (zero, i)
        k = Div (j, one)
        l = Relu (k)
        m = Relu (l)
        n = Concat <axis = 0> (m)
        y = Neg (n)
      }`,
      `g (float[2, 3] x) => (float[2, 3] y)
      <int64[2] s = {2, 3}, int64[2] z = {0, 0}, int64[2] e = {2, 9223372036854775807}, int64[4] p = {0, 0, 0, 0},
       float zero = {0}, float one = {1}> {
        l = Relu (x)
        y = Neg (l)
      }`,
    );
  });

  it('keeps what only looks like nothing', async () => {
    await expectUntouched(
      eliminateNoOps,
      `g (float[2, 3] x, float[1] v, float[M] u, float[N] w) => (float[3, 2] a, float[2, 2] b, float[2, 3] c, float[N] d, float16[2, 3] e)
      <int64[2] s = {3, 2}, int64[1] one = {1}, int64[1] first = {0}, int64[1] end = {2}, float[2, 3] zeros = {0, 0, 0, 0, 0, 0}, int64[1] any = {-1}> {
        a = Reshape (x, s)
        b = Slice (x, first, end, one)
        c = Add (v, zeros)
        d = Reshape (w, any)
        e = Cast <to = 10> (x)
      }`,
    );
  });

  it('gives an output its name through the node before, but not from an input', async () => {
    const { skipped } = await expectPass(
      eliminateNoOps,
      `g (float[N] x) => (float[N] y, float[N] z) {
        a = Relu (x)
        y = Identity (a)
        z = Identity (x)
      }`,
      `g (float[N] x) => (float[N] y, float[N] z) {
        y = Relu (x)
        z = Identity (x)
      }`,
    );
    expect(skipped).toEqual([{ node: expect.any(String), reason: 'it gives an output of the graph its name' }]);
  });

  it('joins transposes and reshapes that follow each other', async () => {
    await expectPass(
      eliminateNoOps,
      `g (float[2, 3, 4] x) => (float[2, 3, 4] y, float[4, 6] z, float[4, 2, 3] w) <int64[2] s = {6, 4}, int64[2] t = {4, 6}> {
        a = Transpose <perm = [0, 2, 1]> (x)
        y = Transpose <perm = [0, 2, 1]> (a)
        b = Reshape (x, s)
        z = Reshape (b, t)
        c = Transpose <perm = [1, 0, 2]> (x)
        w = Transpose <perm = [2, 1, 0]> (c)
      }`,
      `g (float[2, 3, 4] x) => (float[2, 3, 4] y, float[4, 6] z, float[4, 2, 3] w) <int64[2] s = {6, 4}, int64[2] t = {4, 6}> {
        a = Transpose <perm = [0, 2, 1]> (x)
        y = Transpose <perm = [0, 1, 2]> (x)
        b = Reshape (x, s)
        z = Reshape (x, t)
        c = Transpose <perm = [1, 0, 2]> (x)
        w = Transpose <perm = [2, 0, 1]> (x)
      }`,
    );
  });

  it('drops a cast there and back only where nothing is lost on the way', async () => {
    await expectPass(
      eliminateNoOps,
      `g (float16[N] x, float[N] u) => (float16[N] y, float[N] v) {
        a = Cast <to = 1> (x)
        b = Cast <to = 10> (a)
        y = Neg (b)
        c = Cast <to = 10> (u)
        d = Cast <to = 1> (c)
        v = Neg (d)
      }`,
      `g (float16[N] x, float[N] u) => (float16[N] y, float[N] v) {
        a = Cast <to = 1> (x)
        y = Neg (x)
        c = Cast <to = 10> (u)
        d = Cast <to = 1> (c)
        v = Neg (d)
      }`,
    );
  });

  it('works inside bodies', async () => {
    await expectPass(
      eliminateNoOps,
      `g (bool k, float[2] x) => (float[2] y) {
        y = If (k) <
          then_branch = t () => (float[2] p) { a = Identity (x) p = Relu (a) },
          else_branch = e () => (float[2] q) { q = Neg (x) }
        >
      }`,
      `g (bool k, float[2] x) => (float[2] y) {
        y = If (k) <
          then_branch = t () => (float[2] p) { p = Relu (x) },
          else_branch = e () => (float[2] q) { q = Neg (x) }
        >
      }`,
    );
  });
});

it('gives Range scalars, which alone it takes as constants', async () => {
  // After node/test_affine_grid_2d_expanded of ONNX's own test data.
  await expectPass(
    eliminateNoOps,
    `g (float[2] x) => (int64[M] y) <int64 zero = {0}, int64[1] three = {3}, int64 one = {1}> {
      a = Identity (three)
      y = Range (zero, a, one)
    }`,
    `g (float[2] x) => (int64[M] y) <int64 zero = {0}, int64[1] three = {3}, int64 one = {1}, int64 "a/scalar" = {3}> {
      y = Range (zero, "a/scalar", one)
    }`,
  );
});
