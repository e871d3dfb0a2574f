/**
 * Rounds the weights of a layer so that its output on calibration samples changes least, not each weight by itself: by
 * feedback (GPTQ), or each weight up or down (AdaRound), then single codes are moved while that still lowers the error.
 * Sources: Frantar et al. 2022, arXiv:2210.17323 (GPTQ); λ is a share of the mean of H's diagonal as there. Nagel et al.
 * 2020, arXiv:2004.10568 (AdaRound).
 */

import { LatheError } from '../contract';
import { descendCodes, inverseUpperCholesky, roundWithFeedback, transpose } from '../kernels';
import { readTensor } from '../onnx/file';
import { attributes, type NdArray, type Node, type Tensor, tensorFromArray } from '../onnx/ir';
import type { Hessian } from './hessians';
import { positiveScale } from './quant-params';
import { int8Limit, type QuantizedWeight, scaleShares, type WeightScales } from './weights';

/** λ as a share of the mean diagonal; ten times as much where H is not positive definite with it. */
const damping = 1e-3;

/** `adaround` keeps each weight at one of the two integers around it. */
export type HessianRounding = 'feedback' | 'adaround';

/** How the weights of a layer are rounded by its Hessian. */
export interface HessianRoundingOptions {
  readonly how?: HessianRounding | undefined;
  /** Whether each output takes the share of its scale with which it loses least. */
  readonly searchScales?: boolean | undefined;
}

/**
 * int8 codes by the layer's Hessian; one scale an output, or one for all. On the samples of the Hessian the error of no
 * output is larger than with each weight at its nearest integer.
 */
export function roundByHessian(
  node: Node,
  weight: Tensor,
  given: WeightScales,
  hessian: Hessian,
  { how = 'feedback', searchScales = false }: HessianRoundingOptions = {},
): QuantizedWeight {
  const { groups, inputs } = hessian;
  const outputsLast = node.opType === 'MatMul' || (node.opType === 'Gemm' && attributes.intOf(node, 'transB', 0) === 0);
  const { data } = readTensor(weight) as NdArray<'float32'>;
  const outputs = data.length / inputs;
  const rows = outputsLast ? turned(data, inputs, outputs) : data; // [outputs, inputs]
  const codes = new Int8Array(data.length); // [outputs, inputs]
  const scales = given.scales.slice();
  const limit = given.limit ?? int8Limit;
  const shares = searchScales && scales.length === outputs ? scaleShares : [1];
  const perGroup = outputs / groups;
  for (let group = 0; group < groups; group++) {
    const h = hessian.sum.subarray(group * inputs * inputs, (group + 1) * inputs * inputs);
    const upper = how === 'feedback' ? inverseFactor(h.slice(), inputs) : null;
    for (let output = group * perGroup; output < (group + 1) * perGroup; output++) {
      const row = Float64Array.from(rows.subarray(output * inputs, (output + 1) * inputs));
      const covering = given.scales[output] ?? given.scales[0]!;
      let least = Number.POSITIVE_INFINITY;
      for (const share of shares) {
        const scale = positiveScale(covering * share);
        const rounded = roundRow(row, h, upper, scale, limit);
        if (rounded.error >= least) continue;
        least = rounded.error;
        if (scales.length === outputs) scales[output] = scale;
        codes.set(rounded.codes, output * inputs);
      }
    }
  }
  const placed = outputsLast ? Int8Array.from(turned(Float32Array.from(codes), outputs, inputs)) : codes;
  return {
    scales: { ...given, scales },
    codes: (name) => tensorFromArray(name, { dtype: 'int8', shape: weight.shape, data: placed }),
    shift: hessian.mean === undefined ? undefined : shiftsOf(rows, codes, scales, hessian),
  };
}

/**
 * Lowers the error of one output from where feedback and from where the nearest integers put it, and keeps the better.
 * @param upper the factor that feedback goes along; null: each code stays one of the two integers around its weight
 */
function roundRow(
  row: Float64Array, // [inputs]
  h: Float64Array, // [inputs, inputs]
  upper: Float64Array | null, // [inputs, inputs]
  scale: number,
  limit: number,
): { codes: Int8Array; error: number } {
  const nearest = Int8Array.from(row, (value) => Math.max(-limit, Math.min(limit, Math.round(value / scale))));
  const error = descendCodes(row, h, scale, limit, upper === null, nearest);
  if (upper === null) return { codes: nearest, error };
  const fed = new Int8Array(row.length);
  roundWithFeedback(row.slice(), upper, row.length, Float32Array.of(scale), limit, fed);
  const fedError = descendCodes(row, h, scale, limit, false, fed);
  return fedError < error ? { codes: fed, error: fedError } : { codes: nearest, error };
}

/** What rounding takes off the mean of each output: (W − Ŵ)·μ, [outputs]. */
function shiftsOf(
  rows: Float32Array, // [outputs, inputs]
  codes: Int8Array, // [outputs, inputs]
  scales: Float32Array,
  { groups, inputs, mean }: Hessian,
): Float64Array {
  const outputs = rows.length / inputs;
  return Float64Array.from({ length: outputs }, (_, output) => {
    const own = Math.floor((output * groups) / outputs) * inputs;
    const scale = scales[output] ?? scales[0]!;
    let shift = 0;
    for (let j = 0; j < inputs; j++) {
      const at = output * inputs + j;
      shift += (rows[at]! - codes[at]! * scale) * mean![own + j]!;
    }
    return shift;
  });
}

function turned(x: Float32Array, rows: number, columns: number): Float32Array {
  const y = new Float32Array(x.length);
  transpose(x, rows, columns, y);
  return y;
}

/** U with (H + λ·I)⁻¹ = Uᵀ·U; an input that never was anything but 0 stands alone. */
function inverseFactor(h: Float64Array, inputs: number): Float64Array {
  let trace = 0;
  for (let i = 0; i < inputs; i++) trace += h[i * inputs + i]!;
  const mean = trace === 0 ? 1 : trace / inputs;
  for (let share = damping; share < 1e6; share *= 10) {
    const damped = h.slice();
    for (let i = 0; i < inputs; i++) damped[i * inputs + i]! += share * mean;
    if (inverseUpperCholesky(damped, inputs) < 0) return damped;
  }
  throw new LatheError({ who: 'rounding', what: 'the inputs of a layer are not finite numbers', code: 'failed' });
}
