/**
 * Shape computations whose result follows from the types: Shape, Gather, Slice, Concat and the like on dims that are
 * known, and Reshape targets in which one entry stays open (−1) or is copied from the input (0).
 * Source: ONNX shape inference with data propagation, https://onnx.ai/onnx/repo-docs/ShapeInference.html.
 */

import { readTensor } from '../onnx/file';
import {
  attributes,
  dtypeFromCode,
  elementCount,
  int64Tensor,
  type Model,
  type Node,
  Patch,
  type Tensor,
  tensorFromArray,
} from '../onnx/ir';
import {
  addConstant,
  becomeConstant,
  constantOf,
  definePass,
  editGraphs,
  isConstantNode,
  isStandard,
  mustStayComputed,
  type PassResult,
  type Scope,
  Tally,
} from './pass';
import { orParameter } from './pass-error';
import { type ScopeTypes, scopeTypes } from './scope-types';

const { intOf, intsOf } = attributes;

/** A number, the name of a symbolic dim, or null: unknown. */
type Entry = number | string | null;

/** A scalar or vector of integers as far as it is known. */
interface Entries {
  readonly entries: readonly Entry[];
  readonly isScalar: boolean;
  readonly dtype: 'int64' | 'int32';
}

/** Vectors that hold dims are short. */
const longest = 64;

export async function foldShapes(model: Model, isTarget: (node: Node) => boolean = () => true): Promise<PassResult> {
  const tally = new Tally();
  const counts: Counts = { targets: 0 };
  let now = model;
  // A Reshape with a constant target tells the runtime the shapes of what lies behind it.
  for (;;) {
    tally.skipped.length = 0;
    const next = foldOnce(now, await scopeTypes(now), isTarget, tally, counts);
    if (next === now) break;
    now = next;
  }
  tally.eligible = tally.changed + tally.skipped.length;
  const computations = tally.changed - counts.targets;
  const notes = [
    ...(computations > 0 ? [`folded ${computations} shape computations`] : []),
    ...(counts.targets > 0 ? [`made ${counts.targets} Reshape targets constant`] : []),
  ];
  return tally.result(now, notes);
}

interface Counts {
  /** Reshape targets made constant. */
  targets: number;
}

function foldOnce(
  model: Model,
  types: ScopeTypes,
  isTarget: (node: Node) => boolean,
  tally: Tally,
  counts: Counts,
): Model {
  return editGraphs(model, (scope) => {
    const known = new ShapeValues(scope, types);
    const patch = new Patch(scope.graph);
    for (const node of scope.graph.nodes) {
      if (!isStandard(node) || !isTarget(node)) continue;
      const [output] = node.outputs as [string];
      const value = known.of(output);
      if (value !== undefined && isExact(value) && !isConstantNode(node) && node.outputs.length === 1) {
        if (scope.index.isOutput(output)) {
          tally.skip(node, 'it gives an output of the graph its name');
          continue;
        }
        if (mustStayComputed(scope, output, value.isScalar ? [] : [value.entries.length])) continue;
        becomeConstant(patch, scope, node, tensorOf(output, value));
        tally.changed++;
      } else if (node.opType === 'Reshape') {
        const target = orParameter(() => openTarget(node, scope, types, known));
        if (typeof target === 'string') tally.skip(node, target);
        if (target === null || typeof target === 'string') continue;
        const name = addConstant(patch, scope, int64Tensor(`${output}/shape`, [target.length], target));
        patch.replaceNode(node.name, { ...node, inputs: [node.inputs[0] as string, name] });
        tally.changed++;
        counts.targets++;
      }
    }
    return patch.isEmpty ? scope.graph : patch.apply();
  });
}

/** Whether each entry is known, and is a number that the dtype and a float64 hold: "to the end" is often 2⁶³ − 1. */
function isExact({ entries, dtype }: Entries): boolean {
  const most = dtype === 'int32' ? 2 ** 31 - 1 : Number.MAX_SAFE_INTEGER;
  return entries.every((entry) => Number.isSafeInteger(entry) && Math.abs(entry as number) <= most);
}

function tensorOf(name: string, { entries, isScalar, dtype }: Entries): Tensor {
  const shape = isScalar ? [] : [entries.length];
  if (dtype === 'int64') return int64Tensor(name, shape, entries as number[]);
  return tensorFromArray(name, { dtype, shape, data: Int32Array.from(entries as number[]) });
}

/**
 * A constant target that gives the same shape: entries equal to the input's dim at their place are copied (0), one
 * more may be open (−1). null where it is constant already or too little is known.
 */
function openTarget(node: Node, scope: Scope, types: ScopeTypes, known: ShapeValues): number[] | null {
  const [input, shape] = node.inputs as [string, string];
  const target = known.of(shape);
  if (target === undefined || constantOf(scope, shape) !== undefined || intOf(node, 'allowzero', 0) === 1) return null;
  const { entries } = target;
  if (entries.some((entry) => entry === 0 || (typeof entry === 'number' && !Number.isSafeInteger(entry)))) return null;
  const open = entries.filter((entry) => typeof entry !== 'number').length;
  const dims = types.shapeOf(scope, input) ?? [];
  let isOpen = entries.includes(-1);
  if (open <= 1 && !isOpen) return entries.map((entry) => (typeof entry === 'number' ? entry : -1));
  const copied: number[] = [];
  for (const [axis, entry] of entries.entries()) {
    if (typeof entry === 'number') copied.push(entry);
    else if (entry !== null && entry === dims[axis]) copied.push(0);
    else if (isOpen) return null;
    else {
      isOpen = true;
      copied.push(-1);
    }
  }
  return copied;
}

/** What is known of the integer vectors of a graph. */
class ShapeValues {
  readonly #scope: Scope;
  readonly #types: ScopeTypes;
  readonly #found = new Map<string, Entries | undefined>();

  constructor(scope: Scope, types: ScopeTypes) {
    this.#scope = scope;
    this.#types = types;
    for (const node of scope.graph.nodes) {
      const [output] = node.outputs;
      if (output === undefined || output === '' || !isStandard(node)) continue;
      const value = orParameter(() => this.#compute(node));
      this.#found.set(output, typeof value === 'string' ? undefined : value);
    }
  }

  of(value: string | undefined): Entries | undefined {
    if (value === undefined || value === '') return undefined;
    return this.#found.get(value) ?? this.#constant(value);
  }

  #constant(value: string): Entries | undefined {
    const tensor = constantOf(this.#scope, value);
    if (tensor === undefined || (tensor.dtype !== 'int64' && tensor.dtype !== 'int32')) return undefined;
    if (tensor.shape.length > 1 || elementCount(tensor.shape) > longest) return undefined;
    const entries = Array.from(readTensor(tensor).data as BigInt64Array, Number);
    return { entries, isScalar: tensor.shape.length === 0, dtype: tensor.dtype };
  }

  #compute(node: Node): Entries | undefined {
    if (isConstantNode(node)) return this.#constant(node.outputs[0] as string);
    return evaluators[node.opType]?.(node, {
      of: (at) => this.of(node.inputs[at]),
      dims: (at) => this.#dims(node.inputs[at] ?? ''),
      has: (at) => (node.inputs[at] ?? '') !== '',
    });
  }

  #dims(value: string): readonly Entry[] | undefined {
    const tensor = constantOf(this.#scope, value);
    if (tensor !== undefined) return tensor.shape;
    // Old exporters write 0 for "any".
    return this.#types.shapeOf(this.#scope, value)?.map((dim) => (typeof dim === 'number' && dim <= 0 ? null : dim));
  }
}

interface Operands {
  of(at: number): Entries | undefined;
  dims(at: number): readonly Entry[] | undefined;
  has(at: number): boolean;
}
type Evaluator = (node: Node, operands: Operands) => Entries | undefined;

const vector = (entries: readonly Entry[], dtype: Entries['dtype'] = 'int64'): Entries => ({
  entries,
  isScalar: false,
  dtype,
});

/** Entry by entry, a scalar or a vector of one against every other; a symbol survives only where the other is neutral. */
const elementwise =
  (compute: (a: number, b: number) => number, neutral: { left?: number; right: number }): Evaluator =>
  (_node, { of }) => {
    const [a, b] = [of(0), of(1)];
    if (a === undefined || b === undefined) return undefined;
    const length = Math.max(a.entries.length, b.entries.length);
    if ([a, b].some(({ entries }) => entries.length !== 1 && entries.length !== length)) return undefined;
    const entries = Array.from({ length }, (_, at): Entry => {
      const [x, y] = [a, b].map(({ entries: all }) => all[all.length === 1 ? 0 : at] as Entry) as [Entry, Entry];
      if (typeof x === 'number' && typeof y === 'number') return compute(x, y);
      if (y === neutral.right) return x;
      return neutral.left !== undefined && x === neutral.left ? y : null;
    });
    return { entries, isScalar: a.isScalar && b.isScalar, dtype: a.dtype };
  };

const identity: Evaluator = (_node, { of }) => of(0);

const evaluators: Readonly<Record<string, Evaluator>> = {
  Shape: (node, { dims }) => {
    const all = dims(0);
    return all === undefined ? undefined : vector(all.slice(intOf(node, 'start', 0), intOf(node, 'end', undefined)));
  },
  Size: (_node, { dims }) => {
    const all = dims(0);
    if (all?.every((dim) => typeof dim === 'number') !== true) return undefined;
    return { entries: [elementCount(all as number[])], isScalar: true, dtype: 'int64' };
  },
  Identity: identity,
  Cast: (node, { of }) => {
    const dtype = dtypeFromCode(intOf(node, 'to', 0));
    const value = of(0);
    return value !== undefined && (dtype === 'int64' || dtype === 'int32') ? { ...value, dtype } : undefined;
  },
  Gather: (_node, { of }) => {
    const [data, indices] = [of(0), of(1)];
    if (data === undefined || indices === undefined || data.isScalar) return undefined;
    if (!indices.entries.every((entry) => typeof entry === 'number')) return undefined;
    const entries = (indices.entries as number[]).map((index) => data.entries.at(index) ?? null);
    return { entries, isScalar: indices.isScalar, dtype: data.dtype };
  },
  Concat: (node, { of }) => {
    const parts = node.inputs.map((_, at) => of(at));
    if (parts.some((part) => part === undefined || part.isScalar)) return undefined;
    const entries = (parts as Entries[]).flatMap((part) => part.entries);
    return entries.length > longest ? undefined : vector(entries, parts[0]?.dtype);
  },
  Unsqueeze: (node, { of }) => {
    const value = of(0);
    const axes = intsOf(node, 'axes', undefined) ?? of(1)?.entries;
    if (value?.isScalar !== true || axes?.length !== 1) return undefined;
    return { ...value, isScalar: false };
  },
  Squeeze: (_node, { of }) => {
    const value = of(0);
    return value?.entries.length === 1 ? { ...value, isScalar: true } : undefined;
  },
  Reshape: (_node, { of }) => {
    const [value, target] = [of(0), of(1)];
    if (value === undefined || target === undefined || target.entries.length > 1) return undefined;
    return { ...value, isScalar: target.entries.length === 0 };
  },
  Slice: (node, { of, has }) => {
    const data = of(0);
    const [starts, ends] = [
      intsOf(node, 'starts', undefined) ?? of(1)?.entries,
      intsOf(node, 'ends', undefined) ?? of(2)?.entries,
    ];
    const steps = has(4) ? of(4)?.entries : [1];
    if (data === undefined || data.isScalar || starts?.length !== 1 || ends?.length !== 1 || steps?.[0] !== 1)
      return undefined;
    if (typeof starts[0] !== 'number' || typeof ends[0] !== 'number') return undefined;
    return { ...data, entries: data.entries.slice(starts[0], ends[0]) };
  },
  Add: elementwise((a, b) => a + b, { left: 0, right: 0 }),
  Sub: elementwise((a, b) => a - b, { right: 0 }),
  Mul: elementwise((a, b) => a * b, { left: 1, right: 1 }),
  // Integers divide towards zero.
  Div: elementwise((a, b) => (b === 0 ? Number.NaN : Math.trunc(a / b)), { right: 1 }),
};

export const foldShapesPass = definePass({
  name: 'fold-shapes',
  title: 'Fold shape computations',
  help: 'Replaces what is computed from known dims by its result, and makes Reshape targets constant.',
  source: 'https://onnx.ai/onnx/repo-docs/ShapeInference.html',
  options: {},
  tolerance: 0,
  run: (model, { isTarget }) => foldShapes(model, isTarget),
});
