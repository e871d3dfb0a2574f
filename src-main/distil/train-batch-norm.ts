/**
 * BatchNormalization with the statistics of the batch, written in plain operators, and running statistics that follow
 * them: running ← momentum·running + (1 − momentum)·batch. Source: Ioffe and Szegedy 2015 (arXiv:1502.03167); momentum as
 * the ONNX operator defines it.
 */

import { attributes, type Graph, type Model, type Node, Patch } from '../onnx/ir';
import { valueTypes } from '../onnx/session';
import { Emitter, namesOf } from './emitter';
import { unsupported } from './gradient';

/** An initializer that training moves without a gradient, and the value that replaces it. */
export interface RunningStatistic {
  readonly name: string;
  readonly next: string;
}

export async function trainBatchNorm(model: Model): Promise<{ model: Model; statistics: readonly RunningStatistic[] }> {
  const nodes = model.graph.nodes.filter((node) => node.domain === '' && node.opType === 'BatchNormalization');
  if (nodes.length === 0) return { model, statistics: [] };
  const types = await valueTypes(model);
  const patch = new Patch(model.graph);
  const emit = new Emitter(namesOf(model.graph));
  const statistics: RunningStatistic[] = [];
  for (const node of nodes) {
    const type = types.get(node.inputs[0] as string);
    if (type?.kind !== 'tensor' || type.shape === null) throw unsupported(node, 'the rank of its input is not known');
    patch.removeNode(node.name);
    statistics.push(...rewrite(emit, node, type.shape.length, model.graph));
  }
  for (const node of emit.nodes) patch.addNode(node);
  for (const tensor of emit.initializers.values()) patch.setInitializer(tensor);
  return { model: { ...model, graph: patch.apply() }, statistics };
}

function rewrite(emit: Emitter, node: Node, rank: number, graph: Graph): RunningStatistic[] {
  const [x, scale, bias, mean, variance] = node.inputs as readonly [string, string, string, string, string];
  for (const name of [mean, variance])
    if (!graph.initializers.has(name)) throw unsupported(node, `its statistic "${name}" is computed in the graph`);
  const momentum = attributes.floatOf(node, 'momentum', 0.9);
  const axes = Array.from({ length: rank }, (_, axis) => axis).filter((axis) => axis !== 1);
  const spatial = axes.filter((axis) => axis > 1).map((axis) => axis - 1);
  const perChannel = (value: string) => (spatial.length === 0 ? value : emit.unsqueeze(value, spatial));
  const batchMean = emit.mean(x, axes);
  const offset = emit.sub(x, batchMean);
  const batchVariance = emit.mean(emit.mul(offset, offset), axes);
  const root = emit.op('Sqrt', [emit.add(batchVariance, emit.scalar(attributes.floatOf(node, 'epsilon', 1e-5)))]);
  const scaled = emit.mul(emit.div(offset, root), perChannel(scale));
  const name = emit.fresh(`${node.name}:trained`);
  const output = node.outputs[0] as string;
  emit.nodes.push({
    name,
    opType: 'Add',
    domain: '',
    inputs: [scaled, perChannel(bias)],
    outputs: [output],
    attributes: new Map(),
  });
  const follow = (running: string, batch: string): RunningStatistic => ({
    name: running,
    next: emit.add(emit.scale(running, momentum), emit.scale(emit.squeeze(batch, axes), 1 - momentum)),
  });
  return [follow(mean, batchMean), follow(variance, batchVariance)];
}
