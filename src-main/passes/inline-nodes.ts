/** Nodes of a body or function set into the graph that holds it. */

import { attributes, type Graph, type Model, type Node, type Patch, renameReads, type Tensor } from '../onnx/ir';
import { addConstant, type Scope } from './pass';

export interface Inlined {
  readonly nodes: readonly Node[];
  readonly initializers: Iterable<Tensor>;
  /** Name inside → name outside; what is not listed gets its own name, or one after the owner where that is taken. */
  readonly names: ReadonlyMap<string, string>;
  /** Whose nodes they were. */
  readonly owner: Node;
}

/** Plans the nodes into the patch. */
export function inlineNodes(
  { nodes, initializers, names, owner }: Inlined,
  scope: Scope,
  patch: Patch,
  taken: NameCounts,
): void {
  const all = new Map(names);
  for (const tensor of initializers) {
    const name = addConstant(patch, scope, { ...tensor, name: outerName(tensor.name, owner, taken) });
    all.set(tensor.name, name);
  }
  for (const { outputs } of nodes)
    for (const name of outputs)
      if (name !== '' && !all.has(name)) all.set(name, patch.freshName(outerName(name, owner, taken)));
  for (const node of nodes) {
    const outputs = node.outputs.map((name) => all.get(name) ?? name);
    patch.addNode({ ...renameReads(node, all), name: patch.freshName(outerName(node.name, owner, taken)), outputs });
  }
}

const outerName = (name: string, owner: Node, taken: NameCounts): string =>
  (taken.get(name) ?? 0) > 1 ? `${owner.name}/${name}` : name;

/** How often each name is given in all graphs of a model: to nodes, and to values apart from them. */
export type NameCounts = ReadonlyMap<string, number>;

export function countNames(model: Model): NameCounts {
  const counts = new Map<string, number>();
  const addAll = (names: Iterable<string>): void => {
    for (const name of new Set(names)) if (name !== '') counts.set(name, (counts.get(name) ?? 0) + 1);
  };
  const addNodes = (nodes: readonly Node[]): void => {
    for (const node of nodes) {
      addAll([node.name, ...node.outputs]);
      for (const { graph } of attributes.subgraphsOf(node)) addGraph(graph);
    }
  };
  const addGraph = (graph: Graph): void => {
    addAll([...graph.inputs.map(({ name }) => name), ...graph.initializers.keys()]);
    addNodes(graph.nodes);
  };
  addGraph(model.graph);
  for (const fn of model.functions) {
    addAll(fn.inputs);
    addNodes(fn.nodes);
  }
  return counts;
}
