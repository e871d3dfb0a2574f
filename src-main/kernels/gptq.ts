/**
 * The column loop of GPTQ (Frantar et al., arXiv:2210.17323, algorithm 1) and of SparseGPT (arXiv:2301.00774).
 *
 * W [inputs, outputs], here with inputs as rows; U from {@link inverseUpperCholesky} of H = 2·X·Xᵀ + λ·I.
 * Input j is settled, q_j; its error e = (w_j − q_j) / U_jj is taken up by the inputs after it: W_i −= U_ji · e.
 * Outputs are independent, so they are worked through in panels. Arithmetic is float32, each operation rounded.
 */

import { type BlockGrid, blockGrid, wholeOf } from './blocks';
import { ROUND } from './channels';

const f = Math.fround;

/** Outputs that are worked on together: their weights stay in the cache. */
const PANEL = 256;

/**
 * @param w [inputs, outputs]; overwritten by the dequantized weights
 * @param upper [inputs, inputs]
 * @param group inputs that share a scale, which is taken from the weights as they are when the group is reached
 * @param codes [inputs, outputs], one a byte
 * @param scales [⌈inputs / group⌉, outputs]
 * @param zeroPoints [⌈inputs / group⌉, outputs]; null for symmetric groups, whose zero point is 2^(bits−1)
 */
export function gptq(
  w: Float32Array,
  upper: Float64Array,
  inputs: number,
  outputs: number,
  group: number,
  bits: number,
  clipSteps: number,
  codes: Uint8Array,
  scales: Float32Array,
  zeroPoints: Uint8Array | null,
): void {
  const error = new Float32Array(PANEL);
  const grid: BlockGrid = { scale: 0, zeroPoint: 0 };
  const half = 2 ** (bits - 1);
  const most = 2 ** bits - 1;
  for (let left = 0; left < outputs; left += PANEL) {
    const right = Math.min(outputs, left + PANEL);
    for (let j = 0; j < inputs; j++) {
      const settings = Math.floor(j / group) * outputs;
      if (j % group === 0) {
        const count = Math.min(group, inputs - j);
        for (let n = left; n < right; n++) {
          blockGrid(w, j * outputs + n, outputs, count, bits, zeroPoints === null, clipSteps, grid);
          scales[settings + n] = grid.scale;
          if (zeroPoints !== null) zeroPoints[settings + n] = grid.zeroPoint;
        }
      }
      const pivot = f(upper[j * inputs + j]!);
      for (let n = left; n < right; n++) {
        const at = j * outputs + n;
        const scale = scales[settings + n]!;
        const zeroPoint = zeroPoints === null ? half : zeroPoints[settings + n]!;
        const inverse = scale === 0 ? 0 : f(1 / scale);
        const whole = wholeOf(f(w[at]! * inverse), -zeroPoint, most - zeroPoint);
        const settled = f(whole * scale);
        codes[at] = whole + zeroPoint;
        error[n - left] = f(f(w[at]! - settled) / pivot);
        w[at] = settled;
      }
      passOn(w, upper, inputs, outputs, j, inputs, left, right, error);
    }
  }
}

/**
 * The same loop on grids that are given: x ≈ scale · (code − zero).
 * @param w [inputs, outputs]; overwritten by the dequantized weights
 * @param blockOf [inputs]: the block that an input's grid is found in
 * @param levelBits bits of a code's range
 * @param scales [outputs, blocks]
 * @param zeros [outputs, blocks], any numbers
 * @param codes [inputs, outputs], one a byte
 */
export function gptqOnGrids(
  w: Float32Array,
  upper: Float64Array,
  inputs: number,
  outputs: number,
  blockOf: Int32Array,
  levelBits: number,
  scales: Float32Array,
  zeros: Float32Array,
  codes: Uint8Array,
): void {
  const error = new Float32Array(PANEL);
  const blocks = scales.length / outputs;
  const most = 2 ** levelBits - 1;
  for (let left = 0; left < outputs; left += PANEL) {
    const right = Math.min(outputs, left + PANEL);
    for (let j = 0; j < inputs; j++) {
      const pivot = f(upper[j * inputs + j]!);
      for (let n = left; n < right; n++) {
        const at = j * outputs + n;
        const scale = scales[n * blocks + blockOf[j]!]!;
        const zero = zeros[n * blocks + blockOf[j]!]!;
        const inverse = scale === 0 ? 0 : f(1 / scale);
        const steps = f(f(w[at]! * inverse) + zero);
        const code = (steps > 0 ? Math.min(steps, most) : 0) + ROUND - ROUND;
        const settled = f(f(code - zero) * scale);
        codes[at] = code;
        error[n - left] = f(f(w[at]! - settled) / pivot);
        w[at] = settled;
      }
      passOn(w, upper, inputs, outputs, j, inputs, left, right, error);
    }
  }
}

/**
 * SparseGPT's step for inputs `from`…`to`: masked weights become zero, and what that costs is taken up by all inputs
 * after them.
 * @param w [inputs, outputs], changed in place
 * @param mask [to − from, outputs]: 1 kept, 0 pruned
 */
export function pruneInputs(
  w: Float32Array,
  upper: Float64Array,
  inputs: number,
  outputs: number,
  from: number,
  to: number,
  mask: Uint8Array,
): void {
  const error = new Float32Array(PANEL);
  for (let left = 0; left < outputs; left += PANEL) {
    const right = Math.min(outputs, left + PANEL);
    for (let j = from; j < to; j++) {
      const pivot = f(upper[j * inputs + j]!);
      for (let n = left; n < right; n++) {
        const at = j * outputs + n;
        const kept = mask[(j - from) * outputs + n] === 1;
        error[n - left] = kept ? 0 : f(w[at]! / pivot);
        if (!kept) w[at] = 0;
      }
      passOn(w, upper, inputs, outputs, j, inputs, left, right, error);
    }
  }
}

/** W_i −= U_ji · e for the inputs i after j. */
function passOn(
  w: Float32Array,
  upper: Float64Array,
  inputs: number,
  outputs: number,
  j: number,
  end: number,
  left: number,
  right: number,
  error: Float32Array,
): void {
  for (let i = j + 1; i < end; i++) {
    const factor = f(upper[j * inputs + i]!);
    const row = i * outputs;
    for (let n = left; n < right; n++) w[row + n] = w[row + n]! - f(factor * error[n - left]!);
  }
}
