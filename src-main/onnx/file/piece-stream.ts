/** Writing a row of pieces to a file: what is written is hashed, and brought to the disk, meanwhile. */

import { readSync, writeSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { LatheError, type Work } from '../../contract';
import type { FileStamp } from '../ir';
import { checkUnchanged } from './byte-source';
import type { Piece } from './fill-skeleton';
import { type PartHash, partBytes, partHash } from './part-hash';
import { dataLength, readData } from './tensor-data';

/**
 * Written at once, as the system's own copy does. For larger writes it takes larger pieces of free memory, which a
 * virtual machine may have to fetch from its host first: five times the processor time was seen.
 */
const writtenBytes = 2 ** 16;

/** Written bytes after which the disk is asked to take them, beside the writing of the next ones. */
const syncBytes = 2 ** 26;

/** Written bytes after which the process looks after its other work: messages, and a wish to stop. */
const turnBytes = 2 ** 24;

/** Derived data is made in such windows, since making it may begin further ahead than what is asked for. */
const derivedBytes = 2 ** 20;

/** Bytes [start, end) of a piece. */
interface Slice {
  readonly piece: Piece;
  readonly start: number;
  readonly end: number;
}

interface Source {
  readonly handle: FileHandle;
  readonly stamp: FileStamp;
}

/** Writes files one after the other; hashes all of them as one, reports, and can be stopped meanwhile. */
export class PieceStream {
  readonly #hash: PartHash;
  readonly #total: number;
  readonly #work: Work;
  readonly #sources = new Map<string, Source>();
  #derived: { readonly piece: Piece; readonly start: number; readonly bytes: Uint8Array } | undefined;
  #done = 0;

  /** @param total bytes of all files */
  constructor(total: number, work: Work) {
    this.#hash = partHash(total);
    this.#total = total;
    this.#work = work;
  }

  /**
   * Writes the pieces to a new file, which is on disk when this returns.
   * @throws LatheError where a source file is no longer as it was when the model was opened
   */
  async write(path: string, pieces: readonly Piece[]): Promise<void> {
    const file = await open(path, 'w');
    const disk = new DiskSync(file);
    try {
      for (const slices of partsOf(pieces)) {
        this.#work.signal.throwIfAborted();
        const part = await this.#fill(await this.#hash.room(), slices);
        this.#hash.push(part.byteLength);
        writeAll(file.fd, part);
        await this.#wrote(part.byteLength, disk);
      }
      await disk.finish();
      for (const [source, { stamp }] of this.#sources) checkUnchanged(source, stamp);
    } finally {
      await disk.settled();
      await file.close();
    }
  }

  /** SHA-256 of all that was written. */
  sha256(): Promise<string> {
    return this.#hash.digest();
  }

  /** Closes the source files. */
  async close(): Promise<void> {
    await this.#hash.close();
    for (const { handle } of this.#sources.values()) await handle.close();
    this.#sources.clear();
  }

  async #wrote(length: number, disk: DiskSync): Promise<void> {
    const before = this.#done;
    this.#done += length;
    this.#work.progress({ phase: 'Writing the model', fraction: this.#done / this.#total });
    const passed = (step: number): boolean => Math.floor(before / step) < Math.floor(this.#done / step);
    if (passed(syncBytes)) disk.start();
    if (passed(turnBytes)) await setImmediate();
  }

  async #fill(buffer: Uint8Array, slices: readonly Slice[]): Promise<Uint8Array> {
    let at = 0;
    for (const { piece, start, end } of slices) {
      const target = buffer.subarray(at, at + end - start);
      if (piece instanceof Uint8Array) target.set(piece.subarray(start, end));
      else if (piece.kind === 'file') await this.#readFile(piece.file, piece.stamp, piece.offset + start, target);
      else this.#make(piece, start, target);
      at += end - start;
    }
    return buffer.subarray(0, at);
  }

  #make(piece: Exclude<Piece, Uint8Array>, start: number, target: Uint8Array): void {
    for (let done = 0; done < target.byteLength; ) {
      const at = start + done;
      const from = Math.floor(at / derivedBytes) * derivedBytes;
      if (this.#derived?.piece !== piece || this.#derived.start !== from) {
        const bytes = readData(piece, from, Math.min(dataLength(piece), from + derivedBytes));
        this.#derived = { piece, start: from, bytes };
      }
      const part = this.#derived.bytes.subarray(at - from, at - from + target.byteLength - done);
      target.set(part, done);
      done += part.byteLength;
    }
  }

  async #readFile(file: string, stamp: FileStamp, offset: number, target: Uint8Array): Promise<void> {
    const { handle } = this.#sources.get(file) ?? (await this.#openSource(file, stamp));
    for (let done = 0; done < target.byteLength; ) {
      const bytesRead = readSync(handle.fd, target, done, target.byteLength - done, offset + done);
      if (bytesRead === 0) {
        throw new LatheError({
          who: basename(file),
          what: `ends at byte ${offset + done} while it is being copied`,
          where: file,
          next: 'open the model again',
        });
      }
      done += bytesRead;
    }
  }

  async #openSource(file: string, stamp: FileStamp): Promise<Source> {
    checkUnchanged(file, stamp);
    const source = { handle: await open(file, 'r'), stamp };
    this.#sources.set(file, source);
    return source;
  }
}

/** Brings a file to the disk while it is still being written. */
class DiskSync {
  readonly #file: FileHandle;
  #running: Promise<void> | null = null;
  #failure: unknown;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Asks for what has been written so far, unless the disk is at it already. */
  start(): void {
    this.#running ??= this.#file
      .datasync()
      .catch((failure: unknown) => {
        this.#failure = failure;
      })
      .finally(() => {
        this.#running = null;
      });
  }

  /** Returns when all of the file is on disk. */
  async finish(): Promise<void> {
    await this.settled();
    if (this.#failure !== undefined) throw this.#failure;
    await this.#file.sync();
  }

  async settled(): Promise<void> {
    await this.#running;
  }
}

/** Pieces in parts that fit into a room: many small ones are gathered, large ones are cut. */
function* partsOf(pieces: readonly Piece[]): Generator<Slice[]> {
  let slices: Slice[] = [];
  let room = partBytes;
  for (const piece of pieces) {
    const length = piece instanceof Uint8Array ? piece.byteLength : dataLength(piece);
    for (let start = 0; start < length; ) {
      const end = Math.min(length, start + room);
      slices.push({ piece, start, end });
      room -= end - start;
      start = end;
      if (room > 0) continue;
      yield slices;
      slices = [];
      room = partBytes;
    }
  }
  if (slices.length > 0) yield slices;
}

function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.byteLength; )
    done += writeSync(descriptor, bytes, done, Math.min(writtenBytes, bytes.byteLength - done));
}
