/** Reading the bytes behind a TensorData, wherever they are. */

import { LatheError } from '../../contract';
import type { TensorData } from '../ir';
import { readFileRange } from './byte-source';

/**
 * Bytes [start, end) of packed tensor data.
 * @throws LatheError where the file that holds them has changed or cannot be read, and for strings, which are not packed
 */
export function readData(data: TensorData, start: number, end: number): Uint8Array {
  switch (data.kind) {
    case 'inline':
      return data.bytes.subarray(start, end);
    case 'file':
      return readFileRange(data.file, data.stamp, data.offset + start, end - start);
    case 'derived':
      return data.read(start, end);
    case 'strings':
      throw new LatheError({ who: 'string tensor', what: 'has no packed bytes', code: 'failed' });
  }
}

/** Length of packed tensor data in bytes. */
export function dataLength(data: Exclude<TensorData, { kind: 'strings' }>): number {
  return data.kind === 'inline' ? data.bytes.byteLength : data.length;
}

/** The same for tensors that share their bytes. */
export function sharedKey(data: Exclude<TensorData, { kind: 'strings' }>): TensorData | string {
  return data.kind === 'file' ? `${data.offset} ${data.length} ${data.file}` : data;
}

/** Packed tensor data part by part: what streams it never holds more than one part. */
export function* dataChunks(
  data: Exclude<TensorData, { kind: 'strings' }>,
  chunkBytes = 8 * 2 ** 20,
): Generator<Uint8Array> {
  const length = dataLength(data);
  for (let start = 0; start < length; start += chunkBytes) {
    yield readData(data, start, Math.min(length, start + chunkBytes));
  }
}
