/** Making tensors that are held in memory. Reading those that lie in a file is `onnx/file`'s. */

import { type ArrayDType, elementCount, type NdArray, toBytes } from './array';
import { dtypeBytes } from './dtype';
import type { Tensor, TensorData } from './model';

/** An inline Tensor of a dense array. */
export function tensorFromArray(name: string, array: NdArray): Tensor {
  const data: TensorData =
    array.dtype === 'string'
      ? { kind: 'strings', strings: (array.data as string[]).map((text) => new TextEncoder().encode(text)) }
      : { kind: 'inline', bytes: toBytes(array) };
  return { name, dtype: array.dtype, shape: array.shape, data };
}

const single = <T extends ArrayDType>(dtype: T, shape: readonly number[], data: NdArray<T>['data']): NdArray<T> => ({
  dtype,
  shape,
  data,
});

export const floatTensor = (name: string, shape: readonly number[], values: ArrayLike<number>): Tensor =>
  tensorFromArray(name, single('float32', shape, Float32Array.from(values)));

export const int64Tensor = (name: string, shape: readonly number[], values: readonly (number | bigint)[]): Tensor =>
  tensorFromArray(name, single('int64', shape, BigInt64Array.from(values.map(BigInt))));

/** Bytes of the tensor's packed data. */
export function tensorByteLength(tensor: Tensor): number {
  switch (tensor.data.kind) {
    case 'inline':
      return tensor.data.bytes.byteLength;
    case 'file':
    case 'derived':
      return tensor.data.length;
    case 'strings':
      return tensor.data.strings.reduce((sum, text) => sum + text.byteLength, 0);
  }
}

/** Bytes that dtype and shape ask for; differs from {@link tensorByteLength} only in a broken file. */
export function expectedByteLength(tensor: Tensor): number {
  return tensor.dtype === 'string' ? tensorByteLength(tensor) : dtypeBytes(tensor.dtype, elementCount(tensor.shape));
}
