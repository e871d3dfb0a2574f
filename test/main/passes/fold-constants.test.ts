import { expect, it } from 'vitest';
import { foldConstants } from '../../../src-main/passes';
import { expectPass, expectUntouched } from '../../support/expect-pass';

it('computes by onnxruntime what depends on constants alone, in bodies too', async () => {
  await expectPass(
    (model) => foldConstants(model),
    `g (bool k, float[2] x) => (float[2] y) <float[2] a = {1, 2}, float[2] b = {3, 5}> {
      c = Mul (a, b)
      d = Neg (c)
      p = Add (x, d)
      y = If (k) <
        then_branch = then () => (float[2] u) { w = Add (a, b) u = Mul (p, w) },
        else_branch = else () => (float[2] v) { v = Neg (p) }
      >
    }`,
    `g (bool k, float[2] x) => (float[2] y) <float[2] a = {1, 2}, float[2] b = {3, 5}, float[2] d = {-3, -10}> {
      p = Add (x, d)
      y = If (k) <
        then_branch = then () => (float[2] u) <float[2] w = {4, 7}> { u = Mul (p, w) },
        else_branch = else () => (float[2] v) { v = Neg (p) }
      >
    }`,
  );
});

it('leaves what would grow the file, quantized weights, and random numbers', async () => {
  const { skipped } = await expectUntouched(
    (model) => foldConstants(model, { maxBytes: 16 }),
    `g (float[8] x) => (float[8] y, float[8] z, float[8] w)
    <float[1] a = {1}, int64[1] n = {8}, int8[8] q = {1, 2, 3, 4, 5, 6, 7, 8}, float s = {0.5}, int64[1] shape = {8}> {
      e = Expand (a, n)
      y = Add (x, e)
      d = DequantizeLinear (q, s)
      z = Add (x, d)
      r = ConstantOfShape (shape)
      w = Add (x, r)
    }`,
  );
  expect(skipped.map(({ reason }) => reason)).toEqual([
    'its result of 32 bytes is larger than what it is made from',
    'its result of 32 bytes is larger than what it is made from',
  ]);
});

it('computes inside functions at their own opset, but nothing that a caller decides', async () => {
  await expectPass(
    (model) => foldConstants(model),
    `<ir_version: 10, opset_import: ["" : 21, "own" : 1]>
    g (float[2] x) => (float[2] y) { y = own.f <slope = 0.5> (x) }
    <domain: "own", opset_import: ["" : 13]>
    f <slope> (u) => (v) {
      a = Constant <value = float[2] {-1, 2}> ()
      b = Neg (a)
      c = LeakyRelu <alpha: float = @slope> (a)
      d = Mul (u, b)
      v = Add (d, c)
    }`,
    `<ir_version: 10, opset_import: ["" : 21, "own" : 1]>
    g (float[2] x) => (float[2] y) { y = own.f <slope = 0.5> (x) }
    <domain: "own", opset_import: ["" : 13]>
    f <slope> (u) => (v) {
      a = Constant <value = float[2] {-1, 2}> ()
      c = LeakyRelu <alpha: float = @slope> (a)
      b = Constant <value = float[2] b = {1, -2}> ()
      d = Mul (u, b)
      v = Add (d, c)
    }`,
  );
});
