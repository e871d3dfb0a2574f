/** Putting other tensors in the place of some, wherever they lie: initializers, Constant nodes, bodies, functions. */

import type { Attribute, Graph, Model, Node, Tensor } from './model';

/**
 * The model with each tensor that is a key of `replacements` (by identity) replaced. Graphs that hold none of them are
 * kept as they are.
 */
export function replaceTensors(model: Model, replacements: ReadonlyMap<Tensor, Tensor>): Model {
  if (replacements.size === 0) return model;
  return {
    ...model,
    graph: inGraph(model.graph, replacements),
    functions: model.functions.map((fn) => ({ ...fn, nodes: inNodes(fn.nodes, replacements) })),
  };
}

function inGraph(graph: Graph, replacements: ReadonlyMap<Tensor, Tensor>): Graph {
  const nodes = inNodes(graph.nodes, replacements);
  const initializers = new Map(graph.initializers);
  let changed = nodes !== graph.nodes;
  for (const [name, tensor] of initializers) {
    const replacement = replacements.get(tensor);
    if (replacement === undefined) continue;
    initializers.set(name, replacement);
    changed = true;
  }
  return changed ? { ...graph, nodes, initializers } : graph;
}

function inNodes(nodes: readonly Node[], replacements: ReadonlyMap<Tensor, Tensor>): readonly Node[] {
  const mapped = nodes.map((node) => inNode(node, replacements));
  return mapped.some((node, i) => node !== nodes[i]) ? mapped : nodes;
}

function inNode(node: Node, replacements: ReadonlyMap<Tensor, Tensor>): Node {
  let attributes: Map<string, Attribute> | undefined;
  for (const [name, attribute] of node.attributes) {
    const mapped = inAttribute(attribute, replacements);
    if (mapped === attribute) continue;
    attributes ??= new Map(node.attributes);
    attributes.set(name, mapped);
  }
  return attributes === undefined ? node : { ...node, attributes };
}

function inAttribute(attribute: Attribute, replacements: ReadonlyMap<Tensor, Tensor>): Attribute {
  switch (attribute.type) {
    case 'tensor': {
      const replacement = replacements.get(attribute.value);
      return replacement === undefined ? attribute : { type: 'tensor', value: replacement };
    }
    case 'graph': {
      const value = inGraph(attribute.value, replacements);
      return value === attribute.value ? attribute : { type: 'graph', value };
    }
    case 'graphs': {
      const value = attribute.value.map((graph) => inGraph(graph, replacements));
      return value.some((graph, i) => graph !== attribute.value[i]) ? { type: 'graphs', value } : attribute;
    }
    default:
      return attribute;
  }
}
