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

/**
 * What is computed from forward values alone stands before what reads a gradient. The runtime walks from the outputs to the
 * inputs and, where a node has several, goes to the one that stands last first: so it comes to the others when they are wanted,
 * and does not make and keep those of all layers at the start.
 */
export function forwardValuesFirst(nodes: readonly Node[], handed: ReadonlySet<string>): Node[] {
  const fromGradient = new Set(handed);
  const [early, late]: [Node[], Node[]] = [[], []];
  for (const node of nodes) {
    if ([...node.inputs, ...capturedBy(node)].some((name) => fromGradient.has(name))) {
      for (const output of node.outputs) fromGradient.add(output);
      late.push(node);
    } else early.push(node);
  }
  return [...early, ...late];
}

/**
 * The update reads gradients in this order, and the runtime, which comes to the last one first, makes each as soon as the values
 * that it needs are there, and can drop them.
 */
export function lastMadeFirst(found: ReadonlyMap<string, string>, nodes: readonly Node[]): Map<string, string> {
  const places = new Map(nodes.flatMap((node, at) => node.outputs.map((name) => [name, at] as const)));
  const placeOf = ([, gradient]: readonly [string, string]) => places.get(gradient) ?? 0;
  return new Map([...found].sort((a, b) => placeOf(b) - placeOf(a)));
}

/** AᵀB and nothing else. */
export function isRowProduct({ opType, inputs, attributes: set }: Node): boolean {
  return opType === 'Gemm' && inputs.length === 2 && set.size === 1 && set.has('transA');
}
