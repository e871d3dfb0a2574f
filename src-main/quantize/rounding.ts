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
import { int8Limit, type QuantizedWeight, type WeightScales } from './weights';

/** λ as a share of the mean diagonal; ten times as much where H is not positive definite with it. */
const damping = 1e-3;

/** `adaround` keeps each weight at one of the two integers around it. */
export type HessianRounding = 'feedback' | 'adaround';

/**
 * int8 codes by the layer's Hessian; one scale an output, or one for all. On the samples of the Hessian the error of no
 * output is larger than with each weight at its nearest integer.
 */
export function roundByHessian(
  node: Node,
  weight: Tensor,
  scales: WeightScales,
  hessian: Hessian,
  how: HessianRounding = 'feedback',
): QuantizedWeight {
  const { groups, inputs } = hessian;
  const outputsLast = node.opType === 'MatMul' || (node.opType === 'Gemm' && attributes.intOf(node, 'transB', 0) === 0);
  const { data } = readTensor(weight) as NdArray<'float32'>;
  const outputs = data.length / inputs;
  const rows = outputsLast ? turned(data, inputs, outputs) : data; // [outputs, inputs]
  const codes = new Int8Array(data.length);
  const perGroup = outputs / groups;
  for (let group = 0; group < groups; group++) {
    const from = group * perGroup;
    const h = hessian.sum.subarray(group * inputs * inputs, (group + 1) * inputs * inputs);
    const part = Float64Array.from(rows.subarray(from * inputs, (from + perGroup) * inputs));
    const partScales = Float32Array.from({ length: perGroup }, (_, i) => scales.scales[from + i] ?? scales.scales[0]!);
    const partCodes = codes.subarray(from * inputs, (from + perGroup) * inputs);
    const limit = scales.limit ?? int8Limit;
    if (how === 'feedback') {
      const upper = inverseFactor(h.slice(), inputs);
      roundWithFeedback(part.slice(), upper, inputs, partScales, limit, partCodes);
    }
    settle(part, h, partScales, limit, how, partCodes);
  }
  const placed = outputsLast ? Int8Array.from(turned(Float32Array.from(codes), outputs, inputs)) : codes;
  return {
    scales,
    codes: (name) => tensorFromArray(name, { dtype: 'int8', shape: weight.shape, data: placed }),
    shift: hessian.mean === undefined ? undefined : shiftsOf(rows, codes, scales.scales, hessian),
  };
}

/** Lowers the error of each output from where it stands and from the nearest integers, and keeps the better. */
function settle(
  weights: Float64Array, // [outputs, inputs]
  h: Float64Array, // [inputs, inputs]
  scales: Float32Array,
  limit: number,
  how: HessianRounding,
  codes: Int8Array, // [outputs, inputs]
): void {
  const inputs = weights.length / scales.length;
  scales.forEach((scale, output) => {
    const row = weights.subarray(output * inputs, (output + 1) * inputs);
    const own = codes.subarray(output * inputs, (output + 1) * inputs);
    const nearest = Int8Array.from(row, (value) => Math.max(-limit, Math.min(limit, Math.round(value / scale))));
    const error = descendCodes(row, h, scale, limit, how === 'adaround', nearest);
    if (how === 'adaround' || error <= descendCodes(row, h, scale, limit, false, own)) own.set(nearest);
  });
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
