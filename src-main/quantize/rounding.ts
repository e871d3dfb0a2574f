/**
 * Rounds the weights of a layer so that its output on calibration samples changes least, not each weight by itself.
 * Source: Frantar et al. 2022, arXiv:2210.17323 (GPTQ); λ is a share of the mean of H's diagonal as there.
 */

import { LatheError } from '../contract';
import { inverseUpperCholesky, roundWithFeedback, transpose } from '../kernels';
import { readTensor } from '../onnx/file';
import { attributes, type NdArray, type Node, type Tensor, tensorFromArray } from '../onnx/ir';
import type { Hessian } from './hessians';
import { int8Limit, type QuantizedWeight, type WeightScales } from './weights';

/** λ as a share of the mean diagonal; ten times as much where H is not positive definite with it. */
const damping = 1e-3;

/** int8 codes by the layer's Hessian; one scale an output, or one for all. */
export function roundByHessian(node: Node, weight: Tensor, scales: WeightScales, hessian: Hessian): QuantizedWeight {
  const { groups, inputs } = hessian;
  const outputsLast = node.opType === 'MatMul' || (node.opType === 'Gemm' && attributes.intOf(node, 'transB', 0) === 0);
  const { data } = readTensor(weight) as NdArray<'float32'>;
  const outputs = data.length / inputs;
  const rows = outputsLast ? turned(data, inputs, outputs) : data; // [outputs, inputs]
  const codes = new Int8Array(data.length);
  const perGroup = outputs / groups;
  for (let group = 0; group < groups; group++) {
    const from = group * perGroup;
    const upper = inverseFactor(hessian.sum.slice(group * inputs * inputs, (group + 1) * inputs * inputs), inputs);
    const part = Float64Array.from(rows.subarray(from * inputs, (from + perGroup) * inputs));
    const partScales = Float32Array.from({ length: perGroup }, (_, i) => scales.scales[from + i] ?? scales.scales[0]!);
    const partCodes = codes.subarray(from * inputs, (from + perGroup) * inputs);
    roundWithFeedback(part, upper, inputs, partScales, scales.limit ?? int8Limit, partCodes);
  }
  const placed = outputsLast ? Int8Array.from(turned(Float32Array.from(codes), outputs, inputs)) : codes;
  return { scales, codes: (name) => tensorFromArray(name, { dtype: 'int8', shape: weight.shape, data: placed }) };
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
