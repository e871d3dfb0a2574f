/**
 * Where the codes of a block of weights lie: x ≈ scale · (code − zero), codes 0…most, the zero point a number of any kind.
 * W [inputs, outputs]; blocks of `block` inputs along them; blocks = ⌈inputs / block⌉; scales and zeros [outputs, blocks].
 * All arithmetic is float32, each operation rounded and sums in order, so that native code gives the same bytes.
 */

import { type BlockGrid, blockGrid, packBlock, wholeOf } from './blocks';
import { ROUND } from './channels';

const f = Math.fround;

/** What a zero point may be. */
export const zeroKinds = { none: 0, integer: 1, float: 2 } as const;
/** `none`: the middle of the codes; `integer`: one of the codes; `float`: any number. */
export type ZeroKind = keyof typeof zeroKinds;

/**
 * How a scale and a zero point are found:
 * - `nearest`: the range from the least to the largest value, zero included unless zero points may be any number;
 * - `mse`: of {@link clipSteps} shrunken ranges the one of least squared error; whole zero points or none;
 * - `k-quant` (llama.cpp, "k-quants", pull request 1684): several step sizes are tried; each time the codes are held and
 *   scale and zero point are fitted to them by least squares, a weight counting as √mean(x²) + |x|. The fit that leaves
 *   the least weighted error is taken;
 * - `hqq` (Badri and Shaji 2023, "Half-quadratic quantization"): scales as `nearest` has them, zero points, which may be
 *   any number, moved as long as Σ|x − x̂|^0.7 shrinks.
 */
export const gridSearches = { nearest: 0, mse: 1, 'k-quant': 2, hqq: 3 } as const;
export type GridSearch = keyof typeof gridSearches;

/** Ranges that `mse` tries. */
export const clipSteps = 20;

/** Finds the grid of the first `count` values, whose largest code is `most`. */
type GridFinder = (values: Float32Array, count: number, most: number, grid: BlockGrid) => void;

/**
 * A grid for each block of each output of a matrix, and the codes on it: nearest(x / scale + zero) + shift.
 * @param x [inputs, outputs]
 * @param levelBits bits of a code's range: 2, 3, 4 or 8
 * @param zeroKind of {@link zeroKinds}; `mse` has no float ones, `hqq` has no others
 * @param search of {@link gridSearches}
 * @param bits that a code takes: 2, 4 or 8
 * @param codes [outputs, blocks, block · bits / 8], packed as `blocks.ts` says; null where none are wanted
 */
export function blockGrids(
  x: Float32Array,
  inputs: number,
  outputs: number,
  block: number,
  levelBits: number,
  zeroKind: number,
  search: number,
  scales: Float32Array,
  zeros: Float32Array,
  bits: number,
  shift: number,
  codes: Uint8Array | null,
): void {
  const blocks = Math.ceil(inputs / block);
  const bytes = (block * bits) / 8;
  const most = 2 ** levelBits - 1;
  const find = finderOf(search, zeroKind, levelBits);
  const values = new Float32Array(block);
  const grid: BlockGrid = { scale: 0, zeroPoint: 0 };
  for (let output = 0; output < outputs; output++) {
    for (let at = 0; at < blocks; at++) {
      const count = Math.min(block, inputs - at * block);
      for (let i = 0; i < count; i++) values[i] = x[(at * block + i) * outputs + output]!;
      find(values, count, most, grid);
      const place = output * blocks + at;
      scales[place] = grid.scale;
      zeros[place] = grid.zeroPoint;
      if (codes !== null)
        packBlock(values, count, bits, grid.scale, grid.zeroPoint, 0, most, shift, codes, place * bytes);
    }
  }
}

function finderOf(search: number, zeroKind: number, levelBits: number): GridFinder {
  if (search === gridSearches.hqq) return halfQuadraticGrid;
  if (search === gridSearches['k-quant'])
    return (values, count, most, grid) => fittedGrid(values, count, most, zeroKind, grid);
  if (zeroKind === zeroKinds.float) return spanningGrid;
  const isSymmetric = zeroKind === zeroKinds.none;
  const steps = search === gridSearches.mse ? clipSteps : 1;
  return (values, count, _most, grid) => blockGrid(values, 0, 1, count, levelBits, isSymmetric, steps, grid);
}

/** From the least to the largest value, zero included or not. */
function spanningGrid(values: Float32Array, count: number, most: number, grid: BlockGrid): void {
  const { low, high } = rangeOf(values, count, Infinity, -Infinity);
  // One value in the whole block: a step of that size, with the value itself as its offset.
  grid.scale = high === low ? Math.abs(high) || 1 : f(f(high - low) / most);
  grid.zeroPoint = f(-low / grid.scale);
}

function rangeOf(values: Float32Array, count: number, low: number, high: number) {
  for (let i = 0; i < count; i++) {
    if (values[i]! < low) low = values[i]!;
    if (values[i]! > high) high = values[i]!;
  }
  return { low, high };
}

/** Step sizes that are tried: the range is cut into most − 1 … most + 1 parts. */
const trials = 21;

function fittedGrid(values: Float32Array, count: number, most: number, zeroKind: number, grid: BlockGrid): void {
  const isFloat = zeroKind === zeroKinds.float;
  const isSymmetric = zeroKind === zeroKinds.none;
  const { low, high } = isFloat ? rangeOf(values, count, Infinity, -Infinity) : rangeOf(values, count, 0, 0);
  const half = (most + 1) / 2;
  if (high === low) {
    if (isFloat) spanningGrid(values, count, most, grid);
    else {
      grid.scale = 0;
      grid.zeroPoint = half;
    }
    return;
  }
  const parts = isSymmetric ? half : most;
  const span = isSymmetric ? (-low >= high ? -low : -high) : f(high - low);
  // Where the zero point may be any number, values are seen from the least one: x = low + origin + scale · code.
  weigh(values, count, isFloat ? low : 0);
  grid.scale = f(span / parts);
  grid.zeroPoint = isFloat ? f(-low / grid.scale) : half;
  let mostGain = 0;
  for (let trial = 0; trial < trials; trial++) {
    const scale = f(span / f(parts - 1 + trial / 10));
    const zero = isSymmetric ? half : isFloat ? 0 : wholeOf(f(-low / scale), 0, most);
    fitTo(count, scale, -zero, most - zero, isFloat);
    if (!(fit.gain > mostGain)) continue;
    mostGain = fit.gain;
    grid.scale = fit.scale;
    grid.zeroPoint = isFloat ? f(-f(low + fit.origin) / fit.scale) : zero;
  }
}

/** A block as the fits see it: x from its origin, weights u = √mean(x²) + |x|, u·x, and the sums of both. */
const weighed = {
  x: new Float32Array(256),
  u: new Float32Array(256),
  ux: new Float32Array(256),
  sumOfU: 0,
  sumOfUx: 0,
};

function weigh(values: Float32Array, count: number, origin: number): void {
  if (weighed.x.length < count) for (const name of ['x', 'u', 'ux'] as const) weighed[name] = new Float32Array(count);
  const { x, u, ux } = weighed;
  let power = 0;
  for (let i = 0; i < count; i++) power = f(power + f(values[i]! * values[i]!));
  const spread = f(Math.sqrt(f(power / count)));
  let [sumOfU, sumOfUx] = [0, 0];
  for (let i = 0; i < count; i++) {
    x[i] = values[i]! - origin;
    u[i] = spread + Math.abs(values[i]!);
    ux[i] = u[i]! * x[i]!;
    sumOfU = f(sumOfU + u[i]!);
    sumOfUx = f(sumOfUx + ux[i]!);
  }
  weighed.sumOfU = sumOfU;
  weighed.sumOfUx = sumOfUx;
}

/** The fit to one set of codes: `gain` is what it takes off Σ u·x². */
const fit = { scale: 0, origin: 0, gain: 0 };

/** Codes least…most on the given step, then the step (and the origin, where it moves) that fits those codes best. */
function fitTo(count: number, scale: number, least: number, most: number, moves: boolean): void {
  const { x, u, ux, sumOfU, sumOfUx } = weighed;
  const inverse = scale === 0 ? 0 : f(1 / scale);
  let [uc, ucc, ucx] = [0, 0, 0]; // Σ u·c, Σ u·c², Σ u·c·x
  for (let i = 0; i < count; i++) {
    // wholeOf, written out: as a call it is seven times slower.
    const steps = f(x[i]! * inverse);
    const code = (steps > least ? Math.min(steps, most) : least) + ROUND - ROUND;
    const weightedCode = f(u[i]! * code);
    uc = f(uc + weightedCode);
    ucc = f(ucc + f(weightedCode * code));
    ucx = f(ucx + f(ux[i]! * code));
  }
  if (!moves) {
    fit.scale = f(ucx / ucc);
    fit.gain = f(ucx * fit.scale);
    return;
  }
  const mean = f(uc / sumOfU);
  const spreadOfCodes = f(ucc - f(uc * mean));
  const together = f(ucx - f(mean * sumOfUx));
  fit.scale = f(together / spreadOfCodes);
  fit.origin = f(f(sumOfUx - f(fit.scale * uc)) / sumOfU);
  fit.gain = f(together * fit.scale);
}

/** Rounds of HQQ and its weight β with what that grows by, as its authors set them. Their norm is 0.7. */
const rounds = 20;
const firstBeta = 10;
const growth = f(1.01);

function halfQuadraticGrid(values: Float32Array, count: number, most: number, grid: BlockGrid): void {
  spanningGrid(values, count, most, grid);
  const { scale } = grid;
  const inverse = f(1 / scale);
  let zero = grid.zeroPoint;
  let least = Infinity;
  for (let round = 0, beta = firstBeta; round <= rounds; round++, beta = f(beta * growth)) {
    let error = 0; // Σ |x − x̂|^0.7
    let next = 0;
    for (let i = 0; i < count; i++) {
      const code = nearestCode(f(f(values[i]! * inverse) + zero), most);
      const rest = f(values[i]! - f(f(code - zero) * scale));
      const size = Math.abs(rest);
      const power = rootedInverse(Math.max(size, leastSize));
      error = f(error + f(size * power));
      // The shrinkage of |·|^0.7: what is small enough counts as no error at all.
      const shrunk = f(size - f(power / beta));
      const kept = Math.sign(rest) * Math.max(shrunk, 0);
      next = f(next + f(code - f(f(values[i]! - kept) * inverse)));
    }
    if (!(error < least)) return;
    least = error;
    grid.zeroPoint = zero;
    zero = f(next / count);
  }
}

/** Below it a difference is as good as none, and {@link rootedInverse} would leave the range of float32. */
const leastSize = 2 ** -100;
const [slope, start] = [f(-0.3), f(1.3 * 2 ** 23 * (127 - 0.045))];
const [share, wholeAndShare] = [f(0.1), f(1.1)];
const asFloat = new Float32Array(1);
const asInteger = new Int32Array(asFloat.buffer);

/**
 * x^−0.3 to about 1e-6, of float32 operations alone: the bits of a float are nearly its logarithm, and three of
 * Newton's steps for y^−10 = x³ mend what that is off.
 */
export function rootedInverse(x: number): number {
  asFloat[0] = x;
  asInteger[0] = f(f(f(asInteger[0]!) * slope) + start);
  let y = asFloat[0];
  for (let step = 0; step < 3; step++) {
    const tenth = f(f(f(x * y) * y) * y);
    const one = f(f(f(tenth * tenth) * tenth) * y);
    y = f(y * f(wholeAndShare - f(share * one)));
  }
  return y;
}

/** The code that a number of steps is rounded to, ties to even; NaN gives 0. */
function nearestCode(steps: number, most: number): number {
  return (steps > 0 ? Math.min(steps, most) : 0) + ROUND - ROUND;
}
