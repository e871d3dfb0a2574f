/**
 * SparseGPT: prunes and lets the weights that stay make up for those that go.
 *
 * Source: Frantar, Alistarh, "SparseGPT: Massive Language Models Can Be Accurately Pruned in One-Shot"
 * (arXiv:2301.00774), algorithm 1. W [F, outputs]; H = 2·XᵀX + λ·I over the calibration data, λ one hundredth of the mean
 * of its diagonal; U upper with H⁻¹ = Uᵀ·U. Inputs are settled in blocks of 128: within a block the smallest
 * w² / U_jj² go, and W_i −= U_ji · w_j / U_jj for the inputs i after a pruned input j.
 */

import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { LatheError, portion } from '../../contract';
import {
  afterTies,
  dampedInverse,
  inverseUpperCholesky,
  maskBelow,
  maskNOfM,
  pruneInputs,
  selectMagnitude,
  transpose,
} from '../../kernels';
import { spill } from '../../onnx/file';
import { elementCount, type Tensor } from '../../onnx/ir';
import type { FeatureLayout } from '../features';
import { packFloats, readFloats } from '../float-parts';
import { pruneMethod } from '../method';
import { dataNotes, observable } from '../observable';
import { observe } from '../observe';
import { minElements, optionalPattern, type Pattern, patternOf, samples, sparsity } from '../options';
import { type PrunedWeight, pruneOutcome } from '../outcome';
import { findWeights, setAside } from '../weights';

/** Inputs that are settled together. */
const BLOCK = 128;
/** λ as a share of the mean of H's diagonal. */
const damping = 0.01;
/** H is held in float64, at most 256 MB of it. */
const mostFeatures = 5792;

export const sparseGpt = pruneMethod({
  name: 'sparse-gpt',
  title: 'SparseGPT (weights make up for each other)',
  help: 'Prunes and adjusts the weights that stay, so that each layer’s outputs change least. The gentlest without training; takes minutes on large layers and needs calibration samples.',
  source: 'arXiv:2301.00774',
  data: 'calibration',
  options: { sparsity, pattern: optionalPattern, samples, minElements },
  async run(model, options, targets, context) {
    const seen = observable(findWeights(model, targets, options.minElements), options.pattern);
    const layouts = new Map(seen.observed.map(({ weight, layout }) => [weight, layout]));
    const found = setAside(seen.found, (weight) => tooWide(layouts.get(weight) as FeatureLayout));
    const observed = found.weights.map((weight) => ({ weight, layout: layouts.get(weight) as FeatureLayout }));
    const products = await observe(model, observed, 'products', options.samples, context, portion(context, 0, 0.5));
    const pattern = options.pattern === 'none' ? null : patternOf(options.pattern);
    const folder = mkdtempSync(join(context.workDir, 'sparse-gpt-'));
    const pruned: PrunedWeight[] = [];
    for (const [at, { weight, layout }] of observed.entries()) {
      await new Promise(setImmediate);
      context.signal.throwIfAborted();
      context.progress({ phase: 'Pruning', fraction: 0.5 + (0.5 * at) / observed.length, detail: weight.name });
      const w = inputsFirst(readFloats(weight.tensor, 0, elementCount(weight.tensor.shape)), layout);
      const upper = factor(products.get(weight) as Float64Array, layout.features, weight.name);
      products.delete(weight);
      await settle(w, upper, layout, options.sparsity, pattern);
      const tensor = spilled(weight.tensor, outputsBack(w, layout), join(folder, `${at}.bin`));
      pruned.push({ weight, tensor });
    }
    context.progress({ phase: 'Pruning', fraction: 1 });
    return pruneOutcome(model, found, pruned, dataNotes(context), context.signal);
  },
});

function tooWide({ features, groups }: FeatureLayout): string | null {
  if (groups > 1) return 'grouped convolutions are left to other methods';
  if (features > mostFeatures) return `its neurons have ${features} inputs, more than ${mostFeatures}`;
  return null;
}

/** W [F, outputs], a copy. */
function inputsFirst(values: Float32Array, { features, outputs, rowPerOutput }: FeatureLayout): Float32Array {
  if (!rowPerOutput) return values.slice();
  const w = new Float32Array(values.length);
  transpose(values, outputs, features, w);
  return w;
}

function outputsBack(w: Float32Array, { features, outputs, rowPerOutput }: FeatureLayout): Float32Array {
  if (!rowPerOutput) return w;
  const values = new Float32Array(w.length);
  transpose(w, features, outputs, values);
  return values;
}

/**
 * U of H = 2·XᵀX + λ·I.
 * @param products XᵀX [F, F]
 */
export function factor(products: Float64Array, features: number, name: string): Float64Array {
  const h = products.map((value) => 2 * value);
  const upper = dampedInverse(h, features, damping, inverseUpperCholesky);
  if (upper !== null) return upper;
  throw new LatheError({
    who: `weight "${name}"`,
    what: 'the products of its inputs have no Cholesky factor',
    next: 'give more calibration samples, or exclude the node',
    code: 'failed',
  });
}

/** Prunes W [F, outputs] in place, block by block. */
export async function settle(
  w: Float32Array,
  upper: Float64Array,
  { features, outputs, positions }: Pick<FeatureLayout, 'features' | 'outputs' | 'positions'>,
  sparsity: number,
  pattern: Pattern | null,
): Promise<void> {
  const unit = pattern === null ? 1 : pattern.m * positions;
  const block = Math.max(1, Math.floor(BLOCK / unit)) * unit;
  for (let from = 0; from < features; from += block) {
    const to = Math.min(features, from + block);
    const scores = new Float32Array((to - from) * outputs);
    for (let j = from; j < to; j++) {
      const pivot = upper[j * features + j]!;
      for (let n = 0; n < outputs; n++) scores[(j - from) * outputs + n] = w[j * outputs + n]! / pivot;
    }
    const mask = new Uint8Array(scores.length);
    if (pattern === null) {
      const { threshold, ties } = await selectMagnitude(() => [scores], Math.round(sparsity * scores.length));
      maskBelow(scores, threshold, afterTies(scores, threshold, ties).end, mask);
    } else {
      maskNOfM(scores, (to - from) / positions, positions * outputs, pattern.n, pattern.m, mask);
    }
    pruneInputs(w, upper, features, outputs, from, to, mask);
  }
}

/** The tensor with other values, kept in a file of the job. */
function spilled(tensor: Tensor, values: Float32Array, file: string): Tensor {
  return { ...tensor, data: spill(packFloats(tensor, values), file) };
}
