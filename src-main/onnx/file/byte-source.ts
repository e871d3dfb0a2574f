/** Bytes at offsets, whether they lie in a file or in memory, and the one way to read from the user's files. */

import { closeSync, fstatSync, openSync, readSync, realpathSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { LatheError, messageOf } from '../../contract';
import type { FileStamp, TensorData } from '../ir';

/** What to try where a file does not hold what it should. */
export const whenDamaged = 'the file may be cut off or damaged: export or download it again';

/** Where a model is read from. */
export interface ByteSource {
  /** How messages call it. */
  readonly name: string;
  readonly length: number;
  /** The bytes [offset, offset + length); they stay as they are. */
  read(offset: number, length: number): Uint8Array;
  /** A reference to the same bytes, to be read later. */
  refer(offset: number, length: number): TensorData;
}

/** A source over bytes that are in memory already; references to it are views. */
export function memorySource(name: string, bytes: Uint8Array): ByteSource {
  const read = (offset: number, length: number) => bytes.subarray(offset, offset + length);
  return {
    name,
    length: bytes.byteLength,
    read,
    refer: (offset, length) => ({ kind: 'inline', bytes: read(offset, length) }),
  };
}

/**
 * Runs `use` on a source over a file that is held open meanwhile.
 * @throws LatheError where the file cannot be opened
 */
export function withFileSource<T>(file: string, use: (source: ByteSource) => T): T {
  const descriptor = openForReading(file);
  try {
    const stamp = stampOfDescriptor(descriptor);
    // A session maps weights only from files that are no links out of their folder.
    const real = realpathSync(file);
    return use({
      name: basename(file),
      length: stamp.bytes,
      read: (offset, length) => readExactly(descriptor, file, offset, length),
      refer: (offset, length) => ({ kind: 'file', file: real, stamp, offset, length }),
    });
  } finally {
    closeSync(descriptor);
  }
}

/** Size and time of a file as they are now. */
export function stampOf(file: string): FileStamp {
  const descriptor = openForReading(file);
  try {
    return stampOfDescriptor(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Bytes [offset, offset + length) of a file.
 * @throws LatheError where the file is gone, or is no longer the one that `stamp` was taken of
 */
export function readFileRange(file: string, stamp: FileStamp, offset: number, length: number): Uint8Array {
  const descriptor = openForReading(file);
  try {
    checkStamp(file, stamp, stampOfDescriptor(descriptor));
    return readExactly(descriptor, file, offset, length);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Makes sure that a file is still as it was when a model first referred to it.
 * @throws LatheError that names the file
 */
export function checkUnchanged(file: string, stamp: FileStamp): void {
  checkStamp(file, stamp, stampOf(file));
}

function checkStamp(file: string, before: FileStamp, now: FileStamp): void {
  if (before.bytes === now.bytes && before.modifiedMs === now.modifiedMs) return;
  throw new LatheError({
    who: basename(file),
    what: `changed on disk while it was in use (${before.bytes} bytes when it was opened, ${now.bytes} now)`,
    where: file,
    next: 'open the model again',
  });
}

function openForReading(file: string): number {
  try {
    // Opening a pipe would wait for a writer, and a folder can be opened but not read.
    if (!statSync(file).isFile()) throw new Error('it is not a file');
    return openSync(file, 'r');
  } catch (error) {
    throw new LatheError({ who: basename(file), ...reasonOf(error), where: file, cause: error });
  }
}

function reasonOf(error: unknown): { what: string; next?: string } {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
      return { what: 'no such file', next: 'check the path' };
    case 'EACCES':
    case 'EPERM':
      return { what: 'may not be read', next: 'change its permissions' };
    default:
      return { what: `cannot be opened: ${messageOf(error)}`, next: 'check the path' };
  }
}

function stampOfDescriptor(descriptor: number): FileStamp {
  const { size, mtimeMs } = fstatSync(descriptor);
  return { bytes: size, modifiedMs: mtimeMs };
}

function readExactly(descriptor: number, file: string, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    let read: number;
    try {
      read = readSync(descriptor, bytes, done, length - done, offset + done);
    } catch (error) {
      throw new LatheError({
        who: basename(file),
        what: `cannot be read: ${messageOf(error)}`,
        where: file,
        next: 'see whether its disk is still there, and try again',
        cause: error,
      });
    }
    if (read === 0) {
      throw new LatheError({
        who: basename(file),
        what: `ends at byte ${offset + done}, ${length - done} too early`,
        where: file,
        next: 'open the model again',
      });
    }
    done += read;
  }
  return bytes;
}
