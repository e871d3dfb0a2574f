/** Weights multiplied channel by channel, without holding large ones. */

import { readTensorBytes } from '../onnx/file';
import { dtypeBits, fromBytes, type NdArray, type Tensor, tensorByteLength, toBytes } from '../onnx/ir';
import { type FloatType, floatsArray, toFloat64 } from './float-tensor';

/** Above this a scaled weight is computed part by part when it is read, and takes no room. */
const inlineBytes = 2 ** 18;

/** How a flat index reads: the weight seen as [outer, size, inner], and the factor of its places. */
export interface ChannelFactors {
  readonly size: number;
  readonly inner: number;
  readonly factor: (outer: number, channel: number) => number;
}

/** The factors along one axis of a shape. */
export function alongAxis(shape: readonly number[], axis: number, factors: ArrayLike<number>): ChannelFactors {
  const inner = shape.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  return { size: shape[axis] as number, inner, factor: (_outer, channel) => factors[channel] as number };
}

/** The tensor times its factors, rounded once to its dtype, which must be one of floats. */
export function scaleTensor(tensor: Tensor, name: string, factors: ChannelFactors): Tensor {
  const length = tensorByteLength(tensor);
  const read = (start: number, end: number): Uint8Array => scaledBytes(tensor, factors, start, end);
  return {
    ...tensor,
    name,
    data: length <= inlineBytes ? { kind: 'inline', bytes: read(0, length) } : { kind: 'derived', length, read },
  };
}

function scaledBytes(tensor: Tensor, { size, inner, factor }: ChannelFactors, start: number, end: number): Uint8Array {
  const dtype = tensor.dtype as FloatType;
  const bytesEach = dtypeBits(dtype) / 8;
  const first = Math.floor(start / bytesEach);
  const last = Math.ceil(end / bytesEach);
  const bytes = readTensorBytes(tensor, first * bytesEach, last * bytesEach);
  const values = toFloat64(fromBytes(dtype, [last - first], bytes) as NdArray<FloatType>);
  for (let at = 0; at < values.length; ) {
    const row = Math.floor((first + at) / inner);
    const end = Math.min(values.length, (row + 1) * inner - first);
    const multiplier = factor(Math.floor(row / size), row % size);
    for (; at < end; at++) values[at] = (values[at] as number) * multiplier;
  }
  const scaled = toBytes(floatsArray(dtype, [values.length], values));
  return scaled.subarray(start - first * bytesEach, end - first * bytesEach);
}
