/**
 * The directory of a .zip file and the bytes of its members, read where they lie. Nothing is ever unpacked to disk.
 * Source: PKWARE APPNOTE 6.3.10, sections 4.3–4.5 (ZIP64 included).
 */

import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { LatheError } from '../contract';
import { readBytes } from './file-bytes';

export interface ZipMember {
  readonly name: string;
  readonly method: 'stored' | 'deflated';
  /** Bytes once unpacked, as the directory promises. */
  readonly size: number;
  readonly packedSize: number;
  readonly crc32: number;
  /** Where its packed bytes start in the file. */
  readonly offset: number;
}

const endSignature = 0x06054b50;
const zip64LocatorSignature = 0x07064b50;
const zip64EndSignature = 0x06064b50;
const entrySignature = 0x02014b50;
const localSignature = 0x04034b50;
const largestDirectory = 64 * 1024 * 1024;

/**
 * The members of a .zip file in the order of its directory.
 * @throws LatheError for a file that is cut short, encrypted, packed by an unknown method, or whose directory lies
 */
export async function readZipDirectory(path: string): Promise<ZipMember[]> {
  const { size: fileSize } = await stat(path);
  const end = await findEnd(path, fileSize);
  if (end.offset + end.size > fileSize || end.size > largestDirectory)
    throw broken(path, 'its directory lies outside the file');
  const directory = await readBytes(path, end.offset, end.size);
  const members: ZipMember[] = [];
  const names = new Set<string>();
  let at = 0;
  for (let index = 0; index < end.entries; index++) {
    const entry = readEntry(directory, at, path);
    if (names.has(entry.name)) throw broken(path, `holds two members called "${entry.name}"`);
    names.add(entry.name);
    members.push(await locate(path, fileSize, entry));
    at = entry.next;
  }
  return members;
}

interface DirectoryEnd {
  readonly offset: number;
  readonly size: number;
  readonly entries: number;
}

/** The end record lies in the last 64 KB: it is followed by a comment of any length up to that. */
async function findEnd(path: string, fileSize: number): Promise<DirectoryEnd> {
  const tailSize = Math.min(fileSize, 22 + 0xffff);
  const tailStart = fileSize - tailSize;
  const tail = await readBytes(path, tailStart, tailSize);
  const view = viewOf(tail);
  for (let at = tailSize - 22; at >= 0; at--) {
    if (view.getUint32(at, true) !== endSignature) continue;
    const entries = view.getUint16(at + 10, true);
    const size = view.getUint32(at + 12, true);
    const offset = view.getUint32(at + 16, true);
    if (entries !== 0xffff && size !== 0xffffffff && offset !== 0xffffffff) return { offset, size, entries };
    return readZip64End(path, view, at);
  }
  throw broken(path, 'has no directory of its members at its end');
}

async function readZip64End(path: string, tail: DataView, endAt: number): Promise<DirectoryEnd> {
  const locator = endAt - 20;
  if (locator < 0 || tail.getUint32(locator, true) !== zip64LocatorSignature)
    throw broken(path, 'its ZIP64 locator is missing');
  const view = viewOf(await readBytes(path, exact(tail.getBigUint64(locator + 8, true), path), 56));
  if (view.getUint32(0, true) !== zip64EndSignature) throw broken(path, 'its ZIP64 end record is missing');
  return {
    entries: exact(view.getBigUint64(32, true), path),
    size: exact(view.getBigUint64(40, true), path),
    offset: exact(view.getBigUint64(48, true), path),
  };
}

interface Entry extends Omit<ZipMember, 'offset'> {
  readonly localHeader: number;
  /** Where the next entry starts in the directory. */
  readonly next: number;
}

function readEntry(directory: Uint8Array, at: number, path: string): Entry {
  const view = viewOf(directory);
  if (at + 46 > directory.length || view.getUint32(at, true) !== entrySignature)
    throw broken(path, `its directory breaks off at byte ${at}`);
  const nameLength = view.getUint16(at + 28, true);
  const extraLength = view.getUint16(at + 30, true);
  const next = at + 46 + nameLength + extraLength + view.getUint16(at + 32, true);
  if (next > directory.length) throw broken(path, `its directory breaks off at byte ${at}`);
  const name = new TextDecoder().decode(directory.subarray(at + 46, at + 46 + nameLength));
  if ((view.getUint16(at + 8, true) & 1) !== 0) throw broken(path, `member "${name}" is encrypted`);
  const wide = zip64Fields(directory.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength), path);
  // ZIP64 values stand in the extra field in this order, each only where the 32-bit field is full.
  const widened = (value: number): number => (value === 0xffffffff ? wide() : value);
  const size = widened(view.getUint32(at + 24, true));
  const packedSize = widened(view.getUint32(at + 20, true));
  const localHeader = widened(view.getUint32(at + 42, true));
  const method = methodOf(view.getUint16(at + 10, true), name, path);
  return { name, method, size, packedSize, crc32: view.getUint32(at + 16, true), localHeader, next };
}

function zip64Fields(extra: Uint8Array, path: string): () => number {
  const view = viewOf(extra);
  let field = 0;
  while (field + 4 <= extra.length && view.getUint16(field, true) !== 1) field += 4 + view.getUint16(field + 2, true);
  let at = field + 4;
  return () => {
    if (at + 8 > extra.length) throw broken(path, 'a ZIP64 size is missing');
    at += 8;
    return exact(view.getBigUint64(at - 8, true), path);
  };
}

function methodOf(code: number, name: string, path: string): ZipMember['method'] {
  if (code === 0) return 'stored';
  if (code === 8) return 'deflated';
  throw broken(path, `member "${name}" is packed by method ${code}; only stored (0) and deflated (8) are read`);
}

async function locate(path: string, fileSize: number, entry: Entry): Promise<ZipMember> {
  const { localHeader, next: _next, ...member } = entry;
  if (localHeader + 30 > fileSize) throw broken(path, `member "${entry.name}" starts behind the end of the file`);
  const view = viewOf(await readBytes(path, localHeader, 30));
  if (view.getUint32(0, true) !== localSignature)
    throw broken(path, `member "${entry.name}" is not where the directory says`);
  const offset = localHeader + 30 + view.getUint16(26, true) + view.getUint16(28, true);
  if (offset + entry.packedSize > fileSize)
    throw broken(path, `member "${entry.name}" reaches behind the end of the file`);
  if (entry.method === 'stored' && entry.size !== entry.packedSize)
    throw broken(path, `member "${entry.name}" is stored as it is, yet states two sizes`);
  return { ...member, offset };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function exact(value: bigint, path: string): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw broken(path, `states a size of ${value} bytes`);
  return Number(value);
}

function broken(path: string, what: string): LatheError {
  return new LatheError({
    who: basename(path),
    what,
    next: 'it is damaged or cut short: make it again with numpy.savez or numpy.savez_compressed',
  });
}
