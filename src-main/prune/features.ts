/**
 * What flows into a weight, as a matrix: features X [rows, F], one column an input of a neuron, so that the node computes
 * X·W. For a convolution these are the patches (im2col), made by the runtime itself with a kernel of ones and zeros.
 */

import {
  type Attribute,
  attributes,
  elementCount,
  floatTensor,
  int64Tensor,
  makeNode,
  type Node,
  type Patch,
} from '../onnx/ir';
import { inputAxis } from './input-axis';
import type { Weight, WeightUse } from './weights';

/** How the elements of a weight's tensor stand to the features. */
export interface FeatureLayout {
  /** F: inputs of a neuron, positions of the kernel included; of one group, for a grouped convolution. */
  readonly features: number;
  /** Positions of a convolution's kernel, the fastest part of a feature's number; 1 elsewhere. */
  readonly positions: number;
  readonly outputs: number;
  /** Independent parts: outputs of group g see the features g·F … (g+1)·F. */
  readonly groups: number;
  /** The tensor is [outputs, F] row by row; otherwise [F, outputs]. */
  readonly rowPerOutput: boolean;
}

/** The layout of a weight whose inputs can be observed, or why they cannot. */
export function featureLayout(weight: Weight): FeatureLayout | string {
  const { shape } = weight.tensor;
  const axis = inputAxis(weight);
  if (axis === null) return 'its weight is shared by nodes that sum it along different axes';
  for (const { node, input, top } of weight.uses) {
    if (!top) return 'it lies in a body or function, where activations are not observed';
    if (input !== 1) return 'its weight stands on the left';
    if (node.opType === 'ConvTranspose') return 'transposed convolutions are not scored by activations';
    if (node.opType === 'Gemm' && attributes.intOf(node, 'transA', 0) === 1) return 'its activations are transposed';
  }
  const [use] = weight.uses as [WeightUse];
  if (use.node.opType === 'Conv') {
    if (use.through.some(({ opType }) => opType === 'Transpose')) return 'its kernel is transposed';
    const groups = attributes.intOf(use.node, 'group', 1);
    if (weight.uses.some(({ node }) => attributes.intOf(node, 'group', 1) !== groups))
      return 'its weight is shared by convolutions with different groups';
    const outputs = shape[0] as number;
    const positions = elementCount(shape.slice(2));
    return { features: elementCount(shape.slice(1)), positions, outputs, groups, rowPerOutput: true };
  }
  if (shape.length !== 2) return 'its weight has more than two axes';
  const [rows, columns] = shape as [number, number];
  return axis.axis === 0
    ? { features: rows, positions: 1, outputs: columns, groups: 1, rowPerOutput: false }
    : { features: columns, positions: 1, outputs: rows, groups: 1, rowPerOutput: true };
}

/** Adds to the patch what makes the features of a use; gives the name of X [rows, groups · F], float32. */
export function addFeatures(patch: Patch, use: WeightUse, weight: Weight, layout: FeatureLayout): string {
  const add = (opType: string, inputs: string[], attrs: Record<string, Attribute> = {}): string => {
    const output = patch.freshName(`${use.node.name}/features/${opType}`);
    patch.addNode(makeNode(opType, output, inputs, [output], attrs));
    return output;
  };
  const constant = (values: number[]): string => {
    const name = patch.freshName(`${use.node.name}/features/shape`);
    patch.setInitializer(int64Tensor(name, [values.length], values));
    return name;
  };
  const input = add('Cast', [use.node.inputs[0] as string], { to: attributes.int(1) });
  const width = layout.groups * layout.features;
  if (use.node.opType !== 'Conv') return add('Reshape', [input, constant([-1, width])]);
  const patches = add('Conv', [input, patchKernel(patch, use.node, weight, layout)], {
    ...Object.fromEntries([...use.node.attributes]),
    group: attributes.int(layout.groups * (weight.tensor.shape[1] as number)),
  });
  const spatial = weight.tensor.shape.length - 2;
  const perm = [0, ...Array.from({ length: spatial }, (_, at) => at + 2), 1];
  return add('Reshape', [add('Transpose', [patches], { perm: attributes.ints(perm) }), constant([-1, width])]);
}

/** A depthwise kernel that copies each position of each channel's patch: [channels · positions, 1, …kernel]. */
function patchKernel(patch: Patch, node: Node, weight: Weight, { groups }: FeatureLayout): string {
  const [, perGroup, ...kernel] = weight.tensor.shape as [number, number, ...number[]];
  const positions = elementCount(kernel);
  const channels = groups * perGroup;
  const values = new Float32Array(channels * positions * positions);
  for (let row = 0; row < channels * positions; row++) values[row * positions + (row % positions)] = 1;
  const name = patch.freshName(`${node.name}/features/kernel`);
  patch.setInitializer(floatTensor(name, [channels * positions, 1, ...kernel], values));
  return name;
}
