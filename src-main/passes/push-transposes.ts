/**
 * A Transpose goes behind what works on each element, or on axes that can be called otherwise, until it meets its inverse. Kept only where fewer are left than
 * before.
 * Source: f(Pᵀx) = Pᵀf(x) for elementwise f; see also the layout passes of tf2onnx and TVM (arXiv:1802.04799).
 */

import { readTensor, readTensorBytes } from '../onnx/file';
import {
  allNodes,
  attributes,
  dtypeBits,
  elementCount,
  int64Tensor,
  type Model,
  makeNode,
  type Node,
  type Tensor,
  tensorFromArray,
} from '../onnx/ir';
import { eliminateDeadNodes } from './eliminate-dead-nodes';
import { eliminateNoOps } from './eliminate-no-ops';
import { addConstant, constantOf, definePass, isStandard, type PassResult, Tally } from './pass';
import { type RewriteSite, rewriteNodes } from './rewrite';

const { intOf, intsOf, stringOf } = attributes;

export async function pushTransposes(
  model: Model,
  isTarget: (node: Node) => boolean = () => true,
): Promise<PassResult> {
  const tally = new Tally();
  const before = transposes(model);
  if (before === 0) return tally.result(model, []);
  const pushed = rewriteNodes(model, tally, push, { isTarget });
  const after = pushed === model ? model : await withoutIdle(pushed);
  const left = transposes(after);
  if (left >= before) {
    tally.changed = 0;
    tally.eligible = 0;
    return tally.result(model, []);
  }
  tally.changed = before - left;
  tally.eligible = before;
  return tally.result(after, [`${before - left} of ${before} Transpose met their inverse`]);
}

/** Transposes that undo each other, and those that nobody reads any more. */
async function withoutIdle(model: Model): Promise<Model> {
  const isTranspose = ({ opType }: Node): boolean => opType === 'Transpose';
  const joined = await eliminateNoOps(eliminateDeadNodes(model, isTranspose).model, isTranspose);
  return eliminateDeadNodes(joined.model, isTranspose).model;
}

const transposes = (model: Model): number => [...allNodes(model)].filter(({ opType }) => opType === 'Transpose').length;

/** Reads only transposed values and constants; its result is transposed instead. */
function push(node: Node, site: RewriteSite): boolean {
  if (!isStandard(node) || node.outputs.includes('')) return false;
  const rule = rules[node.opType];
  if (rule === undefined) return false;
  const perm = commonPerm(node, rule, site);
  if (perm === null) return false;
  const moved = rule.move(node, perm, site);
  if (moved === null) return false;
  const { patch } = site;
  const between = node.outputs.map((output) => patch.freshName(`${output}/before-transpose`));
  const inputs = moved.inputs.map((input) => transposeOf(input, site)?.inputs[0] ?? input);
  patch.replaceNode(node.name, { ...moved, inputs, outputs: between });
  for (const [at, output] of node.outputs.entries())
    patch.addNode(
      makeNode('Transpose', patch.freshName(`${node.name}/transpose`), [between[at] as string], [output], {
        perm: attributes.ints(perm),
      }),
    );
  return true;
}

/** Of all its data inputs, constants aside; null where they differ or one is not transposed. */
function commonPerm(node: Node, { data }: PushRule, site: RewriteSite): readonly number[] | null {
  let common: readonly number[] | null = null;
  for (const input of data === 'first' ? node.inputs.slice(0, 1) : node.inputs) {
    const transpose = transposeOf(input, site);
    if (transpose === undefined && data === 'all-or-constant' && constantOf(site, input) !== undefined) continue;
    const perm = transpose === undefined ? undefined : intsOf(transpose, 'perm', undefined);
    if (perm === undefined || (common !== null && perm.join() !== common.join())) return null;
    common = perm;
  }
  return common;
}

function transposeOf(value: string, { index }: RewriteSite): Node | undefined {
  const producer = index.producer(value);
  return producer?.opType === 'Transpose' && isStandard(producer) && !index.isOutput(value) ? producer : undefined;
}

interface PushRule {
  /** Which inputs have to be transposed. */
  readonly data: 'first' | 'all' | 'all-or-constant';
  /** The node as it works on values before the Transpose; inputs are still the transposed ones. */
  readonly move: (node: Node, perm: readonly number[], site: RewriteSite) => Node | null;
}

const unary: PushRule = { data: 'first', move: (node) => node };

/** Constants are transposed the other way: c'[perm[i]] = c[i], padded to the full rank in front. */
const broadcast: PushRule = {
  data: 'all-or-constant',
  move: (node, perm, site) => {
    const inputs: string[] = [];
    for (const input of node.inputs) {
      const tensor = transposeOf(input, site) === undefined ? constantOf(site, input) : undefined;
      if (tensor === undefined || elementCount(tensor.shape) === 1) {
        if (tensor !== undefined && tensor.shape.length > perm.length) return null;
        inputs.push(input);
        continue;
      }
      const moved = transposedBack(tensor, perm);
      if (moved === null) return null;
      inputs.push(addConstant(site.patch, site, { ...moved, name: `${input}/transposed` }));
    }
    return { ...node, inputs };
  },
};

/** An attribute that names an axis of the transposed value. */
const axis = (name: string, fallback: number, data: PushRule['data']): PushRule => ({
  data,
  move: (node, perm) => {
    const now = intOf(node, name, fallback);
    const moved = perm[now < 0 ? now + perm.length : now];
    if (moved === undefined) return null;
    return { ...node, attributes: new Map(node.attributes).set(name, attributes.int(moved)) };
  },
});

/** Before opset 13 it goes over all axes from the named one on, which lie together only where they are. */
const softmax: PushRule = {
  data: 'first',
  move: (node, perm, site) => (site.opset < 13 ? null : axis('axis', -1, 'first').move(node, perm, site)),
};

/** Axes of the transposed value as they are called before it. */
const movedAxes = (axes: readonly number[], perm: readonly number[]): number[] =>
  axes.map((at) => perm[at < 0 ? at + perm.length : at] as number);

const withAxes = (node: Node, axes: readonly number[]): Node => ({
  ...node,
  attributes: new Map(node.attributes).set('axes', attributes.ints(axes)),
});

/** The node with another constant in place of an input. */
function withInput(node: Node, at: number, tensor: Tensor, site: RewriteSite): Node {
  const inputs = [...node.inputs];
  while (inputs.length <= at) inputs.push('');
  inputs[at] = addConstant(site.patch, site, tensor);
  return { ...node, inputs };
}

/** int64, or int32 as the other tensor is. */
function indexTensor(name: string, { dtype }: Tensor, values: readonly number[]): Tensor {
  if (dtype !== 'int32') return int64Tensor(name, [values.length], values);
  return tensorFromArray(name, { dtype, shape: [values.length], data: Int32Array.from(values) });
}

const integersOf = (value: string | undefined, site: RewriteSite): number[] | undefined => {
  const tensor = value === undefined || value === '' ? undefined : constantOf(site, value);
  return tensor && Array.from(readTensor(tensor).data as BigInt64Array, Number);
};

/** Reduces over constant axes and keeps the rank. */
const reduce: PushRule = {
  data: 'first',
  move: (node, perm, site) => {
    if (intOf(node, 'keepdims', 1) !== 1) return null;
    const move = (axes: readonly number[]): number[] => movedAxes(axes, perm).sort((a, b) => a - b);
    const listed = intsOf(node, 'axes', undefined);
    if (listed !== undefined) return withAxes(node, move(listed));
    if ((node.inputs[1] ?? '') === '') return node;
    const axes = integersOf(node.inputs[1], site);
    if (axes === undefined) return null;
    return withInput(node, 1, int64Tensor(`${node.inputs[1]}/transposed`, [axes.length], move(axes)), site);
  },
};

/** Cuts the same parts of axes that are called otherwise; without axes it means the first ones. */
const slice: PushRule = {
  data: 'first',
  move: (node, perm, site) => {
    const starts = intsOf(node, 'starts', undefined);
    if (starts !== undefined)
      return withAxes(node, movedAxes(intsOf(node, 'axes', undefined) ?? starts.map((_, at) => at), perm));
    const count = constantOf(site, node.inputs[1] ?? '')?.shape[0];
    const isGiven = (node.inputs[3] ?? '') !== '';
    const axes = isGiven ? integersOf(node.inputs[3], site) : count && Array.from({ length: count }, (_, at) => at);
    // All of a Slice's vectors are of one type.
    const like = constantOf(site, node.inputs[isGiven ? 3 : 1] ?? '');
    if (axes === undefined || axes === 0 || like === undefined) return null;
    return withInput(node, 3, indexTensor(`${node.outputs[0]}/axes-transposed`, like, movedAxes(axes, perm)), site);
  },
};

/** Begins of all axes, then ends; with axes only of those. */
const pad: PushRule = {
  data: 'first',
  move: (node, perm, site) => {
    const rank = perm.length;
    const permuted = (pads: readonly number[]): number[] => {
      const moved = new Array<number>(2 * rank);
      for (const [at, to] of perm.entries()) {
        moved[to] = pads[at] as number;
        moved[rank + to] = pads[rank + at] as number;
      }
      return moved;
    };
    const listed = intsOf(node, 'pads', undefined);
    if (listed !== undefined)
      return { ...node, attributes: new Map(node.attributes).set('pads', attributes.ints(permuted(listed))) };
    if ((node.inputs[3] ?? '') !== '') {
      const [axes, like] = [integersOf(node.inputs[3], site), constantOf(site, node.inputs[3] as string)];
      if (axes === undefined || like === undefined) return null;
      return withInput(node, 3, indexTensor(`${node.inputs[3]}/transposed`, like, movedAxes(axes, perm)), site);
    }
    const pads = integersOf(node.inputs[1], site);
    if (pads?.length !== 2 * rank) return null;
    return withInput(node, 1, int64Tensor(`${node.inputs[1]}/transposed`, [2 * rank], permuted(pads)), site);
  },
};

/** Scales or sizes of all axes; with axes only of those. Kernels that interpolate want batch and channels in front. */
const resize: PushRule = {
  data: 'first',
  move: (node, perm, site) => {
    const [, roi = '', third = '', sizes = ''] = node.inputs;
    const isOld = node.inputs.length === 2;
    const scales = isOld ? roi : third;
    if (!isOld && roi !== '' && constantOf(site, roi)?.shape[0] !== 0) return null;
    const axes = intsOf(node, 'axes', undefined);
    const moved = axes === undefined ? null : movedAxes(axes, perm);
    if (moved !== null) return interpolates(node) && moved.some((at) => at < 2) ? null : withAxes(node, moved);
    const [value, at] =
      scales === '' || constantOf(site, scales)?.shape[0] === 0 ? [sizes, 3] : [scales, isOld ? 1 : 2];
    const tensor = constantOf(site, value);
    if (tensor === undefined || tensor.shape[0] !== perm.length) return null;
    const permuted = transposedEntries(tensor, perm);
    if (interpolates(node) && (at === 3 || !keepsFirstTwo(permuted))) return null;
    return withInput(node, at, { ...permuted, name: `${value}/transposed` }, site);
  },
};

const interpolates = (node: Node): boolean => stringOf(node, 'mode', 'nearest') !== 'nearest';

const keepsFirstTwo = (scales: Tensor): boolean =>
  Array.from(readTensor(scales).data as Float32Array)
    .slice(0, 2)
    .every((scale) => scale === 1);

/** A vector with an entry an axis, in the order that the axes have before the Transpose. */
function transposedEntries(tensor: Tensor, perm: readonly number[]): Tensor {
  const width = dtypeBits(tensor.dtype) / 8;
  const source = readTensorBytes(tensor);
  const bytes = new Uint8Array(source.byteLength);
  for (const [at, to] of perm.entries()) bytes.set(source.subarray(at * width, (at + 1) * width), to * width);
  return { ...tensor, data: { kind: 'inline', bytes } };
}

const unaries = [
  ...['Abs', 'Cast', 'Ceil', 'Elu', 'Erf', 'Exp', 'Floor', 'Gelu', 'HardSigmoid', 'HardSwish', 'LeakyRelu', 'Log'],
  ...['Mish', 'Neg', 'Not', 'Reciprocal', 'Relu', 'Round', 'Selu', 'Sigmoid', 'Sign', 'Softplus', 'Softsign', 'Sqrt'],
  ...['Tanh', 'Identity', 'Clip'],
];
const binaries = ['Add', 'Div', 'Max', 'Min', 'Mul', 'Pow', 'Sub', 'Sum', 'PRelu'];
const reductions = [
  'ReduceMax',
  'ReduceMean',
  'ReduceMin',
  'ReduceProd',
  'ReduceSum',
  'ReduceL1',
  'ReduceL2',
  'ReduceSumSquare',
];

const rules: Readonly<Record<string, PushRule>> = {
  ...Object.fromEntries(unaries.map((op) => [op, unary])),
  ...Object.fromEntries(binaries.map((op) => [op, broadcast])),
  ...Object.fromEntries(reductions.map((op) => [op, reduce])),
  Concat: axis('axis', 0, 'all'),
  Softmax: softmax,
  LogSoftmax: softmax,
  Pad: pad,
  Resize: resize,
  Slice: slice,
  Split: axis('axis', 0, 'first'),
};

/** The constant whose transpose by `perm` is the given one; null where it is too large for a constant of this kind. */
function transposedBack(tensor: Tensor, perm: readonly number[]): Tensor | null {
  const rank = perm.length;
  if (tensor.shape.length > rank || elementCount(tensor.shape) > 65536 || dtypeBits(tensor.dtype) < 8) return null;
  const from = [...new Array<number>(rank - tensor.shape.length).fill(1), ...tensor.shape];
  const shape = new Array<number>(rank);
  for (const [at, to] of perm.entries()) shape[to] = from[at] as number;
  const width = dtypeBits(tensor.dtype) / 8;
  const source = readTensorBytes(tensor);
  const bytes = new Uint8Array(source.byteLength);
  const position = new Array<number>(rank).fill(0); // of `from`
  for (let at = 0; at < source.byteLength; at += width) {
    let target = 0;
    for (let to = 0; to < rank; to++) target = target * (shape[to] as number) + (position[perm.indexOf(to)] as number);
    bytes.set(source.subarray(at, at + width), target * width);
    for (let last = rank - 1; last >= 0; last--) {
      position[last] = (position[last] as number) + 1;
      if ((position[last] as number) < (from[last] as number)) break;
      position[last] = 0;
    }
  }
  return { ...tensor, shape, data: { kind: 'inline', bytes } };
}

export const pushTransposesPass = definePass({
  name: 'push-transposes',
  title: 'Push transposes',
  help: 'Moves Transpose behind elementwise work until it meets its inverse, as in models that come from channels-last frameworks.',
  source: 'arXiv:1802.04799 (layout transformation)',
  options: {},
  tolerance: 1e-6,
  run: (model, { isTarget }) => pushTransposes(model, isTarget),
});
