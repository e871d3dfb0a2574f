/** Bytes that are made once and are too many to be held: a file of the job, read part by part. */

import { closeSync, openSync, readSync, writeFileSync } from 'node:fs';
import type { TensorData } from '../ir';

/** Writes `bytes` to `file`, which must live as long as what is returned is read. */
export function spill(bytes: Uint8Array, file: string): Extract<TensorData, { kind: 'derived' }> {
  writeFileSync(file, bytes);
  const read = (start: number, end: number): Uint8Array => {
    const part = new Uint8Array(end - start);
    const descriptor = openSync(file, 'r');
    try {
      readSync(descriptor, part, 0, part.length, start);
    } finally {
      closeSync(descriptor);
    }
    return part;
  };
  return { kind: 'derived', length: bytes.byteLength, read };
}
