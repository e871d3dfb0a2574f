/** Writing a row of pieces to a file: what is read, what is hashed and what is written go on side by side. */

import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { LatheError, type Work } from '../../contract';
import type { FileStamp } from '../ir';
import { checkUnchanged } from './byte-source';
import type { Piece } from './fill-skeleton';
import { dataLength, readData } from './tensor-data';

/** Parts that stay in the processor's cache: 4 MB take the system three times the time of 512 KB. */
const partBytes = 2 ** 19;
/** One is being read, one hashed, one written. */
const buffers = 3;

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
  readonly #hash = createHash('sha256');
  readonly #total: number;
  readonly #work: Work;
  readonly #sources = new Map<string, Source>();
  readonly #ring: readonly Uint8Array[];
  #done = 0;

  /** @param total bytes of all files, for the progress */
  constructor(total: number, work: Work) {
    this.#total = total;
    this.#work = work;
    this.#ring = Array.from({ length: buffers }, () => new Uint8Array(Math.min(partBytes, total)));
  }

  /**
   * Writes the pieces to a new file, which is on disk when this returns.
   * @throws LatheError where a source file is no longer as it was when the model was opened
   */
  async write(path: string, pieces: readonly Piece[]): Promise<void> {
    const file = await open(path, 'w');
    let reading: Promise<Uint8Array | null> = Promise.resolve(null);
    let writing: Promise<void> = Promise.resolve();
    try {
      const parts = partsOf(pieces);
      let number = 0;
      const readNext = (): Promise<Uint8Array | null> => {
        const next = parts.next();
        if (next.done === true) return Promise.resolve(null);
        return heldBack(this.#fill(this.#ring[number++ % buffers] as Uint8Array, next.value));
      };
      reading = readNext();
      for (let part = await reading; part !== null; part = await reading) {
        reading = readNext();
        this.#hash.update(part);
        await writing;
        this.#work.signal.throwIfAborted();
        writing = heldBack(writeAll(file, part));
        this.#done += part.byteLength;
        this.#work.progress({ phase: 'Writing the model', fraction: this.#done / this.#total });
      }
      await writing;
      await file.sync();
      for (const [source, { stamp }] of this.#sources) checkUnchanged(source, stamp);
    } finally {
      await Promise.allSettled([reading, writing]);
      await file.close();
    }
  }

  /** Of all that was written. */
  sha256(): string {
    return this.#hash.digest('hex');
  }

  /** Closes the source files. */
  async close(): Promise<void> {
    for (const { handle } of this.#sources.values()) await handle.close();
    this.#sources.clear();
  }

  async #fill(buffer: Uint8Array, slices: readonly Slice[]): Promise<Uint8Array> {
    let at = 0;
    for (const { piece, start, end } of slices) {
      const target = buffer.subarray(at, at + end - start);
      if (piece instanceof Uint8Array) target.set(piece.subarray(start, end));
      else if (piece.kind === 'file') await this.#readFile(piece.file, piece.stamp, piece.offset + start, target);
      else target.set(readData(piece, start, end));
      at += end - start;
    }
    return buffer.subarray(0, at);
  }

  async #readFile(file: string, stamp: FileStamp, offset: number, target: Uint8Array): Promise<void> {
    const { handle } = this.#sources.get(file) ?? (await this.#openSource(file, stamp));
    for (let done = 0; done < target.byteLength; ) {
      const { bytesRead } = await handle.read(target, done, target.byteLength - done, offset + done);
      if (bytesRead === 0) {
        throw new LatheError({
          who: basename(file),
          what: `ends at byte ${offset + done} while it is being copied`,
          where: file,
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

/** A failure is met where the promise is awaited, which may be later than it happens. */
function heldBack<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

/** Pieces in parts of 512 KB: many small ones are gathered, large ones are cut. */
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

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.byteLength; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.byteLength - done);
    done += bytesWritten;
  }
}
