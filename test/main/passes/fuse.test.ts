import { describe, expect, it } from 'vitest';
import { fuse } from '../../../src-main/passes';
import { expectPass, expectUntouched } from '../../support/expect-pass';

const layerNorm = (opset: number): string => `<ir_version: 8, opset_import: ["" : ${opset}]>
  g (float[2, 4] x) => (float[2, 4] y) <float two = {2}, float eps = {0.00001}, float[4] w = {1, 2, 3, 4}, float[4] b = {4, 3, 2, 1}> {
    m = ReduceMean <axes = [-1]> (x)
    d = Sub (x, m)
    s = Pow (d, two)
    v = ReduceMean <axes = [-1]> (s)
    e = Add (v, eps)
    r = Sqrt (e)
    n = Div (d, r)
    a = Mul (n, w)
    y = Add (a, b)
  }`;

const gelu = (opset: number): string => `<ir_version: 10, opset_import: ["" : ${opset}]>
  g (float[2, 4] x) => (float[2, 4] y) <float root = {1.4142135}, float one = {1}, float half = {0.5}> {
    a = Div (x, root)
    b = Erf (a)
    c = Add (b, one)
    d = Mul (x, c)
    y = Mul (d, half)
  }`;

const standardOnly = (model: Parameters<typeof fuse>[0]) => fuse(model, { nonStandard: false });

describe('fuse', () => {
  it('puts LayerNormalization together where the opset has it', async () => {
    await expectPass(
      standardOnly,
      layerNorm(17),
      `<ir_version: 8, opset_import: ["" : 17]>
      g (float[2, 4] x) => (float[2, 4] y) <float two = {2}, float eps = {0.00001}, float[4] w = {1, 2, 3, 4}, float[4] b = {4, 3, 2, 1}> {
        y = LayerNormalization <axis = -1, epsilon = 0.00001> (x, w, b)
      }`,
      { tolerance: 1e-6 },
    );
    const { skipped } = await expectUntouched(standardOnly, layerNorm(16));
    expect(skipped[0]?.reason).toMatch(/LayerNormalization needs opset 17/);
  });

  it('puts Gelu together, by the operator of onnxruntime only on request', async () => {
    const expected = (
      opset: number,
      op: string,
      domains: string,
    ): string => `<ir_version: 10, opset_import: ["" : ${opset}${domains}]>
      g (float[2, 4] x) => (float[2, 4] y) <float root = {1.4142135}, float one = {1}, float half = {0.5}> { y = ${op} (x) }`;
    await expectPass(standardOnly, gelu(20), expected(20, 'Gelu', ''), { tolerance: 1e-6 });
    await expectUntouched(standardOnly, gelu(14));
    const { notes } = await expectPass(
      (model) => fuse(model, { nonStandard: true }),
      gelu(14),
      expected(14, 'com.microsoft.Gelu', ', "com.microsoft" : 1'),
      { tolerance: 1e-6 },
    );
    expect(notes.at(-1)).toMatch(/outside the ONNX standard and runs in onnxruntime only/);
  });

  it('keeps pieces whose values are used elsewhere', async () => {
    const { skipped } = await expectUntouched(
      standardOnly,
      gelu(20).replace('(float[2, 4] y)', '(float[2, 4] y, float[2, 4] c)'),
    );
    expect(skipped[0]?.reason).toBe('"c" between its pieces is used elsewhere too');
  });

  it('puts RMSNormalization together from opset 23 on', async () => {
    const before = `<ir_version: 11, opset_import: ["" : 23]>
      g (float[2, 4] x) => (float[2, 4] y) <int64[1] last = {-1}, float eps = {0.000001}, float[4] w = {1, 2, 3, 4}> {
        s = Mul (x, x)
        v = ReduceMean (s, last)
        e = Add (v, eps)
        r = Sqrt (e)
        i = Reciprocal (r)
        n = Mul (x, i)
        y = Mul (n, w)
      }`;
    await expectPass(
      standardOnly,
      before,
      `<ir_version: 11, opset_import: ["" : 23]>
      g (float[2, 4] x) => (float[2, 4] y) <int64[1] last = {-1}, float eps = {0.000001}, float[4] w = {1, 2, 3, 4}> {
        y = RMSNormalization <axis = -1, epsilon = 0.000001> (x, w)
      }`,
      { tolerance: 1e-6 },
    );
  });
});
