/**
 * An affine map a channel, y = f·x + s, behind a convolution or matrix product goes into its weight and bias:
 *
 *   W' = W·f      b' = b·f + s      (one f and one s an output channel)
 *
 * Source: Jacob et al. 2018, arXiv:1712.05877, section 3.2 (folding).
 */

import { allNodes, attributes, type Model, makeNode, type Node, type Tensor } from '../onnx/ir';
import { floatsTensor, isFloatType, readFloats } from './float-tensor';
import { constantOf, isStandard, type PassResult, type Scope, setConstant, Tally } from './pass';
import { type RewriteSite, rewriteNodes } from './rewrite';
import { alongAxis, type ChannelFactors, scaleTensor } from './scale-tensor';
import { ScopeTypes, scopeTypes } from './scope-types';
import { withoutUnusedInitializers } from './unused-initializers';

const { intOf, floatOf } = attributes;

/** y = factor·x + shift, one of each a channel; of one element where all channels share it. */
export interface Affine {
  readonly factor: Float64Array;
  readonly shift: Float64Array;
}

/** The convolution or product before an affine node, as far as the node needs to know it. */
export interface LinearBefore {
  readonly node: Node;
  /** Which of its inputs the affine node takes its result by. */
  readonly at: number;
  /** Of its result; null where not known. */
  readonly rank: number | null;
  /** Counted from the back for products (their last axis), from the front for convolutions. */
  readonly channelAxis: 1 | -1;
}

/** What an affine node does; a text says why it is not foldable, false that it is another kind of node. */
export type ReadAffine = (node: Node, linear: LinearBefore, scope: Scope) => Affine | string | false;

/** Folds the nodes that `read` understands, and says how many went into what. */
export async function foldAffine(
  model: Model,
  isTarget: (node: Node) => boolean,
  what: string,
  read: ReadAffine,
): Promise<PassResult> {
  const tally = new Tally();
  const types = await typesIfNeeded(model);
  const into = new Map<string, number>();
  const touched = new Set<string>();
  const after = rewriteNodes(
    model,
    tally,
    (node, site) => {
      const linear = linearBefore(node, site);
      if (linear === undefined) return false;
      const affine = read(node, linear, site);
      if (affine === false) return false;
      const reason = typeof affine === 'string' ? affine : plan(node, linear, affine, site);
      if (reason !== null) return reason;
      for (const name of [...node.inputs, ...linear.node.inputs]) touched.add(name);
      into.set(linear.node.opType, (into.get(linear.node.opType) ?? 0) + 1);
      return true;
    },
    { isTarget, types, after: (graph) => withoutUnusedInitializers(graph, (name) => touched.has(name)) },
  );
  return tally.result(
    after,
    [...into].map(([op, count]) => `folded ${count} ${what} into ${op}`),
  );
}

/** Ranks decide only behind a MatMul. */
async function typesIfNeeded(model: Model): Promise<ScopeTypes> {
  const hasProducts = [...allNodes(model)].some(({ opType }) => opType === 'MatMul');
  return hasProducts ? scopeTypes(model) : new ScopeTypes();
}

function linearBefore(node: Node, site: RewriteSite): LinearBefore | undefined {
  if (!isStandard(node)) return undefined;
  for (const [at, input] of node.inputs.entries()) {
    const producer = site.index.producer(input);
    if (producer === undefined || !isStandard(producer) || !(producer.opType in folders)) continue;
    const isConv = producer.opType.startsWith('Conv');
    const weight = constantOf(site, producer.inputs[1] ?? '');
    const rank =
      isConv || producer.opType === 'Gemm'
        ? (weight?.shape.length ?? null)
        : (site.types.shapeOf(site, input)?.length ?? null);
    return { node: producer, at, rank, channelAxis: isConv ? 1 : -1 };
  }
  return undefined;
}

/** Plans the fold; gives the reason where it is not possible. */
function plan(node: Node, { node: linear, at }: LinearBefore, affine: Affine, site: RewriteSite): string | null {
  const { index, patch } = site;
  const between = node.inputs[at] as string;
  const name = `${linear.opType} "${linear.name}"`;
  if (index.isOutput(between) || index.consumers(between).length > 1) return `what ${name} gives is used elsewhere too`;
  const weight = constantOf(site, linear.inputs[1] ?? '');
  if (weight === undefined) return `the weight of ${name} is computed`;
  if (!isFloatType(weight.dtype)) return `the weight of ${name} is ${weight.dtype}`;
  const biasName = linear.inputs[2] ?? '';
  const bias = biasName === '' ? undefined : constantOf(site, biasName);
  if (biasName !== '' && bias === undefined) return `the bias of ${name} is computed`;
  const folded = folders[linear.opType]?.({ linear, weight, bias, affine, site });
  if (folded === undefined || typeof folded === 'string') return folded ?? 'unknown operator';
  const inputs = linear.inputs.slice(0, 2);
  if (folded.factors !== null) {
    inputs[1] = ownName(linear.inputs[1] as string, site);
    setConstant(patch, site, scaleTensor(weight, inputs[1], folded.factors));
  }
  if (folded.bias !== null) {
    inputs[2] = biasName === '' ? patch.freshName(`${linear.name}.bias`) : ownName(biasName, site);
    setConstant(patch, site, floatsTensor(inputs[2], weight.dtype, [folded.bias.length], folded.bias));
  }
  patch.replaceNode(linear.name, { ...folded.node, inputs, outputs: node.outputs.slice(0, 1) }).removeNode(node.name);
  if (site.graph.values.has(between)) patch.setValue(between, null);
  return null;
}

/** The name of a weight that only one node reads is kept for its new value; a shared one or a Constant's stays as it is. */
function ownName(value: string, { graph, index, patch }: RewriteSite): string {
  const isOwn = graph.initializers.has(value) && index.consumers(value).length === 1 && !index.isOutput(value);
  return isOwn ? value : patch.freshName(`${value}.folded`);
}

interface Fold {
  readonly linear: Node;
  readonly weight: Tensor;
  readonly bias: Tensor | undefined;
  readonly affine: Affine;
  readonly site: RewriteSite;
}
interface Folded {
  readonly node: Node;
  /** null: the weight stays. */
  readonly factors: ChannelFactors | null;
  /** null: there is and will be none. */
  readonly bias: Float64Array | null;
}
type Folder = (fold: Fold) => Folded | string;

const isAll = (values: Float64Array, wanted: number): boolean => values.every((value) => value === wanted);

/** @param scale of the old bias (Gemm's beta) */
function foldedBias({ bias, affine }: Fold, channels: number, scale: number): Float64Array | null | string {
  const { factor, shift } = affine;
  const old = bias === undefined ? Float64Array.of(0) : readFloats(bias);
  const fits = (values: ArrayLike<number>): boolean => values.length === 1 || values.length === channels;
  if (old === undefined || !fits(old)) return 'the bias is not one a channel';
  if (!fits(factor) || !fits(shift)) return 'it does not act channel by channel';
  if (bias === undefined && isAll(shift, 0)) return null;
  const at = (values: ArrayLike<number>, channel: number): number => values[channel % values.length] as number;
  return Float64Array.from({ length: channels }, (_, channel) => {
    return at(shift, channel) + at(factor, channel) * scale * at(old, channel);
  });
}

function fold(given: Fold, channels: number, axis: number, more: Partial<Folded> = {}, biasScale = 1): Folded | string {
  const bias = foldedBias(given, channels, biasScale);
  if (typeof bias === 'string') return bias;
  const { factor } = given.affine;
  const all = factor.length === 1 ? new Float64Array(channels).fill(factor[0] as number) : factor;
  const factors = isAll(factor, 1) ? null : (more.factors ?? alongAxis(given.weight.shape, axis, all));
  return { node: more.node ?? given.linear, factors, bias };
}

const folders: Readonly<Record<string, Folder>> = {
  /** W [out, in/group, ...kernel] */
  Conv: (given) => fold(given, given.weight.shape[0] as number, 0),
  /** W [in, out/group, ...kernel]; row `in` belongs to group ⌊in·groups/inputs⌋ */
  ConvTranspose: (given) => {
    const [inputs, perGroup] = given.weight.shape as [number, number];
    const groups = intOf(given.linear, 'group', 1);
    const { factor: all } = given.affine;
    const factor = (row: number, channel: number): number =>
      all[(Math.floor((row * groups) / inputs) * perGroup + channel) % all.length] as number;
    return fold(given, perGroup * groups, 1, { factors: { ...alongAxis(given.weight.shape, 1, []), factor } });
  },
  /** Y = α·A·B + β·C, channels along B's columns (rows where transB); α stays, β goes into the bias. */
  Gemm: (given) => {
    const kept = new Map(given.linear.attributes);
    kept.delete('beta');
    const axis = intOf(given.linear, 'transB', 0) === 1 ? 0 : 1;
    const node = { ...given.linear, attributes: kept };
    return fold(given, given.weight.shape[axis] as number, axis, { node }, floatOf(given.linear, 'beta', 1));
  },
  /** A shift needs a bias, which only the product of two matrices can have: it becomes a Gemm. */
  MatMul: (given) => {
    const { linear, weight, affine, site } = given;
    const channels = weight.shape.at(-1);
    if (channels === undefined || weight.shape.length < 2) return 'its weight is a vector';
    const left = site.types.shapeOf(site, linear.inputs[0] ?? '');
    const isMatrix = left?.length === 2 && weight.shape.length === 2;
    if (!isMatrix && !isAll(affine.shift, 0)) return 'a product of more than two dims has no bias';
    const node = isAll(affine.shift, 0) ? linear : makeNode('Gemm', linear.name, [], []);
    return fold(given, channels, weight.shape.length - 1, { node });
  },
};
