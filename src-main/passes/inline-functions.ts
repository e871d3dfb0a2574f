/**
 * Calls of model functions replaced by the nodes of the function, so that every later pass and quantization see them.
 * Source: https://onnx.ai/onnx/repo-docs/IR.html (functions).
 */

import { type Attribute, attributes, type Graph, type Model, type ModelFunction, type Node } from '../onnx/ir';
import { countNames, inlineNodes } from './inline-nodes';
import { definePass, type PassResult, Tally } from './pass';
import { rewriteNodes } from './rewrite';

const keyOf = (domain: string, name: string, overload = ''): string => JSON.stringify([domain, name, overload]);

export function inlineFunctions(model: Model, isTarget: (node: Node) => boolean = () => true): PassResult {
  const tally = new Tally();
  if (model.functions.length === 0) return tally.result(model, []);
  const taken = countNames(model);
  const functions = new Map(model.functions.map((fn) => [keyOf(fn.domain, fn.name, fn.overload), fn]));
  const opsets = new Map(model.opsets);
  const inlined = rewriteNodes(
    model,
    tally,
    (call, site) => {
      const fn = functions.get(keyOf(call.domain, call.opType, call.overload));
      if (fn === undefined) return false;
      const other = [...fn.opsets].find(([domain, version]) => (opsets.get(domain) ?? version) !== version);
      if (other !== undefined) return `it is written for opset ${other[1]}; raise the opset first`;
      for (const [domain, version] of fn.opsets) opsets.set(domain, version);
      const names = new Map<string, string>();
      for (const [at, name] of fn.inputs.entries()) names.set(name, call.inputs[at] ?? '');
      for (const [at, name] of fn.outputs.entries())
        if ((call.outputs[at] ?? '') !== '') names.set(name, call.outputs[at] as string);
      site.patch.removeNode(call.name);
      const nodes = fn.nodes.map((node) => withArguments(node, call, fn));
      // A second call of the same function needs names of its own.
      const counts = new Map([...taken, ...nodes.flatMap(definedNames).map((name): [string, number] => [name, 2])]);
      inlineNodes({ nodes, initializers: [], names, owner: call }, site, site.patch, counts);
      return true;
    },
    { isTarget },
  );
  const called = new Set(calledFunctions(inlined, functions));
  const kept = inlined.functions.filter((fn) => called.has(keyOf(fn.domain, fn.name, fn.overload)));
  const after = kept.length === model.functions.length ? inlined : { ...inlined, opsets, functions: kept };
  const notes = tally.changed === 0 ? [] : [`inlined ${tally.changed} calls of functions`];
  return tally.result(after, notes);
}

const definedNames = (node: Node): string[] => [node.name, ...node.outputs];

/** The node with references to the function's attributes replaced by what the call gives, or by their defaults. */
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
  if (attribute.type === 'graph') return attributes.graph(body(attribute.value));
  if (attribute.type === 'graphs') return { type: 'graphs', value: attribute.value.map(body) };
  return attribute;
}

/** Keys of the functions that main graph or called functions still call. */
function calledFunctions(model: Model, functions: ReadonlyMap<string, ModelFunction>): string[] {
  const found = new Set<string>();
  const visit = (nodes: readonly Node[]): void => {
    for (const node of nodes) {
      for (const { graph } of attributes.subgraphsOf(node)) visit(graph.nodes);
      const key = keyOf(node.domain, node.opType, node.overload);
      const fn = functions.get(key);
      if (fn === undefined || found.has(key)) continue;
      found.add(key);
      visit(fn.nodes);
    }
  };
  visit(model.graph.nodes);
  return [...found];
}

export const inlineFunctionsPass = definePass({
  name: 'inline-functions',
  title: 'Inline functions',
  help: 'Replaces calls of the functions of a model by their nodes, so that later steps see them.',
  source: 'https://onnx.ai/onnx/repo-docs/IR.html',
  options: {},
  tolerance: 0,
  run: (model, { isTarget }) => inlineFunctions(model, isTarget),
});
