/**
 * Rounding that lets the inputs still to come make up for the error of those already rounded: the column loop of GPTQ
 * (Frantar et al. 2022, arXiv:2210.17323, algorithm 1) with scales that are given.
 *
 * W [outputs, inputs]; U upper triangular with H⁻¹ = Uᵀ·U and H = X·Xᵀ + λ·I, [inputs, inputs].
 * Input j is settled, q_j; its error e = (w_j − q_j) / U_jj is passed on: w_i −= U_ji · e for i > j.
 */

import { ROUND } from './channels';

/**
 * @param w [outputs, inputs]; overwritten by what is left of the weights
 * @param scales one for each output
 * @param limit largest code; the least is its negative
 * @param codes [outputs, inputs], written
 */
export function roundWithFeedback(
  w: Float64Array,
  upper: Float64Array,
  inputs: number,
  scales: Float32Array,
  limit: number,
  codes: Int8Array,
): void {
  scales.forEach((scale, output) => {
    const row = output * inputs;
    for (let j = 0; j < inputs; j++) {
      const value = w[row + j]!;
      const whole = value / scale + ROUND - ROUND;
      const code = Math.min(limit, Math.max(-limit, whole));
      codes[row + j] = code;
      const error = (value - code * scale) / upper[j * inputs + j]!;
      for (let i = j + 1; i < inputs; i++) w[row + i]! -= upper[j * inputs + i]! * error;
    }
  });
}
