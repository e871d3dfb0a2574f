/** Every graph of a model: the main one, the bodies of If, Loop and Scan at any depth, and functions. */

import { subgraphsOf } from './attributes';
import type { Graph, Model, Node, Tensor } from './model';

/** Nodes of a list and of all bodies they hold, outer before inner. */
export function* withBodies(nodes: readonly Node[]): Generator<Node> {
  for (const node of nodes) {
    yield node;
    for (const { graph } of subgraphsOf(node)) yield* withBodies(graph.nodes);
  }
}

/** Every node of the model, bodies and functions included; a function's nodes once, however often it is called. */
export function* allNodes(model: Model): Generator<Node> {
  yield* withBodies(model.graph.nodes);
  for (const { nodes } of model.functions) yield* withBodies(nodes);
}

/** The main graph and the bodies in it and in functions. */
export function* allGraphs(model: Model): Generator<Graph> {
  yield model.graph;
  for (const node of allNodes(model)) for (const { graph } of subgraphsOf(node)) yield graph;
}

/** A weight and what holds it. */
export interface Weight {
  readonly tensor: Tensor;
  /** The Constant node (or other node with a tensor attribute) that holds it; null: an initializer. */
  readonly node: Node | null;
}

/**
 * Every tensor that the model carries: initializers, sparse ones by their values, and tensors in attributes. The value
 * that ConstantOfShape repeats is none.
 */
export function* allWeights(model: Model): Generator<Weight> {
  for (const graph of allGraphs(model)) {
    for (const tensor of graph.initializers.values()) yield { tensor, node: null };
    for (const { values } of graph.sparseInitializers) yield { tensor: values, node: null };
  }
  for (const node of allNodes(model)) {
    if (node.opType === 'ConstantOfShape') continue;
    for (const attribute of node.attributes.values()) {
      if (attribute.type === 'tensor') yield { tensor: attribute.value, node };
      if (attribute.type === 'sparse-tensor') yield { tensor: attribute.value.values, node };
      if (attribute.type === 'tensors') for (const tensor of attribute.value) yield { tensor, node };
    }
  }
}
