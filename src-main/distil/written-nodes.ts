/** Questions about nodes that gradients wrote. */

import { capturedBy, type Node } from '../onnx/ir';

/** Of written nodes, in their order, those that the wanted values need. */
export function nodesFor(values: Iterable<string>, nodes: readonly Node[]): Node[] {
  const wanted = new Set(values);
  const needed = nodes.toReversed().filter((node) => {
    if (!node.outputs.some((name) => wanted.has(name))) return false;
    for (const name of [...node.inputs, ...capturedBy(node)]) wanted.add(name);
    return true;
  });
  return needed.reverse();
}

/** AᵀB and nothing else. */
export function isRowProduct({ opType, inputs, attributes: set }: Node): boolean {
  return opType === 'Gemm' && inputs.length === 2 && set.size === 1 && set.has('transA');
}
