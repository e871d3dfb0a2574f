/** Grids for blocks of weights, by one of several searches. */

import { eachBlock, type GridFinder, nearestCode, spanningGrid, type ZeroKind, zeroKinds } from './block-grids';
import { type BlockGrid, blockGrid } from './blocks';
import { fittedGrids, spanningGrids } from './dispatch';

/** How scale and zero point are found. */
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
  else if (search !== 'hqq' && zeroKind === 'float') spanningGrids(x, inputs, outputs, block, levelBits, scales, zeros);
  else eachBlock(x, inputs, outputs, block, finder(levelBits, zeroKind, search), scales, zeros);
  return grids;
}

function finder(levelBits: number, zeroKind: ZeroKind, search: GridSearch): GridFinder {
  if (search === 'hqq') return (values, count, grid) => hqqGrid(values, count, 2 ** levelBits - 1, grid);
  const steps = search === 'mse' ? clipSteps : 1;
  return (values, count, grid) => blockGrid(values, 0, 1, count, levelBits, zeroKind === 'none', steps, grid);
}

/** Rounds of HQQ, its norm p and the growth of its weight β, as its authors set them. */
const hqq = { rounds: 20, p: 0.7, beta: 10, growth: 1.01 };

/** HQQ (Badri and Shaji 2023, "Half-quadratic quantization"): moves the zero point so that Σ|x − x̂|^0.7 shrinks. */
function hqqGrid(values: Float32Array, count: number, most: number, grid: BlockGrid): void {
  spanningGrid(values, count, most, grid);
  const { scale } = grid;
  let zero = grid.zeroPoint;
  let least = Infinity;
  for (let round = 0, { beta } = hqq; round <= hqq.rounds; round++, beta *= hqq.growth) {
    let error = 0;
    let next = 0;
    for (let i = 0; i < count; i++) {
      const code = nearestCode(values[i]! / scale + zero, most);
      const rest = values[i]! - (code - zero) * scale;
      const size = Math.abs(rest);
      error += size ** hqq.p;
      // The shrinkage of |·|^p: what is small enough counts as no error at all.
      const shrunk = size === 0 ? 0 : Math.sign(rest) * Math.max(0, size - size ** (hqq.p - 1) / beta);
      next += code - (values[i]! - shrunk) / scale;
    }
    if (error >= least) return;
    least = error;
    grid.zeroPoint = zero;
    zero = next / count;
  }
}
