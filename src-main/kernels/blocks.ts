/**
 * Weights of few bits with a scale for each block of inputs, packed as com.microsoft.MatMulNBits takes them
 * (onnxruntime, docs/ContribOperators.md). W [inputs, outputs]; blocks of `block` inputs; blocks = ⌈inputs / block⌉.
 *
 * - codes [outputs, blocks, block · bits / 8]: the first input of a byte in its lowest bits; beyond the last input the
 *   bits are zero;
 * - scales [outputs, blocks];
 * - zero points [outputs, ⌈blocks · bits / 8⌉], packed alike; symmetric blocks have none: theirs is 2^(bits−1).
 *
 * A value is w ≈ scale · (code − zero point). All arithmetic is float32, each operation rounded, so that native code
 * gives the same bytes.
 */

import { ROUND } from './channels';

/** How a block's scale and zero point are found. */
export interface BlockGrid {
  scale: number;
  zeroPoint: number;
}

const f = Math.fround;

/**
 * Scale and zero point of `count` values that lie `stride` apart.
 *
 * Symmetric: the value of largest magnitude takes the code 0, the end of the grid that has one step more. Otherwise the
 * grid runs from the least to the largest value, zero included. With `clipSteps` > 1 the range is shrunk in that many
 * equal steps down to just above half, and the step of least squared error is taken, the widest among equals.
 */
export function blockGrid(
  x: Float32Array,
  start: number,
  stride: number,
  count: number,
  bits: number,
  symmetric: boolean,
  clipSteps: number,
  grid: BlockGrid,
): void {
  let low = 0;
  let high = 0;
  for (let i = 0, at = start; i < count; i++, at += stride) {
    const value = x[at]!;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  let best = Infinity;
  let scale = 0;
  let zeroPoint = 2 ** (bits - 1);
  for (let step = 0; step < Math.max(1, clipSteps); step++) {
    const shrink = f(1 - step / (2 * Math.max(1, clipSteps)));
    const tried = tryGrid(f(low * shrink), f(high * shrink), bits, symmetric, trial);
    const error = clipSteps > 1 ? gridError(x, start, stride, count, bits, tried) : 0;
    if (error < best) {
      best = error;
      scale = tried.scale;
      zeroPoint = tried.zeroPoint;
    }
  }
  grid.scale = scale;
  grid.zeroPoint = zeroPoint;
}

const trial: BlockGrid = { scale: 0, zeroPoint: 0 };

function tryGrid(low: number, high: number, bits: number, symmetric: boolean, grid: BlockGrid): BlockGrid {
  const half = 2 ** (bits - 1);
  if (symmetric) {
    grid.scale = f((-low >= high ? low : high) / -half);
    grid.zeroPoint = half;
    return grid;
  }
  const most = 2 ** bits - 1;
  grid.scale = f(f(high - low) / most);
  grid.zeroPoint = grid.scale === 0 ? half : Math.min(most, f(f(-low / grid.scale) + ROUND - ROUND));
  return grid;
}

/** Σ (scale · whole − x)², summed in order in float32. */
function gridError(
  x: Float32Array,
  start: number,
  stride: number,
  count: number,
  bits: number,
  { scale, zeroPoint }: BlockGrid,
): number {
  const inverse = scale === 0 ? 0 : f(1 / scale);
  const least = -zeroPoint;
  const most = 2 ** bits - 1 - zeroPoint;
  let sum = 0;
  for (let i = 0, at = start; i < count; i++, at += stride) {
    // wholeOf, written out: as a call it is seven times slower.
    const scaled = f(x[at]! * inverse);
    const whole = (scaled > least ? Math.min(scaled, most) : least) + ROUND - ROUND;
    const difference = f(f(whole * scale) - x[at]!);
    sum = f(sum + f(difference * difference));
  }
  return sum;
}

/** The nearest whole number inside least…most, ties to even; NaN gives `least`. */
export function wholeOf(value: number, least: number, most: number): number {
  return (value > least ? Math.min(value, most) : least) + ROUND - ROUND;
}

/**
 * Codes, scales and zero points of a matrix, packed.
 * @param x [inputs, outputs]
 * @param block 16, 32, 64 …
 * @param bits 2, 4 or 8
 * @param clipSteps 1 = the full range; 20 = twenty ranges tried
 * @param zeroPoints null for symmetric blocks
 */
export function quantizeBlocks(
  x: Float32Array,
  inputs: number,
  outputs: number,
  block: number,
  bits: number,
  clipSteps: number,
  codes: Uint8Array,
  scales: Float32Array,
  zeroPoints: Uint8Array | null,
): void {
  const blocks = Math.ceil(inputs / block);
  const bytes = (block * bits) / 8;
  const zeroBytes = Math.ceil((blocks * bits) / 8);
  const grid: BlockGrid = { scale: 0, zeroPoint: 0 };
  const values = new Float32Array(block);
  zeroPoints?.fill(middles(bits));
  for (let output = 0; output < outputs; output++) {
    for (let at = 0; at < blocks; at++) {
      const first = at * block;
      const count = Math.min(block, inputs - first);
      for (let i = 0, from = first * outputs + output; i < count; i++, from += outputs) values[i] = x[from]!;
      blockGrid(values, 0, 1, count, bits, zeroPoints === null, clipSteps, grid);
      const place = output * blocks + at;
      scales[place] = grid.scale;
      if (zeroPoints !== null) putBits(zeroPoints, output * zeroBytes, at, bits, grid.zeroPoint);
      const { scale, zeroPoint } = grid;
      const most = 2 ** bits - 1;
      packBlock(values, count, bits, scale, 0, -zeroPoint, most - zeroPoint, zeroPoint, codes, place * bytes);
    }
  }
}

/** nearest(value / scale + zero) inside least…most, + shift, of the first `count` values, into bytes from `start` on. */
export function packBlock(
  values: Float32Array,
  count: number,
  bits: number,
  scale: number,
  zero: number,
  least: number,
  most: number,
  shift: number,
  codes: Uint8Array,
  start: number,
): void {
  const inverse = scale === 0 ? 0 : f(1 / scale);
  const perByte = 8 / bits;
  const end = start + values.length / perByte;
  for (let byte = start, i = 0; byte < end; byte++) {
    let packed = 0;
    for (let part = 0; part < perByte; part++, i++) {
      if (i >= count) break;
      packed |= (wholeOf(f(f(values[i]! * inverse) + zero), least, most) + shift) << (part * bits);
    }
    codes[byte] = packed;
  }
}

/** Writes the `index`-th value of `bits` bits after byte `start`. */
function putBits(bytes: Uint8Array, start: number, index: number, bits: number, value: number): void {
  const bit = index * bits;
  const others = ~((2 ** bits - 1) << (bit & 7));
  bytes[start + (bit >> 3)] = (bytes[start + (bit >> 3)]! & others) | (value << (bit & 7));
}

/** A byte of zero points 2^(bits−1): what onnxruntime's packer leaves where there is no block. */
function middles(bits: number): number {
  return { 2: 0xaa, 4: 0x88, 8: 0x80 }[bits]!;
}

function getBits(bytes: Uint8Array, start: number, index: number, bits: number): number {
  const bit = index * bits;
  return (bytes[start + (bit >> 3)]! >> (bit & 7)) & (2 ** bits - 1);
}

/** The matrix that packed blocks stand for. @param x [inputs, outputs], written */
export function dequantizeBlocks(
  codes: Uint8Array,
  scales: Float32Array,
  zeroPoints: Uint8Array | null,
  inputs: number,
  outputs: number,
  block: number,
  bits: number,
  x: Float32Array,
): void {
  const blocks = Math.ceil(inputs / block);
  const bytes = (block * bits) / 8;
  const zeroBytes = Math.ceil((blocks * bits) / 8);
  for (let output = 0; output < outputs; output++) {
    for (let input = 0; input < inputs; input++) {
      const at = Math.floor(input / block);
      const place = output * blocks + at;
      const zeroPoint = zeroPoints === null ? 2 ** (bits - 1) : getBits(zeroPoints, output * zeroBytes, at, bits);
      const code = getBits(codes, place * bytes, input - at * block, bits);
      x[input * outputs + output] = scales[place]! * (code - zeroPoint);
    }
  }
}

/**
 * Packs codes that lie one a byte, as {@link quantizeBlocks} would.
 * @param codes [inputs, outputs]
 * @param zeroPoints [blocks, outputs]; null where all are 2^(bits−1)
 * @param packed [outputs, blocks, block · bits / 8]
 * @param packedZeroPoints [outputs, ⌈blocks · bits / 8⌉]; null with `zeroPoints`
 */
export function packBlocks(
  codes: Uint8Array,
  zeroPoints: Uint8Array | null,
  inputs: number,
  outputs: number,
  block: number,
  bits: number,
  packed: Uint8Array,
  packedZeroPoints: Uint8Array | null,
): void {
  const blocks = Math.ceil(inputs / block);
  const bytes = (block * bits) / 8;
  const zeroBytes = Math.ceil((blocks * bits) / 8);
  packed.fill(0);
  packedZeroPoints?.fill(middles(bits));
  for (let output = 0; output < outputs; output++) {
    for (let at = 0; at < blocks; at++) {
      if (zeroPoints !== null && packedZeroPoints !== null)
        putBits(packedZeroPoints, output * zeroBytes, at, bits, zeroPoints[at * outputs + output]!);
      const count = Math.min(block, inputs - at * block);
      for (let i = 0; i < count; i++)
        putBits(packed, (output * blocks + at) * bytes, i, bits, codes[(at * block + i) * outputs + output]!);
    }
  }
}

/**
 * Packs whole zero points of blocks.
 * @param zeros [outputs, blocks]
 * @param zeroPoints [outputs, ⌈blocks · bits / 8⌉], written
 */
export function packZeroPoints(zeros: Float32Array, blocks: number, bits: number, zeroPoints: Uint8Array): void {
  const perByte = 8 / bits;
  const rest = middles(bits);
  for (let at = 0, byte = 0; at < zeros.length; byte++) {
    const end = Math.min(at + perByte, (Math.floor(at / blocks) + 1) * blocks);
    let packed = 0;
    let bit = 0;
    for (; at < end; at++, bit += bits) packed |= zeros[at]! << bit;
    zeroPoints[byte] = packed | ((rest >> bit) << bit);
  }
}

/**
 * Packed codes as ONNX keeps a matrix of few bits: elements side by side, the first of a byte in its lowest bits.
 * @param codes [outputs, blocks, block · bits / 8]
 * @param flip bits to turn over: 2^(bits−1) makes codes that count from the middle signed ones
 * @param outputsFirst gives [outputs, inputs], else [inputs, outputs]
 */
export function flattenBlocks(
  codes: Uint8Array,
  inputs: number,
  outputs: number,
  block: number,
  bits: number,
  flip: number,
  outputsFirst: boolean,
): Uint8Array {
  const rowBytes = (Math.ceil(inputs / block) * block * bits) / 8;
  const flat = new Uint8Array(Math.ceil((inputs * outputs * bits) / 8));
  for (let output = 0; output < outputs; output++) {
    for (let input = 0; input < inputs; input++) {
      const code = getBits(codes, output * rowBytes, input, bits) ^ flip;
      const bit = (outputsFirst ? output * inputs + input : input * outputs + output) * bits;
      flat[bit >> 3]! |= code << (bit & 7);
    }
  }
  return flat;
}
