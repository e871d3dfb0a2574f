/**
 * Bias correction. Rounding shifts the mean of each output channel by E[(Ŵ − W)·x] = (Ŵ − W)·E[x]; the bias takes
 * that shift back. Fast: both means are those of the float model. Sequential: what reaches a layer through layers that
 * are quantized and corrected already has other means, E[x̂], and the bias takes back W·E[x] − Ŵ·E[x̂].
 * Source: Nagel et al. 2019, arXiv:1906.04721, section 4.2, with measured input means.
 *
 * W weights [out, in/groups, …], Ŵ the same from their integers, E[x] means of the input's channels [in].
 */

import { readTensor } from '../onnx/file';
import {
  attributes,
  elementCount,
  type GraphIndex,
  type NdArray,
  type Node,
  type Patch,
  type Tensor,
  tensorFromArray,
} from '../onnx/ir';
import type { MeanRequest } from './calibrate';
import type { Constants } from './constants';
import { channelLayout, partsOf, type WeightScales } from './weights';

/** The channel means that correcting a node needs; null for a node that has no bias to correct. */
export function meanRequest(node: Node, rank: number | undefined): MeanRequest | null {
  if (node.opType === 'Conv' && rank !== undefined) return { value: node.inputs[0] as string, axis: 1, rank };
  if (node.opType === 'Gemm') return { value: node.inputs[0] as string, axis: 1, rank: 2 };
  if (node.opType === 'MatMul' && rank !== undefined) return { value: node.inputs[0] as string, axis: rank - 1, rank };
  return null;
}

/** The constant that stands for the bias of a MatMul: the only reader of the product adds one number an output. */
export function addedBias(index: GraphIndex, constants: Constants, matMul: Node): { add: Node; at: number } | null {
  const product = matMul.outputs[0] as string;
  const [add, ...others] = index.consumers(product);
  if (add?.opType !== 'Add' || add.domain !== '' || others.length > 0 || index.isOutput(product)) return null;
  const at = 1 - add.inputs.indexOf(product);
  const bias = constants.tensor(add.inputs[at] as string);
  const outputs = constants.tensor(matMul.inputs[1] as string)?.shape[1];
  const isOneEach = bias !== undefined && elementCount(bias.shape) === outputs && bias.shape.at(-1) === outputs;
  return isOneEach && bias.dtype === 'float32' ? { add, at } : null;
}

/** The Add behind a MatMul adds another bias. */
export function addInstead(
  patch: Patch,
  index: GraphIndex,
  constants: Constants,
  matMul: Node,
  bias: Float32Array,
): void {
  const added = addedBias(index, constants, matMul);
  if (added === null) return;
  const { add, at } = added;
  const inputs = [...add.inputs];
  const { shape } = constants.tensor(inputs[at] as string) as Tensor;
  inputs[at] = patch.freshName(`${inputs[at]}_corrected`);
  patch.setInitializer(tensorFromArray(inputs[at], { dtype: 'float32', shape, data: bias }));
  patch.replaceNode(add.name, { ...add, inputs });
}

/**
 * The bias of a Conv, Gemm or MatMul with the shift of its mean taken back: [out].
 * @param means of the input's channels in the float model
 * @param arriving the same in the quantized one
 */
export function correctedBias(
  node: Node,
  weight: Tensor,
  codes: Tensor,
  scales: WeightScales,
  bias: Tensor | undefined,
  means: Float64Array,
  arriving: Float64Array = means,
): Float32Array {
  const outAxis = node.opType === 'Conv' || attributes.intOf(node, 'transB', 0) === 1 ? 0 : 1;
  const outputs = weight.shape[outAxis] as number;
  const shift = new Float64Array(outputs);
  const inputOf = inputChannels(node, weight, outAxis);
  const out = channelLayout(weight.shape, outAxis);
  const scaled = channelLayout(weight.shape, scales.axis);
  const { zeroPoint = 0 } = scales;
  const q = (readTensor(codes) as NdArray<'int8'>).data;
  for (const { first, part } of partsOf(weight)) {
    for (let i = 0; i < part.length; i++) {
      const at = first + i;
      const scale = scales.scales[Math.floor(at / scaled.inner) % scaled.channels]!;
      const output = Math.floor(at / out.inner) % outputs;
      const input = inputOf(at, output);
      shift[output]! += part[i]! * means[input]! - (q[at]! - zeroPoint) * scale * arriving[input]!;
    }
  }
  const alpha = node.opType === 'Gemm' ? attributes.floatOf(node, 'alpha', 1) : 1;
  const held = bias === undefined ? undefined : (readTensor(bias) as NdArray<'float32'>).data;
  return Float32Array.from(shift, (value, output) => (held?.[output] ?? 0) + alpha * value);
}

/** Which input channel an element of the weight multiplies. */
function inputChannels(node: Node, weight: Tensor, outAxis: number): (at: number, output: number) => number {
  if (node.opType !== 'Conv') {
    const columns = weight.shape[1] as number;
    return outAxis === 0 ? (at) => at % columns : (at) => Math.floor(at / columns);
  }
  const [outputs, inputs] = weight.shape as [number, number];
  const spatial = elementCount(weight.shape.slice(2));
  const perGroup = outputs / attributes.intOf(node, 'group', 1);
  return (at, output) => Math.floor(output / perGroup) * inputs + (Math.floor(at / spatial) % inputs);
}
