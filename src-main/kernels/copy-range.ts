/** Bytes of one open file into another. */

import { readSync, writeSync } from 'node:fs';
import { nativeKernels } from './dispatch';

/**
 * Written at once, as the system's own copy does. For larger writes it takes larger pieces of free memory, which a
 * virtual machine may have to fetch from its host first: five times the processor time was seen.
 */
const windowBytes = 2 ** 16;

/**
 * Copies bytes [from, from + length) of the file behind one descriptor to place `to` of another. What the kernel can
 * copy by itself never passes through this process.
 * @returns how many bytes were copied: fewer only where the source ends
 * @throws Error of node:fs, with its code
 */
export function copyRange(source: number, from: number, target: number, to: number, length: number): number {
  let done = nativeKernels?.copyInKernel?.(source, from, target, to, length) ?? 0;
  const window = done < length ? Buffer.allocUnsafe(windowBytes) : null;
  while (window !== null && done < length) {
    const read = readSync(source, window, 0, Math.min(windowBytes, length - done), from + done);
    if (read === 0) break;
    writeWhole(target, window.subarray(0, read), to + done);
    done += read;
  }
  return done;
}

/**
 * Writes all of `bytes` to place `position` of the file.
 * @throws Error of node:fs, with its code
 */
export function writeWhole(target: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.byteLength; )
    done += writeSync(target, bytes, done, Math.min(windowBytes, bytes.byteLength - done), position + done);
}
