/** The unpacked bytes of one member of a .zip file, by range. */

import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { crc32, createInflateRaw } from 'node:zlib';
import { LatheError, messageOf } from '../contract';
import { largestBuffer, readBytes } from './file-bytes';
import type { ZipMember } from './zip';

export interface MemberBytes {
  readonly size: number;
  /** Bytes [start, end). Cheap in any order for a stored member; see {@link openMember} for a deflated one. */
  read(start: number, end: number): Promise<Uint8Array>;
}

/** Deflated members up to this size are kept once unpacked; larger ones are unpacked anew for each pass. */
export const keptSize = 2 * largestBuffer;

/**
 * A member's bytes. A deflated member is unpacked as far as it has been asked for, and kept where it is small enough;
 * a larger one is read forward, and going back means starting again.
 */
export function openMember(path: string, member: ZipMember): MemberBytes {
  if (member.method === 'stored') {
    return {
      size: member.size,
      read: (start, end) => readBytes(path, member.offset + start, end - start),
    };
  }
  return member.size <= keptSize ? new KeptMember(path, member) : new ForwardMember(path, member);
}

class KeptMember implements MemberBytes {
  readonly size: number;
  readonly #chunks: Uint8Array[] = [];
  readonly #starts: number[] = [];
  readonly #source: AsyncGenerator<Uint8Array>;
  #length = 0;
  #failure: unknown;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(path: string, member: ZipMember) {
    this.size = member.size;
    this.#source = unpack(path, member);
  }

  read(start: number, end: number): Promise<Uint8Array> {
    const turn = this.#queue.then(() => this.#read(start, end));
    this.#queue = turn.catch(() => {});
    return turn;
  }

  async #read(start: number, end: number): Promise<Uint8Array> {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      await this.#unpackTo(end);
    } catch (error) {
      this.#failure = error;
      throw error;
    }
    return this.#copy(start, end);
  }

  /** To the very end the source is drained, so that its length and checksum are looked at. */
  async #unpackTo(end: number): Promise<void> {
    while (this.#length < end || (end === this.size && this.#length <= this.size)) {
      const next = await this.#source.next();
      if (next.done === true) break;
      this.#starts.push(this.#length);
      this.#chunks.push(next.value);
      this.#length += next.value.length;
    }
  }

  #copy(start: number, end: number): Uint8Array {
    const bytes = new Uint8Array(end - start);
    for (let index = this.#chunkAt(start); index < this.#chunks.length; index++) {
      const from = this.#starts[index] as number;
      if (from >= end) break;
      const chunk = this.#chunks[index] as Uint8Array;
      bytes.set(chunk.subarray(Math.max(0, start - from), end - from), Math.max(0, from - start));
    }
    return bytes;
  }

  #chunkAt(position: number): number {
    let low = 0;
    let high = this.#starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#starts[middle] as number) <= position) low = middle;
      else high = middle;
    }
    return low;
  }
}

class ForwardMember implements MemberBytes {
  readonly size: number;
  readonly #path: string;
  readonly #member: ZipMember;
  #source: AsyncGenerator<Uint8Array>;
  /** The chunk in hand, and where it starts. */
  #chunk: Uint8Array = new Uint8Array(0);
  #start = 0;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(path: string, member: ZipMember) {
    this.size = member.size;
    this.#path = path;
    this.#member = member;
    this.#source = unpack(path, member);
  }

  read(start: number, end: number): Promise<Uint8Array> {
    const turn = this.#queue.then(() => this.#read(start, end));
    // After a failure the source is spent: the next read starts again, and fails again.
    this.#queue = turn.catch(() => this.#restart());
    return turn;
  }

  async #read(start: number, end: number): Promise<Uint8Array> {
    if (end - start > largestBuffer) {
      throw new LatheError({
        who: basename(this.#path),
        what: `asks for ${end - start} bytes at once, more than ${largestBuffer}`,
        next: 'use a smaller batch',
      });
    }
    if (start < this.#start) await this.#restart();
    const bytes = new Uint8Array(end - start);
    while (this.#start < end) {
      const from = Math.max(start, this.#start);
      const piece = this.#chunk.subarray(from - this.#start, end - this.#start);
      if (from >= start && piece.length > 0) bytes.set(piece, from - start);
      if (this.#start + this.#chunk.length >= end && end !== this.size) break;
      const next = await this.#source.next();
      if (next.done === true) break;
      this.#start += this.#chunk.length;
      this.#chunk = next.value;
    }
    return bytes;
  }

  async #restart(): Promise<void> {
    await this.#source.return(undefined);
    this.#source = unpack(this.#path, this.#member);
    this.#chunk = new Uint8Array(0);
    this.#start = 0;
  }
}

const pieceBytes = 1 << 18;

async function* packedPieces(path: string, member: ZipMember): AsyncGenerator<Uint8Array> {
  const end = member.offset + member.packedSize;
  for (let at = member.offset; at < end; at += pieceBytes) yield readBytes(path, at, Math.min(pieceBytes, end - at));
}

/** Unpacks a member as a stream; stops where it grows past its stated size, and checks size and CRC at its end. */
async function* unpack(path: string, member: ZipMember): AsyncGenerator<Uint8Array> {
  const refuse = (what: string, cause?: unknown): LatheError =>
    new LatheError({
      who: basename(path),
      what: `member "${member.name}" ${what}`,
      next: 'the file is damaged: make it again',
      cause,
    });
  if (member.packedSize === 0) throw refuse('is empty');
  const packed = Readable.from(packedPieces(path, member));
  const inflate = createInflateRaw({ chunkSize: pieceBytes });
  packed.on('error', (error) => inflate.destroy(error));
  packed.pipe(inflate);
  let length = 0;
  let crc = 0;
  try {
    for await (const chunk of inflate as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > member.size) throw refuse(`unpacks to more than the ${member.size} bytes that it states`);
      crc = crc32(chunk, crc);
      yield chunk;
    }
  } catch (cause) {
    throw cause instanceof LatheError ? cause : refuse(`cannot be unpacked (${messageOf(cause)})`, cause);
  } finally {
    packed.destroy();
    inflate.destroy();
  }
  if (length !== member.size) throw refuse(`states ${member.size} bytes but unpacks to ${length}`);
  if (crc !== member.crc32) throw refuse('does not match its checksum');
}
