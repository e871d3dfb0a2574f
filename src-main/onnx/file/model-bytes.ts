/** All bytes that a model is as one file, wherever its weights lie: to be hashed, and to be compared. */

import { setImmediate } from 'node:timers/promises';
import type { Model } from '../ir';
import { fillSkeleton } from './fill-skeleton';
import { dataChunks } from './tensor-data';
import { modelToSkeleton } from './to-proto';

/**
 * Part by part, in order.
 * @throws LatheError where a file that holds weights has changed or cannot be read
 */
export function* modelBytes(model: Model): Generator<Uint8Array> {
  for (const piece of fillSkeleton(modelToSkeleton(model, () => null)).pieces)
    if (piece instanceof Uint8Array) yield piece;
    else yield* dataChunks(piece);
}

/**
 * Whether two models are the same to the last byte of their weights.
 * @throws LatheError as {@link modelBytes}
 */
export async function equalModels(a: Model, b: Model, signal: AbortSignal): Promise<boolean> {
  const [left, right] = [new ByteRow(modelBytes(a)), new ByteRow(modelBytes(b))];
  for (;;) {
    signal.throwIfAborted();
    const length = Math.min(left.ahead, right.ahead);
    if (length === 0) return left.ahead === right.ahead;
    if (Buffer.compare(left.take(length), right.take(length)) !== 0) return false;
    await setImmediate();
  }
}

/** Bytes that come in parts, taken in others. */
class ByteRow {
  readonly #parts: Generator<Uint8Array>;
  #part: Uint8Array = new Uint8Array(0);

  constructor(parts: Generator<Uint8Array>) {
    this.#parts = parts;
  }

  /** How many can be taken at once; 0 at the end. */
  get ahead(): number {
    while (this.#part.byteLength === 0) {
      const { value, done } = this.#parts.next();
      if (done === true) return 0;
      this.#part = value;
    }
    return this.#part.byteLength;
  }

  take(length: number): Uint8Array {
    const taken = this.#part.subarray(0, length);
    this.#part = this.#part.subarray(length);
    return taken;
  }
}
