/** Grids for the blocks of a matrix, and codes on them. */

import { type GridSearch, gridSearches, type ZeroKind, zeroKinds } from './block-grids';
import { blockGrids } from './dispatch';

export interface BlockGrids {
  /** [outputs, blocks] */
  readonly scales: Float32Array;
  /** [outputs, blocks], in steps of the code */
  readonly zeros: Float32Array;
}

/** Where codes go as grids are found. */
export interface PackedCodes {
  /** That a code takes: 2, 4 or 8. */
  readonly bits: number;
  /** What is added to a code on its grid. */
  readonly shift: number;
  /** [outputs, blocks, block · bits / 8], written */
  readonly codes: Uint8Array;
}

/**
 * A grid for each block of each output.
 * @param x [inputs, outputs]
 * @param levelBits bits of a code's range: 2, 3, 4 or 8
 */
export function findGrids(
  x: Float32Array,
  inputs: number,
  outputs: number,
  block: number,
  levelBits: number,
  zeroKind: ZeroKind,
  search: GridSearch,
  packed?: PackedCodes,
): BlockGrids {
  const count = outputs * Math.ceil(inputs / block);
  const grids = { scales: new Float32Array(count), zeros: new Float32Array(count) };
  const { scales, zeros } = grids;
  const { bits, shift, codes } = packed ?? { bits: 8, shift: 0, codes: null };
  const [kind, how] = [zeroKinds[zeroKind], gridSearches[search]];
  blockGrids(x, inputs, outputs, block, levelBits, kind, how, scales, zeros, bits, shift, codes);
  return grids;
}
