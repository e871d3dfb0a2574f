/** A .npz file: named arrays whose first axis is the sample, read by rows where they lie. */

import { basename } from 'node:path';
import { LatheError } from '../contract';
import { type ArrayDType, elementCount, type NdArray } from '../onnx/ir';
import { largestBuffer } from './file-bytes';
import { decodeNpy, type NpyHeader, npyHeaderBytes, npyPreludeBytes, parseNpyHeader } from './npy';
import { readZipDirectory, type ZipMember } from './zip';
import { keptSize, type MemberBytes, openMember } from './zip-member';

export interface NpzArray {
  readonly name: string;
  readonly dtype: ArrayDType;
  /** [samples, ...shape of one sample] */
  readonly shape: readonly number[];
  /** False where going back to an earlier row means unpacking the array again from its start. */
  readonly randomAccess: boolean;
  /** Rows `first`…`first + count`: shape [count, ...]. */
  rows(first: number, count: number): Promise<NdArray>;
}

export interface NpzFile {
  readonly path: string;
  readonly arrays: ReadonlyMap<string, NpzArray>;
}

/**
 * Opens a .npz file: reads its directory and the header of each array, and no elements.
 * @throws LatheError that names file, array and what is wrong with it
 */
export async function openNpz(path: string): Promise<NpzFile> {
  const arrays = new Map<string, NpzArray>();
  for (const member of await readZipDirectory(path)) {
    if (!member.name.endsWith('.npy')) continue;
    const array = await openArray(path, member);
    arrays.set(array.name, array);
  }
  if (arrays.size === 0) throw new LatheError({ who: basename(path), what: 'holds no arrays' });
  return { path, arrays };
}

async function openArray(path: string, member: ZipMember): Promise<NpzArray> {
  const name = member.name.slice(0, -'.npy'.length);
  const who = `${basename(path)} array "${name}"`;
  const bytes = openMember(path, member);
  if (bytes.size < npyPreludeBytes) throw new LatheError({ who, what: 'is not a numpy array (.npy)' });
  const headerBytes = npyHeaderBytes(await bytes.read(0, npyPreludeBytes), who);
  if (headerBytes > bytes.size) throw new LatheError({ who, what: 'ends inside its header' });
  const header = parseNpyHeader(await bytes.read(0, headerBytes), who);
  const expected = headerBytes + elementCount(header.shape) * header.itemSize;
  if (bytes.size !== expected) {
    throw new LatheError({
      who,
      what: `shape [${header.shape.join(', ')}] needs ${expected - headerBytes} bytes, ${bytes.size - headerBytes} are there`,
      next: 'the file was cut short or damaged: make it again',
    });
  }
  return {
    name,
    dtype: header.dtype,
    shape: header.shape,
    randomAccess: member.method === 'stored' || member.size <= keptSize,
    rows: (first, count) => readRows(bytes, header, first, count, who),
  };
}

async function readRows(
  bytes: MemberBytes,
  header: NpyHeader,
  first: number,
  count: number,
  who: string,
): Promise<NdArray> {
  const sample = header.shape.slice(1);
  const rowBytes = elementCount(sample) * header.itemSize;
  if (rowBytes * count > largestBuffer) {
    throw new LatheError({
      who,
      what: `${count} rows take ${rowBytes * count} bytes, more than ${largestBuffer}`,
      next: 'use a smaller batch',
    });
  }
  const start = header.dataOffset + first * rowBytes;
  return decodeNpy(header, [count, ...sample], await bytes.read(start, start + count * rowBytes));
}
