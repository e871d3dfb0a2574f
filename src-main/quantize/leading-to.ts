/** A part of a graph. */

import { capturedBy, type Graph, indexGraph, type Node } from '../onnx/ir';

/** The graph without the nodes and initializers that none of `values` follows from; its inputs stay. */
export function leadingTo(graph: Graph, values: readonly string[]): Graph {
  const index = indexGraph(graph);
  const wanted = new Set<Node>();
  const read = new Set(values);
  const open = [...values];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    const node = index.producer(value);
    if (node === undefined || wanted.has(node)) continue;
    wanted.add(node);
    for (const input of [...node.inputs, ...capturedBy(node)]) {
      read.add(input);
      open.push(input);
    }
  }
  const initializers = new Map([...graph.initializers].filter(([name]) => read.has(name) || index.isInput(name)));
  return { ...graph, nodes: graph.nodes.filter((node) => wanted.has(node)), initializers };
}
