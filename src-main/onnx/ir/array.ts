/** Dense arrays as they go into and come out of a run. */

import { LatheError } from '../../contract';
import type { DType } from './dtype';

/** What holds the elements of each dtype in JavaScript; float16 and bfloat16 are kept as their 16 bits. */
export interface ArrayOf {
  float32: Float32Array;
  float64: Float64Array;
  float16: Uint16Array;
  bfloat16: Uint16Array;
  int8: Int8Array;
  uint8: Uint8Array;
  int16: Int16Array;
  uint16: Uint16Array;
  int32: Int32Array;
  uint32: Uint32Array;
  int64: BigInt64Array;
  uint64: BigUint64Array;
  bool: Uint8Array;
  string: string[];
}
export type ArrayDType = keyof ArrayOf;

/** Dense row-major elements with dtype and shape. */
export interface NdArray<T extends ArrayDType = ArrayDType> {
  readonly dtype: T;
  readonly shape: readonly number[];
  readonly data: ArrayOf[T];
}

/** Values by edge name: what a session is fed and what it answers. */
export type Feeds = Readonly<Record<string, NdArray>>;

const constructors = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
} as const;

/** Whether {@link NdArray} can hold the dtype. */
export function isArrayDType(dtype: DType): dtype is ArrayDType {
  return dtype === 'string' || dtype in constructors;
}

/** Number of elements of a shape; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

/** A new array of zeros (empty texts for `string`). */
export function zeros<T extends ArrayDType>(dtype: T, shape: readonly number[]): NdArray<T> {
  const length = elementCount(shape);
  const data = dtype === 'string' ? new Array<string>(length).fill('') : new constructors[dtype as 'float32'](length);
  return { dtype, shape, data: data as ArrayOf[T] };
}

/**
 * Views little-endian bytes as typed elements, copying only where the offset is not aligned.
 * @throws LatheError where the byte count does not fit the shape
 */
export function fromBytes<T extends Exclude<ArrayDType, 'string'>>(
  dtype: T,
  shape: readonly number[],
  bytes: Uint8Array,
): NdArray<T> {
  const Elements = constructors[dtype] as unknown as {
    new (b: ArrayBufferLike, o: number, n: number): ArrayOf[T];
    BYTES_PER_ELEMENT: number;
  };
  const length = elementCount(shape);
  if (bytes.byteLength !== length * Elements.BYTES_PER_ELEMENT) {
    throw new LatheError({
      who: `${dtype} array`,
      what: `shape [${shape.join(', ')}] needs ${length * Elements.BYTES_PER_ELEMENT} bytes, got ${bytes.byteLength}`,
    });
  }
  const aligned = bytes.byteOffset % Elements.BYTES_PER_ELEMENT === 0 ? bytes : bytes.slice();
  return { dtype, shape, data: new Elements(aligned.buffer, aligned.byteOffset, length) };
}

/** The little-endian bytes of an array; a view, not a copy. */
export function toBytes(array: NdArray): Uint8Array {
  if (array.dtype === 'string')
    throw new LatheError({ who: 'string array', what: 'has no packed bytes', code: 'failed' });
  const data = array.data as Exclude<typeof array.data, string[]>;
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
