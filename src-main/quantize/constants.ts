/** Which values of a graph are known before it runs, and their tensors, however the file spells them. */

import { readTensor } from '../onnx/file';
import { attributes, type GraphIndex, isArrayDType, type NdArray, type Node, type Tensor, toBytes } from '../onnx/ir';
import { channelLayout } from './weights';

export interface Constants {
  /** The tensor that a value always holds; undefined where it is computed from inputs. */
  tensor(value: string): Tensor | undefined;
  /** The one number that a value always holds; undefined for anything else. */
  scalar(value: string): number | undefined;
  /** The matrix that a value always holds, as it is stored; undefined where it is no matrix or computed. */
  matrix(value: string): StoredMatrix | undefined;
  /** Whether a value never changes, though nodes compute it: a clean step makes a tensor of it. */
  isFixed(value: string): boolean;
  /** Whether a value is what a DequantizeLinear gives. */
  isDequantized(value: string): boolean;
}

/** A matrix behind any number of Transposes: what several nodes read of it is stored once. */
export interface StoredMatrix {
  readonly tensor: Tensor;
  /** Read with rows and columns exchanged. */
  readonly turned: boolean;
}

/** Give something else each time. */
const neverFixed = new Set(['RandomNormalLike', 'RandomUniformLike', 'Bernoulli', 'Multinomial', 'Dropout']);

export const alreadyQuantized = 'already quantized';

/** Why a weight that is no tensor can't be written as integers. */
export function computedReason(constants: Constants, weight: string): string {
  if (constants.isDequantized(weight)) return alreadyQuantized;
  return constants.isFixed(weight)
    ? 'its weight is computed from constants: put a clean step before this one'
    : 'its weight is computed, not constant';
}

/** Why a weight of another type than float32 can't. */
export function typeReason({ dtype }: Tensor): string {
  const half = dtype === 'float16' || dtype === 'bfloat16';
  return `its weight is ${dtype}, not float32${half ? ': quantize the float32 model that it was made from' : ''}`;
}

/**
 * Reads constants through initializers, Constant, Identity and Transpose nodes.
 * @param outer constants of the graph around this one
 */
export function constantsOf(index: GraphIndex, outer?: Constants): Constants {
  const found = new Map<string, Tensor | undefined>();
  const overridable = new Set(index.graph.inputs.map((value) => value.name));
  const find = (value: string): Tensor | undefined => {
    const initializer = index.graph.initializers.get(value);
    if (initializer !== undefined) return overridable.has(value) ? undefined : initializer;
    const node = index.producer(value);
    if (node === undefined) return overridable.has(value) ? undefined : outer?.tensor(value);
    if (node.domain !== '') return undefined;
    if (node.opType === 'Constant') return constantNode(node);
    if (node.opType === 'Identity') return tensor(node.inputs[0] as string);
    if (node.opType === 'Transpose') return transposed(node, tensor(node.inputs[0] as string));
    return undefined;
  };
  const tensor = (value: string): Tensor | undefined => {
    if (value === '') return undefined;
    if (!found.has(value)) found.set(value, find(value));
    return found.get(value);
  };
  const matrix = (value: string): StoredMatrix | undefined => {
    const node = index.producer(value);
    if (node === undefined && outer !== undefined && tensor(value) === outer.tensor(value)) return outer.matrix(value);
    if (node?.domain === '' && node.opType === 'Identity') return matrix(node.inputs[0] as string);
    if (node?.domain === '' && node.opType === 'Transpose') {
      const source = matrix(node.inputs[0] as string);
      const swaps = attributes.intsOf(node, 'perm', [1, 0])[0] === 1;
      return source && { tensor: source.tensor, turned: source.turned !== swaps };
    }
    const held = tensor(value);
    return held?.shape.length === 2 ? { tensor: held, turned: false } : undefined;
  };
  const fixed = new Map<string, boolean>();
  const isFixed = (value: string): boolean => {
    const known = fixed.get(value);
    if (known !== undefined) return known;
    fixed.set(value, false); // a ring never ends otherwise
    const node = index.producer(value);
    const inputs = node?.inputs.filter((input) => input !== '') ?? [];
    const isMade = node !== undefined && !neverFixed.has(node.opType) && inputs.length > 0 && inputs.every(isFixed);
    const answer = tensor(value) !== undefined || isMade || (node === undefined && outer?.isFixed(value) === true);
    fixed.set(value, answer);
    return answer;
  };
  return {
    tensor,
    isFixed,
    matrix,
    isDequantized: (value) => index.producer(value)?.opType === 'DequantizeLinear',
    scalar(value) {
      const held = tensor(value);
      if (held === undefined || held.shape.some((dim) => dim !== 1) || held.dtype === 'string') return undefined;
      return Number((readTensor(held) as NdArray<'float32'>).data[0]);
    },
  };
}

/** Bounds of a Clip, in either spelling; undefined where one is computed. */
export function clipBounds(constants: Constants, clip: Node): { low: number; high: number } | undefined {
  const bound = (at: number, name: string, absent: number): number | undefined => {
    const input = clip.inputs[at] ?? '';
    return input === '' ? attributes.floatOf(clip, name, absent) : constants.scalar(input);
  };
  const low = bound(1, 'min', Number.NEGATIVE_INFINITY);
  const high = bound(2, 'max', Number.POSITIVE_INFINITY);
  return low === undefined || high === undefined ? undefined : { low, high };
}

function constantNode(node: Node): Tensor | undefined {
  const held = attributes.tensorOf(node, 'value');
  if (held !== undefined) return { ...held, name: node.outputs[0] as string };
  const single = node.attributes.get('value_float');
  const many = node.attributes.get('value_floats');
  const values = single?.type === 'float' ? [single.value] : many?.type === 'floats' ? many.value : undefined;
  if (values === undefined) return undefined;
  const data = Float32Array.from(values);
  const shape = single?.type === 'float' ? [] : [data.length];
  const bytes = toBytes({ dtype: 'float32', shape, data });
  return { name: node.outputs[0] as string, dtype: 'float32', shape, data: { kind: 'inline', bytes } };
}

/** The tensor as Transpose gives it, made when it is read. */
function transposed(node: Node, source: Tensor | undefined): Tensor | undefined {
  if (source === undefined || source.dtype !== 'float32' || !isArrayDType(source.dtype)) return undefined;
  const rank = source.shape.length;
  const perm = attributes.intsOf(node, 'perm', undefined) ?? [...source.shape.keys()].reverse();
  const shape = perm.map((axis) => source.shape[axis] as number);
  const strides = source.shape.map((_, axis) => channelLayout(source.shape, axis).inner);
  const steps = perm.map((axis) => strides[axis] as number);
  const length = shape.reduce((product, dim) => product * dim, 4);
  // A reader comes for one window after the other: the source is read once for them, and let go where memory is short.
  let kept: WeakRef<Float32Array> | undefined;
  const read = (start: number, end: number): Uint8Array => {
    const data = kept?.deref() ?? (readTensor(source) as NdArray<'float32'>).data;
    kept = new WeakRef(data);
    const first = Math.floor(start / 4);
    const part = new Float32Array(Math.ceil(end / 4) - first);
    const at = positionOf(first, shape);
    let from = at.reduce((sum, coordinate, axis) => sum + coordinate * (steps[axis] as number), 0);
    for (let i = 0; i < part.length; i++) {
      part[i] = data[from] as number;
      for (let axis = rank - 1; axis >= 0; axis--) {
        from += steps[axis] as number;
        at[axis] = (at[axis] as number) + 1;
        if ((at[axis] as number) < (shape[axis] as number)) break;
        from -= (shape[axis] as number) * (steps[axis] as number);
        at[axis] = 0;
      }
    }
    return new Uint8Array(part.buffer).subarray(start - first * 4, end - first * 4);
  };
  return { name: node.outputs[0] as string, dtype: 'float32', shape, data: { kind: 'derived', length, read } };
}

function positionOf(element: number, shape: readonly number[]): number[] {
  const at = new Array<number>(shape.length).fill(0);
  for (let axis = shape.length - 1, rest = element; axis >= 0; axis--) {
    at[axis] = rest % (shape[axis] as number);
    rest = Math.floor(rest / (shape[axis] as number));
  }
  return at;
}
