/**
 * What a body of If, Loop or Scan, or a called function, is fed when it runs by itself: the types that follow from
 * what its node is given, and the values of the first round.
 * Source: https://onnx.ai/onnx/operators/ (If, Loop, Scan).
 */

import {
  attributes,
  type Dim,
  elementCount,
  type Feeds,
  type Graph,
  type ModelFunction,
  type NdArray,
  type Node,
  type TypeInfo,
  zeros,
} from '../ir';

/** What reaches one input of a body. */
interface Given {
  readonly kind: 'round' | 'condition' | 'state' | 'scanned';
  /** The node's input that it is made of; '' where there is none. */
  readonly input: string;
  /** Axes that the body does not see: of the batch before opset 9, and the one scanned along. */
  readonly dropped: readonly number[];
}

/** @param at number of the body's input @param opset of ai.onnx */
function givenTo(node: Node, at: number, opset: number): Given {
  if (node.opType === 'Loop') {
    const kind = at === 0 ? 'round' : at === 1 ? 'condition' : 'state';
    return { kind, input: node.inputs[at] ?? '', dropped: [] };
  }
  if (node.opType !== 'Scan') return { kind: 'state', input: node.inputs[at] ?? '', dropped: [] };
  // Before opset 9 the lengths of the sequences stand first, and a batch dim before everything.
  const isBatched = opset < 9;
  const scans = attributes.intOf(node, 'num_scan_inputs', 0);
  const states = node.inputs.length - scans - (isBatched ? 1 : 0);
  const input = node.inputs[at + (isBatched ? 1 : 0)] ?? '';
  const axis = attributes.intsOf(node, 'scan_input_axes', undefined)?.[at - states] ?? 0;
  if (isBatched) return { kind: at < states ? 'state' : 'scanned', input, dropped: at < states ? [0] : [0, 1] };
  return at < states ? { kind: 'state', input, dropped: [] } : { kind: 'scanned', input, dropped: [axis] };
}

/** The type of a body's input as it follows from its node's; undefined where nothing does. */
export function bodyInputType(
  node: Node,
  at: number,
  opset: number,
  types: ReadonlyMap<string, TypeInfo>,
): TypeInfo | undefined {
  const { kind, input, dropped } = givenTo(node, at, opset);
  if (kind === 'round') return { kind: 'tensor', dtype: 'int64', shape: [] };
  if (kind === 'condition') return { kind: 'tensor', dtype: 'bool', shape: [] };
  const type = types.get(input);
  if (type?.kind !== 'tensor' || type.shape === null) return type;
  // A state of a Loop may change its shape from round to round.
  return { ...type, shape: node.opType === 'Loop' ? null : without(type.shape, dropped) };
}

/** A value of the graph around; undefined where it is not known. */
export type ValueNamed = (name: string) => NdArray | undefined;

/** What the first round of a body gets in its inputs, whether or not the node runs any; null where one is not known. */
export function firstRound(node: Node, { inputs }: Graph, opset: number, valueNamed: ValueNamed): Feeds | null {
  const given = inputs.map(({ name }, at) => [name, roundInput(givenTo(node, at, opset), valueNamed)] as const);
  return given.some(([, value]) => value === undefined) ? null : (Object.fromEntries(given) as Feeds);
}

function roundInput({ kind, input, dropped }: Given, valueNamed: ValueNamed): NdArray | undefined {
  if (kind === 'round') return { dtype: 'int64', shape: [], data: BigInt64Array.of(0n) };
  if (kind === 'condition') return { dtype: 'bool', shape: [], data: Uint8Array.of(1) };
  const value = valueNamed(input);
  return value && dropped.reduceRight(firstAlong, value);
}

/** Element 0 along an axis, which goes; zeros where the axis is empty. */
function firstAlong(array: NdArray, axis: number): NdArray {
  const at = axis < 0 ? axis + array.shape.length : axis;
  const shape = without(array.shape, [at]);
  const first = zeros(array.dtype, shape);
  const size = array.shape[at] as number;
  if (size === 0) return first;
  const inner = elementCount(array.shape.slice(at + 1));
  for (let to = 0; to < first.data.length; to++)
    first.data[to] = array.data[Math.floor(to / inner) * size * inner + (to % inner)] as never;
  return first;
}

function without<D extends Dim>(shape: readonly D[], axes: readonly number[]): D[] {
  const dropped = new Set(axes.map((axis) => (axis < 0 ? axis + shape.length : axis)));
  return shape.filter((_, axis) => !dropped.has(axis));
}

/** The values of a function's inputs, as far as those of the call's are known. */
export function argumentValues(call: Node, fn: ModelFunction, values: Feeds): Feeds {
  const pairs = fn.inputs.map((name, at) => [name, values[call.inputs[at] ?? '']] as const);
  return Object.fromEntries(pairs.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])));
}

/** The attribute whose body an If takes, by its condition; undefined where that is not known. */
export function branchOf(condition: NdArray | undefined): string | undefined {
  if (condition === undefined) return undefined;
  return condition.data[0] ? 'then_branch' : 'else_branch';
}

/** Whether a Loop or Scan ends before its first round. */
export function hasNoRound(node: Node, opset: number, valueNamed: ValueNamed): boolean {
  if (node.opType === 'Loop') {
    const [most, condition] = [valueNamed(node.inputs[0] ?? ''), valueNamed(node.inputs[1] ?? '')];
    return (most !== undefined && Number(most.data[0]) <= 0) || (condition !== undefined && !condition.data[0]);
  }
  if (node.opType !== 'Scan') return false;
  const last = node.inputs.at(-1) ?? '';
  const scans = attributes.intOf(node, 'num_scan_inputs', 0);
  const axis = opset < 9 ? 1 : (attributes.intsOf(node, 'scan_input_axes', undefined)?.[scans - 1] ?? 0);
  return valueNamed(last)?.shape.at(axis) === 0;
}
