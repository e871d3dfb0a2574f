import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Random } from '../../../../src-main/kernels/random';
import { readModel, readTensor } from '../../../../src-main/onnx/file';
import { floatTensor, makeNode, type NdArray, type Tensor } from '../../../../src-main/onnx/ir';
import type { BitMask } from '../../../../src-main/prune/bit-mask';
import { layerMask, neuronMask, patternMask, wandaScores } from '../../../../src-main/prune/criteria/wanda';
import type { FeatureLayout } from '../../../../src-main/prune/features';
import { pruneStep } from '../../../../src-main/prune/step';
import { smallGraph, smallModel } from '../../../support/small-model';
import { stepContext } from '../../../support/step-context';
import { openFor, tinyDataset } from '../../../support/tiny-dataset';

const rows: FeatureLayout = { features: 4, positions: 1, outputs: 2, groups: 1, rowPerOutput: true };
const scoresOf = (values: number[], norms: number[], layout: FeatureLayout) =>
  wandaScores(Float32Array.from(values), Float32Array.from(norms), layout);
const bits = (mask: BitMask) => Array.from({ length: mask.length }, (_, place) => (mask.isKept(place) ? 1 : 0));

describe('wanda', () => {
  const values = [4, -1, 1, 0.125, -1, 5, 0.25, 0.5];
  const norms = [1, 2, 3, 16];

  it('scores by hand: size times norm', () => {
    expect([...scoresOf(values, norms, rows)]).toEqual([4, 2, 3, 2, 1, 10, 0.75, 8]);
  });

  it('scores the same weight laid out by columns', () => {
    const byColumns = [0, 4, 1, 5, 2, 6, 3, 7].map((at) => values[at] as number); // [features, outputs]
    const scores = scoresOf(byColumns, norms, { ...rows, rowPerOutput: false });
    expect([...scores]).toEqual([4, 1, 2, 10, 3, 0.75, 2, 8]);
  });

  it('gives each group of a convolution its own norms', () => {
    const grouped: FeatureLayout = { features: 2, positions: 1, outputs: 2, groups: 2, rowPerOutput: true };
    expect([...scoresOf([1, 1, 1, 1], [1, 2, 4, 3], grouped)]).toEqual([1, 2, 4, 3]);
  });

  it('takes the share from each neuron, or from the layer, the earlier of equals first', () => {
    const scores = scoresOf(values, norms, rows);
    expect(bits(neuronMask(scores, rows, 0.5))).toEqual([1, 0, 1, 0, 0, 1, 0, 1]);
    expect(bits(layerMask(scores, 0.375))).toEqual([1, 0, 1, 1, 0, 1, 0, 1]);
    expect(bits(layerMask(scores, 0))).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
  });

  it('does not change when an input is scaled and its weights are scaled back, as the paper claims', () => {
    const factors = [8, 0.25, 2, 0.5]; // powers of two: nothing is rounded
    const scaled = values.map((value, at) => value / factors[at % 4]!);
    const scaledNorms = norms.map((norm, at) => norm * factors[at]!);
    expect(scoresOf(scaled, scaledNorms, rows)).toEqual(scoresOf(values, norms, rows));
  });

  it('keeps to a pattern along the input channels, in both layouts', () => {
    const conv: FeatureLayout = { features: 4, positions: 2, outputs: 1, groups: 1, rowPerOutput: true };
    expect(bits(patternMask(Float32Array.of(1, 8, 2, 7), conv, { n: 1, m: 2 }))).toEqual([0, 1, 1, 0]);
    const matrix: FeatureLayout = { features: 2, positions: 1, outputs: 2, groups: 1, rowPerOutput: false };
    expect(bits(patternMask(Float32Array.of(1, 8, 2, 7), matrix, { n: 1, m: 2 }))).toEqual([0, 1, 1, 0]);
  });
});

it('keeps the small weights of a large input, which magnitude gives up', async () => {
  const random = new Random(1);
  const x = Float32Array.from({ length: 64 * 32 }, (_, at) => random.normal() * (at % 32 === 5 ? 100 : 1)); // [64, 32]
  const w = Float32Array.from({ length: 32 * 16 }, (_, at) => random.normal() * (Math.floor(at / 16) === 5 ? 0.1 : 1));
  const model = smallModel(
    smallGraph([makeNode('MatMul', 'm', ['x', 'w'], ['y'])], [floatTensor('w', [32, 16], w)], {
      inputs: { x: ['n', 32] },
      outputs: { y: ['n', 16] },
    }),
  );
  const dataset = await tinyDataset(model, { x: { dtype: 'float32', shape: [64, 32], data: x } });
  const context = stepContext(model, { dataset });
  const run = async (method: string, options: object) => {
    const given = { sparsity: 0.5, minElements: 0, ...options };
    const { model: pruned } = await pruneStep.run(model, method, given, {}, context);
    return (readTensor(pruned.graph.initializers.get('w') as Tensor) as NdArray<'float32'>).data;
  };
  /** Σ (x·W − x·Ŵ)². */
  const harm = (settled: Float32Array) => {
    let sum = 0;
    for (let row = 0; row < 64; row++)
      for (let n = 0; n < 16; n++) {
        let difference = 0;
        for (let k = 0; k < 32; k++) difference += x[row * 32 + k]! * (w[k * 16 + n]! - settled[k * 16 + n]!);
        sum += difference ** 2;
      }
    return sum;
  };
  const magnitude = harm(await run('magnitude', { scope: 'layer' }));
  for (const scope of ['layer', 'neuron'])
    expect(harm(await run('wanda', { scope, pattern: 'none', samples: 64 }))).toBeLessThan(0.1 * magnitude);
});

it('works on convolutions and transformers, and says what it cannot look at', async () => {
  const folder = fileURLToPath(new URL('../../../models/glyph-vit', import.meta.url));
  const model = await readModel(`${folder}/model.onnx`);
  const context = stepContext(model, { dataset: await openFor(model, folder) });
  const options = { sparsity: 0.5, scope: 'layer', pattern: 'none', samples: 16, minElements: 256 };
  const { changed, eligible, notes } = await pruneStep.run(model, 'wanda', options, {}, context);
  expect([changed, eligible]).toEqual([27, 27]);
  expect(notes[0]).toMatch(/\(50\.0 %\)/);
});
