/** A graph as another exporter would write it: every node, value and weight has another name. */

import type { Graph, Node } from '../../src-main/onnx/ir';

/** Inputs and outputs keep their names. */
export function renamed(graph: Graph): { graph: Graph; twinOf: Map<Node, Node> } {
  const kept = new Set(['', ...graph.inputs.map(({ name }) => name), ...graph.outputs.map(({ name }) => name)]);
  const names = new Map<string, string>();
  const rename = (name: string): string => {
    if (kept.has(name)) return name;
    if (!names.has(name)) names.set(name, `val_${names.size}`);
    return names.get(name) as string;
  };
  const twinOf = new Map<Node, Node>();
  const nodes = graph.nodes.map((node, at) => {
    const inputs = node.inputs.map(rename);
    const twin = { ...node, name: `node_${at}`, inputs, outputs: node.outputs.map(rename) };
    twinOf.set(node, twin);
    return twin;
  });
  const initializers = new Map(
    [...graph.initializers].map(([name, tensor]) => [rename(name), { ...tensor, name: rename(name) }]),
  );
  return { graph: { ...graph, nodes, initializers, values: new Map() }, twinOf };
}
