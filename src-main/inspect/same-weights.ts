/**
 * Which weights of two models are the same ones, by what is in them: equal elements, or elements that go together
 * although they are quantized, rounded, pruned, trained further or turned round. A sample of each is read, never all.
 */

import { bfloat16ToFloat32, float16ToFloat32 } from '../kernels/half';
import { readTensorBytes } from '../onnx/file';
import { type DType, dtypeBits, elementCount, type Tensor } from '../onnx/ir';

/** A weight as it is stored, and how it lies where that differs from its shape. */
export interface NamedWeight {
  readonly name: string;
  readonly tensor: Tensor;
}

const sampleSize = 256;
/** Smaller ones say too little for anything but equality. */
const leastToCorrelate = 16;
/**
 * Of 256 independent pairs a correlation has a standard deviation of 1/16; of a weight and its 4-bit form it is above
 * 0.97, of one and what magnitude pruning leaves of it at 90 % above 0.7.
 */
const leastCorrelation = 0.6;
/** Below this a tensor is read as a whole. */
const wholeBytes = 1 << 20;

/** Name before → name after; what is told by nothing but its size stays out. */
export function sameWeights(before: readonly NamedWeight[], after: readonly NamedWeight[]): Map<string, string> {
  const pairs = new Map<string, string>();
  const [old, now] = [samplesOf(before), samplesOf(after)];
  pairEqual(old, now, pairs);
  pairCorrelated(old, now, pairs);
  return pairs;
}

interface Sampled {
  readonly name: string;
  /** Dims without those of 1. */
  readonly shape: readonly number[];
  readonly values: Float64Array;
  /** Of the transposed matrix; null for what is none. */
  readonly turned: Float64Array | null;
}

function samplesOf(weights: readonly NamedWeight[]): Sampled[] {
  return weights.flatMap(({ name, tensor }) => {
    const read = elementReader(tensor);
    if (read === null) return [];
    const shape = tensor.shape.filter((dim) => dim !== 1);
    const places = samplePlaces(elementCount(shape));
    const [rows = 0, columns = 0] = shape;
    const turn = (place: number): number => (place % rows) * columns + Math.floor(place / rows);
    return {
      name,
      shape,
      values: Float64Array.from(places, read),
      turned: shape.length === 2 ? Float64Array.from(places, (place) => read(turn(place))) : null,
    };
  });
}

/** The same for every tensor of so many elements; all of a small one. */
function samplePlaces(count: number): number[] {
  if (count <= sampleSize) return Array.from({ length: count }, (_, at) => at);
  // Multiples of the golden ratio spread evenly and miss the period of rows.
  const ratio = (Math.sqrt(5) - 1) / 2;
  return Array.from({ length: sampleSize }, (_, at) => Math.floor(((at * ratio) % 1) * count));
}

/** Of weights with the same elements, those that are the only ones on both sides. */
function pairEqual(old: readonly Sampled[], now: readonly Sampled[], pairs: Map<string, string>): void {
  const keyOf = ({ shape, values }: Sampled): string => `${shape.join()}:${values.join()}`;
  const byKey = (all: readonly Sampled[]): Map<string, Sampled[]> => {
    const groups = new Map<string, Sampled[]>();
    for (const weight of all) groups.set(keyOf(weight), [...(groups.get(keyOf(weight)) ?? []), weight]);
    return groups;
  };
  const others = byKey(now);
  for (const [key, [weight, ...twins]] of byKey(old)) {
    const [other, ...otherTwins] = others.get(key) ?? [];
    if (weight !== undefined && other !== undefined && twins.length === 0 && otherTwins.length === 0)
      pairs.set(weight.name, other.name);
  }
}

/** Of weights of one size, those that go together best on both sides. */
function pairCorrelated(old: readonly Sampled[], now: readonly Sampled[], pairs: Map<string, string>): void {
  const taken = new Set(pairs.values());
  const size = ({ values, shape }: Sampled): string =>
    values.length < leastToCorrelate ? '' : String(elementCount(shape));
  const open = now.filter((weight) => !taken.has(weight.name) && size(weight) !== '');
  const found: { readonly weight: Sampled; readonly other: Sampled; readonly correlation: number }[] = [];
  for (const weight of old) {
    if (pairs.has(weight.name)) continue;
    for (const other of open) {
      if (size(other) !== size(weight)) continue;
      const correlation = likeness(weight, other);
      if (correlation >= leastCorrelation) found.push({ weight, other, correlation });
    }
  }
  found.sort((a, b) => b.correlation - a.correlation);
  for (const { weight, other } of found) {
    if (pairs.has(weight.name) || taken.has(other.name)) continue;
    pairs.set(weight.name, other.name);
    taken.add(other.name);
  }
}

function likeness(weight: Sampled, other: Sampled): number {
  const isSame = weight.shape.join() === other.shape.join();
  const isTurned = other.turned !== null && weight.shape.join() === [...other.shape].reverse().join();
  const straight = isSame || !isTurned ? correlation(weight.values, other.values) : 0;
  return isTurned ? Math.max(straight, correlation(weight.values, other.turned as Float64Array)) : straight;
}

/** Pearson's; 0 where either is constant. */
function correlation(a: Float64Array, b: Float64Array): number {
  const mean = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [product, squareA, squareB] = [0, 0, 0];
  for (let at = 0; at < a.length; at++) {
    const [x, y] = [(a[at] as number) - meanA, (b[at] as number) - meanB];
    product += x * y;
    squareA += x * x;
    squareB += y * y;
  }
  return squareA === 0 || squareB === 0 ? 0 : product / Math.sqrt(squareA * squareB);
}

type Decode = (view: DataView, element: number) => number;

const halfValue = (bits: number): number => converted(bits, float16ToFloat32);
const bfloatValue = (bits: number): number => converted(bits, bfloat16ToFloat32);
function converted(bits: number, convert: (source: Uint16Array, target: Float32Array) => void): number {
  const target = new Float32Array(1);
  convert(Uint16Array.of(bits), target);
  return target[0] as number;
}
const nibble = (view: DataView, element: number): number => (view.getUint8(element >> 1) >> ((element & 1) * 4)) & 15;

const decoders: Partial<Record<DType, Decode>> = {
  float32: (view, at) => view.getFloat32(at * 4, true),
  float64: (view, at) => view.getFloat64(at * 8, true),
  float16: (view, at) => halfValue(view.getUint16(at * 2, true)),
  bfloat16: (view, at) => bfloatValue(view.getUint16(at * 2, true)),
  int8: (view, at) => view.getInt8(at),
  uint8: (view, at) => view.getUint8(at),
  int32: (view, at) => view.getInt32(at * 4, true),
  int64: (view, at) => Number(view.getBigInt64(at * 8, true)),
  uint4: nibble,
  int4: (view, at) => ((nibble(view, at) + 8) % 16) - 8,
};

/** Element by flat index; null for types that hold no weights. */
function elementReader(tensor: Tensor): ((element: number) => number) | null {
  const decode = decoders[tensor.dtype];
  if (decode === undefined || elementCount(tensor.shape) === 0) return null;
  const bits = dtypeBits(tensor.dtype);
  const view = (start: number, end: number): DataView => {
    const bytes = readTensorBytes(tensor, start, end);
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  };
  const total = Math.ceil((elementCount(tensor.shape) * bits) / 8);
  if (total <= wholeBytes) {
    const whole = view(0, total);
    return (element) => decode(whole, element);
  }
  const together = Math.max(1, 8 / bits);
  return (element) => {
    const first = Math.floor(element / together);
    const bytes = Math.max(1, bits / 8);
    return decode(view(first * bytes, (first + 1) * bytes), element % together);
  };
}
