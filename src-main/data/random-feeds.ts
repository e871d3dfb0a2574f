/** Random inputs that stay inside what the graph can take, for models without data. Never a basis for accuracy. */

import { LatheError } from '../contract';
import { Random } from '../kernels/random';
import { readTensor } from '../onnx/file';
import {
  type ArrayDType,
  attributes,
  type Dim,
  dimName,
  elementCount,
  type Feeds,
  fedInputs,
  type GraphIndex,
  indexGraph,
  isArrayDType,
  type Model,
  type NdArray,
  type Node,
  type Tensor,
  type Value,
  zeros,
} from '../onnx/ir';

export interface RandomOptions {
  /** Sizes of symbolic dims; a nameless one is called `<input>.<axis>`. */
  readonly dims: Readonly<Record<string, number>>;
  /** Size of a symbolic first axis. */
  readonly batch: number;
  readonly seed: number;
  /** Elements that one input may have at most; {@link mostElements} where absent. */
  readonly most?: number;
}

/** 256 MB of float32. */
const mostElements = 2 ** 26;

/**
 * One run's feeds of the right names, types and shapes: ids below the rows of the table that they pick from, constants
 * that the graph compares with, masks of ones, normal numbers elsewhere.
 * @throws LatheError that names the symbolic dim which has no size, or the input that would be too large, and the option
 * that gives a size
 */
export function randomFeeds(model: Model, options: RandomOptions): Feeds {
  const random = new Random(options.seed);
  const index = indexGraph(model.graph);
  return Object.fromEntries(
    fedInputs(model.graph).map((input) => [input.name, randomArray(input, index, random, options)]),
  );
}

function randomArray(input: Value, index: GraphIndex, random: Random, options: RandomOptions): NdArray {
  const { type } = input;
  if (type?.kind !== 'tensor' || !isArrayDType(type.dtype)) {
    const what = type === null ? 'states no type' : `is a ${type.kind === 'tensor' ? type.dtype : type.kind}`;
    throw new LatheError({
      who: `input "${input.name}"`,
      what: `${what}: no random values can be made for it`,
      next: 'choose data for the model (in a shell: --data)',
    });
  }
  const shape = fixedShape(input.name, type.shape ?? [], options);
  const { most = mostElements } = options;
  if (elementCount(shape) > most) {
    throw new LatheError({
      who: `input "${input.name}"`,
      what: `random values of shape [${shape.join(', ')}] are more than ${most} elements`,
      next: 'give its dimensions smaller sizes, or choose data (in a shell: --dim, --data)',
    });
  }
  const array = zeros(type.dtype, shape);
  fill(array, input.name, index, random);
  return array;
}

function fixedShape(name: string, shape: readonly Dim[], options: RandomOptions): number[] {
  return shape.map((dim, axis) => {
    const called = dimName(name, axis, dim);
    if (called === null) return dim as number;
    const given = options.dims[called];
    // A batch asked for outright outranks the size that was given for the batch axis.
    if (axis === 0) return options.batch > 1 ? options.batch : (given ?? options.batch);
    if (given !== undefined) return given;
    throw new LatheError({
      who: `input "${name}"`,
      what: `dimension "${called}" (axis ${axis}) has no size`,
      next: `give it one (in a shell: --dim ${called}=size)`,
      code: 'usage',
    });
  });
}

function fill(array: NdArray, name: string, index: GraphIndex, random: Random): void {
  if (array.dtype === 'string') return;
  const value = valueMaker(array.dtype, name, index, random);
  const { data } = array;
  if (data instanceof BigInt64Array || data instanceof BigUint64Array)
    for (let at = 0; at < data.length; at++) data[at] = BigInt(value());
  else for (let at = 0; at < data.length; at++) (data as Float32Array)[at] = value();
}

function valueMaker(dtype: ArrayDType, name: string, index: GraphIndex, random: Random): () => number {
  const oneOf = (values: readonly number[]) => () => values[random.below(values.length)] as number;
  if (dtype === 'float16') return oneOf(halfBits);
  if (dtype === 'bfloat16') return oneOf(bfloatBits);
  if (dtype === 'float32' || dtype === 'float64') return () => random.normal();
  const allowed = dtype === 'bool' || /mask/i.test(name) ? null : allowedIntegers(name, index);
  if (allowed === null) return () => 1;
  return allowed.kind === 'below' ? () => random.below(allowed.bound) : oneOf(allowed.values);
}

/** −1, −½, 0, ½, 1 as float16 and as bfloat16. */
const halfBits = [0xbc00, 0xb800, 0, 0x3800, 0x3c00];
const bfloatBits = [0xbf80, 0xbf00, 0, 0x3f00, 0x3f80];

type Allowed =
  | { readonly kind: 'below'; readonly bound: number }
  | { readonly kind: 'one-of'; readonly values: number[] };

const passThrough = new Set([
  'Cast',
  'Identity',
  'Reshape',
  'Squeeze',
  'Unsqueeze',
  'Flatten',
  'Transpose',
  'Expand',
  'Slice',
]);

/** What the readers of an integer input can take: rows of the table it picks from, or constants it is compared with. */
function allowedIntegers(input: string, index: GraphIndex): Allowed | null {
  const open = [input];
  const seen = new Set(open);
  let bound = Infinity;
  const compared = new Set<number>();
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    for (const node of index.consumers(name)) {
      bound = Math.min(bound, pickBound(node, name, index));
      for (const value of comparedWith(node, name, index)) compared.add(value);
      const next = node.outputs[0];
      if (!passThrough.has(node.opType) || node.inputs[0] !== name || next === undefined || seen.has(next)) continue;
      seen.add(next);
      open.push(next);
    }
  }
  if (Number.isFinite(bound)) return { kind: 'below', bound: Math.max(1, Math.min(bound, 0x7fffffff)) };
  return compared.size === 0 ? null : { kind: 'one-of', values: [...compared] };
}

function pickBound(node: Node, name: string, index: GraphIndex): number {
  if (node.opType === 'Gather' && node.inputs[1] === name) {
    const table = constantOf(node.inputs[0] as string, index);
    const axis = attributes.intOf(node, 'axis', 0);
    return table?.shape.at(axis) ?? Infinity;
  }
  if (node.opType === 'OneHot' && node.inputs[0] === name) {
    const depth = constantOf(node.inputs[1] as string, index);
    return depth === undefined ? Infinity : (integers(depth)[0] ?? Infinity);
  }
  return Infinity;
}

function comparedWith(node: Node, name: string, index: GraphIndex): number[] {
  if (node.opType !== 'Equal') return [];
  const other = node.inputs.find((input) => input !== name);
  const constant = other === undefined ? undefined : constantOf(other, index);
  if (constant === undefined || elementCount(constant.shape) > 4096) return [];
  return integers(constant).filter((value) => value >= 0);
}

/** A constant behind an edge: an initializer, a Constant node, or one of those through a few shape changes. */
function constantOf(name: string, index: GraphIndex): Tensor | undefined {
  const initializer = index.graph.initializers.get(name);
  if (initializer !== undefined) return initializer;
  const maker = index.producer(name);
  if (maker === undefined) return undefined;
  if (maker.opType === 'Constant') return attributes.tensorOf(maker, 'value');
  const wrapped = ['Cast', 'Unsqueeze', 'Squeeze', 'Identity', 'DequantizeLinear', 'Mul', 'Reshape'];
  return wrapped.includes(maker.opType) ? constantOf(maker.inputs[0] as string, index) : undefined;
}

function integers(tensor: Tensor): number[] {
  const { data, dtype } = readTensor(tensor) as NdArray<Exclude<ArrayDType, 'string'>>;
  return dtype === 'float16' || dtype === 'bfloat16'
    ? []
    : Array.from(data as Float32Array, Number).filter(Number.isInteger);
}
