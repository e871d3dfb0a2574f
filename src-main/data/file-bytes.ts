/** Reading parts of files, with errors that name the file. */

import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { LatheError, messageOf } from '../contract';

/** No single buffer of Lathe is larger. */
export const largestBuffer = 256 * 1024 * 1024;

/**
 * Bytes [start, start + length) of a file. Opens and closes it, so that nothing is held between two reads.
 * @throws LatheError where the file cannot be read, or ends before
 */
export async function readBytes(path: string, start: number, length: number): Promise<Uint8Array> {
  if (length > largestBuffer) {
    throw new LatheError({
      who: basename(path),
      what: `asks for ${length} bytes at once, more than ${largestBuffer}`,
      next: 'use a smaller batch',
    });
  }
  const file = await openFile(path);
  try {
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const { bytesRead } = await file.read(bytes, done, length - done, start + done);
      if (bytesRead === 0) throw endsEarly(path, start + done, length - done);
      done += bytesRead;
    }
    return bytes;
  } finally {
    await file.close();
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (cause) {
    throw new LatheError({ who: basename(path), what: `cannot be read (${messageOf(cause)})`, cause });
  }
}

function endsEarly(path: string, at: number, missing: number): LatheError {
  return new LatheError({
    who: basename(path),
    what: `ends at byte ${at}, but ${missing} more are promised`,
    next: 'the file was cut short: copy or make it again',
  });
}

/**
 * SHA-256 over names and contents of files, so that a renamed or edited file gives another hash. Read as a stream.
 * @param files name as it counts in the hash → path
 */
export async function hashFiles(files: ReadonlyMap<string, string>, signal?: AbortSignal): Promise<string> {
  const whole = createHash('sha256');
  for (const [name, path] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const content = await hashContent(path, signal);
    whole.update(`${name}\0${content.digest('hex')}\n`);
  }
  return whole.digest('hex');
}

async function hashContent(path: string, signal: AbortSignal | undefined): Promise<Hash> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
      signal?.throwIfAborted();
      hash.update(chunk as Uint8Array);
    }
  } catch (cause) {
    signal?.throwIfAborted();
    throw new LatheError({ who: basename(path), what: `cannot be read (${messageOf(cause)})`, cause });
  }
  return hash;
}
