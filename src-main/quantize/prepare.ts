/** Brings a model as it comes into the form that quantization starts from. */

import type { Model, Node } from '../onnx/ir';
import {
  eliminateDeadNodes,
  eliminateNoOps,
  foldBatchNorm,
  foldConstants,
  foldScale,
  foldShapes,
  inlineFunctions,
  liftConstants,
  type PassResult,
  raiseOpset,
  resolveIf,
  shareSubexpressions,
} from '../passes';
import { editGraphs } from './bodies';
import type { Tally } from './method';
import { isComputeNode } from './place';

/** Per-channel DequantizeLinear needs it. */
const neededOpset = 13;

/** Bytes of a weight that is worked out from other constants. */
const largestWeight = 2 ** 26;

type Preparation = (model: Model) => PassResult | null | Promise<PassResult | null>;

/**
 * Functions are put in place of their calls, an If that never changes becomes its branch, weights in Constant nodes or
 * behind operators on constants become initializers, BatchNormalization goes into the layer before it, and the opset is
 * raised where it is too old. What was done is noted.
 * @param weightsOf the weights of a node that will become integers
 * @throws LatheError that names the node which has no equal in a newer opset
 */
export async function prepare(model: Model, tally: Tally, weightsOf = weightsOfLayers): Promise<Model> {
  return inTurn(model, tally, [
    inlineFunctions,
    resolveIf,
    liftConstants,
    (lifted) => foldWeights(lifted, weightsOf),
    foldBatchNorm,
    (folded) => ((folded.opsets.get('') ?? 1) < neededOpset ? raiseOpset(folded, neededOpset) : null),
  ]);
}

/**
 * The same where layers become integer kernels, which take products and sums with constants in themselves as well. What
 * works out shapes that are known goes too: once the products are fast, a hundred such nodes cost as much as they do.
 */
export async function prepareLayers(model: Model, tally: Tally, weightsOf = weightsOfLayers): Promise<Model> {
  const prepared = await inTurn(await prepare(model, tally, weightsOf), tally, [foldScale]);
  if (!prepared.graph.nodes.some(({ opType, domain }) => opType === 'Shape' && domain === '')) return prepared;
  return inTurn(prepared, tally, [foldShapes, eliminateNoOps, shareSubexpressions, eliminateDeadNodes]);
}

/** Each leaves the model as it is where it finds nothing to do. */
async function inTurn(model: Model, tally: Tally, passes: readonly Preparation[]): Promise<Model> {
  let prepared = model;
  for (const pass of passes) {
    const result = await pass(prepared);
    if (result === null) continue;
    for (const note of result.notes) tally.note(`Before: ${note}.`);
    prepared = result.model;
  }
  return prepared;
}

/** The values that a layer of static int8 multiplies with. */
function weightsOfLayers(node: Node): readonly string[] {
  return isComputeNode(node) ? node.inputs.slice(1, 2) : [];
}

/** Works out the weights that nodes make of constants, in bodies too; nothing else, which would only take more room. */
async function foldWeights(model: Model, weightsOf: (node: Node) => readonly string[]): Promise<PassResult | null> {
  const wanted = new Set<string>();
  editGraphs(model.graph, ({ index, constants }) => {
    const open = index.graph.nodes
      .flatMap(weightsOf)
      .filter((weight) => constants.tensor(weight) === undefined && constants.isFixed(weight));
    for (let value = open.pop(); value !== undefined; value = open.pop()) {
      const maker = index.producer(value);
      if (maker === undefined || wanted.has(maker.name)) continue;
      wanted.add(maker.name);
      open.push(...maker.inputs);
    }
    return index.graph;
  });
  return wanted.size === 0 ? null : foldConstants(model, { maxBytes: largestWeight }, ({ name }) => wanted.has(name));
}
