/** The nodes of a model function as one call of it runs them. Source: https://onnx.ai/onnx/repo-docs/IR.html (functions). */

import { graph as graphAttribute } from './attributes';
import { makeGraph } from './build';
import type { Attribute, Graph, Model, ModelFunction, Node } from './model';

/** The functions of a model by the nodes that call them. */
export function calledFunction(model: Model): (node: Node) => ModelFunction | undefined {
  const keyOf = (domain: string, name: string, overload = ''): string => JSON.stringify([domain, name, overload]);
  const functions = new Map(model.functions.map((fn) => [keyOf(fn.domain, fn.name, fn.overload), fn]));
  return ({ domain, opType, overload }) => functions.get(keyOf(domain, opType, overload));
}

/** Its nodes with references to attributes of the function replaced by what the call gives, or by their defaults. */
export function functionNodes(fn: ModelFunction, call: Node): Node[] {
  return fn.nodes.map((node) => withArguments(node, call, fn));
}

function withArguments(node: Node, call: Node, fn: ModelFunction): Node {
  const given = new Map<string, Attribute>();
  for (const [name, attribute] of node.attributes) {
    const value = attribute.type === 'reference' ? argument(attribute.name, call, fn) : inBodies(attribute, call, fn);
    if (value !== undefined) given.set(name, value);
  }
  return { ...node, attributes: given };
}

const argument = (name: string, call: Node, fn: ModelFunction): Attribute | undefined =>
  call.attributes.get(name) ?? fn.attributeDefaults.get(name);

function inBodies(attribute: Attribute, call: Node, fn: ModelFunction): Attribute {
  const body = (graph: Graph): Graph => ({ ...graph, nodes: graph.nodes.map((node) => withArguments(node, call, fn)) });
  if (attribute.type === 'graph') return graphAttribute(body(attribute.value));
  if (attribute.type === 'graphs') return { type: 'graphs', value: attribute.value.map(body) };
  return attribute;
}

/** The function by itself, as a graph of untyped inputs and outputs; attributes that are its parameters stay references. */
export function functionGraph({ name, nodes, inputs, outputs, values }: ModelFunction): Graph {
  const untyped = (names: readonly string[]) => names.map((value) => ({ name: value, type: null }));
  return makeGraph({ name, nodes, inputs: untyped(inputs), outputs: untyped(outputs), values });
}
