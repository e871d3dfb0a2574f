/** Weights as float32, part by part, whatever their dtype. */

import { LatheError } from '../contract';
import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from '../kernels';
import { readTensorBytes } from '../onnx/file';
import { elementCount, fromBytes, type Tensor } from '../onnx/ir';

/** Elements of a part: 4 Mi, 16 MB as float32. */
const PART = 4 << 20;

export interface FloatPart {
  /** Place of its first value in the tensor. */
  readonly first: number;
  readonly values: Float32Array;
}

/** Bytes an element of a float tensor. */
export function floatBytes(tensor: Tensor): number {
  return tensor.dtype === 'float32' ? 4 : 2;
}

/** Values `start`…`end` of a float32, float16 or bfloat16 tensor. May be a view of the tensor's own bytes: not to be written to. */
export function readFloats(tensor: Tensor, start: number, end: number): Float32Array {
  const bytes = readTensorBytes(tensor, start * floatBytes(tensor), end * floatBytes(tensor));
  return floatsOf(tensor, bytes);
}

/** The packed bytes of a float tensor's elements as float32. */
export function floatsOf(tensor: Tensor, bytes: Uint8Array): Float32Array {
  const count = bytes.byteLength / floatBytes(tensor);
  if (tensor.dtype === 'float32') return fromBytes('float32', [count], bytes).data;
  const values = new Float32Array(count);
  const halves = fromBytes('float16', [count], bytes).data;
  if (tensor.dtype === 'float16') float16ToFloat32(halves, values);
  else if (tensor.dtype === 'bfloat16') bfloat16ToFloat32(halves, values);
  else throw new LatheError({ who: `tensor "${tensor.name}"`, what: `is ${tensor.dtype}, not float`, code: 'failed' });
  return values;
}

/** The packed bytes of float32 values in the dtype of a float tensor. */
export function packFloats(tensor: Tensor, values: Float32Array): Uint8Array {
  if (tensor.dtype === 'float32') return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const halves = new Uint16Array(values.length);
  if (tensor.dtype === 'float16') float32ToFloat16(values, halves);
  else float32ToBfloat16(values, halves);
  return new Uint8Array(halves.buffer);
}

/** All values of a tensor in order; lets the event loop turn between parts and stops where the signal says so. */
export async function* floatParts(tensor: Tensor, signal: AbortSignal): AsyncGenerator<FloatPart> {
  const total = elementCount(tensor.shape);
  for (let first = 0; first < total; first += PART) {
    await new Promise(setImmediate);
    signal.throwIfAborted();
    yield { first, values: readFloats(tensor, first, Math.min(total, first + PART)) };
  }
}
