import { describe, expect, it } from 'vitest';
import { foldScale } from '../../../src-main/passes';
import { expectPass, expectUntouched } from '../../support/expect-pass';
import { expectSameOutputs, modelFromText, randomTensor } from '../../support/model-from-text';

describe('foldScale', () => {
  it('puts a chain of scales and shifts into a convolution', async () => {
    await expectPass(
      (model) => foldScale(model),
      `g (float[1, 1, 2, 2] x) => (float[1, 2, 2, 2] y)
      <float[2, 1, 1, 1] w = {1, 2}, float[1, 2, 1, 1] m = {2, 4}, float[2, 1, 1] a = {1, -1}, float half = {2}> {
        c = Conv (x, w)
        d = Mul (m, c)
        e = Add (d, a)
        f = Div (e, half)
        y = Relu (f)
      }`,
      // W' = W·m/2 and b' = a/2
      `g (float[1, 1, 2, 2] x) => (float[1, 2, 2, 2] y)
      <float[2, 1, 1, 1] w = {1, 4}, float[2] "Conv_0.bias" = {0.5, -0.5}> {
        f = Conv (x, w, "Conv_0.bias")
        y = Relu (f)
      }`,
      { tolerance: 1e-6 },
    );
  });

  it('folds into ConvTranspose with groups, Gemm with transB and MatMul', async () => {
    const model = modelFromText(
      `g (float[2, 4, 5, 5] x, float[3, 4] u, float[2, 3, 4] v) => (float[2, 6, 6, 6] y, float[3, 5] z, float[2, 3, 5] w)
      <float[1, 6, 1, 1] s = {1, 2, 3, 4, 5, 6}, float[5] t = {1, 2, 3, 4, 5}> {
        a = ConvTranspose <group = 2> (x, k)
        y = Mul (a, s)
        b = Gemm <transB = 1, alpha = 0.5, beta = 2.0> (u, g, h)
        z = Sub (t, b)
        c = MatMul (v, m)
        w = Mul (c, t)
      }`,
      [
        randomTensor('k', [4, 3, 2, 2], 1),
        randomTensor('g', [5, 4], 2),
        randomTensor('h', [5], 3),
        randomTensor('m', [4, 5], 4),
      ],
    );
    const { model: after, changed } = await foldScale(model);
    expect(changed).toBe(3);
    expect(after.graph.nodes.map(({ opType }) => opType)).toEqual(['ConvTranspose', 'Gemm', 'MatMul']);
    // Weights and sums are rounded once more: a few units of 2⁻²⁴.
    await expectSameOutputs(model, after, { tolerance: 1e-6 });
  });

  it('leaves what widens, what acts elsewhere, and what is read twice', async () => {
    const { skipped } = await expectUntouched(
      (model) => foldScale(model),
      `g (float[1, 1, 2, 2] x) => (float[1, 2, 2, 2] y, float[2, 1, 2, 2, 2] z, float[1, 2, 2, 2] v)
      <float[2, 1, 1, 1] w = {1, 2}, float[2] row = {1, 2}, float[2, 1, 1, 1, 1] wide = {1, 2}, float two = {2}> {
        a = Conv (x, w)
        y = Mul (a, row)
        b = Conv (x, w)
        z = Mul (b, wide)
        c = Conv (x, w)
        d = Mul (c, two)
        v = Add (c, d)
      }`,
    );
    expect(skipped.map(({ reason }) => reason.replaceAll(/".*?"/g, '…'))).toEqual([
      'it does not act channel by channel',
      'it does not act channel by channel',
      'what Conv … gives is used elsewhere too',
    ]);
  });
});
