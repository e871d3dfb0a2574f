/**
 * Nodes that give out what they take in: Identity, Dropout at inference, a Cast to the same type or there and back,
 * Reshape, Expand and Flatten to the same shape, Transpose in order or back again, Slice of everything, Pad of nothing,
 * adding 0, multiplying by 1. Also a Reshape behind a Reshape and a Transpose behind a Transpose become one, and what
 * Range takes becomes the scalar that it should be.
 * Source: the operators' definitions, https://onnx.ai/onnx/operators/.
 */

import { readTensor } from '../onnx/file';
import { allNodes, attributes, dtypeFromCode, elementCount, type Model, type Node, type TypeInfo } from '../onnx/ir';
import { isFloatType, readFloats } from './float-tensor';
import { addConstant, constantOf, definePass, isStandard, type PassResult, type Scope, Tally } from './pass';
import { bypass, type Rewrite, type RewriteSite, rewriteNodes } from './rewrite';
import { scopeTypes } from './scope-types';

const { intOf, intsOf } = attributes;

export async function eliminateNoOps(
  model: Model,
  isTarget: (node: Node) => boolean = () => true,
): Promise<PassResult> {
  const tally = new Tally();
  const types = await scopeTypes(model);
  const before = countNodes(model);
  const after = rewriteNodes(model, tally, eliminate, { isTarget, types });
  const gone = [...before].flatMap(([op, count]) => {
    const fewer = count - (countNodes(after).get(op) ?? 0);
    return fewer > 0 ? [`${fewer} ${op}`] : [];
  });
  return tally.result(after, gone.length === 0 ? [] : [`removed ${gone.join(', ')}`]);
}

function countNodes(model: Model): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { opType } of allNodes(model)) counts.set(opType, (counts.get(opType) ?? 0) + 1);
  return counts;
}

const eliminate: Rewrite = (node, site) => {
  if (!isStandard(node)) return false;
  if (node.opType === 'Range') return makeScalars(node, site);
  const [input] = node.inputs;
  if (input === undefined || input === '' || node.outputs.slice(1).some((name) => name !== '')) return false;
  const merged = merge(node, site);
  if (merged !== null) {
    site.patch.replaceNode(node.name, merged);
    return true;
  }
  const source = sourceOf(node, site);
  return source === null ? false : bypass(node, source, site);
};

/**
 * The runtime takes vectors of one element for Range where they are computed, but refuses them as constants, which they
 * become when what is between goes.
 */
function makeScalars(range: Node, site: RewriteSite): boolean {
  const inputs = range.inputs.map((input) => {
    const tensor = constantOf(site, input);
    if (tensor === undefined || tensor.shape.length === 0 || elementCount(tensor.shape) !== 1) return input;
    return addConstant(site.patch, site, { ...tensor, name: `${input}/scalar`, shape: [] });
  });
  if (inputs.every((input, at) => input === range.inputs[at])) return false;
  site.patch.replaceNode(range.name, { ...range, inputs });
  return true;
}

/** The value that the node only repeats; null where it does something. */
function sourceOf(node: Node, site: RewriteSite): string | null {
  const rule = repeats[node.opType];
  if (rule === undefined) return null;
  const found = rule(node, site);
  if (found === false) return null;
  return found === true ? (node.inputs[0] as string) : found;
}

/** Whether the node repeats its first input, or the name of the value that it repeats. */
type Repeats = (node: Node, site: RewriteSite) => boolean | string;

const typeOf = (value: string, site: RewriteSite): TypeInfo | null =>
  site.types.of(site, value) ?? constantType(value, site);

function constantType(value: string, scope: Scope): TypeInfo | null {
  const tensor = constantOf(scope, value);
  return tensor === undefined ? null : { kind: 'tensor', dtype: tensor.dtype, shape: tensor.shape };
}

/** Equal numbers, or one symbol in both; unknown dims equal nothing. */
const keepsShape: Repeats = (node, site) => {
  const [from, to] = [typeOf(node.inputs[0] as string, site), typeOf(node.outputs[0] as string, site)];
  if (from?.kind !== 'tensor' || to?.kind !== 'tensor' || from.shape === null || to.shape === null) return false;
  if (from.shape.length !== to.shape.length) return false;
  return from.shape.every((dim, axis) => dim !== null && dim !== 0 && dim === to.shape?.[axis]);
};

const integers = (value: string | undefined, site: Scope): number[] | undefined => {
  const tensor = value === undefined ? undefined : constantOf(site, value);
  if (tensor === undefined || (tensor.dtype !== 'int64' && tensor.dtype !== 'int32')) return undefined;
  return Array.from(readTensor(tensor).data as BigInt64Array, Number);
};

/** A constant of one repeated number that does not widen the shape. */
const isConstant = (node: Node, at: number, wanted: number, site: RewriteSite): boolean => {
  const tensor = constantOf(site, node.inputs[at] ?? '');
  if (tensor === undefined || elementCount(tensor.shape) > 65536 || elementCount(tensor.shape) === 0) return false;
  const values = isFloatType(tensor.dtype) ? readFloats(tensor) : Array.from(readTensor(tensor).data as never, Number);
  return values?.every((value: number) => value === wanted) === true;
};

/** x ∘ c or, where the operator commutes, c ∘ x, with c neutral. */
const neutral =
  (wanted: number, commutes: boolean): Repeats =>
  (node, site) => {
    const output = node.outputs[0] as string;
    const same = (source: string): boolean => {
      const probe = { ...node, inputs: [source], outputs: [output] };
      return keepsShape(probe, site) === true;
    };
    if (isConstant(node, 1, wanted, site) && same(node.inputs[0] as string)) return node.inputs[0] as string;
    if (commutes && isConstant(node, 0, wanted, site) && same(node.inputs[1] as string))
      return node.inputs[1] as string;
    return false;
  };

/** Types in which every value of the other is exact. */
const holds: Readonly<Record<string, readonly string[]>> = {
  float16: ['float32', 'float64'],
  bfloat16: ['float32', 'float64'],
  float32: ['float64'],
  int8: ['int16', 'int32', 'int64', 'float32', 'float64', 'float16'],
  uint8: ['int16', 'uint16', 'int32', 'int64', 'float32', 'float64', 'float16'],
  int16: ['int32', 'int64', 'float32', 'float64'],
  int32: ['int64', 'float64'],
  bool: ['int8', 'uint8', 'int32', 'int64', 'float16', 'float32', 'float64'],
};

const castRepeats: Repeats = (node, site) => {
  const to = dtypeFromCode(intOf(node, 'to', 0));
  const [input] = node.inputs as [string];
  const from = typeOf(input, site);
  if (to === undefined || from?.kind !== 'tensor') return false;
  if (from.dtype === to) return true;
  const wider = site.index.producer(input);
  if (wider?.opType !== 'Cast' || !isStandard(wider)) return false;
  const [source] = wider.inputs as [string];
  const original = typeOf(source, site);
  const isExact = original?.kind === 'tensor' && original.dtype === to && holds[to]?.includes(from.dtype) === true;
  return isExact ? source : false;
};

const sliceRepeats: Repeats = (node, site) => {
  const type = typeOf(node.inputs[0] as string, site);
  const [starts, ends] = [
    intsOf(node, 'starts', undefined) ?? integers(node.inputs[1], site),
    intsOf(node, 'ends', undefined) ?? integers(node.inputs[2], site),
  ];
  if (starts === undefined || ends === undefined || type?.kind !== 'tensor' || type.shape === null) return false;
  const axes = intsOf(node, 'axes', undefined) ?? integers(node.inputs[3], site) ?? starts.map((_, axis) => axis);
  const steps = (node.inputs[4] ?? '') === '' ? starts.map(() => 1) : integers(node.inputs[4], site);
  if (steps === undefined || ((node.inputs[3] ?? '') !== '' && integers(node.inputs[3], site) === undefined))
    return false;
  const { shape } = type;
  return axes.every((axis, at) => {
    const dim = shape.at(axis);
    const end = ends[at] as number;
    const reachesEnd = end >= 2 ** 31 - 1 || (typeof dim === 'number' && end >= dim);
    return starts[at] === 0 && steps[at] === 1 && reachesEnd;
  });
};

const padRepeats: Repeats = (node, site) =>
  (intsOf(node, 'pads', undefined) ?? integers(node.inputs[1], site))?.every((pad) => pad === 0) === true;

const single: Repeats = (node) => node.inputs.length === 1;

const repeats: Readonly<Record<string, Repeats>> = {
  Identity: () => true,
  Dropout: (node, site) => (node.inputs[2] ?? '') === '' || isConstant(node, 2, 0, site),
  Cast: castRepeats,
  Reshape: keepsShape,
  Expand: keepsShape,
  Flatten: keepsShape,
  Tile: keepsShape,
  Transpose: (node) => intsOf(node, 'perm', undefined)?.every((axis, at) => axis === at) === true,
  Slice: sliceRepeats,
  Pad: padRepeats,
  Concat: single,
  Sum: single,
  Max: single,
  Min: single,
  Mean: single,
  Add: neutral(0, true),
  Sub: neutral(0, false),
  Mul: neutral(1, true),
  Div: neutral(1, false),
  Pow: neutral(1, false),
  Relu: (node, site) => site.index.producer(node.inputs[0] as string)?.opType === 'Relu',
};

/** One node in place of two of a kind; null where there is nothing to merge. */
function merge(node: Node, site: RewriteSite): Node | null {
  const [input] = node.inputs as [string];
  const before = site.index.producer(input);
  if (before === undefined || before.opType !== node.opType || !isStandard(before)) return null;
  const source = before.inputs[0] as string;
  if (node.opType === 'Transpose') {
    const [first, second] = [intsOf(before, 'perm', undefined), intsOf(node, 'perm', undefined)];
    if (first === undefined || second === undefined) return null;
    const perm = second.map((axis) => first[axis] as number);
    return { ...node, inputs: [source], attributes: new Map([['perm', attributes.ints(perm)]]) };
  }
  if (node.opType === 'Reshape') {
    const target = integers(node.inputs[1], site);
    const copiesDims = target === undefined || (target.includes(0) && intOf(node, 'allowzero', 0) === 0);
    return copiesDims ? null : { ...node, inputs: [source, ...node.inputs.slice(1)] };
  }
  return null;
}

export const eliminateNoOpsPass = definePass({
  name: 'eliminate-no-ops',
  title: 'Remove what does nothing',
  help: 'Removes identities, casts, reshapes, transposes, slices and pads that change nothing, and joins those that follow each other.',
  source: 'https://onnx.ai/onnx/operators/',
  options: {},
  tolerance: 0,
  run: (model, { isTarget }) => eliminateNoOps(model, isTarget),
});
