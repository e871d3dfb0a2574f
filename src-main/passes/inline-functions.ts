/**
 * Calls of model functions replaced by the nodes of the function, so that every later pass and quantization see them.
 * Source: https://onnx.ai/onnx/repo-docs/IR.html (functions).
 */

import { attributes, calledFunction, functionNodes, type Model, type ModelFunction, type Node } from '../onnx/ir';
import { countNames, inlineNodes } from './inline-nodes';
import { definePass, type PassResult, type Scope, Tally } from './pass';
import { rewriteNodes } from './rewrite';

export function inlineFunctions(model: Model, isTarget: (node: Node) => boolean = () => true): PassResult {
  const tally = new Tally();
  if (model.functions.length === 0) return tally.result(model, []);
  const taken = countNames(model);
  const functionOf = calledFunction(model);
  const opsets = new Map(model.opsets);
  const inlined = rewriteNodes(
    model,
    tally,
    (call, site) => {
      const fn = functionOf(call);
      // A call within a function has its turn when that function's own call has been replaced.
      if (fn === undefined || isInFunction(site)) return false;
      const other = [...fn.opsets].find(([domain, version]) => (opsets.get(domain) ?? version) !== version);
      if (other !== undefined) return `it is written for opset ${other[1]}; raise the opset first`;
      for (const [domain, version] of fn.opsets) opsets.set(domain, version);
      const names = new Map<string, string>();
      for (const [at, name] of fn.inputs.entries()) names.set(name, call.inputs[at] ?? '');
      for (const [at, name] of fn.outputs.entries())
        if ((call.outputs[at] ?? '') !== '') names.set(name, call.outputs[at] as string);
      site.patch.removeNode(call.name);
      const nodes = functionNodes(fn, call);
      // A second call of the same function needs names of its own.
      const counts = new Map([...taken, ...nodes.flatMap(definedNames).map((name): [string, number] => [name, 2])]);
      inlineNodes({ nodes, initializers: [], names, owner: call }, site, site.patch, counts);
      return true;
    },
    { isTarget },
  );
  const called = calledFunctions(inlined);
  const kept = inlined.functions.filter((fn) => called.has(fn));
  const isSame = inlined === model && kept.length === model.functions.length;
  const after = isSame ? model : { ...inlined, opsets, functions: kept };
  const notes = tally.changed === 0 ? [] : [`inlined ${tally.changed} calls of functions`];
  return tally.result(after, notes);
}

function isInFunction(scope: Scope): boolean {
  return scope.kind === 'function' || (scope.outer !== null && isInFunction(scope.outer));
}

const definedNames = (node: Node): string[] => [node.name, ...node.outputs];

/** The functions that main graph or called functions still call. */
function calledFunctions(model: Model): Set<ModelFunction> {
  const functionOf = calledFunction(model);
  const found = new Set<ModelFunction>();
  const visit = (nodes: readonly Node[]): void => {
    for (const node of nodes) {
      for (const { graph } of attributes.subgraphsOf(node)) visit(graph.nodes);
      const fn = functionOf(node);
      if (fn === undefined || found.has(fn)) continue;
      found.add(fn);
      visit(fn.nodes);
    }
  };
  visit(model.graph.nodes);
  return found;
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
