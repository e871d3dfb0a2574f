/**
 * Weights of few bits with a scale for each block of inputs. W [inputs, outputs], packed as com.microsoft.MatMulNBits
 * takes it (see kernels/blocks):
 *
 *   w ≈ scale · (code − zero point)            zero point: a whole number, packed; 2^(bits−1) where there is none
 *   w ≈ scale · (code − 2^(bits−1)) + offset   where zero points may be any number
 */

import { LatheError } from '../contract';
import {
  type BlockGrids,
  clipSteps,
  dampedInverse,
  dequantizeBlocks,
  findGrids,
  type GridSearch,
  gptq,
  gptqOnGrids,
  inverseUpperCholesky,
  packBlocks,
  packZeroPoints,
  quantizeBlocks,
  type ZeroKind,
} from '../kernels';
import { spill } from '../onnx/file';

export interface BlockFormat {
  /** Bits that a code takes. */
  readonly bits: 2 | 4 | 8;
  /** Bits of its range: 3 where 4 are taken. */
  readonly levelBits: 2 | 3 | 4 | 8;
  /** Inputs that share a scale: 16, 32, … 256. */
  readonly block: number;
  readonly zeroPoints: ZeroKind;
}

export interface BlockCodes {
  /** [outputs, blocks, block · bits / 8] */
  readonly codes: Uint8Array;
  /** [outputs, blocks] */
  readonly scales: Float32Array;
  /** [outputs, ⌈blocks · bits / 8⌉], packed; `integer` only. */
  readonly zeroPoints: Uint8Array | null;
  /** [outputs, blocks]; `float` only. */
  readonly offsets: Float32Array | null;
}

/** A way to round a matrix [inputs, outputs], output by output. */
export type Rounding = (w: Float32Array, inputs: number, outputs: number, format: BlockFormat) => BlockCodes;

/** Sizes of what {@link BlockCodes} holds. */
export function blockSizes(inputs: number, outputs: number, { bits, block }: BlockFormat) {
  const blocks = Math.ceil(inputs / block);
  const bytes = (block * bits) / 8;
  const zeroBytes = Math.ceil((blocks * bits) / 8);
  return { blocks, bytes, zeroBytes, codes: outputs * blocks * bytes, scales: outputs * blocks };
}

/** Bits of a weight with everything that belongs to its block. */
export function bitsPerWeight({ bits, block, zeroPoints }: BlockFormat): number {
  return bits + (32 + (zeroPoints === 'float' ? 32 : zeroPoints === 'integer' ? bits : 0)) / block;
}

/** Codes that have to be filled in, for a matrix that is worked through in panels of outputs. */
export function emptyCodes(inputs: number, outputs: number, format: BlockFormat): BlockCodes {
  const sizes = blockSizes(inputs, outputs, format);
  return {
    codes: new Uint8Array(sizes.codes),
    scales: new Float32Array(sizes.scales),
    zeroPoints: format.zeroPoints === 'integer' ? new Uint8Array(outputs * sizes.zeroBytes) : null,
    offsets: format.zeroPoints === 'float' ? new Float32Array(sizes.scales) : null,
  };
}

/** Each weight to its nearest code, on grids found block by block. */
export function roundBlocks(search: GridSearch): Rounding {
  return (w, inputs, outputs, format) => {
    const { bits, levelBits, block, zeroPoints } = format;
    const isRange = search === 'nearest' || search === 'mse';
    if (isRange && zeroPoints !== 'float' && levelBits === bits) {
      const made = emptyCodes(inputs, outputs, format);
      const steps = search === 'mse' ? clipSteps : 1;
      quantizeBlocks(w, inputs, outputs, block, bits, steps, made.codes, made.scales, made.zeroPoints);
      return made;
    }
    const codes = new Uint8Array(blockSizes(inputs, outputs, format).codes);
    const packed = { bits, shift: shiftOf(format), codes };
    const grids = findGrids(w, inputs, outputs, block, levelBits, zeroPoints, search, packed);
    return { codes, ...storedGrids(grids, inputs, outputs, format) };
  };
}

/** What is added to a code on a grid to store it: the middle of the range is the middle of the codes. */
function shiftOf({ bits, levelBits, zeroPoints }: BlockFormat): number {
  return zeroPoints === 'integer' ? 0 : 2 ** (bits - 1) - 2 ** (levelBits - 1);
}

/** Grids as they are stored. Takes their arrays over. */
function storedGrids(
  { scales, zeros }: BlockGrids,
  inputs: number,
  outputs: number,
  format: BlockFormat,
): Omit<BlockCodes, 'codes'> {
  const { bits, levelBits, zeroPoints } = format;
  if (zeroPoints === 'none') return { scales, zeroPoints: null, offsets: null };
  if (zeroPoints === 'integer') {
    const { blocks, zeroBytes } = blockSizes(inputs, outputs, format);
    const points = new Uint8Array(outputs * zeroBytes);
    packZeroPoints(zeros, blocks, bits, points);
    return { scales, zeroPoints: points, offsets: null };
  }
  const middle = 2 ** (levelBits - 1);
  for (let i = 0; i < zeros.length; i++) zeros[i] = scales[i]! * (middle - zeros[i]!);
  return { scales, zeroPoints: null, offsets: zeros };
}

/** Codes one a byte [inputs, outputs], with their grids, as they are stored. */
function packed(flat: Uint8Array, grids: BlockGrids, inputs: number, outputs: number, format: BlockFormat): BlockCodes {
  const codes = new Uint8Array(blockSizes(inputs, outputs, format).codes);
  const shift = shiftOf(format);
  if (shift > 0) for (let i = 0; i < flat.length; i++) flat[i]! += shift;
  packBlocks(flat, null, inputs, outputs, format.block, format.bits, codes, null);
  return { codes, ...storedGrids(grids, inputs, outputs, format) };
}

/** λ as a share of the mean diagonal. */
const damping = 0.01;

/** H of a layer's inputs, factored as GPTQ walks along it. */
export interface GptqFactor {
  /** U upper with (H + λ·I)⁻¹ = Uᵀ·U, of the inputs in the order they are settled in. */
  readonly upper: Float64Array;
  /** The inputs in that order; null: as they are. */
  readonly order: Int32Array | null;
}

/**
 * GPTQ, arXiv:2210.17323.
 * @param hessian [inputs, inputs]
 * @param byActivity settles the inputs with the largest diagonal first ("act-order")
 * @throws LatheError where it is not finite
 */
export function gptqFactor(hessian: Float64Array, inputs: number, byActivity: boolean): GptqFactor {
  const order = byActivity ? orderOf(hessian, inputs) : null;
  const given = order === null ? hessian : permuted(hessian, order);
  const upper = dampedInverse(given, inputs, damping, inverseUpperCholesky);
  if (upper !== null) return { upper, order };
  throw new LatheError({ who: 'GPTQ', what: 'the inputs of a layer are not finite numbers', code: 'failed' });
}

function orderOf(hessian: Float64Array, inputs: number): Int32Array {
  const diagonal = Float64Array.from({ length: inputs }, (_, i) => hessian[i * inputs + i]!);
  return Int32Array.from([...diagonal.keys()].sort((a, b) => diagonal[b]! - diagonal[a]! || a - b));
}

function permuted(hessian: Float64Array, order: Int32Array): Float64Array {
  const n = order.length;
  const moved = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) moved[i * n + j] = hessian[order[i]! * n + order[j]!]!;
  return moved;
}

/**
 * Rounding by GPTQ. In the order of activity, and with zero points of any number, grids are those of the weights as they
 * were ("static groups"); else a block's grid is taken when its turn comes.
 */
export function gptqBlocks({ upper, order }: GptqFactor): Rounding {
  return (w, inputs, outputs, format) => {
    const { bits, levelBits, block, zeroPoints } = format;
    const flat = new Uint8Array(inputs * outputs);
    if (order !== null || zeroPoints === 'float' || levelBits !== bits) {
      const grids = findGrids(w, inputs, outputs, block, levelBits, zeroPoints, 'k-quant');
      const blockOf = Int32Array.from({ length: inputs }, (_, i) => Math.floor((order?.[i] ?? i) / block));
      const settled = rowsInOrder(w, outputs, order);
      const codes = order === null ? flat : new Uint8Array(flat.length);
      gptqOnGrids(settled, upper, inputs, outputs, blockOf, levelBits, grids.scales, grids.zeros, codes);
      order?.forEach((from, i) => {
        flat.set(codes.subarray(i * outputs, (i + 1) * outputs), from * outputs);
      });
      return packed(flat, grids, inputs, outputs, format);
    }
    const made = emptyCodes(inputs, outputs, format);
    const { blocks } = blockSizes(inputs, outputs, format);
    const scales = new Float32Array(blocks * outputs);
    const zeros = zeroPoints === 'none' ? null : new Uint8Array(blocks * outputs);
    gptq(w.slice(), upper, inputs, outputs, block, bits, clipSteps, flat, scales, zeros);
    packBlocks(flat, zeros, inputs, outputs, block, bits, made.codes, made.zeroPoints);
    for (let at = 0; at < blocks; at++)
      for (let output = 0; output < outputs; output++)
        made.scales[output * blocks + at] = scales[at * outputs + output]!;
    return made;
  };
}

function rowsInOrder(w: Float32Array, outputs: number, order: Int32Array | null): Float32Array {
  if (order === null) return w.slice();
  const moved = new Float32Array(w.length);
  order.forEach((from, i) => {
    moved.set(w.subarray(from * outputs, (from + 1) * outputs), i * outputs);
  });
  return moved;
}

/** The matrix [inputs, outputs] that codes stand for. */
export function valuesOf(made: BlockCodes, inputs: number, outputs: number, format: BlockFormat): Float32Array {
  const w = new Float32Array(inputs * outputs);
  dequantizeBlocks(made.codes, made.scales, made.zeroPoints, inputs, outputs, format.block, format.bits, w);
  if (made.offsets !== null) {
    const { blocks } = blockSizes(inputs, outputs, format);
    for (let input = 0; input < inputs; input++)
      for (let output = 0; output < outputs; output++)
        w[input * outputs + output]! += made.offsets[output * blocks + Math.floor(input / format.block)]!;
  }
  return w;
}

/** Codes in a file of the job, read back when they are asked for. */
export function spilledCodes({ codes, scales, zeroPoints, offsets }: BlockCodes, file: string): () => BlockCodes {
  const parts = [codes, scales, zeroPoints, offsets].map((part) =>
    part === null ? null : new Uint8Array(part.buffer, part.byteOffset, part.byteLength),
  );
  const data = spill(Buffer.concat(parts.map((part) => part ?? new Uint8Array())), file);
  const starts = parts.map((_, at) => parts.slice(0, at).reduce((sum, part) => sum + (part?.byteLength ?? 0), 0));
  const bytes = (at: number): Uint8Array => data.read(starts[at]!, starts[at]! + (parts[at]?.byteLength ?? 0));
  const floats = (at: number): Float32Array => new Float32Array(bytes(at).buffer);
  return () => ({
    codes: bytes(0),
    scales: floats(1),
    zeroPoints: zeroPoints === null ? null : bytes(2),
    offsets: offsets === null ? null : floats(3),
  });
}
