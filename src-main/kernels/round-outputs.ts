/** Integer codes of a layer's weights by what its outputs do: feedback, then descent, output by output. */

import { inverseUpperCholesky } from './cholesky';
import { descendCodes } from './descend-codes';
import { roundWithFeedback } from './feedback-rounding';

/** λ as a share of the mean diagonal; ten times as much where H is not positive definite with it. */
const damping = 1e-3;

/**
 * Rounds each output with feedback (GPTQ), lets codes descend from there and from the nearest integers, and keeps the
 * better: eᵀ·H·e of no output is larger than with its weights at their nearest integers.
 * @param weights [outputs, inputs]
 * @param h [groups, inputs, inputs], symmetric; the outputs of a group follow each other
 * @param scales [outputs]
 * @param limit largest code; the least is its negative
 * @param upOrDown whether each code must be one of the two integers around its weight (AdaRound): then without feedback
 * @param codes [outputs, inputs], written
 * @returns −1, or a group whose matrix holds what is no finite number
 */
export function roundOutputs(
  weights: Float64Array,
  h: Float64Array,
  groups: number,
  scales: Float32Array,
  limit: number,
  upOrDown: boolean,
  codes: Int8Array,
): number {
  const outputs = scales.length;
  const inputs = weights.length / outputs;
  const perGroup = outputs / groups;
  for (let group = 0; group < groups; group++) {
    const matrix = h.subarray(group * inputs * inputs, (group + 1) * inputs * inputs);
    const [from, to] = [group * perGroup * inputs, (group + 1) * perGroup * inputs];
    const own = scales.subarray(group * perGroup, (group + 1) * perGroup);
    if (!upOrDown) {
      const upper = inverseFactor(matrix, inputs);
      if (upper === null) return group;
      roundWithFeedback(weights.slice(from, to), upper, inputs, own, limit, codes.subarray(from, to));
    }
    settle(weights.subarray(from, to), matrix, own, limit, upOrDown, codes.subarray(from, to));
  }
  return -1;
}

/** Lowers the error of each output from where it stands and from the nearest integers, and keeps the better. */
function settle(
  weights: Float64Array, // [outputs, inputs]
  h: Float64Array, // [inputs, inputs]
  scales: Float32Array,
  limit: number,
  upOrDown: boolean,
  codes: Int8Array, // [outputs, inputs]
): void {
  const inputs = weights.length / scales.length;
  scales.forEach((scale, output) => {
    const row = weights.subarray(output * inputs, (output + 1) * inputs);
    const own = codes.subarray(output * inputs, (output + 1) * inputs);
    const nearest = Int8Array.from(row, (value) => Math.max(-limit, Math.min(limit, Math.round(value / scale))));
    const error = descendCodes(row, h, scale, limit, upOrDown, nearest);
    if (upOrDown || error <= descendCodes(row, h, scale, limit, false, own)) own.set(nearest);
  });
}

/** U with (H + λ·I)⁻¹ = Uᵀ·U; an input that never was anything but 0 stands alone. null: H is not finite. */
function inverseFactor(h: Float64Array, inputs: number): Float64Array | null {
  let trace = 0;
  for (let i = 0; i < inputs; i++) trace += h[i * inputs + i]!;
  const mean = trace === 0 ? 1 : trace / inputs;
  for (let share = damping; share < 1e6; share *= 10) {
    const damped = h.slice();
    for (let i = 0; i < inputs; i++) damped[i * inputs + i]! += share * mean;
    if (inverseUpperCholesky(damped, inputs) < 0) return damped;
  }
  return null;
}
