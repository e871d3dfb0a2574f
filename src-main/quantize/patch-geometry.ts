/** Which inputs a convolution multiplies at which place. */

import type { PatchGeometry } from '../kernels';
import { attributes, type Node } from '../onnx/ir';

const axes = 3;

/**
 * @param node a Conv over one to three axes
 * @param kernel its sizes along them
 * @param input those of what it reads
 */
export function patchGeometry(node: Node, kernel: readonly number[], input: readonly number[]): PatchGeometry {
  const ones = kernel.map(() => 1);
  const zeros = kernel.map(() => 0);
  const strides = attributes.intsOf(node, 'strides', ones);
  const dilations = attributes.intsOf(node, 'dilations', ones);
  const spans = kernel.map((size, axis) => dilations[axis]! * (size - 1) + 1);
  const auto = attributes.stringOf(node, 'auto_pad', 'NOTSET');
  const pads = auto === 'NOTSET' ? attributes.intsOf(node, 'pads', [...zeros, ...zeros]) : [...zeros, ...zeros];
  let output = input.map((size, axis) => {
    const padded = size + pads[axis]! + pads[kernel.length + axis]!;
    return Math.floor((padded - spans[axis]!) / strides[axis]!) + 1;
  });
  let begins = pads.slice(0, kernel.length);
  if (auto.startsWith('SAME')) {
    output = input.map((size, axis) => Math.ceil(size / strides[axis]!));
    begins = output.map((size, axis) => {
      const total = Math.max(0, (size - 1) * strides[axis]! + spans[axis]! - input[axis]!);
      return auto === 'SAME_LOWER' ? Math.ceil(total / 2) : Math.floor(total / 2);
    });
  }
  const spread = (sizes: readonly number[], missing: number): number[] => [
    ...new Array(axes - sizes.length).fill(missing),
    ...sizes,
  ];
  return {
    input: spread(input, 1),
    output: spread(output, 1),
    kernel: spread(kernel, 1),
    strides: spread(strides, 1),
    dilations: spread(dilations, 1),
    pads: spread(begins, 0),
  };
}
