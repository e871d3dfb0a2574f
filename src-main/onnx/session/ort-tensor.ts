/** NdArray ⇄ the runtime's own tensor. No elements are copied either way. */

import type { Tensor as OrtTensor } from 'onnxruntime-node';
import { LatheError } from '../../contract';
import { type ArrayDType, type ArrayOf, type DType, isArrayDType, type NdArray } from '../ir';
import { runtime } from './runtime';

/** The runtime's names are ONNX's; those it lacks cannot cross into JavaScript. */
export function toOrtTensor(array: NdArray): OrtTensor {
  const { Tensor } = runtime();
  const shape = [...array.shape];
  return new Tensor(array.dtype as 'float32', array.data as Float32Array, shape);
}

/** @throws LatheError where the value is of a dtype that arrays do not hold, e.g. int4 */
export function fromOrtTensor(name: string, tensor: OrtTensor): NdArray {
  const dtype = tensor.type as DType;
  if (!isArrayDType(dtype)) {
    throw new LatheError({
      who: `output "${name}"`,
      what: `is of type ${dtype}, which cannot be read into an array`,
      next: 'put a Cast to float32 behind it',
    });
  }
  return { dtype, shape: tensor.dims, data: tensor.data as unknown as ArrayOf[ArrayDType] };
}
