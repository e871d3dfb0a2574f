/** Writing a row of pieces to a file, and bringing it to the disk meanwhile. */

import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { LatheError, type Work } from '../../contract';
import { copyRange, writeWhole } from '../../kernels';
import type { FileStamp } from '../ir';
import { checkUnchanged } from './byte-source';
import type { Piece } from './fill-skeleton';
import { dataLength, readData } from './tensor-data';

/** Written bytes after which the disk is asked to take them, beside the writing of the next ones. */
const syncBytes = 2 ** 26;

/** Written bytes after which the process looks after its other work: messages, and a wish to stop. */
const turnBytes = 2 ** 24;

/** Made at once of derived data: making it may begin further ahead than what is asked for. */
const derivedBytes = 2 ** 20;

interface Source {
  readonly handle: FileHandle;
  readonly stamp: FileStamp;
}

/** Writes files one after the other, reports, and can be stopped meanwhile. */
export class PieceStream {
  readonly #total: number;
  readonly #work: Work;
  readonly #grown: (bytes: number) => void;
  readonly #sources = new Map<string, Source>();
  /** Kept until there is another: an allocator gives memory back where all is free, and gets it again page by page. */
  #made: Uint8Array | undefined;
  #done = 0;

  /**
   * @param total bytes of all files
   * @param grown is told how many bytes have come to the file
   */
  constructor(total: number, work: Work, grown: (bytes: number) => void) {
    this.#total = total;
    this.#work = work;
    this.#grown = grown;
  }

  /**
   * Writes the pieces to a new file, which is on disk when this returns.
   * @throws LatheError where a source file is no longer as it was when the model was opened
   */
  async write(path: string, pieces: readonly Piece[]): Promise<void> {
    const file = await open(path, 'w');
    const disk = new DiskSync(file);
    let position = 0;
    try {
      for (const piece of pieces) {
        const length = piece instanceof Uint8Array ? piece.byteLength : dataLength(piece);
        const window = windowOf(piece);
        for (let start = 0; start < length; start += window) {
          this.#work.signal.throwIfAborted();
          const end = Math.min(length, start + window);
          await this.#put(piece, start, end, file.fd, position);
          position += end - start;
          await this.#wrote(end - start, disk);
        }
      }
      await disk.finish();
      for (const [source, { stamp }] of this.#sources) checkUnchanged(source, stamp);
    } finally {
      await disk.settled();
      await file.close();
    }
  }

  /** Closes the source files. */
  async close(): Promise<void> {
    for (const { handle } of this.#sources.values()) await handle.close();
    this.#sources.clear();
  }

  /** Bytes [start, end) of the piece, to `position` of the file. */
  async #put(piece: Piece, start: number, end: number, file: number, position: number): Promise<void> {
    if (piece instanceof Uint8Array) writeWhole(file, piece.subarray(start, end), position);
    else if (piece.kind !== 'file') {
      this.#made = readData(piece, start, end);
      writeWhole(file, this.#made, position);
    } else {
      const { handle } = this.#sources.get(piece.file) ?? (await this.#openSource(piece.file, piece.stamp));
      const from = piece.offset + start;
      const copied = copyRange(handle.fd, from, file, position, end - start);
      if (copied < end - start) throw endsWhileCopied(piece.file, from + copied);
    }
  }

  async #wrote(length: number, disk: DiskSync): Promise<void> {
    const before = this.#done;
    this.#done += length;
    this.#grown(length);
    this.#work.progress({ phase: 'Writing the model', fraction: this.#done / this.#total });
    const passed = (step: number): boolean => Math.floor(before / step) < Math.floor(this.#done / step);
    if (passed(syncBytes)) disk.start();
    if (passed(turnBytes)) await setImmediate();
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

/** How much of a piece is written between two looks at the wish to stop. */
function windowOf(piece: Piece): number {
  return !(piece instanceof Uint8Array) && piece.kind === 'derived' ? derivedBytes : turnBytes;
}

function endsWhileCopied(file: string, at: number): LatheError {
  return new LatheError({
    who: basename(file),
    what: `ends at byte ${at} while it is being copied`,
    where: file,
    next: 'open the model again',
  });
}
