/** SHA-256 of bytes that come part by part; of many bytes on a thread of its own, beside their reading and writing. */

import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

/** Largest part. */
export const partBytes = 2 ** 19;

/** A thread takes about 20 ms to start, in which this much is hashed. */
const ownThreadBytes = 2 ** 25;

export interface PartHash {
  /** Memory for the next part, at most {@link partBytes}. The part before it may be overwritten from now on. */
  room(): Promise<Uint8Array>;
  /** Takes the first `length` bytes of the room. They may still be read, until the next room is asked for. */
  push(length: number): void;
  /** Of all parts, in hexadecimal digits. Nothing can be pushed afterwards. */
  digest(): Promise<string>;
  /** Ends the thread, finished or not. */
  close(): Promise<void>;
}

/** @param total bytes that will be pushed, to choose a way */
export function partHash(total: number): PartHash {
  return total < ownThreadBytes ? new PlainHash() : new ThreadHash();
}

class PlainHash implements PartHash {
  readonly #hash = createHash('sha256');
  readonly #room = new Uint8Array(partBytes);

  async room(): Promise<Uint8Array> {
    return this.#room;
  }

  push(length: number): void {
    this.#hash.update(this.#room.subarray(0, length));
  }

  async digest(): Promise<string> {
    return this.#hash.digest('hex');
  }

  async close(): Promise<void> {}
}

/** Parts that wait for the thread: few enough for the processor's cache. */
const slots = 8;

/** Hashed parts after which a caller that waits for room is woken: waking has its price. */
const wakeParts = slots / 2;

/** Places of the shared state: parts pushed, parts hashed, and from there on the length of the part in each slot. */
const place = { pushed: 0, hashed: 1, lengths: 2 } as const;

/** Length that ends the row of parts. */
const ended = -1;

/** Longest time for which the thread of the caller sleeps before it looks after its other work. */
const patienceMs = 20;

/** What the thread runs: text, since a bundle holds no file of its own for it. */
const threadSource = `
const { parentPort, workerData: { memory, state } } = require('node:worker_threads');
const hash = require('node:crypto').createHash('sha256');
for (let part = 0; ; part++) {
  while (Atomics.load(state, ${place.pushed}) === part) Atomics.wait(state, ${place.pushed}, part);
  const slot = part % ${slots};
  const length = state[${place.lengths} + slot];
  if (length === ${ended}) break;
  hash.update(memory.subarray(slot * ${partBytes}, slot * ${partBytes} + length));
  Atomics.store(state, ${place.hashed}, part + 1);
  if ((part + 1) % ${wakeParts} === 0) Atomics.notify(state, ${place.hashed});
}
parentPort.postMessage(hash.digest('hex'));
`;

class ThreadHash implements PartHash {
  readonly #memory = new Uint8Array(new SharedArrayBuffer(slots * partBytes));
  readonly #state = new Int32Array(new SharedArrayBuffer(4 * (place.lengths + slots)));
  readonly #thread: Worker;
  readonly #digest: Promise<string>;
  #failure: unknown;
  #pushed = 0;

  constructor() {
    this.#thread = new Worker(threadSource, {
      eval: true,
      execArgv: [],
      workerData: { memory: this.#memory, state: this.#state },
    });
    this.#digest = new Promise((resolve, reject) => {
      this.#thread.once('message', resolve);
      this.#thread.once('error', reject);
    });
    this.#digest.catch((failure: unknown) => {
      this.#failure = failure;
    });
  }

  async room(): Promise<Uint8Array> {
    for (;;) {
      const hashed = Atomics.load(this.#state, place.hashed);
      if (this.#pushed - hashed < slots) break;
      Atomics.wait(this.#state, place.hashed, hashed, patienceMs);
      await setImmediate();
      if (this.#failure !== undefined) throw this.#failure;
    }
    const start = (this.#pushed % slots) * partBytes;
    return this.#memory.subarray(start, start + partBytes);
  }

  push(length: number): void {
    this.#state[place.lengths + (this.#pushed % slots)] = length;
    Atomics.store(this.#state, place.pushed, ++this.#pushed);
    Atomics.notify(this.#state, place.pushed);
  }

  async digest(): Promise<string> {
    await this.room();
    this.push(ended);
    return this.#digest;
  }

  async close(): Promise<void> {
    await this.#thread.terminate();
  }
}
