/**
 * Where the codes of a block of weights lie: x ≈ scale · (code − zero), codes 0…most, the zero point a number of any kind.
 * W [inputs, outputs]; blocks of `block` inputs along them; blocks = ⌈inputs / block⌉; scales and zeros [outputs, blocks].
 * Sums are float64, in order, each operation rounded; scales and zero points are kept as float32.
 */

import type { BlockGrid } from './blocks';
import { ROUND } from './channels';

/** What a zero point may be. */
export const zeroKinds = { none: 0, integer: 1, float: 2 } as const;
/** `none`: the middle of the codes; `integer`: one of the codes; `float`: any number. */
export type ZeroKind = keyof typeof zeroKinds;

/** Finds the grid of the first `count` values. */
export type GridFinder = (values: Float32Array, count: number, grid: BlockGrid) => void;

/** A grid for each block of each output of a matrix [inputs, outputs]. */
export function eachBlock(
  x: Float32Array,
  inputs: number,
  outputs: number,
  block: number,
  find: GridFinder,
  scales: Float32Array,
  zeros: Float32Array,
): void {
  const blocks = Math.ceil(inputs / block);
  const values = new Float32Array(block);
  const grid: BlockGrid = { scale: 0, zeroPoint: 0 };
  for (let output = 0; output < outputs; output++) {
    for (let at = 0; at < blocks; at++) {
      const count = Math.min(block, inputs - at * block);
      for (let i = 0; i < count; i++) values[i] = x[(at * block + i) * outputs + output]!;
      find(values, count, grid);
      scales[output * blocks + at] = grid.scale;
      zeros[output * blocks + at] = grid.zeroPoint;
    }
  }
}

/** Grids with float zero points from the least to the largest value of each block. @param x [inputs, outputs] */
export function spanningGrids(
  x: Float32Array,
  inputs: number,
  outputs: number,
  block: number,
  levelBits: number,
  scales: Float32Array,
  zeros: Float32Array,
): void {
  const most = 2 ** levelBits - 1;
  eachBlock(x, inputs, outputs, block, (values, count, grid) => spanningGrid(values, count, most, grid), scales, zeros);
}

/**
 * Grids by k-quant (llama.cpp, "k-quants", pull request 1684): several step sizes are tried; each time the codes are held
 * and scale and zero point are fitted to them by least squares, a weight counting as √mean(x²) + |x|. The fit of least
 * weighted error is taken.
 * @param x [inputs, outputs]
 * @param zeroKind of {@link zeroKinds}
 */
export function fittedGrids(
  x: Float32Array,
  inputs: number,
  outputs: number,
  block: number,
  levelBits: number,
  zeroKind: number,
  scales: Float32Array,
  zeros: Float32Array,
): void {
  const most = 2 ** levelBits - 1;
  const find: GridFinder = (values, count, grid) => fittedGrid(values, count, most, zeroKind, grid);
  eachBlock(x, inputs, outputs, block, find, scales, zeros);
}

/** From the least to the largest value, zero included or not. */
export function spanningGrid(values: Float32Array, count: number, most: number, grid: BlockGrid): void {
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

/** Step sizes that are tried: the range is cut into most − 1 … most + 1 parts. */
const trials = 21;

function fittedGrid(values: Float32Array, count: number, most: number, zeroKind: number, grid: BlockGrid): void {
  const half = (most + 1) / 2;
  const isFloat = zeroKind === zeroKinds.float;
  const isSymmetric = zeroKind === zeroKinds.none;
  let low = isFloat ? Infinity : 0;
  let high = isFloat ? -Infinity : 0;
  let power = 0;
  for (let i = 0; i < count; i++) {
    low = Math.min(low, values[i]!);
    high = Math.max(high, values[i]!);
    power += values[i]! * values[i]!;
  }
  if (high === low) {
    if (isFloat) spanningGrid(values, count, most, grid);
    else {
      grid.scale = 0;
      grid.zeroPoint = half;
    }
    return;
  }
  const spread = Math.sqrt(power / count);
  const parts = isSymmetric ? half : most;
  const span = isSymmetric ? (-low >= high ? -low : -high) : high - low;
  let least = Infinity;
  grid.scale = span / parts;
  grid.zeroPoint = isFloat ? (-low * parts) / span : half;
  for (let trial = 0; trial < trials; trial++) {
    const scale = span / (parts - 1 + trial / 10);
    const zero = isSymmetric ? half : isFloat ? -low / scale : nearestCode(-low / scale, most);
    const fit = fitted(values, count, most, scale, zero, spread, isFloat);
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
  const inverse = 1 / scale;
  let [u, uc, ucc, ux, ucx] = [0, 0, 0, 0, 0]; // Σ of the weights u, times the code c from the zero point, times x
  for (let i = 0; i < count; i++) {
    const x = values[i]!;
    const weight = spread + Math.abs(x);
    const code = nearestCode(x * inverse + zero, most) - zero;
    u += weight;
    uc += weight * code;
    ucc += weight * code * code;
    ux += weight * x;
    ucx += weight * code * x;
  }
  const determinant = u * ucc - uc * uc;
  const moved = moves && determinant > 1e-12 * u * ucc;
  const fitScale = Math.fround(moved ? (u * ucx - uc * ux) / determinant : ucc > 0 ? ucx / ucc : scale);
  const fitZero = moved ? zero - (ux - fitScale * uc) / (u * fitScale) : zero;
  const fitInverse = 1 / fitScale;
  let error = 0;
  for (let i = 0; i < count; i++) {
    const x = values[i]!;
    const difference = fitScale * (nearestCode(x * fitInverse + fitZero, most) - fitZero) - x;
    error += (spread + Math.abs(x)) * difference * difference;
  }
  return { scale: fitScale, zero: fitZero, error };
}

/** The code that a number of steps is rounded to, ties to even; NaN gives 0. */
export function nearestCode(steps: number, most: number): number {
  return (steps > 0 ? Math.min(steps, most) : 0) + ROUND - ROUND;
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
  scales: Float32Array,
  zeros: Float32Array,
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
