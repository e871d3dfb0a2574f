/** Editing a graph together with the bodies of its If, Loop and Scan nodes. */

import { type Attribute, attributes, type Graph, type GraphIndex, indexGraph, type Node, withBodies } from '../onnx/ir';
import { type Constants, constantsOf } from './constants';

export interface Scope {
  readonly index: GraphIndex;
  /** Those of the graphs around it included. */
  readonly constants: Constants;
  /** null: the main graph. */
  readonly outer: Scope | null;
}

export type GraphEdit = (scope: Scope) => Graph;

/** The graph with `edit` applied to every body first (inner before outer) and then to itself. */
export function editGraphs(graph: Graph, edit: GraphEdit, outer: Scope | null = null): Graph {
  const here = scopeOf(graph, outer);
  const nodes = graph.nodes.map((node) => editBodies(node, (body) => editGraphs(body, edit, here)));
  const changed = nodes.some((node, at) => node !== graph.nodes[at]);
  return edit(changed ? scopeOf({ ...graph, nodes }, outer) : here);
}

/** A graph with what is known of it. */
export function scopeOf(graph: Graph, outer: Scope | null): Scope {
  const index = indexGraph(graph);
  return { index, constants: constantsOf(index, outer?.constants), outer };
}

/** The node with each of its bodies replaced; the node itself where it has none. */
export function editBodies(node: Node, edit: (body: Graph) => Graph): Node {
  let changed: Map<string, Attribute> | undefined;
  for (const [name, attribute] of node.attributes) {
    if (attribute.type !== 'graph' && attribute.type !== 'graphs') continue;
    changed ??= new Map(node.attributes);
    if (attribute.type === 'graph') changed.set(name, { type: 'graph', value: edit(attribute.value) });
    else changed.set(name, { type: 'graphs', value: attribute.value.map(edit) });
  }
  return changed === undefined ? node : { ...node, attributes: changed };
}

/** Every node of the bodies in a graph, with the operator that holds the outermost body around it. */
export function* bodyNodes(graph: Graph): Generator<{ readonly node: Node; readonly owner: string }> {
  for (const owner of graph.nodes)
    for (const body of attributes.subgraphsOf(owner))
      for (const node of withBodies(body.graph.nodes)) yield { node, owner: owner.opType };
}
