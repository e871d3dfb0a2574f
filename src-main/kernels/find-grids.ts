/** Grids for blocks of weights, by one of several searches. */

import { type ZeroKind, zeroKinds } from './block-grids';
import { fittedGrids, halfQuadraticGrids, rangeGrids, spanningGrids } from './dispatch';

/** How scale and zero point are found; `hqq` for float zero points only. */
export type GridSearch = 'nearest' | 'mse' | 'k-quant' | 'hqq';

export interface BlockGrids {
  /** [outputs, blocks] */
  readonly scales: Float32Array;
  /** [outputs, blocks], in steps of the code */
  readonly zeros: Float32Array;
}

/** Ranges that `mse` tries. */
const clipSteps = 20;

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
): BlockGrids {
  const count = outputs * Math.ceil(inputs / block);
  const grids = { scales: new Float32Array(count), zeros: new Float32Array(count) };
  const { scales, zeros } = grids;
  if (search === 'k-quant') fittedGrids(x, inputs, outputs, block, levelBits, zeroKinds[zeroKind], scales, zeros);
  else if (search === 'hqq') halfQuadraticGrids(x, inputs, outputs, block, levelBits, scales, zeros);
  else if (zeroKind === 'float') spanningGrids(x, inputs, outputs, block, levelBits, scales, zeros);
  else {
    const steps = search === 'mse' ? clipSteps : 1;
    rangeGrids(x, inputs, outputs, block, levelBits, zeroKinds[zeroKind], steps, scales, zeros);
  }
  return grids;
}
