import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Random } from '../../../../src-main/kernels/random';
import { readModel, readTensorBytes } from '../../../../src-main/onnx/file';
import type { Model, NdArray } from '../../../../src-main/onnx/ir';
import { openSession } from '../../../../src-main/onnx/session';
import { factor, settle } from '../../../../src-main/prune/criteria/sparse-gpt';
import { pruneStep } from '../../../../src-main/prune/step';
import { findWeights } from '../../../../src-main/prune/weights';
import { stepContext } from '../../../support/step-context';
import { openFor } from '../../../support/tiny-dataset';

describe('settle', () => {
  it('prunes one of two correlated inputs and lets the other make up, by hand', async () => {
    // Two inputs that are nearly the same, x₂ ≈ x₁: pruning the first should add its weight to the second.
    const products = Float64Array.of(100, 100, 100, 100.001);
    const upper = factor(products, 2, 'w');
    const w = Float32Array.of(0.25, 1); // [2 inputs, 1 output]
    await settle(w, upper, { features: 2, outputs: 1, positions: 1 }, 0.5, null);
    expect(w[0]).toBe(0);
    // λ = 0.01 · 2 · 100 holds back a hundredth: H₂₁ / H₂₂ = 200 / 202.
    expect(w[1]).toBeCloseTo(1 + 0.25 * (200 / 202), 4);
  });

  it('reaches the share of each block, and keeps to a pattern', async () => {
    const random = new Random(2);
    const [features, outputs] = [160, 6];
    const products = new Float64Array(features * features);
    for (let j = 0; j < features; j++) products[j * features + j] = 1 + random.uniform();
    const upper = factor(products, features, 'w');
    const fresh = () => Float32Array.from({ length: features * outputs }, () => random.normal());
    const w = fresh();
    await settle(w, upper, { features, outputs, positions: 1 }, 0.25, null);
    expect(w.filter((value) => value === 0)).toHaveLength(240);
    const patterned = fresh();
    await settle(patterned, upper, { features, outputs, positions: 1 }, 0, { n: 2, m: 4 });
    for (let group = 0; group < features; group += 4)
      for (let n = 0; n < outputs; n++) {
        const zeros = [0, 1, 2, 3].filter((i) => patterned[(group + i) * outputs + n] === 0);
        expect(zeros).toHaveLength(2);
      }
  });
});

/** Mean squared difference to the original's outputs on the first test rows. */
async function harm(original: Model, changed: Model, feeds: Record<string, NdArray>): Promise<number> {
  const outputs: Float32Array[] = [];
  for (const model of [original, changed]) {
    const session = await openSession(model);
    outputs.push((Object.values(await session.run(feeds))[0] as NdArray<'float32'>).data);
    await session.release();
  }
  const [a, b] = outputs as [Float32Array, Float32Array];
  return a.reduce((sum, value, at) => sum + (value - b[at]!) ** 2, 0) / a.length;
}

// 0.63 and 0.11 of magnitude's harm when measured; the rest is room for other rounding.
it.each(['langid-transformer', 'emoji-resnet'])('harms %s less than magnitude at the same sparsity', async (name) => {
  const folder = fileURLToPath(new URL(`../../../models/${name}`, import.meta.url));
  const model = await readModel(`${folder}/model.onnx`);
  const dataset = await openFor(model, folder);
  const context = stepContext(model, { dataset });
  const { feeds } = await dataset.test!.read(0, 32);
  const common = { sparsity: 0.5, minElements: 256 };
  const run = (method: string, options: object) => pruneStep.run(model, method, { ...common, ...options }, {}, context);
  const settled = await run('sparse-gpt', { pattern: 'none', samples: 32 });
  const magnitude = await run('magnitude', { scope: 'layer' });
  expect(settled.notes[0]).toMatch(/\(50\.\d %\)/);
  const [ours, plain] = [await harm(model, settled.model, feeds), await harm(model, magnitude.model, feeds)];
  expect(ours).toBeLessThan(0.75 * plain);
  const [first] = findWeights(settled.model, {}, 256).weights;
  expect(readTensorBytes(first!.tensor, 40, 80)).toEqual(readTensorBytes(first!.tensor).subarray(40, 80));
});
