/** Weights that lie in no file of one folder, gathered in a temporary one, so that a session can map them. */

import { closeSync, linkSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { LatheError, messageOf } from '../../contract';
import type { TensorData } from '../ir';
import { dataChunks, dataLength, sharedKey } from './tensor-data';
import type { ExternalPlace, PackedData } from './to-proto';

/** Start of each tensor, so that it can be mapped. */
const alignment = 4096;

const dataName = 'weights.bin';

/** Files come in by a hard link, where the disk has such; all else is written. */
export class SpilledWeights {
  readonly #folder: string;
  readonly #descriptor: number;
  readonly #places = new Map<TensorData | string, ExternalPlace>();
  /** Name of the link of each file; null where it cannot be linked. */
  readonly #links = new Map<string, string | null>();
  #end = 0;

  /** @param folder made where it is missing */
  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
    this.#descriptor = openSync(join(folder, dataName), 'w');
  }

  /** @throws LatheError where the disk is full, or a source file has changed */
  place(data: PackedData): ExternalPlace {
    const key = sharedKey(data);
    const place = this.#places.get(key) ?? this.#linked(data) ?? this.#write(data);
    this.#places.set(key, place);
    return place;
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #linked(data: PackedData): ExternalPlace | null {
    if (data.kind !== 'file') return null;
    let location = this.#links.get(data.file);
    if (location === undefined) {
      location = this.#link(data.file, `linked-${this.#links.size}.bin`);
      this.#links.set(data.file, location);
    }
    return location === null ? null : { location, offset: data.offset, length: data.length };
  }

  #link(file: string, name: string): string | null {
    try {
      linkSync(file, join(this.#folder, name));
      return name;
    } catch {
      return null; // on another disk, or of another user
    }
  }

  #write(data: PackedData): ExternalPlace {
    const offset = Math.ceil(this.#end / alignment) * alignment;
    let at = offset;
    for (const chunk of dataChunks(data)) {
      for (let done = 0; done < chunk.byteLength; ) done += this.#writeSome(chunk.subarray(done), at + done);
      at += chunk.byteLength;
    }
    this.#end = at;
    return { location: dataName, offset, length: dataLength(data) };
  }

  #writeSome(bytes: Uint8Array, position: number): number {
    try {
      return writeSync(this.#descriptor, bytes, 0, bytes.byteLength, position);
    } catch (cause) {
      throw new LatheError({
        who: 'temporary file of changed weights',
        what: `cannot be written after ${Math.round(position / 1e6)} MB (${messageOf(cause)})`,
        where: this.#folder,
        next: 'free some space on that disk, or name a folder on a larger one in the environment variable TMPDIR',
        code: 'failed',
        cause,
      });
    }
  }
}
