/**
 * Wanda: weights are judged by their size times the size of what they are multiplied with.
 *
 * Source: Sun, Liu, Bair, Kolter, "A Simple and Effective Pruning Approach for Large Language Models" (arXiv:2306.11695),
 * equation 1: S_ij = |W_ij| · ‖X_j‖₂. For a convolution X_j is a position of the patch. Compared within each output i, as
 * the paper does for language models, or over the whole layer, which suits image models better (its section 5).
 */

import { portion } from '../../contract';
import { maskNOfM } from '../../kernels';
import { elementCount } from '../../onnx/ir';
import { BitMask } from '../bit-mask';
import type { FeatureLayout } from '../features';
import { readFloats } from '../float-parts';
import { maskedTensor } from '../masked-tensor';
import { pruneMethod } from '../method';
import { dataNotes, observable } from '../observable';
import { observe } from '../observe';
import { minElements, optionalPattern, type Pattern, patternOf, samples, sparsity } from '../options';
import { type PrunedWeight, pruneOutcome } from '../outcome';
import { findWeights } from '../weights';

export const wanda = pruneMethod({
  name: 'wanda',
  title: 'Wanda (activation-aware)',
  help: 'Prunes by size of weight times size of its input. Made for large language models, where some inputs are far larger than others; on small networks magnitude and SparseGPT do better. Needs calibration samples.',
  source: 'arXiv:2306.11695',
  data: 'calibration',
  options: {
    sparsity,
    scope: {
      kind: 'choice',
      title: 'Compared within',
      help: 'Each layer takes the share from the layer as a whole, which is gentler on small and on image models; each neuron takes it from every neuron, as the paper does for language models.',
      default: 'layer',
      choices: [
        { value: 'layer', title: 'Each layer' },
        { value: 'neuron', title: 'Each neuron' },
      ],
    },
    pattern: optionalPattern,
    samples,
    minElements,
  },
  async run(model, options, targets, context) {
    const { found, observed } = observable(findWeights(model, targets, options.minElements), options.pattern);
    const squares = await observe(model, observed, 'squares', options.samples, context, portion(context, 0, 0.6));
    const pattern = options.pattern === 'none' ? null : patternOf(options.pattern);
    const pruned: PrunedWeight[] = [];
    for (const [at, { weight, layout }] of observed.entries()) {
      await new Promise(setImmediate);
      context.signal.throwIfAborted();
      context.progress({ phase: 'Pruning', fraction: 0.6 + (0.4 * at) / observed.length, detail: weight.name });
      const scores = wandaScores(
        readFloats(weight.tensor, 0, elementCount(weight.tensor.shape)),
        Float32Array.from(squares.get(weight) as Float64Array, Math.sqrt),
        layout,
      );
      const mask =
        pattern !== null
          ? patternMask(scores, layout, pattern)
          : options.scope === 'layer'
            ? layerMask(scores, options.sparsity)
            : neuronMask(scores, layout, options.sparsity);
      pruned.push({ weight, tensor: maskedTensor(weight.tensor, mask.fill) });
    }
    context.progress({ phase: 'Pruning', fraction: 1 });
    return pruneOutcome(model, found, pruned, dataNotes(context), context.signal);
  },
});

/** S in the places of W. @param norms [groups · F]: ‖X_j‖₂ */
export function wandaScores(values: Float32Array, norms: Float32Array, layout: FeatureLayout): Float32Array {
  const { features, outputs, groups } = layout;
  const scores = new Float32Array(values.length);
  for (let output = 0; output < outputs; output++) {
    const { start, stride } = placesOf(output, layout);
    const firstNorm = Math.floor((output * groups) / outputs) * features;
    for (let j = 0, at = start; j < features; j++, at += stride)
      scores[at] = Math.abs(values[at]!) * norms[firstNorm + j]!;
  }
  return scores;
}

/** Where the weights of an output lie. */
function placesOf(
  output: number,
  { features, outputs, rowPerOutput }: FeatureLayout,
): { start: number; stride: number } {
  return rowPerOutput ? { start: output * features, stride: 1 } : { start: output, stride: outputs };
}

/** Prunes the smallest scores of all. */
export function layerMask(scores: Float32Array, sparsity: number): BitMask {
  const mask = new BitMask(scores.length);
  smallest(scores, Math.round(sparsity * scores.length), (at) => mask.prune(at));
  return mask;
}

/** Prunes the smallest scores of each output. */
export function neuronMask(scores: Float32Array, layout: FeatureLayout, sparsity: number): BitMask {
  const mask = new BitMask(scores.length);
  const own = new Float32Array(layout.features);
  for (let output = 0; output < layout.outputs; output++) {
    const { start, stride } = placesOf(output, layout);
    for (let j = 0; j < own.length; j++) own[j] = scores[start + j * stride]!;
    smallest(own, Math.round(sparsity * own.length), (j) => mask.prune(start + j * stride));
  }
  return mask;
}

/** Keeps the largest n of each m input channels. */
export function patternMask(scores: Float32Array, layout: FeatureLayout, { n, m }: Pattern): BitMask {
  const { features, positions, outputs, rowPerOutput } = layout;
  const kept = new Uint8Array(scores.length);
  maskNOfM(scores, features / positions, rowPerOutput ? positions : outputs, n, m, kept);
  const mask = new BitMask(scores.length);
  for (let at = 0; at < kept.length; at++) if (kept[at] === 0) mask.prune(at);
  return mask;
}

/** Calls `prune` with the places of the `count` smallest scores, of equals the earlier. */
function smallest(scores: Float32Array, count: number, prune: (place: number) => void): void {
  if (count === 0) return;
  const threshold = scores.slice().sort()[count - 1]!;
  let left = count;
  for (let at = 0; at < scores.length; at++) {
    if (scores[at]! >= threshold) continue;
    prune(at);
    left--;
  }
  for (let at = 0; at < scores.length && left > 0; at++) {
    if (scores[at] !== threshold) continue;
    prune(at);
    left--;
  }
}
