/**
 * An If whose condition never changes is the branch that it takes.
 * Source: https://onnx.ai/onnx/operators/onnx__If.html.
 */

import { readTensor } from '../onnx/file';
import { attributes, type Model, makeNode, type Node } from '../onnx/ir';
import { countNames, inlineNodes, type NameCounts } from './inline-nodes';
import { constantOf, definePass, isStandard, type PassResult, Tally } from './pass';
import { type RewriteSite, rewriteNodes } from './rewrite';

export function resolveIf(model: Model, isTarget: (node: Node) => boolean = () => true): PassResult {
  const tally = new Tally();
  const taken = countNames(model);
  const after = rewriteNodes(
    model,
    tally,
    (node, site) => {
      if (node.opType !== 'If' || !isStandard(node)) return false;
      const condition = constantOf(site, node.inputs[0] ?? '');
      if (condition === undefined) return false;
      takeBranch(node, Number(readTensor(condition).data[0]) !== 0, site, taken);
      return true;
    },
    { isTarget },
  );
  return tally.result(
    after,
    tally.changed === 0 ? [] : [`replaced ${tally.changed} If by the branch that it always takes`],
  );
}

function takeBranch(node: Node, isTrue: boolean, site: RewriteSite, taken: NameCounts): void {
  const wanted = isTrue ? 'then_branch' : 'else_branch';
  const branch = attributes.subgraphsOf(node).find(({ attribute }) => attribute === wanted)?.graph;
  if (branch === undefined) return;
  const made = new Set(branch.nodes.flatMap(({ outputs }) => outputs));
  const names = new Map<string, string>();
  const repeated: [from: string, to: string][] = [];
  for (const [at, { name }] of branch.outputs.entries()) {
    const output = node.outputs[at];
    if (output === undefined || output === '') continue;
    if (made.has(name) && !names.has(name)) names.set(name, output);
    else repeated.push([name, output]);
  }
  site.patch.removeNode(node.name);
  const identities = repeated.map(([from, to]) => makeNode('Identity', `${node.name}/${to}`, [from], [to]));
  inlineNodes(
    {
      nodes: [...branch.nodes, ...identities],
      initializers: branch.initializers.values(),
      names: withOwn(names, repeated),
      owner: node,
    },
    site,
    site.patch,
    taken,
  );
}

/** Outputs of the added Identities keep their names. */
function withOwn(names: ReadonlyMap<string, string>, repeated: readonly [string, string][]): Map<string, string> {
  return new Map([...names, ...repeated.map(([, to]): [string, string] => [to, to])]);
}

export const resolveIfPass = definePass({
  name: 'resolve-if',
  title: 'Resolve constant conditions',
  help: 'Replaces an If whose condition never changes by the branch that it takes.',
  source: 'https://onnx.ai/onnx/operators/onnx__If.html',
  options: {},
  tolerance: 0,
  run: (model, { isTarget }) => resolveIf(model, isTarget),
});
