/**
 * BatchNormalization with the statistics of the batch, by the operator's own training mode, and running statistics that
 * follow them: running ← momentum·running + (1 − momentum)·batch. Source: Ioffe and Szegedy 2015 (arXiv:1502.03167);
 * momentum as the ONNX operator defines it.
 */

import { attributes, type Graph, type Model, type Node, Patch, type Tensor } from '../onnx/ir';
import { Emitter, namesOf } from './emitter';
import { unsupported } from './gradient';

/** An initializer that training moves without a gradient, and the value that replaces it. */
export interface RunningStatistic {
  readonly name: string;
  readonly next: string;
}

export function trainBatchNorm(model: Model): { model: Model; statistics: readonly RunningStatistic[] } {
  const nodes = model.graph.nodes.filter((node) => node.domain === '' && node.opType === 'BatchNormalization');
  if (nodes.length === 0) return { model, statistics: [] };
  const patch = new Patch(model.graph);
  const emit = new Emitter(namesOf(model.graph));
  for (const node of nodes) patch.removeNode(node.name);
  const momentumOf = (node: Node) => attributes.floatOf(node, 'momentum', 0.9);
  const statistics = [...new Set(nodes.map(momentumOf))].flatMap((momentum) => {
    const alike = nodes.filter((node) => momentumOf(node) === momentum);
    return rewrite(emit, alike, momentum, model.graph);
  });
  for (const node of emit.nodes) patch.addNode(node);
  for (const tensor of emit.initializers.values()) patch.setInitializer(tensor);
  return { model: { ...model, graph: patch.apply() }, statistics };
}

/**
 * With momentum 0 a node's second and third outputs are the mean and variance of the batch, which its gradient reads. The
 * runtime writes them over the node's own inputs, so these must be values that nothing else reads: here negatives. The
 * statistics of all nodes are laid end to end, as each is so small that a node more costs more than its work.
 */
function rewrite(emit: Emitter, nodes: readonly Node[], momentum: number, graph: Graph): RunningStatistic[] {
  const running = nodes.flatMap((node) => statisticsOf(node, graph));
  const sizes = emit.integers(running.map((name) => (graph.initializers.get(name) as Tensor).shape[0] as number));
  const together = (values: readonly string[]) => emit.op('Concat', values, { axis: attributes.int(0) });
  const apart = (value: string) => emit.ops('Split', [value, sizes], running.length, { axis: attributes.int(0) });
  const before = together(running);
  const overwritten = apart(emit.neg(before));
  const found = nodes.flatMap((node, at) => trained(emit, node, overwritten.slice(2 * at, 2 * at + 2)));
  const next = apart(emit.add(emit.scale(before, momentum), emit.scale(together(found), 1 - momentum)));
  return running.map((name, at) => ({ name, next: next[at] as string }));
}

/** Names of the running mean and variance. */
function statisticsOf(node: Node, graph: Graph): string[] {
  const names = node.inputs.slice(3, 5);
  for (const name of names)
    if (!graph.initializers.has(name)) throw unsupported(node, `its statistic "${name}" is computed in the graph`);
  return names;
}

/** @returns the values of the batch's mean and variance */
function trained(emit: Emitter, node: Node, overwritten: readonly string[]): string[] {
  const name = emit.fresh(`${node.name}:trained`);
  const statistics = [emit.fresh(`${name}:mean`), emit.fresh(`${name}:variance`)];
  emit.nodes.push({
    ...node,
    name,
    inputs: [...node.inputs.slice(0, 3), ...overwritten],
    outputs: [node.outputs[0] as string, ...statistics],
    attributes: new Map([
      ['epsilon', attributes.float(attributes.floatOf(node, 'epsilon', 1e-5))],
      ['momentum', attributes.float(0)],
      ['training_mode', attributes.int(1)],
    ]),
  });
  return statistics;
}
