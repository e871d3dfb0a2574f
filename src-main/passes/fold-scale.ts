/**
 * Mul, Div, Add and Sub with a constant a channel, behind a convolution or matrix product: affine maps, which go into
 * its weight and bias. A chain of them goes one after the other.
 * Source: Jacob et al. 2018, arXiv:1712.05877, section 3.2 (folding).
 */

import { elementCount, type Model, type Node } from '../onnx/ir';
import { readFloats } from './float-tensor';
import { type Affine, foldAffine, type LinearBefore } from './fold-affine';
import { constantOf, definePass, type PassResult, type Scope } from './pass';

export function foldScale(model: Model, isTarget: (node: Node) => boolean = () => true): Promise<PassResult> {
  return foldAffine(model, isTarget, 'Mul, Div, Add or Sub', readScale);
}

function readScale(node: Node, linear: LinearBefore, scope: Scope): Affine | string | false {
  const read = affineOf[node.opType];
  if (read === undefined) return false;
  const tensor = constantOf(scope, node.inputs[1 - linear.at] ?? '');
  if (tensor === undefined) return false;
  if (!actsOnChannels(tensor.shape, linear)) return 'it does not act channel by channel';
  const constant = readFloats(tensor);
  return constant === undefined ? false : read(constant, linear.at);
}

/** All dims 1 but the channels', and none beyond the rank, which would widen the result. */
function actsOnChannels(shape: readonly number[], { rank, channelAxis }: LinearBefore): boolean {
  if (elementCount(shape) === 1 && (rank === null ? shape.length === 0 : shape.length <= rank)) return true;
  if (rank === null || shape.length > rank) return false;
  const channel = shape.length - (channelAxis === -1 ? 1 : rank - 1);
  return shape.every((dim, axis) => dim === 1 || axis === channel);
}

const ones = ({ length }: Float64Array): Float64Array => new Float64Array(length).fill(1);
const zeros = ({ length }: Float64Array): Float64Array => new Float64Array(length);
const negated = (values: Float64Array): Float64Array => values.map((value) => -value);

/** The affine map of x ∘ c (`at` 0) or c ∘ x (`at` 1). */
const affineOf: Readonly<Record<string, (constant: Float64Array, at: number) => Affine | false>> = {
  Mul: (c) => ({ factor: c, shift: zeros(c) }),
  Div: (c, at) => (at === 0 && !c.includes(0) ? { factor: c.map((value) => 1 / value), shift: zeros(c) } : false),
  Add: (c) => ({ factor: ones(c), shift: c }),
  Sub: (c, at) => (at === 0 ? { factor: ones(c), shift: negated(c) } : { factor: negated(ones(c)), shift: c }),
};

export const foldScalePass = definePass({
  name: 'fold-scale',
  title: 'Fold scales and shifts',
  help: 'Puts multiplication and addition of a constant a channel into the weights before them.',
  source: 'arXiv:1712.05877, section 3.2',
  options: {},
  // As for BatchNormalization: one more rounding of the weights, and sums in another order.
  tolerance: 1e-4,
  run: (model, { isTarget }) => foldScale(model, isTarget),
});
