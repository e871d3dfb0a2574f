/** A weight with some of its values at zero, made when it is read: the pruned weights are never all held. */

import { readTensorBytes } from '../onnx/file';
import { elementCount, type Tensor } from '../onnx/ir';
import { floatBytes, floatsOf } from './float-parts';

/**
 * Writes 0 (pruned) or 1 (kept) for the values that start at place `first` of the tensor. Gives the same answer for a
 * place however the tensor is cut.
 */
export type FillMask = (values: Float32Array, first: number, mask: Uint8Array) => void;

/**
 * The tensor with zeros where `fillMask` says so; dtype, shape and all other values stay as they are.
 * @param unit `fillMask` is asked for whole runs of so many values
 */
export function maskedTensor(tensor: Tensor, fillMask: FillMask, unit = 1): Tensor {
  const size = floatBytes(tensor);
  const total = elementCount(tensor.shape);
  const read = (start: number, end: number): Uint8Array => {
    const first = Math.floor(start / size / unit) * unit;
    const last = Math.min(total, Math.ceil(end / size / unit) * unit);
    const bytes = readTensorBytes(tensor, first * size, last * size).slice(); // a buffer of its own, so aligned
    const mask = new Uint8Array(last - first);
    fillMask(floatsOf(tensor, bytes), first, mask);
    const elements = size === 4 ? new Uint32Array(bytes.buffer) : new Uint16Array(bytes.buffer);
    for (let i = 0; i < mask.length; i++) if (mask[i] === 0) elements[i] = 0;
    return bytes.subarray(start - first * size, end - first * size);
  };
  return { ...tensor, data: { kind: 'derived', length: total * size, read } };
}
