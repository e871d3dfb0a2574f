/**
 * BatchNormalization at inference is y = γ·(x − μ)/√(σ² + ε) + β, an affine map a channel, so behind a convolution or
 * matrix product it goes into weight and bias:
 *
 *   f = γ/√(σ² + ε)      W' = W·f      b' = (b − μ)·f + β      (one f, μ, β an output channel)
 *
 * Source: Jacob et al. 2018, arXiv:1712.05877, section 3.2 (folding); ONNX BatchNormalization.
 */

import { attributes, type Model, makeNode, type Node, Patch, type Tensor, type TypeInfo } from '../onnx/ir';
import { valueTypes } from '../onnx/session';
import { floatsTensor, isFloatType, readFloats } from './float-tensor';
import { constantOf, definePass, editGraphs, isStandard, type PassResult, type Scope, Tally } from './pass';
import { alongAxis, type ChannelFactors, scaleTensor } from './scale-tensor';
import { withoutUnusedInitializers } from './unused-initializers';

const { intOf, floatOf } = attributes;

/** y = factor·x + shift, one of each a channel. */
interface Affine {
  readonly factor: Float64Array;
  readonly shift: Float64Array;
}

/**
 * Folds every BatchNormalization that stands alone behind a Conv, ConvTranspose, Gemm or MatMul with constant weights.
 * @param isTarget which BatchNormalizations may go
 */
export async function foldBatchNorm(model: Model, isTarget: (node: Node) => boolean = () => true): Promise<PassResult> {
  const tally = new Tally();
  const behind = new Map<string, number>();
  const types = await typesIfNeeded(model);
  const after = editGraphs(model, (scope) => {
    const patch = new Patch(scope.graph);
    const folded = new Set<string>();
    for (const norm of scope.graph.nodes) {
      if (norm.opType !== 'BatchNormalization' || !isStandard(norm) || !isTarget(norm)) continue;
      const linear = scope.index.producer(norm.inputs[0] ?? '');
      if (linear === undefined || !(linear.opType in folders) || !isStandard(linear)) continue;
      tally.eligible++;
      const reason =
        scope.kind === 'function' ? 'a function holds no weights' : foldOne(norm, linear, scope, patch, types);
      if (reason !== null) {
        tally.skip(norm, reason);
        continue;
      }
      tally.changed++;
      for (const name of [...norm.inputs, ...linear.inputs]) folded.add(name);
      behind.set(linear.opType, (behind.get(linear.opType) ?? 0) + 1);
    }
    return patch.isEmpty ? scope.graph : withoutUnusedInitializers(patch.apply(), (name) => folded.has(name));
  });
  const notes = [...behind].map(([op, count]) => `folded ${count} BatchNormalization into ${op}`);
  return tally.result(after, notes);
}

/** Ranks decide only behind a MatMul. */
async function typesIfNeeded(model: Model): Promise<ReadonlyMap<string, TypeInfo>> {
  const products = new Set(model.graph.nodes.flatMap(({ opType, outputs }) => (opType === 'MatMul' ? outputs : [])));
  const isNeeded = model.graph.nodes.some(
    ({ opType, inputs }) => opType === 'BatchNormalization' && products.has(inputs[0] ?? ''),
  );
  return isNeeded ? valueTypes(model) : new Map();
}

/** Plans the fold; gives the reason where it is not possible. */
function foldOne(
  norm: Node,
  linear: Node,
  scope: Scope,
  patch: Patch,
  types: ReadonlyMap<string, TypeInfo>,
): string | null {
  const between = norm.inputs[0] as string;
  if (norm.outputs.slice(1).some((name) => name !== '') || intOf(norm, 'training_mode', 0) === 1)
    return 'it is in training form';
  if (intOf(norm, 'spatial', 1) === 0) return 'it normalises each element on its own';
  if (scope.index.isOutput(between) || scope.index.consumers(between).length > 1)
    return `what ${linear.opType} "${linear.name}" gives is used elsewhere too`;
  const affine = affineOf(norm, scope);
  if (affine === undefined) return 'its parameters are not constant';
  const weight = constantOf(scope, linear.inputs[1] ?? '');
  if (weight === undefined) return `the weight of ${linear.opType} "${linear.name}" is computed`;
  if (!isFloatType(weight.dtype)) return `the weight of ${linear.opType} "${linear.name}" is ${weight.dtype}`;
  const biasName = linear.inputs[2] ?? '';
  const bias = biasName === '' ? undefined : constantOf(scope, biasName);
  if (biasName !== '' && bias === undefined) return `the bias of ${linear.opType} "${linear.name}" is computed`;
  const plan = folders[linear.opType]?.({ linear, weight, bias, affine, types });
  if (plan === undefined || typeof plan === 'string') return plan ?? 'unknown operator';
  const weightName = ownName(linear.inputs[1] as string, scope, patch);
  const newBias = biasName === '' ? patch.freshName(`${linear.name}.bias`) : ownName(biasName, scope, patch);
  patch
    .setInitializer(scaleTensor(weight, weightName, plan.factors))
    .setInitializer(floatsTensor(newBias, weight.dtype, [plan.bias.length], plan.bias))
    .replaceNode(linear.name, {
      ...plan.node,
      inputs: [linear.inputs[0] as string, weightName, newBias],
      outputs: norm.outputs.slice(0, 1),
    })
    .removeNode(norm.name)
    .setValue(between, null);
  return null;
}

/** The name of a weight that only one node reads is kept for its new value; a shared one or a Constant's stays as it is. */
function ownName(value: string, { graph, index }: Scope, patch: Patch): string {
  const isOwn = graph.initializers.has(value) && index.consumers(value).length === 1 && !index.isOutput(value);
  return isOwn ? value : patch.freshName(`${value}.folded`);
}

function affineOf(norm: Node, scope: Scope): Affine | undefined {
  const parameters = norm.inputs.slice(1, 5).map((name) => constantOf(scope, name));
  const [scale, offset, mean, variance] = parameters.map((tensor) => tensor && readFloats(tensor));
  if (scale === undefined || offset === undefined || mean === undefined || variance === undefined) return undefined;
  const epsilon = floatOf(norm, 'epsilon', 1e-5);
  const factor = scale.map((gamma, at) => gamma / Math.sqrt((variance[at] as number) + epsilon));
  return { factor, shift: factor.map((f, at) => (offset[at] as number) - f * (mean[at] as number)) };
}

interface Fold {
  readonly linear: Node;
  readonly weight: Tensor;
  readonly bias: Tensor | undefined;
  readonly affine: Affine;
  readonly types: ReadonlyMap<string, TypeInfo>;
}
interface Plan {
  readonly node: Node;
  readonly factors: ChannelFactors;
  readonly bias: Float64Array;
}
type Folder = (fold: Fold) => Plan | string;

/** @param scale of the old bias (Gemm's beta) */
function foldedBias({ bias, affine }: Fold, scale = 1): Float64Array | string {
  const old = bias === undefined ? Float64Array.of(0) : readFloats(bias);
  const { length } = affine.factor;
  if (old === undefined || (old.length !== 1 && old.length !== length)) return 'the bias is not one a channel';
  return affine.shift.map(
    (shift, at) => shift + (affine.factor[at] as number) * scale * (old[at % old.length] as number),
  );
}

const withBias = (fold: Fold, scale: number, make: (bias: Float64Array) => Plan): Plan | string => {
  const bias = foldedBias(fold, scale);
  return typeof bias === 'string' ? bias : make(bias);
};

const folders: Readonly<Record<string, Folder>> = {
  /** W [out, in/group, ...kernel] */
  Conv: (fold) =>
    withBias(fold, 1, (bias) => ({
      node: fold.linear,
      factors: alongAxis(fold.weight.shape, 0, fold.affine.factor),
      bias,
    })),
  /** W [in, out/group, ...kernel]; row `in` belongs to group ⌊in·group/inputs⌋ */
  ConvTranspose: (fold) =>
    withBias(fold, 1, (bias) => {
      const [inputs, perGroup] = fold.weight.shape as [number, number];
      const groups = intOf(fold.linear, 'group', 1);
      const factor = (row: number, channel: number): number =>
        fold.affine.factor[Math.floor((row * groups) / inputs) * perGroup + channel] as number;
      return { node: fold.linear, factors: { ...alongAxis(fold.weight.shape, 1, []), factor }, bias };
    }),
  /** Y = α·A·B + β·C, channels along B's columns (rows where transB); α stays, β goes into the bias. */
  Gemm: (fold) =>
    withBias(fold, floatOf(fold.linear, 'beta', 1), (bias) => {
      const kept = new Map(fold.linear.attributes);
      kept.delete('beta');
      const axis = intOf(fold.linear, 'transB', 0) === 1 ? 0 : 1;
      return {
        node: { ...fold.linear, attributes: kept },
        factors: alongAxis(fold.weight.shape, axis, fold.affine.factor),
        bias,
      };
    }),
  /** Of two matrices it becomes a Gemm, which has a bias. */
  MatMul: (fold) => {
    const left = fold.types.get(fold.linear.inputs[0] ?? '');
    const isMatrix = left?.kind === 'tensor' && left.shape?.length === 2 && fold.weight.shape.length === 2;
    if (!isMatrix) return 'its channels are not the columns of a matrix product';
    return withBias(fold, 1, (bias) => ({
      node: makeNode('Gemm', fold.linear.name, [], []),
      factors: alongAxis(fold.weight.shape, 1, fold.affine.factor),
      bias,
    }));
  },
};

export const foldBatchNormPass = definePass({
  name: 'fold-batch-norm',
  title: 'Fold BatchNormalization',
  help: 'Multiplies BatchNormalization into the weights of the convolution or matrix product before it.',
  source: 'arXiv:1712.05877, section 3.2',
  options: {},
  // Weights are rounded once more to float32 (2⁻²⁴), and sums of some thousand products run in another order.
  tolerance: 1e-4,
  run: (model, { isTarget }) => foldBatchNorm(model, isTarget),
});
