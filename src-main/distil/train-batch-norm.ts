/**
 * BatchNormalization with the statistics of the batch, by the operator's own training mode, and running statistics that
 * follow them: running ← momentum·running + (1 − momentum)·batch. Source: Ioffe and Szegedy 2015 (arXiv:1502.03167);
 * momentum as the ONNX operator defines it.
 */

import { attributes, type Graph, type Model, type Node, Patch } from '../onnx/ir';
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
  const statistics: RunningStatistic[] = [];
  for (const node of nodes) {
    patch.removeNode(node.name);
    statistics.push(...rewrite(emit, node, model.graph));
  }
  for (const node of emit.nodes) patch.addNode(node);
  for (const tensor of emit.initializers.values()) patch.setInitializer(tensor);
  return { model: { ...model, graph: patch.apply() }, statistics };
}

/**
 * With momentum 0 the node's second and third outputs are the mean and variance of the batch, which its gradient reads. The
 * runtime writes them over the node's own inputs, so these must be values that nothing else reads: here negatives.
 */
function rewrite(emit: Emitter, node: Node, graph: Graph): RunningStatistic[] {
  const [x, scale, bias, mean, variance] = node.inputs as readonly [string, string, string, string, string];
  for (const name of [mean, variance])
    if (!graph.initializers.has(name)) throw unsupported(node, `its statistic "${name}" is computed in the graph`);
  const momentum = attributes.floatOf(node, 'momentum', 0.9);
  const name = emit.fresh(`${node.name}:trained`);
  const [batchMean, batchVariance] = [emit.fresh(`${name}:mean`), emit.fresh(`${name}:variance`)];
  emit.nodes.push({
    ...node,
    name,
    inputs: [x, scale, bias, emit.neg(mean), emit.neg(variance)],
    outputs: [node.outputs[0] as string, batchMean, batchVariance],
    attributes: new Map([
      ['epsilon', attributes.float(attributes.floatOf(node, 'epsilon', 1e-5))],
      ['momentum', attributes.float(0)],
      ['training_mode', attributes.int(1)],
    ]),
  });
  const follow = (running: string, batch: string): RunningStatistic => ({
    name: running,
    next: emit.add(emit.scale(running, momentum), emit.scale(batch, 1 - momentum)),
  });
  return [follow(mean, batchMean), follow(variance, batchVariance)];
}
