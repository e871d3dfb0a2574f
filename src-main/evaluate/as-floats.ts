/** Numbers of any dtype as floats. */

import { LatheError } from '../contract';
import { bfloat16ToFloat32, float16ToFloat32 } from '../kernels';
import type { NdArray } from '../onnx/ir';

/** The elements as float32, or float64 where they are that; no copy where they already are. */
export function asFloats(array: NdArray): Float32Array | Float64Array {
  const { data, dtype } = array;
  if (data instanceof Float32Array || data instanceof Float64Array) return data;
  if (dtype === 'string') throw new LatheError({ who: 'output', what: 'holds texts where numbers are compared' });
  const floats = new Float32Array(data.length);
  if (dtype === 'float16') float16ToFloat32(data as Uint16Array, floats);
  else if (dtype === 'bfloat16') bfloat16ToFloat32(data as Uint16Array, floats);
  else for (let at = 0; at < floats.length; at++) floats[at] = Number(data[at]);
  return floats;
}

/** Whole numbers of any integer dtype; for labels. */
export function asNumbers(array: NdArray): number[] {
  return Array.from(array.data as ArrayLike<number | bigint>, Number);
}

/** Index of the greatest of `count` numbers from `start`; the first of equals, and a NaN before all, as numpy has it. */
export function argmax(values: ArrayLike<number>, start: number, count: number): number {
  let best = 0;
  let greatest = values[start] as number;
  for (let at = 1; at < count && !Number.isNaN(greatest); at++) {
    const value = values[start + at] as number;
    if (value > greatest || Number.isNaN(value)) {
      greatest = value;
      best = at;
    }
  }
  return best;
}
