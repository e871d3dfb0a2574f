/** Integer codes of a layer's weights by what its outputs do: feedback, then descent, output by output. */

import { inverseUpperCholesky } from './cholesky';
import { dampedInverse } from './damped-inverse';
import { descendCodes } from './descend-codes';
import { roundWithFeedback } from './feedback-rounding';

/** λ as a share of the mean diagonal. */
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
      const upper = dampedInverse(matrix, inputs, damping, inverseUpperCholesky);
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
