/**
 * Where the codes of a block of weights lie: x ≈ scale · (code − zero), codes 0…most, the zero point a number of any kind.
 * W [inputs, outputs]; blocks of `block` inputs along them; blocks = ⌈inputs / block⌉.
 */

import { type BlockGrid, blockGrid } from './blocks';

/** How scale and zero point are found. */
export type GridSearch = 'nearest' | 'mse' | 'k-quant' | 'hqq';

/** `none`: the middle of the codes; `integer`: one of the codes; `float`: any number. */
export type ZeroKind = 'none' | 'integer' | 'float';

export interface BlockGrids {
  /** [outputs, blocks] */
  readonly scales: Float32Array;
  /** [outputs, blocks], in steps of the code */
  readonly zeros: Float32Array;
}

/** Ranges tried by `mse`, steps tried by `k-quant`. */
const clipSteps = 20;

/**
 * A grid for each block of each output.
 * @param x [inputs, outputs]
 * @param levelBits bits of a code's range: 2, 3, 4 or 8
 */
export function blockGrids(
  x: Float32Array,
  inputs: number,
  outputs: number,
  block: number,
  levelBits: number,
  zeroKind: ZeroKind,
  search: GridSearch,
): BlockGrids {
  const blocks = Math.ceil(inputs / block);
  const grids = { scales: new Float32Array(outputs * blocks), zeros: new Float32Array(outputs * blocks) };
  const values = new Float32Array(block);
  const grid: BlockGrid = { scale: 0, zeroPoint: 0 };
  const find = gridFinder(levelBits, zeroKind, search);
  for (let output = 0; output < outputs; output++) {
    for (let at = 0; at < blocks; at++) {
      const count = Math.min(block, inputs - at * block);
      for (let i = 0; i < count; i++) values[i] = x[(at * block + i) * outputs + output]!;
      find(values, count, grid);
      grids.scales[output * blocks + at] = grid.scale;
      grids.zeros[output * blocks + at] = grid.zeroPoint;
    }
  }
  return grids;
}

type GridFinder = (values: Float32Array, count: number, grid: BlockGrid) => void;

function gridFinder(levelBits: number, zeroKind: ZeroKind, search: GridSearch): GridFinder {
  const most = 2 ** levelBits - 1;
  if (search === 'k-quant') return (values, count, grid) => kQuantGrid(values, count, most, zeroKind, grid);
  if (search === 'hqq') return (values, count, grid) => hqqGrid(values, count, most, grid);
  if (zeroKind === 'float') return (values, count, grid) => spanningGrid(values, count, most, grid);
  const steps = search === 'mse' ? clipSteps : 1;
  return (values, count, grid) => blockGrid(values, 0, 1, count, levelBits, zeroKind === 'none', steps, grid);
}

/** From the least to the largest value, zero included or not. */
function spanningGrid(values: Float32Array, count: number, most: number, grid: BlockGrid): void {
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < count; i++) {
    low = Math.min(low, values[i]!);
    high = Math.max(high, values[i]!);
  }
  // One value in the whole block: a step of that size, with the value itself as its offset.
  grid.scale = Math.fround(high === low ? Math.abs(high) || 1 : (high - low) / most);
  grid.zeroPoint = -low / grid.scale;
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

/** Steps of k-quant: the range is cut into most − 1 … most + 1 parts. */
const kQuantReach = 1;

/**
 * k-quant (llama.cpp, "k-quants", pull request 1684): several step sizes are tried; each time the codes are held and
 * scale and zero point are fitted to them by least squares, a weight counting as √mean(x²) + |x|. The fit of least
 * weighted error is taken.
 */
function kQuantGrid(values: Float32Array, count: number, most: number, kind: ZeroKind, grid: BlockGrid): void {
  const half = (most + 1) / 2;
  let low = kind === 'float' ? Infinity : 0;
  let high = kind === 'float' ? -Infinity : 0;
  let power = 0;
  for (let i = 0; i < count; i++) {
    low = Math.min(low, values[i]!);
    high = Math.max(high, values[i]!);
    power += values[i]! ** 2;
  }
  if (high === low) {
    if (kind === 'float') spanningGrid(values, count, most, grid);
    else Object.assign(grid, { scale: 0, zeroPoint: half });
    return;
  }
  const spread = Math.sqrt(power / count);
  const span = kind === 'none' ? (-low >= high ? low : high) / -half : (high - low) / most;
  let least = Infinity;
  for (let step = 0; step <= clipSteps; step++) {
    const parts = (kind === 'none' ? half : most) + kQuantReach * ((2 * step) / clipSteps - 1);
    const tried = (span * (kind === 'none' ? half : most)) / parts;
    const zero = kind === 'none' ? half : kind === 'float' ? -low / tried : nearestCode(-low / tried, most);
    const fit = fitted(values, count, most, tried, zero, spread, kind === 'float');
    if (fit.error < least) {
      least = fit.error;
      grid.scale = fit.scale;
      grid.zeroPoint = fit.zero;
    }
  }
}

interface Fit {
  readonly scale: number;
  readonly zero: number;
  readonly error: number;
}

/** Codes on the given grid, then the grid that fits those codes best; the zero point moves only where it may. */
function fitted(
  values: Float32Array,
  count: number,
  most: number,
  scale: number,
  zero: number,
  spread: number,
  moves: boolean,
): Fit {
  let [u, uc, ucc, ux, ucx] = [0, 0, 0, 0, 0]; // Σ of the weights u, times the code c from the zero point, times x
  for (let i = 0; i < count; i++) {
    const x = values[i]!;
    const weight = spread + Math.abs(x);
    const code = nearestCode(x / scale + zero, most) - zero;
    u += weight;
    uc += weight * code;
    ucc += weight * code * code;
    ux += weight * x;
    ucx += weight * code * x;
  }
  const determinant = u * ucc - uc * uc;
  const affine = moves && determinant > 1e-12 * u * ucc;
  const fitScale = Math.fround(affine ? (u * ucx - uc * ux) / determinant : ucc > 0 ? ucx / ucc : scale);
  if (fitScale === 0 || !Number.isFinite(fitScale)) return { scale, zero, error: Infinity };
  const fitZero = affine ? zero - (ux - fitScale * uc) / (u * fitScale) : zero;
  let error = 0;
  for (let i = 0; i < count; i++) {
    const x = values[i]!;
    const code = nearestCode(x / fitScale + fitZero, most);
    error += (spread + Math.abs(x)) * (fitScale * (code - fitZero) - x) ** 2;
  }
  return { scale: fitScale, zero: fitZero, error };
}

/** The code that a number of steps is rounded to. */
export function nearestCode(steps: number, most: number): number {
  return Math.min(most, Math.max(0, Math.round(steps)));
}

/**
 * Codes of a matrix on given grids, one a byte.
 * @param x [inputs, outputs]
 * @param codes [inputs, outputs], written
 */
export function codesOnGrids(
  x: Float32Array,
  inputs: number,
  outputs: number,
  block: number,
  levelBits: number,
  { scales, zeros }: BlockGrids,
  codes: Uint8Array,
): void {
  const blocks = Math.ceil(inputs / block);
  const most = 2 ** levelBits - 1;
  for (let input = 0; input < inputs; input++) {
    const at = Math.floor(input / block);
    for (let output = 0; output < outputs; output++) {
      const scale = scales[output * blocks + at]!;
      const zero = zeros[output * blocks + at]!;
      codes[input * outputs + output] = nearestCode(
        scale === 0 ? zero : x[input * outputs + output]! / scale + zero,
        most,
      );
    }
  }
}
