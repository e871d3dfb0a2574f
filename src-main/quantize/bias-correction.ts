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
import { partsOf, type WeightScales } from './weights';

/** The channel means that correcting a node needs; null for a node that has no bias to correct. */
export function meanRequest(node: Node, rank: number | undefined): MeanRequest | null {
  if (node.opType === 'Conv' && rank !== undefined) return { value: node.inputs[0] as string, axis: 1, rank };
  if (node.opType === 'Gemm') return { value: node.inputs[0] as string, axis: 1, rank: 2 };
  if (node.opType === 'MatMul' && rank !== undefined) return { value: node.inputs[0] as string, axis: rank - 1, rank };
  return null;
}

/** An Add and which of its inputs is the constant. */
export interface AddedBias {
  readonly add: Node;
  readonly at: number;
}

/** The constant that stands for the bias of a MatMul: the only reader of the product adds one number an output. */
export function addedBias(index: GraphIndex, constants: Constants, matMul: Node): AddedBias | null {
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
  const { zeroPoint = 0 } = scales;
  const q = (readTensor(codes) as NdArray<'int8'>).data;
  const layout = runsOf(node, weight, outAxis);
  for (const { first, part } of partsOf(weight)) {
    for (let i = 0; i < part.length; ) {
      const within = (first + i) % layout.length;
      const end = Math.min(i + layout.length - within, part.length);
      const run = layout.at(Math.floor((first + i) / layout.length));
      let output = run.output + within * layout.outputStep;
      let input = run.input + within * layout.inputStep;
      for (; i < end; i++, output += layout.outputStep, input += layout.inputStep) {
        const scale = scales.axis === null ? scales.scales[0]! : scales.scales[output]!;
        shift[output]! += part[i]! * means[input]! - (q[first + i]! - zeroPoint) * scale * arriving[input]!;
      }
    }
  }
  return withShift(node, bias, shift);
}

/** The same where the shift of each output, before α, is known: [out]. */
export function withShift(node: Node, bias: Tensor | undefined, shift: Float64Array): Float32Array {
  const alpha = node.opType === 'Gemm' ? attributes.floatOf(node, 'alpha', 1) : 1;
  const held = bias === undefined ? undefined : (readTensor(bias) as NdArray<'float32'>).data;
  return Float32Array.from(shift, (value, output) => (held?.[output] ?? 0) + alpha * value);
}

/** A weight as runs of elements, along which output and input channel count up or stay. */
interface Runs {
  readonly length: number;
  readonly outputStep: 0 | 1;
  readonly inputStep: 0 | 1;
  /** Output and input channel of the first element of a run. */
  at(run: number): { readonly output: number; readonly input: number };
}

function runsOf(node: Node, weight: Tensor, outAxis: number): Runs {
  if (node.opType !== 'Conv') {
    const length = weight.shape[1] as number;
    return outAxis === 0
      ? { length, outputStep: 0, inputStep: 1, at: (row) => ({ output: row, input: 0 }) }
      : { length, outputStep: 1, inputStep: 0, at: (row) => ({ output: 0, input: row }) };
  }
  const [outputs, inputs] = weight.shape as [number, number];
  const perGroup = outputs / attributes.intOf(node, 'group', 1);
  const at = (run: number) => {
    const output = Math.floor(run / inputs);
    return { output, input: Math.floor(output / perGroup) * inputs + (run % inputs) };
  };
  return { length: elementCount(weight.shape.slice(2)), outputStep: 0, inputStep: 0, at };
}
