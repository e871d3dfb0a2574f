/** Brings a model as it comes into the form that quantization starts from. */

import type { Model } from '../onnx/ir';
import {
  foldBatchNorm,
  foldConstants,
  foldScale,
  inlineFunctions,
  liftConstants,
  type PassResult,
  raiseOpset,
  resolveIf,
} from '../passes';
import { editGraphs } from './bodies';
import type { Tally } from './method';
import { isComputeNode } from './place';

/** Per-channel DequantizeLinear needs it. */
const neededOpset = 13;

/** Bytes of a weight that is worked out from other constants. */
const largestWeight = 2 ** 26;

/** In this order; each leaves the model as it is where it finds nothing to do. */
const passes: readonly ((model: Model) => PassResult | null | Promise<PassResult>)[] = [
  inlineFunctions,
  resolveIf,
  liftConstants,
  (model) => (hasComputedWeights(model) ? foldConstants(model, { maxBytes: largestWeight }) : null),
  foldBatchNorm,
  foldScale,
  (model) => ((model.opsets.get('') ?? 1) < neededOpset ? raiseOpset(model, neededOpset) : null),
];

/**
 * Functions are put in place of their calls, an If that never changes becomes its branch, weights in Constant nodes or
 * behind operators on constants become initializers, BatchNormalization and products and sums with constants go into
 * the layer before them, and the opset is raised where it is too old. What was done is noted.
 * @throws LatheError that names the node which has no equal in a newer opset
 */
export async function prepare(model: Model, tally: Tally): Promise<Model> {
  let prepared = model;
  for (const pass of passes) {
    const result = await pass(prepared);
    if (result === null) continue;
    for (const note of result.notes) tally.note(`Before: ${note}.`);
    prepared = result.model;
  }
  return prepared;
}

/** Whether a layer, in a body or not, reads weights that nodes make of constants. */
function hasComputedWeights(model: Model): boolean {
  let found = false;
  editGraphs(model.graph, ({ index, constants }) => {
    found ||= index.graph.nodes.some((node) => {
      const weights = isComputeNode(node) ? [1] : node.opType === 'LSTM' ? [1, 2] : [];
      return weights
        .map((at) => node.inputs[at] as string)
        .some((weight) => constants.tensor(weight) === undefined && constants.isFixed(weight));
    });
    return index.graph;
  });
  return found;
}
