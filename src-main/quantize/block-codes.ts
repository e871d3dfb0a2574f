/**
 * Weights of few bits with a scale for each block of inputs, by one of several ways to find scale and zero point.
 * W [inputs, outputs] ≈ scale · (code − zero point), packed as com.microsoft.MatMulNBits takes them (see kernels/blocks).
 */

import { gptq, inverseUpperCholesky, packBlocks, quantizeBlocks } from '../kernels';
import type { Hessian } from './hessians';

export interface BlockFormat {
  readonly bits: 2 | 4 | 8;
  /** Inputs that share a scale: 16, 32, … 256. */
  readonly block: number;
  /** `none`: the middle of the codes; `integer`: packed like the codes; `float`: any number, as W's dtype. */
  readonly zeroPoints: 'none' | 'integer' | 'float';
}

export interface BlockCodes {
  /** [outputs, blocks, block · bits / 8] */
  readonly codes: Uint8Array;
  /** [outputs, blocks] */
  readonly scales: Float32Array;
  /** [outputs, ⌈blocks · bits / 8⌉] packed, or [outputs, blocks] as floats. */
  readonly zeroPoints: Uint8Array | Float32Array | null;
}

/** Sizes of what {@link BlockCodes} holds. */
export function blockSizes(inputs: number, outputs: number, { bits, block }: BlockFormat) {
  const blocks = Math.ceil(inputs / block);
  const bytes = (block * bits) / 8;
  const zeroBytes = Math.ceil((blocks * bits) / 8);
  return { blocks, bytes, zeroBytes, codes: outputs * blocks * bytes, scales: outputs * blocks };
}

/** The nearest code of each weight on the block's full range, or on the best of `clipSteps` shrunk ones. */
export function roundBlocks(
  w: Float32Array,
  inputs: number,
  outputs: number,
  format: BlockFormat,
  clipSteps: number,
): BlockCodes {
  if (format.zeroPoints === 'float') return floatGrid(w, inputs, outputs, format, 0);
  const sizes = blockSizes(inputs, outputs, format);
  const codes = new Uint8Array(sizes.codes);
  const scales = new Float32Array(sizes.scales);
  const zeroPoints = format.zeroPoints === 'none' ? null : new Uint8Array(outputs * sizes.zeroBytes);
  quantizeBlocks(w, inputs, outputs, format.block, format.bits, clipSteps, codes, scales, zeroPoints);
  return { codes, scales, zeroPoints };
}

/** GPTQ, arXiv:2210.17323: λ is 1 % of the mean diagonal, ten times as much where H is not positive definite with it. */
export function gptqBlocks(
  w: Float32Array,
  inputs: number,
  outputs: number,
  format: BlockFormat,
  hessian: Hessian,
  clipSteps: number,
): BlockCodes {
  const sizes = blockSizes(inputs, outputs, format);
  const flat = new Uint8Array(inputs * outputs);
  const groupScales = new Float32Array(sizes.blocks * outputs);
  const groupZeros = format.zeroPoints === 'none' ? null : new Uint8Array(sizes.blocks * outputs);
  const upper = dampedFactor(hessian.sum, inputs);
  gptq(w.slice(), upper, inputs, outputs, format.block, format.bits, clipSteps, flat, groupScales, groupZeros);
  const codes = new Uint8Array(sizes.codes);
  const zeroPoints = groupZeros === null ? null : new Uint8Array(outputs * sizes.zeroBytes);
  packBlocks(flat, groupZeros, inputs, outputs, format.block, format.bits, codes, zeroPoints);
  const scales = new Float32Array(sizes.scales);
  for (let block = 0; block < sizes.blocks; block++)
    for (let output = 0; output < outputs; output++)
      scales[output * sizes.blocks + block] = groupScales[block * outputs + output]!;
  return { codes, scales, zeroPoints };
}

function dampedFactor(hessian: Float64Array, inputs: number): Float64Array {
  let trace = 0;
  for (let i = 0; i < inputs; i++) trace += hessian[i * inputs + i]!;
  const mean = trace === 0 ? 1 : trace / inputs;
  for (let share = 0.01; ; share *= 10) {
    const damped = hessian.slice();
    for (let i = 0; i < inputs; i++) damped[i * inputs + i]! += share * mean;
    if (inverseUpperCholesky(damped, inputs) < 0 || share > 1e6) return damped;
  }
}

/** Rounds of HQQ, its norm p and the growth of its weight β, as its authors set them. */
const hqq = { rounds: 20, p: 0.7, beta: 10, growth: 1.01 };

/** HQQ (Badri and Shaji 2023, "Half-quadratic quantization"): moves each block's zero point so that Σ|w − ŵ|^0.7 shrinks. */
export function hqqBlocks(w: Float32Array, inputs: number, outputs: number, format: BlockFormat): BlockCodes {
  return floatGrid(w, inputs, outputs, format, hqq.rounds);
}

/** Codes on a grid whose zero point is any number: from the least to the largest weight of a block, then HQQ's rounds. */
function floatGrid(w: Float32Array, inputs: number, outputs: number, format: BlockFormat, rounds: number): BlockCodes {
  const { bits, block } = format;
  const sizes = blockSizes(inputs, outputs, format);
  const most = 2 ** bits - 1;
  const codes = new Uint8Array(sizes.codes);
  const scales = new Float32Array(sizes.scales);
  const zeroPoints = new Float32Array(sizes.scales);
  const values = new Float64Array(block);
  for (let output = 0; output < outputs; output++) {
    for (let at = 0; at < sizes.blocks; at++) {
      const count = Math.min(block, inputs - at * block);
      for (let i = 0; i < count; i++) values[i] = w[(at * block + i) * outputs + output]!;
      const grid = blockGridOf(values, count, most, rounds);
      const place = output * sizes.blocks + at;
      scales[place] = grid.scale;
      zeroPoints[place] = grid.zero;
      const inverse = grid.scale === 0 ? 0 : 1 / scales[place]!;
      for (let i = 0; i < count; i++) {
        const code = clampCode(values[i]! * inverse + zeroPoints[place]!, most);
        const bit = i * bits;
        codes[place * sizes.bytes + (bit >> 3)]! |= code << (bit & 7);
      }
    }
  }
  return { codes, scales, zeroPoints };
}

function blockGridOf(
  values: Float64Array,
  count: number,
  most: number,
  rounds: number,
): { scale: number; zero: number } {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < count; i++) {
    low = Math.min(low, values[i]!);
    high = Math.max(high, values[i]!);
  }
  // One value in the whole block: a step of 1 with the value itself as its offset.
  const scale = high === low ? (high === 0 ? 1 : Math.fround(Math.abs(high))) : Math.fround((high - low) / most);
  let zero = -low / scale;
  let best = { zero, error: Number.POSITIVE_INFINITY };
  let beta = hqq.beta;
  for (let round = 0; round <= rounds; round++, beta *= hqq.growth) {
    let error = 0;
    let next = 0;
    for (let i = 0; i < count; i++) {
      const code = clampCode(values[i]! / scale + zero, most);
      const rest = values[i]! - (code - zero) * scale;
      const size = Math.abs(rest);
      error += size ** hqq.p;
      // The shrinkage of |·|^p: what is small enough counts as no error at all.
      const shrunk = size === 0 ? 0 : Math.sign(rest) * Math.max(0, size - size ** (hqq.p - 1) / beta);
      next += code - (values[i]! - shrunk) / scale;
    }
    if (error >= best.error) break;
    best = { zero, error };
    zero = next / count;
  }
  return { scale, zero: best.zero };
}

function clampCode(x: number, most: number): number {
  return Math.min(most, Math.max(0, Math.round(x)));
}
