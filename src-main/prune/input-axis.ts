/** Along which axis of its tensor a weight is summed: the inputs of a neuron. */

import { attributes, type Node } from '../onnx/ir';
import type { Weight, WeightUse } from './weights';

/** The inputs of a weight as an axis of its row-major tensor. */
export interface InputAxis {
  readonly axis: number;
  /** Inputs of a neuron (of a group, for a grouped convolution). */
  readonly size: number;
  /** Product of the dimensions after the axis. */
  readonly inner: number;
}

/** The axis that all nodes that share the weight agree on; null where they do not. */
export function inputAxis(weight: Weight): InputAxis | null {
  const { shape } = weight.tensor;
  const [axis, ...others] = weight.uses.map((use) => axisOf(use, shape.length));
  if (axis === undefined || others.some((other) => other !== axis)) return null;
  const inner = shape.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  return { axis, size: shape[axis] as number, inner };
}

function axisOf({ node, input, through }: WeightUse, rank: number): number {
  let axis = axisAtNode(node, input, rank);
  for (const passed of through) {
    if (passed.opType !== 'Transpose') continue;
    const perm = attributes.intsOf(passed, 'perm', undefined);
    axis = perm === undefined ? rank - 1 - axis : (perm[axis] as number);
  }
  return axis;
}

function axisAtNode(node: Node, input: number, rank: number): number {
  switch (node.opType) {
    case 'Conv':
      return 1; // [out, in / group, …]
    case 'ConvTranspose':
      return 0; // [in, out / group, …]
    case 'Gemm': {
      const transposed = attributes.intOf(node, input === 1 ? 'transB' : 'transA', 0) === 1;
      return (input === 1) !== transposed ? 0 : 1;
    }
    default:
      return input === 1 ? rank - 2 : rank - 1; // MatMul: […, in, out] or […, out, in]
  }
}
