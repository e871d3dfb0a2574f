/** SHA-256 of files as one; of much by a thread of its own, which may read while they are still being written. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { Worker } from 'node:worker_threads';
import { LatheError, messageOf } from '../../contract';

/** A file and how long it is, or will be. */
export interface HashedFile {
  readonly path: string;
  readonly length: number;
}

export interface FileHash {
  /** Tells that `bytes` more, in the order of the files, can be read now. */
  grown(bytes: number): void;
  /**
   * Of all files one after the other, in hexadecimal digits, once all of them has grown.
   * @throws LatheError where a file cannot be read, or ends too early
   */
  digest(): Promise<string>;
  /** Ends the thread, finished or not. */
  close(): Promise<void>;
}

/** A thread takes about 20 ms to start, in which this much is hashed. */
const ownThreadBytes = 2 ** 25;

/** Read at once: what fits into the processor's cache. */
const windowBytes = 2 ** 18;

/** The files need not be there before the first of their bytes is. */
export function fileHash(files: readonly HashedFile[]): FileHash {
  const total = files.reduce((sum, { length }) => sum + length, 0);
  return total < ownThreadBytes ? new PlainHash(files) : new ThreadHash(files);
}

class PlainHash implements FileHash {
  readonly #files: readonly HashedFile[];

  constructor(files: readonly HashedFile[]) {
    this.#files = files;
  }

  grown(): void {}

  async digest(): Promise<string> {
    const hash = createHash('sha256');
    for (const { path, length } of this.#files) {
      const bytes = readFileSync(path);
      if (bytes.byteLength < length) throw unreadable(path, `it ends at byte ${bytes.byteLength}`);
      hash.update(bytes.subarray(0, length));
    }
    return hash.digest('hex');
  }

  async close(): Promise<void> {}
}

/**
 * What the thread runs: text, since a bundle holds no file of its own for it. `ready[0]` is how many bytes can be read.
 */
const threadSource = `
const { closeSync, openSync, readSync } = require('node:fs');
const { parentPort, workerData: { files, ready } } = require('node:worker_threads');
const hash = require('node:crypto').createHash('sha256');
const window = new Uint8Array(${windowBytes});
function grownBeyond(done) {
  for (;;) {
    const grown = Atomics.load(ready, 0);
    if (grown > done) return Number(grown);
    Atomics.wait(ready, 0, grown);
  }
}
let before = 0;
for (const { path, length } of files) {
  let descriptor = null;
  for (let at = 0; at < length;) {
    const end = Math.min(length, grownBeyond(before + at) - before);
    descriptor ??= openSync(path, 'r');
    while (at < end) {
      const read = readSync(descriptor, window, 0, Math.min(${windowBytes}, end - at), at);
      if (read === 0) throw new Error('it ends at byte ' + at);
      hash.update(window.subarray(0, read));
      at += read;
    }
  }
  if (descriptor !== null) closeSync(descriptor);
  before += length;
}
parentPort.postMessage(hash.digest('hex'));
`;

class ThreadHash implements FileHash {
  readonly #ready = new BigInt64Array(new SharedArrayBuffer(8));
  readonly #thread: Worker;
  readonly #digest: Promise<string>;

  constructor(files: readonly HashedFile[]) {
    const workerData = { files: files.map(({ path, length }) => ({ path, length })), ready: this.#ready };
    this.#thread = new Worker(threadSource, { eval: true, execArgv: [], workerData });
    this.#digest = new Promise((resolve, reject) => {
      this.#thread.once('message', resolve);
      this.#thread.once('error', (error) => reject(unreadable(files[0]?.path ?? '', messageOf(error), error)));
      this.#thread.once('exit', () => reject(new Error('the hash was given up')));
    });
    this.#digest.catch(() => {}); // told to whom asks for it
  }

  grown(bytes: number): void {
    Atomics.add(this.#ready, 0, BigInt(bytes));
    Atomics.notify(this.#ready, 0);
  }

  digest(): Promise<string> {
    return this.#digest;
  }

  async close(): Promise<void> {
    await this.#thread.terminate();
  }
}

function unreadable(path: string, why: string, cause?: unknown): LatheError {
  return new LatheError({
    who: basename(path),
    what: `cannot be read for its hash: ${why}`,
    where: path,
    next: 'see whether its disk is still there, and try again',
    code: 'failed',
    cause,
  });
}
