/**
 * What is kept of a baseline, so that it is run once: the rows that fidelity compares, then the evidence of the metric.
 * Layout: rows as little-endian numbers | v8-serialised trailer | length of the trailer (8 bytes) | magic (8 bytes).
 * Written beside its place and renamed: a cancelled or killed run leaves no half file that could be read.
 */

import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { LatheError, messageOf } from '../contract';
import { removeAbandoned, unfinishedName } from '../onnx/file';
import { type ArrayDType, elementCount, fromBytes, type NdArray, toBytes } from '../onnx/ir';

const magic = Buffer.from('LATHEBL1', 'latin1');
const tailBytes = 16;

interface Trailer {
  readonly evidence: unknown;
  readonly rows: { readonly dtype: Exclude<ArrayDType, 'string'>; readonly shape: readonly number[] } | null;
}

/** A file name from everything that the answers depend on. */
export function baselineFileName(parts: readonly unknown[]): string {
  return `baseline-${createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 40)}.bin`;
}

/** Writes rows as they come and the evidence at the end; nothing is at `path` before {@link BaselineWriter.finish}. */
export class BaselineWriter {
  #rows: { dtype: Exclude<ArrayDType, 'string'>; shape: number[] } | null = null;

  #mixed = false;

  private constructor(
    private readonly path: string,
    private readonly partPath: string,
    private readonly file: FileHandle,
  ) {}

  static async open(folder: string, name: string): Promise<BaselineWriter> {
    const path = join(folder, name);
    const partPath = join(folder, unfinishedName(name));
    return written(async () => {
      await mkdir(folder, { recursive: true });
      await removeAbandoned(folder);
      return new BaselineWriter(path, partPath, await open(partPath, 'w'));
    });
  }

  /** @param rows [samples, ...]; where the shape of a sample changes, no rows are kept at all */
  async add(rows: NdArray): Promise<void> {
    const shape = rows.shape.slice(1);
    this.#rows ??= { dtype: rows.dtype as Exclude<ArrayDType, 'string'>, shape: [0, ...shape] };
    if (this.#rows.shape.slice(1).join() !== shape.join()) this.#mixed = true;
    this.#rows.shape[0] = (this.#rows.shape[0] as number) + (rows.shape[0] as number);
    if (!this.#mixed) await written(() => this.file.writeFile(toBytes(rows)));
  }

  async finish(evidence: unknown): Promise<void> {
    const trailer = serialize({ evidence, rows: this.#mixed ? null : this.#rows } satisfies Trailer);
    const tail = Buffer.alloc(tailBytes);
    tail.writeBigUInt64LE(BigInt(trailer.length), 0);
    magic.copy(tail, 8);
    await written(async () => {
      await this.file.writeFile(Buffer.concat([trailer, tail]));
      await this.file.sync();
      await this.file.close();
      await rename(this.partPath, this.path);
    });
  }

  async abandon(): Promise<void> {
    await this.file.close().catch(() => {});
    await rm(this.partPath, { force: true });
  }
}

async function written<Result>(write: () => Promise<Result>): Promise<Result> {
  try {
    return await write();
  } catch (cause) {
    throw new LatheError({
      who: "cache of the baseline's answers",
      what: `cannot be written (${messageOf(cause)})`,
      next: 'free some space, or let the project folder be written to',
      code: 'failed',
      cause,
    });
  }
}

export interface StoredBaseline {
  readonly evidence: unknown;
  /** Rows `first`…`first + count`, as far as rows were kept. */
  rows(first: number, count: number): Promise<NdArray | null>;
  close(): Promise<void>;
}

/** null where there is no such file, or one that this version did not write whole. */
export async function readBaseline(folder: string, name: string): Promise<StoredBaseline | null> {
  const file = await open(join(folder, name), 'r').catch(() => null);
  if (file === null) return null;
  const trailer = await readTrailer(file).catch(() => null);
  if (trailer === null) {
    await file.close();
    return null;
  }
  return {
    evidence: trailer.evidence,
    rows: (first, count) => readRows(file, trailer.rows, first, count),
    close: () => file.close(),
  };
}

async function readTrailer(file: FileHandle): Promise<Trailer | null> {
  const { size } = await file.stat();
  const tail = await readAt(file, size - tailBytes, tailBytes);
  if (!tail.subarray(8).equals(magic)) return null;
  const length = Number(tail.readBigUInt64LE(0));
  return deserialize(await readAt(file, size - tailBytes - length, length)) as Trailer;
}

async function readRows(
  file: FileHandle,
  kept: Trailer['rows'],
  first: number,
  count: number,
): Promise<NdArray | null> {
  if (kept === null) return null;
  const [rows, ...sample] = kept.shape as [number, ...number[]];
  const taken = Math.max(0, Math.min(count, rows - first));
  const shape = [taken, ...sample];
  const empty = fromBytes(kept.dtype, [0], new Uint8Array(0));
  const rowBytes = elementCount(sample) * (empty.data as Uint8Array).BYTES_PER_ELEMENT;
  return fromBytes(kept.dtype, shape, await readAt(file, first * rowBytes, taken * rowBytes));
}

async function readAt(file: FileHandle, start: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await file.read(bytes, done, length - done, start + done);
    if (bytesRead === 0) throw new RangeError('file ends early');
    done += bytesRead;
  }
  return bytes;
}
