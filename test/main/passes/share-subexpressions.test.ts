import { expect, it } from 'vitest';
import { shareSubexpressions } from '../../../src-main/passes';
import { expectPass, expectUntouched } from '../../support/expect-pass';

it('computes once what is the same down to the inputs, level by level', async () => {
  await expectPass(
    shareSubexpressions,
    `g (float[2, 3] x) => (float[3, 2] y) {
      a = Transpose <perm = [1, 0]> (x)
      b = Transpose <perm = [1, 0]> (x)
      c = Relu (a)
      d = Relu (b)
      y = Add (c, d)
    }`,
    `g (float[2, 3] x) => (float[3, 2] y) {
      a = Transpose <perm = [1, 0]> (x)
      c = Relu (a)
      y = Add (c, c)
    }`,
  );
});

it('tells attributes, inputs and random numbers apart, and keeps outputs', async () => {
  const { skipped } = await expectUntouched(
    shareSubexpressions,
    `g (float[2, 3] x) => (float[2, 3] a, float[2, 3] b, float[2, 3] c, float[2, 3] d, float[2, 3] y) {
      a = LeakyRelu <alpha = 0.1> (x)
      b = LeakyRelu <alpha = 0.2> (x)
      c = Sub (a, b)
      d = Sub (b, a)
      r = RandomNormalLike (x)
      s = RandomNormalLike (x)
      z = Sub (r, s)
      y = LeakyRelu <alpha = 0.1> (x)
    }`,
  );
  expect(skipped).toHaveLength(1);
});
