/** Which values of a tensor are kept, a bit each: a thirty-second of the float weight. */

import type { FillMask } from './masked-tensor';

export class BitMask {
  readonly #bits: Uint8Array;

  /** All kept. */
  constructor(readonly length: number) {
    this.#bits = new Uint8Array(Math.ceil(length / 8)).fill(255);
  }

  prune(place: number): void {
    this.#bits[place >> 3]! &= ~(1 << (place & 7));
  }

  isKept(place: number): boolean {
    return ((this.#bits[place >> 3]! >> (place & 7)) & 1) === 1;
  }

  readonly fill: FillMask = (_values, first, mask) => {
    for (let i = 0; i < mask.length; i++) mask[i] = this.isKept(first + i) ? 1 : 0;
  };
}
