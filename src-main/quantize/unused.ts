/** What an edit leaves behind. */

import { type Graph, indexGraph } from '../onnx/ir';

/** The graph without initializers, Constants, Transposes, Casts and DequantizeLinears that nothing reads any more. */
export function withoutUnused(graph: Graph): Graph {
  let nodes = graph.nodes;
  for (;;) {
    const index = indexGraph({ ...graph, nodes });
    const unread = (value: string): boolean => index.consumers(value).length === 0 && !index.isOutput(value);
    const kept = nodes.filter(
      (node) =>
        node.domain !== '' ||
        !['Constant', 'DequantizeLinear', 'Transpose', 'Identity', 'Cast'].includes(node.opType) ||
        !node.outputs.every(unread),
    );
    if (kept.length === nodes.length) {
      const initializers = new Map([...graph.initializers].filter(([name]) => !unread(name) || index.isInput(name)));
      return { ...graph, nodes, initializers };
    }
    nodes = kept;
  }
}
