import { it } from 'vitest';
import { foldShapes } from '../../../src-main/passes';
import { expectPass, expectUntouched } from '../../support/expect-pass';

it('folds known dims and leaves one open, as transformers reshape their heads', async () => {
  await expectPass(
    (model) => foldShapes(model),
    `g (float[batch, 6, 8] x) => (float[batch, 6, 2, 4] y, int64[2] z)
    <int64 zero = {0}, int64 one = {1}, int64[1] axis = {0}, int64[1] heads = {2}, int64[1] wide = {4}, int64[1] first = {1}, int64[1] last = {3}> {
      s = Shape (x)
      b = Gather (s, zero)
      t = Gather (s, one)
      bu = Unsqueeze (b, axis)
      tu = Unsqueeze (t, axis)
      target = Concat <axis = 0> (bu, tu, heads, wide)
      y = Reshape (x, target)
      z = Slice (s, first, last)
    }`,
    `g (float[batch, 6, 8] x) => (float[batch, 6, 2, 4] y, int64[2] z)
    <int64 zero = {0}, int64 one = {1}, int64[1] axis = {0}, int64[1] heads = {2}, int64[1] wide = {4}, int64[1] first = {1}, int64[1] last = {3},
     int64 t = {6}, int64[1] tu = {6}, int64[4] "y/shape" = {-1, 6, 2, 4}> {
      s = Shape (x)
      b = Gather (s, zero)
      bu = Unsqueeze (b, axis)
      target = Concat <axis = 0> (bu, tu, heads, wide)
      y = Reshape (x, "y/shape")
      z = Slice (s, first, last)
    }`,
    { dims: { batch: 3 } },
  );
});

it('copies dims that it knows to be the same', async () => {
  await expectPass(
    (model) => foldShapes(model),
    `g (float[batch, words, 8] x) => (float[batch, words, 2, 4] y) <int64[2] tail = {2, 4}, int64[1] zero = {0}, int64[1] two = {2}> {
      s = Shape (x)
      head = Slice (s, zero, two)
      target = Concat <axis = 0> (head, tail)
      y = Reshape (x, target)
    }`,
    `g (float[batch, words, 8] x) => (float[batch, words, 2, 4] y) <int64[2] tail = {2, 4}, int64[1] zero = {0}, int64[1] two = {2}, int64[4] "y/shape" = {0, 0, 2, 4}> {
      s = Shape (x)
      head = Slice (s, zero, two)
      target = Concat <axis = 0> (head, tail)
      y = Reshape (x, "y/shape")
    }`,
    { dims: { batch: 3, words: 5 } },
  );
});

it('does not guess: two open dims, or a dim that is computed with', async () => {
  await expectUntouched(
    (model) => foldShapes(model),
    `g (float[a, b] x, int64[2] t) => (float[b, a] y, float[p, q] z, int64[1] w) <int64 zero = {0}, int64 one = {1}, int64[1] axis = {0}, int64[1] two = {2}> {
      s = Shape (x)
      f = Gather (s, zero)
      g = Gather (s, one)
      fu = Unsqueeze (f, axis)
      gu = Unsqueeze (g, axis)
      swapped = Concat <axis = 0> (gu, fu)
      z = Reshape (x, t)
      w = Mul (fu, two)
      m = Identity (swapped)
      k = ReduceSum (m)
      y = Transpose <perm = [1, 0]> (x)
    }`,
  );
});

it('leaves a number that it cannot hold exactly to the runtime, as "to the end" is', async () => {
  await expectUntouched(
    (model) => foldShapes(model),
    `g (float[4] x) => (float[4] y) <int64 last = {9223372036854775807}, int64[1] zero = {0}, int64[1] axis = {0}> {
      end = Unsqueeze (last, axis)
      y = Slice (x, zero, end, axis)
    }`,
  );
});

it('leaves a division by zero', async () => {
  await expectUntouched(
    (model) => foldShapes(model, ({ opType }) => opType === 'Div'),
    `g (float[4] x) => (int64[1] y) {
      s = Shape (x)
      d = Sub (s, s)
      q = Div (s, d)
      y = Neg (q)
    }`,
  );
});
