/** Who makes and who reads each value of one Graph. */

import { subgraphsOf } from './attributes';
import type { Graph, Node } from './model';

export interface GraphIndex {
  readonly graph: Graph;
  /** The node that makes a value; undefined for graph inputs, initializers and values of an outer graph. */
  producer(value: string): Node | undefined;
  /** Nodes that read a value, once each, nodes whose bodies capture it included. */
  consumers(value: string): readonly Node[];
  isOutput(value: string): boolean;
  isInput(value: string): boolean;
  node(name: string): Node | undefined;
}

export function indexGraph(graph: Graph): GraphIndex {
  const producers = new Map<string, Node>();
  const consumers = new Map<string, Node[]>();
  const nodes = new Map<string, Node>();
  for (const node of graph.nodes) {
    nodes.set(node.name, node);
    for (const output of node.outputs) if (output !== '') producers.set(output, node);
    for (const input of new Set([...node.inputs, ...capturedBy(node)])) {
      if (input === '') continue;
      const readers = consumers.get(input);
      if (readers === undefined) consumers.set(input, [node]);
      else readers.push(node);
    }
  }
  const outputs = new Set(graph.outputs.map((value) => value.name));
  const inputs = new Set(graph.inputs.map((value) => value.name));
  return {
    graph,
    producer: (value) => producers.get(value),
    consumers: (value) => consumers.get(value) ?? [],
    isOutput: (value) => outputs.has(value),
    isInput: (value) => inputs.has(value),
    node: (name) => nodes.get(name),
  };
}

/** Values of the surrounding graphs that the bodies of a node read. */
export function capturedBy(node: Node): Set<string> {
  const captured = new Set<string>();
  for (const { graph } of subgraphsOf(node)) {
    const own = new Set<string>([...graph.inputs.map((value) => value.name), ...graph.initializers.keys()]);
    for (const { values } of graph.sparseInitializers) own.add(values.name);
    for (const inner of graph.nodes) {
      for (const name of [...inner.inputs, ...capturedBy(inner)]) if (name !== '' && !own.has(name)) captured.add(name);
      for (const output of inner.outputs) own.add(output);
    }
    for (const output of graph.outputs) if (!own.has(output.name)) captured.add(output.name);
  }
  return captured;
}
