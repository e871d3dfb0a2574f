import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readModel } from '../../../src-main/onnx/file';
import { foldBatchNorm } from '../../../src-main/passes';
import { expectPass, expectUntouched } from '../../support/expect-pass';
import { expectSameOutputs } from '../../support/model-from-text';

const models = fileURLToPath(new URL('../../models', import.meta.url));

describe('foldBatchNorm', () => {
  for (const [id, count] of [
    ['mnist-cnn', 3],
    ['emoji-resnet', 15],
  ] as const) {
    it(`folds the ${count} of ${id} and keeps the outputs; twice changes nothing`, async () => {
      const before = await readModel(join(models, id, 'model-bn.onnx'));
      const { model: after, ...done } = await foldBatchNorm(before);
      expect(done).toMatchObject({
        eligible: count,
        changed: count,
        skipped: [],
        notes: [`folded ${count} BatchNormalization into Conv`],
      });
      expect(after.graph.nodes.some(({ opType }) => opType === 'BatchNormalization')).toBe(false);
      expect(after.graph.nodes.map(({ name }) => name)).toEqual(
        before.graph.nodes.filter(({ opType }) => opType !== 'BatchNormalization').map(({ name }) => name),
      );
      await expectSameOutputs(before, after, { tolerance: 1e-4 });
      const again = await foldBatchNorm(after);
      expect(again.model).toBe(after);
      expect(again.changed).toBe(0);
    });
  }

  it('folds by hand: γ/√(σ²+ε) into the weight, the rest into a bias', async () => {
    await expectPass(
      (model) => foldBatchNorm(model),
      `g (float[2, 2] x) => (float[2, 2] y)
      <float[2, 2] w = {1, 2, 3, 4}, float[2] gamma = {2, 3}, float[2] beta = {1, -1}, float[2] mean = {0.5, 2}, float[2] variance = {4, 9}> {
        a = MatMul (x, w)
        y = BatchNormalization <epsilon = 0.0> (a, gamma, beta, mean, variance)
      }`,
      // f = (2/2, 3/3), so the weight stays; b' = β − f·μ
      `g (float[2, 2] x) => (float[2, 2] y)
      <float[2, 2] w = {1, 2, 3, 4}, float[2] "MatMul_0.bias" = {0.5, -3}> {
        y = Gemm (x, w, "MatMul_0.bias")
      }`,
      { tolerance: 1e-6 },
    );
  });

  it('gives a shared weight a second, folded copy', async () => {
    await expectPass(
      (model) => foldBatchNorm(model),
      `g (float[1, 1, 2, 2] x) => (float[1, 1, 2, 2] y, float[1, 1, 2, 2] z)
      <float[1, 1, 1, 1] w = {3}, float[1] g = {2}, float[1] b = {1}, float[1] m = {0}, float[1] v = {1}> {
        z = Conv (x, w)
        c = Conv (x, w)
        y = BatchNormalization <epsilon = 0.0> (c, g, b, m, v)
      }`,
      `g (float[1, 1, 2, 2] x) => (float[1, 1, 2, 2] y, float[1, 1, 2, 2] z)
      <float[1, 1, 1, 1] w = {3}, float[1, 1, 1, 1] "w.folded" = {6}, float[1] "Conv_1.bias" = {1}> {
        z = Conv (x, w)
        y = Conv (x, "w.folded", "Conv_1.bias")
      }`,
      { tolerance: 1e-6 },
    );
  });

  it('leaves what is used elsewhere, is in training form, or has computed weights', async () => {
    const { skipped } = await expectUntouched(
      (model) => foldBatchNorm(model),
      `g (float[1, 1, 2, 2] x, float[1, 1, 1, 1] k) => (float[1, 1, 2, 2] c, float[1, 1, 2, 2] y, float[1, 1, 2, 2] u)
      <float[1, 1, 1, 1] w = {3}, float[1] g = {2}, float[1] b = {1}, float[1] m = {0}, float[1] v = {1}> {
        c = Conv (x, w)
        y = BatchNormalization (c, g, b, m, v)
        d = Conv (x, k)
        u = BatchNormalization (d, g, b, m, v)
      }`,
    );
    expect(skipped.map(({ reason }) => reason.replaceAll(/".*?"/g, '…'))).toEqual([
      'what Conv … gives is used elsewhere too',
      'the weight of Conv … is computed',
    ]);
  });
});
