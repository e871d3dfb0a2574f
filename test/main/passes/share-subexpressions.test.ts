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

it('tells infinities, NaN and signed zeros of attributes apart', async () => {
  await expectUntouched(
    shareSubexpressions,
    `<ir_version: 8, opset_import: ["" : 10]>
    g (float[2] x) => (float[3] y, float[2] z) {
      a = Pad <pads = [0, 1], value = inf> (x)
      b = Pad <pads = [0, 1], value = -inf> (x)
      y = Max (a, b)
      c = LeakyRelu <alpha = 0.0> (x)
      d = LeakyRelu <alpha = -0.0> (x)
      z = Div (c, d)
    }`,
  );
});

it('leaves calls of functions that are random, at any depth', async () => {
  await expectPass(
    shareSubexpressions,
    `<ir_version: 10, opset_import: ["" : 21, "own" : 1]>
    g (float[2] x) => (float[2] y) {
      a = own.noisy (x)
      b = own.noisy (x)
      c = own.plain (x)
      d = own.plain (x)
      n = Sub (a, b)
      z = Mul (n, c)
      zero = Sub (z, z)
      y = Add (zero, d)
    }
    <domain: "own", opset_import: ["" : 21, "own" : 1]>
    noisy (u) => (v) { r = own.noise (u) v = Add (u, r) }
    <domain: "own", opset_import: ["" : 21]>
    noise (s) => (t) { t = RandomNormalLike (s) }
    <domain: "own", opset_import: ["" : 21]>
    plain (p) => (q) { q = Abs (p) }`,
    `<ir_version: 10, opset_import: ["" : 21, "own" : 1]>
    g (float[2] x) => (float[2] y) {
      a = own.noisy (x)
      b = own.noisy (x)
      c = own.plain (x)
      n = Sub (a, b)
      z = Mul (n, c)
      zero = Sub (z, z)
      y = Add (zero, c)
    }
    <domain: "own", opset_import: ["" : 21, "own" : 1]>
    noisy (u) => (v) { r = own.noise (u) v = Add (u, r) }
    <domain: "own", opset_import: ["" : 21]>
    noise (s) => (t) { t = RandomNormalLike (s) }
    <domain: "own", opset_import: ["" : 21]>
    plain (p) => (q) { q = Abs (p) }`,
  );
});
