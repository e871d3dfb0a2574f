/**
 * Nodes whose outputs nobody reads, optional outputs that nobody reads, and outputs of bodies that nobody reads.
 * Source: https://onnx.ai/onnx/repo-docs/IR.html (a graph is what its outputs need).
 */

import { attributes, capturedBy, type Graph, type Model, type Node } from '../onnx/ir';
import { definePass, editGraphs, isStandard, type PassResult, Tally } from './pass';

/** Operators whose outputs from this one on may be left out. */
const optionalFrom: Readonly<Record<string, number>> = {
  BatchNormalization: 1,
  Dropout: 1,
  GRU: 0,
  LayerNormalization: 1,
  LSTM: 0,
  MaxPool: 1,
  RNN: 0,
};

export function eliminateDeadNodes(model: Model, isTarget: (node: Node) => boolean = () => true): PassResult {
  const tally = new Tally();
  let outputs = 0;
  const after = editGraphs(model, ({ graph }) => {
    const read = new Set(graph.outputs.map(({ name }) => name));
    const nodes: Node[] = [];
    for (const node of [...graph.nodes].reverse()) {
      if (node.outputs.every((name) => name === '' || !read.has(name)) && isTarget(node)) {
        tally.changed++;
        continue;
      }
      const trimmed = isTarget(node) ? withoutUnreadOutputs(node, read) : node;
      if (trimmed !== node) outputs++;
      nodes.push(trimmed);
      for (const name of [...trimmed.inputs, ...capturedBy(trimmed)]) read.add(name);
    }
    if (nodes.length === graph.nodes.length && nodes.every((node, at) => node === graph.nodes.at(-1 - at)))
      return graph;
    return withNodes(graph, nodes.reverse(), read);
  });
  tally.changed += outputs;
  tally.eligible = tally.changed;
  const notes = [
    ...(tally.changed > outputs ? [`removed ${tally.changed - outputs} nodes that nothing reads`] : []),
    ...(outputs > 0 ? [`dropped unread outputs of ${outputs} nodes`] : []),
  ];
  return tally.result(after, notes);
}

/** Types stated for values that are gone would be of nothing. */
function withNodes(graph: Graph, nodes: readonly Node[], read: ReadonlySet<string>): Graph {
  const values = new Map([...graph.values].filter(([name]) => read.has(name)));
  return { ...graph, nodes, values };
}

function withoutUnreadOutputs(node: Node, read: ReadonlySet<string>): Node {
  if (!isStandard(node)) return node;
  if (node.opType === 'If') return ifWithoutUnread(node, read);
  const first = optionalFrom[node.opType];
  if (first === undefined) return node;
  const outputs = node.outputs.map((name, at) => (at < first || read.has(name) ? name : ''));
  while (outputs.length > 1 && outputs.at(-1) === '') outputs.pop();
  return outputs.join('\0') === node.outputs.join('\0') ? node : { ...node, outputs };
}

/** Both branches give as many outputs as the node. */
function ifWithoutUnread(node: Node, read: ReadonlySet<string>): Node {
  const kept = node.outputs.flatMap((name, at) => (read.has(name) ? [at] : []));
  if (kept.length === node.outputs.length) return node;
  const pick = <T>(items: readonly T[]): T[] => kept.map((at) => items[at] as T);
  const bodies = new Map(node.attributes);
  for (const { attribute, graph } of attributes.subgraphsOf(node))
    bodies.set(attribute, attributes.graph({ ...graph, outputs: pick(graph.outputs) }));
  return { ...node, outputs: pick(node.outputs), attributes: bodies };
}

export const eliminateDeadNodesPass = definePass({
  name: 'eliminate-dead-nodes',
  title: 'Remove dead nodes',
  help: 'Removes nodes and optional outputs that no output of the model needs.',
  source: 'https://onnx.ai/onnx/repo-docs/IR.html',
  options: {},
  tolerance: 0,
  run: (model, { isTarget }) => eliminateDeadNodes(model, isTarget),
});
