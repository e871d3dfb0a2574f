/** Constants as float64 for folding, and back into the dtype they came from. */

import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from '../kernels';
import { readTensor } from '../onnx/file';
import { type DType, elementCount, type NdArray, type Tensor, tensorFromArray } from '../onnx/ir';

const floatTypes = ['float32', 'float64', 'float16', 'bfloat16'] as const;
export type FloatType = (typeof floatTypes)[number];

export function isFloatType(dtype: DType): dtype is FloatType {
  return (floatTypes as readonly string[]).includes(dtype);
}

/** The elements of a tensor of floats, exactly; undefined for other dtypes. */
export function readFloats(tensor: Tensor): Float64Array | undefined {
  if (!isFloatType(tensor.dtype)) return undefined;
  return toFloat64(readTensor(tensor) as NdArray<FloatType>);
}

export function toFloat64(array: NdArray<FloatType>): Float64Array {
  switch (array.dtype) {
    case 'float32':
    case 'float64':
      return Float64Array.from(array.data);
    case 'float16':
    case 'bfloat16': {
      const wide = new Float32Array(array.data.length);
      (array.dtype === 'float16' ? float16ToFloat32 : bfloat16ToFloat32)(array.data as Uint16Array, wide);
      return Float64Array.from(wide);
    }
  }
}

/** A tensor of `dtype` with the values rounded to it; of float32 where `dtype` is no float. */
export function floatsTensor(name: string, dtype: DType, shape: readonly number[], values: ArrayLike<number>): Tensor {
  return tensorFromArray(name, floatsArray(isFloatType(dtype) ? dtype : 'float32', shape, values));
}

export function floatsArray(dtype: FloatType, shape: readonly number[], values: ArrayLike<number>): NdArray {
  if (dtype === 'float64') return { dtype, shape, data: Float64Array.from(values) };
  const data = Float32Array.from(values);
  if (dtype === 'float32') return { dtype, shape, data };
  const half = new Uint16Array(elementCount(shape));
  (dtype === 'float16' ? float32ToFloat16 : float32ToBfloat16)(data, half);
  return { dtype, shape, data: half };
}
