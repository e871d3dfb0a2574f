/**
 * Rounds the weights of a layer so that its output on calibration samples changes least, not each weight by itself: by
 * feedback (GPTQ), or each weight up or down (AdaRound), then single codes are moved while that still lowers the error.
 * Sources: Frantar et al. 2022, arXiv:2210.17323 (GPTQ); λ is a share of the mean of H's diagonal as there. Nagel et al.
 * 2020, arXiv:2004.10568 (AdaRound).
 */

import { LatheError } from '../contract';
import { roundOutputs, transposed } from '../kernels';
import { readTensor } from '../onnx/file';
import { attributes, type NdArray, type Node, type Tensor, tensorFromArray } from '../onnx/ir';
import type { Hessian } from './hessians';
import { int8Limit, type QuantizedWeight, type WeightScales } from './weights';

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
  const rows = outputsLast ? transposed(data, inputs, outputs) : data; // [outputs, inputs]
  const codes = new Int8Array(data.length);
  const all = Float32Array.from({ length: outputs }, (_, output) => scales.scales[output] ?? scales.scales[0]!);
  const limit = scales.limit ?? int8Limit;
  if (roundOutputs(Float64Array.from(rows), hessian.sum, groups, all, limit, how === 'adaround', codes) >= 0)
    throw new LatheError({ who: 'rounding', what: 'the inputs of a layer are not finite numbers', code: 'failed' });
  const placed = outputsLast ? Int8Array.from(transposed(Float32Array.from(codes), outputs, inputs)) : codes;
  return {
    scales,
    codes: (name) => tensorFromArray(name, { dtype: 'int8', shape: weight.shape, data: placed }),
    shift: hessian.mean === undefined ? undefined : shiftsOf(rows, codes, scales.scales, hessian),
  };
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
