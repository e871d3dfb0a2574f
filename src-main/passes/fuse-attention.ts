/**
 * Scaled dot-product attention over heads, as exporters write it out:
 *
 *   Y = merge( softmax( s·Q·Kᵀ + M ) · V )      Q, K, V = split(x) into heads, [batch, heads, sequence, size]
 *
 * put together as Attention (opset 23) or as onnxruntime's MultiHeadAttention. What makes queries, keys and values, the
 * products with weights and their biases, stays as it is.
 * Source: Vaswani et al. 2017, arXiv:1706.03762, section 3.2.
 */

import { readTensor } from '../onnx/file';
import { attributes, type Dim, int64Tensor, makeNode, type Node, type Patch } from '../onnx/ir';
import { innerOf, type Made, type Match, makerOf, numberAmong, type Pattern, readerOf } from './fuse-pattern';
import { addConstant, constantOf } from './pass';
import type { RewriteSite } from './rewrite';

const { intOf, intsOf } = attributes;

export const attention: Pattern = {
  op: 'Attention',
  since: 23,
  own: { opType: 'MultiHeadAttention', domain: 'com.microsoft' },
  anchor: 'Softmax',
  match: matchAttention,
};

/** A Softmax between two products; null for any other. */
function matchAttention(softmax: Node, site: RewriteSite): Match | string | null {
  const scores = scoresOf(softmax.inputs[0] as string, site);
  const weighted = readerOf(softmax.outputs[0], 'MatMul', site);
  if (scores === null || weighted === undefined || weighted.inputs[0] !== softmax.outputs[0]) return null;
  const axis = intOf(softmax, 'axis', site.opset < 13 ? 1 : -1);
  if (axis !== -1 && axis !== 3) return 'its Softmax does not run over the keys';
  const query = splitOf('queries', scores.product.inputs[0] as string, [0, 2, 1, 3], site);
  if (typeof query === 'string') return query;
  const key = splitOf('keys', scores.product.inputs[1] as string, [0, 2, 3, 1], site);
  if (typeof key === 'string') return key;
  const value = splitOf('values', weighted.inputs[1] as string, [0, 2, 1, 3], site);
  if (typeof value === 'string') return value;
  if (value.scale !== 1) return 'its values are scaled between the split into heads and the product';
  if (key.heads !== query.heads || value.heads !== query.heads || key.size !== query.size)
    return 'its queries, keys and values are not split into the same heads';
  const merge = mergeOf(weighted, query, value, site);
  if (typeof merge === 'string') return merge;
  const unfit = scores.mask === null ? null : unfitMask(scores.mask, query, site);
  if (unfit !== null) return unfit;
  const pieces = [
    ...new Set([...query.pieces, ...key.pieces, ...scores.pieces, softmax, ...value.pieces, weighted, ...merge]),
  ];
  const scale = scores.scale * query.scale * key.scale;
  return {
    pieces,
    output: merge.at(-1)?.outputs[0] as string,
    inner: innerOf(pieces),
    make: (isStandardForm, at) => made(isStandardForm, { query, key, value, scale, mask: scores.mask }, at),
  };
}

interface Scores {
  readonly product: Node;
  readonly scale: number;
  /** What is added to the scaled product. */
  readonly mask: string | null;
  readonly pieces: readonly Node[];
}

/** s·Q·Kᵀ, or the sum of it and a mask. */
function scoresOf(value: string, site: RewriteSite): Scores | null {
  const sum = makerOf(value, 'Add', site);
  if (sum === undefined) return scaledProduct(value, site);
  const at = sum.inputs.findIndex((input) => scaledProduct(input, site) !== null);
  const scaled = scaledProduct(sum.inputs[at] ?? '', site);
  return scaled && { ...scaled, mask: sum.inputs[1 - at] as string, pieces: [...scaled.pieces, sum] };
}

function scaledProduct(value: string, site: RewriteSite): Scores | null {
  const { source, scale, pieces } = unscaled(value, site);
  const product = makerOf(source, 'MatMul', site);
  return product === undefined ? null : { product, scale, mask: null, pieces: [product, ...pieces] };
}

/** The value before a Mul or Div by a constant number; the value itself, scale 1, where there is none. */
function unscaled(value: string, site: RewriteSite): { source: string; scale: number; pieces: Node[] } {
  const node = makerOf(value, 'Mul', site) ?? makerOf(value, 'Div', site);
  const number = node && numberAmong(node, site);
  if (node === undefined || number === undefined) return { source: value, scale: 1, pieces: [] };
  if (node.opType === 'Mul') return { source: number.other, scale: number.value, pieces: [node] };
  const isDivided = node.inputs[0] === number.other && number.value !== 0;
  return isDivided
    ? { source: number.other, scale: 1 / number.value, pieces: [node] }
    : { source: value, scale: 1, pieces: [] };
}

interface Split {
  /** [batch, sequence, heads·size] */
  readonly source: string;
  readonly shape: readonly Dim[];
  readonly heads: number;
  readonly size: number;
  readonly scale: number;
  readonly pieces: readonly Node[];
}

/** Reshape to [batch, sequence, heads, size] and Transpose by `perm`, which two Transposes may make. */
function splitOf(what: string, value: string, perm: readonly number[], site: RewriteSite): Split | string {
  const outer = unscaled(value, site);
  let transpose = makerOf(outer.source, 'Transpose', site);
  let { scale } = outer;
  const pieces = [...outer.pieces];
  if (perm[3] === 1 && transpose !== undefined && permOf(transpose) === '0,1,3,2') {
    const inner = unscaled(transpose.inputs[0] as string, site);
    pieces.unshift(...inner.pieces, transpose);
    scale *= inner.scale;
    transpose = makerOf(inner.source, 'Transpose', site);
    if (transpose === undefined || permOf(transpose) !== '0,2,1,3') return notSplit(what, inner.source, site);
  } else if (transpose === undefined || permOf(transpose) !== perm.join()) {
    return notSplit(what, outer.source, site);
  }
  const reshape = makerOf(transpose.inputs[0], 'Reshape', site);
  if (reshape === undefined) return notSplit(what, transpose.inputs[0] as string, site);
  const [source] = reshape.inputs as [string];
  const type = site.types.of(site, source);
  if (type?.kind !== 'tensor' || type.shape?.length !== 3)
    return `the shape of its ${what} before the split is not known`;
  if (type.dtype !== 'float32') return `its ${what} are ${type.dtype}, and the runtime has a kernel for float32 only`;
  const target = targetOf(reshape, site);
  const [, , heads, size] = target;
  if (target.length !== 4 || !isSize(heads) || !isSize(size)) return `the heads of its ${what} are computed`;
  if (type.shape[2] !== heads * size || !keepsFirstTwo(target, type.shape))
    return `the split of its ${what} mixes batch, sequence and heads`;
  pieces.unshift(reshape, transpose);
  return { source, shape: type.shape, heads, size, scale, pieces };
}

function notSplit(what: string, value: string, { index }: RewriteSite): string {
  const maker = index.producer(value);
  const from = maker === undefined ? `"${value}"` : `${maker.opType} "${maker.name}"`;
  return `its ${what} come from ${from}, not from a split into heads`;
}

const permOf = (node: Node): string => intsOf(node, 'perm', []).join();
const isSize = (dim: Dim | undefined): dim is number => typeof dim === 'number' && dim > 0;

/** Constant target of a Reshape (0: copied, −1: open), or the shape that is known of its result; empty where neither is. */
function targetOf(reshape: Node, site: RewriteSite): readonly Dim[] {
  const tensor = constantOf(site, reshape.inputs[1] ?? '');
  const isPlain = intOf(reshape, 'allowzero', 0) === 0;
  if (tensor !== undefined && isPlain) return Array.from(readTensor(tensor).data as BigInt64Array, Number);
  return site.types.shapeOf(site, reshape.outputs[0] as string) ?? [];
}

/** Batch and sequence stay: as the rest keeps its size, one of the two suffices. */
const keepsFirstTwo = (target: readonly Dim[], [batch, sequence]: readonly Dim[]): boolean =>
  target[0] === 0 ||
  target[1] === 0 ||
  (isKnown(batch) && target[0] === batch) ||
  (isKnown(sequence) && target[1] === sequence);

const isKnown = (dim: Dim | undefined): boolean => dim !== null && dim !== undefined;

/** Transpose and Reshape back to [batch, sequence, heads·size]. */
function mergeOf(weighted: Node, query: Split, value: Split, site: RewriteSite): [Node, Node] | string {
  const transpose = readerOf(weighted.outputs[0], 'Transpose', site);
  const reshape = readerOf(transpose?.outputs[0], 'Reshape', site);
  if (transpose === undefined || reshape === undefined || permOf(transpose) !== '0,2,1,3')
    return 'its heads are not put side by side again';
  const target = targetOf(reshape, site);
  const width = target[2] === -1 && target[0] !== -1 && target[1] !== -1 ? value.heads * value.size : target[2];
  if (target.length !== 3 || width !== value.heads * value.size || !keepsFirstTwo(target, query.shape))
    return 'what puts its heads side by side is computed';
  return [transpose, reshape];
}

/** Why a mask cannot be [batch or 1, heads or 1, queries, keys] after broadcasting over queries. */
function unfitMask(mask: string, { shape, heads }: Split, site: RewriteSite): string | null {
  if (site.opset < 8) return 'its mask has to be expanded, which needs opset 8';
  const dims = site.types.shapeOf(site, mask) ?? constantOf(site, mask)?.shape ?? [];
  const [batch, own] = dims.length === 4 ? dims : [1, dims.at(-3) ?? 1];
  const isOdd = (dim: Dim | undefined, wanted: Dim | undefined): boolean =>
    typeof dim === 'number' && dim !== 1 && typeof wanted === 'number' && dim !== wanted;
  return isOdd(batch, shape[0]) || isOdd(own, heads) ? 'its mask is not one a sample and head' : null;
}

interface Parts {
  readonly query: Split;
  readonly key: Split;
  readonly value: Split;
  readonly scale: number;
  readonly mask: string | null;
}

function made(isStandardForm: boolean, { query, key, value, scale, mask }: Parts, site: RewriteSite): Made {
  const inputs = [query.source, key.source, value.source];
  const wholeMask = mask === null ? [] : [expandedMask(mask, query, key, site)];
  const heads = attributes.int(query.heads);
  if (isStandardForm)
    return {
      inputs: [...inputs, ...wholeMask],
      attributes: { q_num_heads: heads, kv_num_heads: heads, scale: attributes.float(scale) },
    };
  // Bias and padding mask stay absent before the attention bias.
  return {
    inputs: mask === null ? inputs : [...inputs, '', '', ...wholeMask],
    attributes: { num_heads: heads, scale: attributes.float(scale) },
  };
}

/** Layers mostly share one mask: what is planned for it once serves all. */
const plannedMasks = new WeakMap<Patch, Map<string, string>>();

/** The kernels take a mask of four dims with a row for each query: [batch or 1, heads or 1, queries, keys]. */
function expandedMask(mask: string, query: Split, key: Split, site: RewriteSite): string {
  const [queries, keys] = [query.shape[1] as Dim, key.shape[1] as Dim];
  const dims = site.types.shapeOf(site, mask) ?? constantOf(site, mask)?.shape;
  if (dims?.length === 4 && isKnown(queries) && isKnown(keys) && dims[2] === queries && dims[3] === keys) return mask;
  const planned = plannedMasks.get(site.patch) ?? new Map<string, string>();
  plannedMasks.set(site.patch, planned);
  const id = JSON.stringify([mask, queries ?? { of: query.source }, keys ?? { of: key.source }]);
  const known = planned.get(id);
  if (known !== undefined) return known;
  const shape =
    typeof queries === 'number' && typeof keys === 'number'
      ? addConstant(site.patch, site, int64Tensor(`${mask}/each-query/shape`, [4], [1, 1, queries, keys]))
      : computedShape(mask, query, key, site);
  const expanded = site.patch.freshName(`${mask}/each-query`);
  site.patch.addNode(makeNode('Expand', expanded, [mask, shape], [expanded]));
  planned.set(id, expanded);
  return expanded;
}

/** [1, 1, queries, keys] by the shapes of what is split into heads. */
function computedShape(mask: string, query: Split, key: Split, site: RewriteSite): string {
  const { patch } = site;
  const name = (suffix: string): string => patch.freshName(`${mask}/${suffix}`);
  const add = (opType: string, suffix: string, inputs: readonly string[], axis?: number): string => {
    const output = name(suffix);
    patch.addNode(makeNode(opType, output, inputs, [output], axis === undefined ? {} : { axis: attributes.int(axis) }));
    return output;
  };
  const second = addConstant(patch, site, int64Tensor(`${mask}/sequence-axis`, [1], [1]));
  const ones = addConstant(patch, site, int64Tensor(`${mask}/ones`, [2], [1, 1]));
  const sequenceOf = (source: string, what: string): string =>
    add('Gather', what, [add('Shape', `${what}/shape`, [source]), second], 0);
  const [queryRows, keyRows] = [rowsOf(query.source, site), rowsOf(key.source, site)];
  const queries = sequenceOf(queryRows, 'queries');
  const keys = queryRows === keyRows ? queries : sequenceOf(keyRows, 'keys');
  return add('Concat', 'each-query/shape', [ones, queries, keys], 0);
}

/** What is multiplied by a weight to make the value, whose rows are the same: for self-attention one and the same. */
function rowsOf(value: string, site: RewriteSite): string {
  const sum = makerOf(value, 'Add', site);
  const bias = sum?.inputs.find((input) => (constantOf(site, input)?.shape.length ?? 2) < 2);
  const product = makerOf(bias === undefined ? value : sum?.inputs.find((input) => input !== bias), 'MatMul', site);
  const isByWeight = constantOf(site, product?.inputs[1] ?? '')?.shape.length === 2;
  return isByWeight ? (product?.inputs[0] as string) : value;
}
