/**
 * One graph for one training step: forward, loss, backward and update as ordinary ONNX operators. Its inputs are the
 * batch, the parameters and the optimiser's state; its outputs the loss and the new parameters and state.
 */

import { LatheError } from '../contract';
import {
  type DType,
  elementCount,
  type Graph,
  indexGraph,
  type Model,
  makeValue,
  type NdArray,
  standardOpset,
  type Tensor,
  type TypeInfo,
} from '../onnx/ir';
import { blockedDomain, channelBlock, graphTypes, valueTypes } from '../onnx/session';
import { backward } from './backward';
import { Emitter, namesOf } from './emitter';
import type { HintPair } from './hints/pair-values';
import { lossNamed } from './losses';
import type { Optimizer } from './optimizers';
import { rowTypes, withRows } from './row-types';
import type { RunningStatistic } from './train-batch-norm';
import { type TrainedParameter, writeUpdate } from './write-update';
import { nodesFor } from './written-nodes';

/** A weighted part of the loss. */
export interface LossTerm {
  readonly name: string;
  readonly weight: number;
}

export interface TrainingRequest {
  /** Opset 18 or later. */
  readonly model: Model;
  /** Running statistics: initializers that follow the batch without a gradient. */
  readonly statistics: readonly RunningStatistic[];
  /** Initializers that are trained. */
  readonly trainable: readonly string[];
  /** The model's output that is learned. */
  readonly output: string;
  readonly loss: readonly LossTerm[];
  readonly temperature: number;
  readonly optimizer: Optimizer;
  readonly weightDecay: number;
  /** Global norm to which gradients are clipped; 0 = not. */
  readonly clipNorm: number;
  /** Parameters of which only the elements with mask 1 may live; float32 of the parameter's shape. */
  readonly masks: ReadonlyMap<string, NdArray<'float32'>>;
  /** Gradients of several batches are added up before an update, which is a graph of its own. */
  readonly accumulate: boolean;
  /** Values inside student and teacher that are brought together as well. */
  readonly hints?: readonly HintPair[] | undefined;
}

/** A gradient under way: next = sum + share · gradient of this batch. */
export interface GradientSum {
  readonly name: string;
  readonly next: string;
  readonly parameter: string;
}

export interface TrainingGraph {
  /** Forward, loss and backward; the update too unless it is a graph of its own. */
  readonly model: Model;
  /** Sums of gradients, parameters and state in; parameters and state out. null: part of `model`. */
  readonly update: Model | null;
  /** Empty where `model` updates. */
  readonly gradientSums: readonly GradientSum[];
  /** The batch's share of the rows of the update: a scalar fed to a `model` that sums gradients. */
  readonly share: string;
  /** Values fed beside the batch and the parameters. */
  readonly learningRate: string;
  readonly corrections: readonly [string, string];
  /** Values of the teacher, fed by name. */
  readonly hints: readonly { readonly feed: string; readonly value: string }[];
  /** '' where the loss does not read them. */
  readonly labels: string;
  readonly teacher: string;
  readonly loss: string;
  readonly gradientNorm: string;
  /** Names of the nodes that are the model's own. */
  readonly layers: ReadonlySet<string>;
  /** Parameter → value of its gradient. */
  readonly gradients: ReadonlyMap<string, string>;
  readonly parameters: readonly TrainedParameter[];
  /** The value that the loss reads: the output itself, or what its final softmax reads. */
  readonly logits: string;
  readonly classes: number;
}

/**
 * @throws LatheError where an operator on the way has no gradient, where nothing is trainable, and where the output
 * is not [.., classes] floats
 */
export async function buildTrainingGraph(request: TrainingRequest): Promise<TrainingGraph> {
  const { model, trainable } = request;
  if (trainable.length === 0) {
    throw new LatheError({
      who: 'training',
      what: 'every tensor is frozen',
      next: 'let the targets include at least one weight',
    });
  }
  const graph = model.graph;
  const emit = new Emitter(namesOf(graph));
  const [learningRate, c1, c2] = ['learning-rate', 'correction-1', 'correction-2'].map((name) => emit.fresh(name)) as [
    string,
    string,
    string,
  ];
  const logits = logitsOf(graph, request.output);
  const { classes, answers } = sizesOf(await valueTypes(withRows(model, () => 1)), logits);

  const forward = new Emitter([...namesOf(graph), learningRate, c1, c2]);
  const needs = new Set(request.loss.map((term) => lossNamed(term.name).needs));
  const labels = needs.has('labels') ? forward.fresh('labels') : '';
  const teacher = needs.has('teacher') ? forward.fresh('teacher-logits') : '';
  const hints = (request.hints ?? []).map((pair) => ({ ...pair, feed: forward.fresh(`teacher:${pair.teacher}`) }));
  const loss = writeLoss(request, forward, logits, labels, teacher, classes, hints);

  const moved = [...trainable, ...request.statistics.map((statistic) => statistic.name)];
  const parameters = moved.map((name) =>
    makeValue(name, dtypeOf(graph, name), (graph.initializers.get(name) as { shape: readonly number[] }).shape),
  );
  const initializers = new Map([...graph.initializers, ...forward.initializers]);
  for (const name of moved) initializers.delete(name);
  const lossInputs = [
    ...(labels === '' ? [] : [makeValue(labels, 'int64', ['rows'])]),
    ...(teacher === '' ? [] : [makeValue(teacher, 'float32', ['rows', classes])]),
    ...hints.map(({ feed, teacherShape }) => makeValue(feed, 'float32', ['samples', ...teacherShape])),
  ];
  const withLoss: Graph = {
    ...graph,
    nodes: [...graph.nodes, ...forward.nodes],
    inputs: [...graph.inputs.filter((value) => !moved.includes(value.name)), ...lossInputs],
    outputs: [makeValue(loss, 'float32', [])],
    initializers,
  };
  const fed = { ...model, graph: { ...withLoss, inputs: [...withLoss.inputs, ...parameters] } };
  const answered = new Set(lossInputs.map(({ name }) => name));
  // A model may hold a batch of its own behind an open input: then its types are those of any batch.
  const types = await rowTypes(fed, (name, batch) => (answered.has(name) ? batch * answers : batch)).catch(() =>
    graphTypes(fed),
  );
  const backwardEmit = new Emitter([...namesOf(withLoss), ...trainable, learningRate, c1, c2, labels, teacher]);
  const { nodes, gradients } = backward({
    graph: withLoss,
    types: types.of(fed.graph),
    bodyTypes: types.of,
    loss,
    wrt: trainable,
    emit: backwardEmit,
    channelBlock: await channelBlock(),
    opset: standardOpset(model.opsets),
  });

  const taken = [...namesOf({ ...withLoss, nodes }), ...trainable, learningRate, c1, c2, labels, teacher];
  const summing = new Emitter(taken);
  const share = summing.fresh('share');
  const sums = request.accumulate ? sumGradients(summing, gradients, share) : [];
  const update = new Emitter(summing.names);
  const learned = parameters.filter(({ name }) => gradients.has(name));
  // What the loss does not depend on stays a constant.
  const idle = trainable.filter((name) => !gradients.has(name));
  const written = writeUpdate(
    update,
    { ...request, graph, learningRate, corrections: [c1, c2] },
    learned.map(({ name }) => ({ name, shape: (graph.initializers.get(name) as Tensor).shape })),
    request.accumulate ? new Map(sums.map(({ parameter, name }) => [parameter, name])) : gradients,
  );

  const statistics = request.statistics.map(({ name, next }) => ({ name, next, state: [] }));
  const own = ['com.microsoft', blockedDomain].map((domain) => [domain, model.opsets.get(domain) ?? 1] as const);
  const opsets = new Map([...model.opsets, ...own]);
  const modelOf = (part: Pick<Graph, 'nodes' | 'inputs' | 'initializers'>, outputs: readonly string[]): Model => {
    const values = outputs.map((name) => makeValue(name, 'float32', null));
    // The runtime would run what nothing reads as well.
    const needed = nodesFor(outputs, part.nodes);
    return { ...model, opsets, graph: { ...withLoss, ...part, nodes: needed, outputs: values, values: new Map() } };
  };
  const shapeOf = (name: string) => (graph.initializers.get(name) as Tensor).shape;
  const forwardInputs = [...withLoss.inputs, ...parameters.filter(({ name }) => !idle.includes(name))];
  const updateInputs = [...written.states, ...[learningRate, c1, c2].map((name) => makeValue(name, 'float32', []))];
  const updated = [
    written.norm,
    ...written.trained.flatMap(({ next, state }) => [next, ...state.map((each) => each.next)]),
  ];
  const moving = statistics.map(({ next }) => next);
  const idleTensors = idle.map((name) => [name, graph.initializers.get(name) as Tensor] as const);
  const forwardConstants = [...initializers, ...idleTensors, ...backwardEmit.initializers];
  const sumInputs = sums.map(({ name, parameter }) => makeValue(name, 'float32', shapeOf(parameter)));
  const parts = request.accumulate
    ? {
        model: modelOf(
          {
            nodes: [...nodes, ...summing.nodes],
            inputs: [...forwardInputs, ...sumInputs, makeValue(share, 'float32', [])],
            initializers: new Map([...forwardConstants, ...summing.initializers]),
          },
          [loss, ...moving, ...sums.map(({ next }) => next)],
        ),
        update: modelOf(
          {
            nodes: update.nodes,
            inputs: [...learned, ...sumInputs, ...updateInputs],
            initializers: update.initializers,
          },
          updated,
        ),
      }
    : {
        model: modelOf(
          {
            nodes: [...nodes, ...update.nodes],
            inputs: [...forwardInputs, ...updateInputs],
            initializers: new Map([...forwardConstants, ...update.initializers]),
          },
          [loss, ...moving, ...updated],
        ),
        update: null,
      };
  return {
    ...parts,
    gradientSums: sums,
    share,
    hints: hints.map(({ feed, teacher: value }) => ({ feed, value })),
    learningRate,
    corrections: [c1, c2],
    labels,
    teacher,
    loss,
    gradientNorm: written.norm,
    layers: new Set(graph.nodes.map((node) => node.name)),
    gradients,
    parameters: [...written.trained, ...statistics],
    logits,
    classes,
  };
}

/** sum + share · gradient, for each. */
function sumGradients(emit: Emitter, gradients: ReadonlyMap<string, string>, share: string): GradientSum[] {
  return [...gradients].map(([parameter, gradient]) => {
    const name = emit.fresh(`${parameter}:sum`);
    return { name, parameter, next: emit.add(name, emit.mul(gradient, share)) };
  });
}

/** What a final Softmax or LogSoftmax reads is what losses are written for; else the output itself. */
export function logitsOf(graph: Graph, output: string): string {
  const producer = indexGraph(graph).producer(output);
  return producer !== undefined && ['Softmax', 'LogSoftmax'].includes(producer.opType)
    ? (producer.inputs[0] as string)
    : output;
}

function writeLoss(
  request: TrainingRequest,
  emit: Emitter,
  logits: string,
  labels: string,
  teacher: string,
  classes: number,
  hints: readonly (HintPair & { readonly feed: string })[],
): string {
  const student = emit.reshape(logits, [-1, classes]);
  const terms = request.loss.map(({ name, weight }) =>
    emit.scale(
      lossNamed(name).build({ emit, student, teacher, labels, classes, temperature: request.temperature }),
      weight,
    ),
  );
  for (const { hint, weight, student: value, feed, teacherShape, projection } of hints) {
    const rank = teacherShape.length + 1;
    terms.push(emit.scale(hint.build({ emit, student: value, teacher: feed, rank, projection }), weight));
  }
  return terms.length === 1 ? (terms[0] as string) : emit.op('Sum', terms);
}

/** Size of the last axis of the logits, and how many answers a sample gets (1, or one a token). */
function sizesOf(types: ReadonlyMap<string, TypeInfo>, logits: string): { classes: number; answers: number } {
  const type = types.get(logits);
  const shape = type?.kind === 'tensor' ? type.shape : null;
  const classes = shape?.at(-1);
  if (typeof classes !== 'number') {
    throw new LatheError({
      who: `output "${logits}"`,
      what: 'its last axis has no known size, so no loss over classes can be written',
      next: 'fix the dynamic dims of the model first',
    });
  }
  const counts = (shape ?? []).slice(0, -1);
  const isKnown = counts.every((dim) => typeof dim === 'number');
  return { classes, answers: isKnown ? elementCount(counts as number[]) : 1 };
}

function dtypeOf(graph: Graph, name: string): DType {
  const tensor = graph.initializers.get(name);
  if (tensor === undefined)
    throw new LatheError({ who: `tensor "${name}"`, what: 'is not an initializer of the graph', code: 'failed' });
  return tensor.dtype;
}
