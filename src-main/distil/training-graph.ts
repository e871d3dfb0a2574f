/**
 * One graph for one training step: forward, loss, backward and update as ordinary ONNX operators. Its inputs are the
 * batch, the parameters and the optimiser's state; its outputs the loss and the new parameters and state.
 */

import { LatheError } from '../contract';
import { readTensor } from '../onnx/file';
import {
  attributes,
  type Dim,
  type DType,
  elementCount,
  type Graph,
  indexGraph,
  type Model,
  makeValue,
  type NdArray,
  type Tensor,
  type TypeInfo,
  type Value,
} from '../onnx/ir';
import { valueTypes } from '../onnx/session';
import { backward } from './backward';
import { Emitter, namesOf } from './emitter';
import { losses } from './losses';
import type { Optimizer } from './optimizers';
import type { RunningStatistic } from './train-batch-norm';

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
}

export interface TrainedParameter {
  /** Name of the initializer, and of the graph's input. */
  readonly name: string;
  readonly next: string;
  readonly state: readonly { readonly name: string; readonly next: string }[];
}

export interface TrainingGraph {
  readonly model: Model;
  /** Values fed beside the batch and the parameters. */
  readonly learningRate: string;
  readonly corrections: readonly [string, string];
  /** '' where the loss does not read them. */
  readonly labels: string;
  readonly teacher: string;
  readonly loss: string;
  readonly gradientNorm: string;
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
  const { model, trainable, optimizer } = request;
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
  const classes = classesOf(await valueTypes(model), logits);

  const forward = new Emitter([...namesOf(graph), learningRate, c1, c2]);
  const needs = new Set(request.loss.map((term) => lossNamed(term.name).needs));
  const labels = needs.has('labels') ? forward.fresh('labels') : '';
  const teacher = needs.has('teacher') ? forward.fresh('teacher-logits') : '';
  const loss = writeLoss(request, forward, logits, labels, teacher, classes);

  const moved = [...trainable, ...request.statistics.map((statistic) => statistic.name)];
  const parameters = moved.map((name) =>
    makeValue(name, dtypeOf(graph, name), (graph.initializers.get(name) as { shape: readonly number[] }).shape),
  );
  const initializers = new Map([...graph.initializers, ...forward.initializers]);
  for (const name of moved) initializers.delete(name);
  const lossInputs = [
    ...(labels === '' ? [] : [makeValue(labels, 'int64', ['rows'])]),
    ...(teacher === '' ? [] : [makeValue(teacher, 'float32', ['rows', classes])]),
  ];
  const withLoss: Graph = {
    ...graph,
    nodes: [...graph.nodes, ...forward.nodes],
    inputs: [...graph.inputs.filter((value) => !moved.includes(value.name)), ...lossInputs],
    outputs: [makeValue(loss, 'float32', [])],
    initializers,
  };
  const types = await valueTypes({ ...model, graph: { ...withLoss, inputs: [...withLoss.inputs, ...parameters] } });
  const backwardEmit = new Emitter([...namesOf(withLoss), ...trainable, learningRate, c1, c2, labels, teacher]);
  const { nodes, gradients } = backward({
    graph: withLoss,
    types,
    loss,
    wrt: trainable,
    emit: backwardEmit,
    constant: (name) => constantValues(initializers.get(name)),
  });

  const update = new Emitter([...namesOf({ ...withLoss, nodes }), ...trainable, learningRate, c1, c2, labels, teacher]);
  const { norm, clipped } = clipGradients(update, gradients, request.clipNorm);
  const trained: TrainedParameter[] = [];
  const states: Value[] = [];
  for (const parameter of parameters) {
    const gradient = clipped.get(parameter.name);
    if (gradient === undefined) continue;
    const shape = (parameter.type as { shape: readonly Dim[] }).shape;
    const state = optimizer.state.map((name) => update.fresh(`${parameter.name}:${name}`));
    states.push(...state.map((name) => makeValue(name, 'float32', shape)));
    const decay = shape.length > 1 ? request.weightDecay : 0;
    const inputs = {
      emit: update,
      parameter: parameter.name,
      gradient,
      state,
      learningRate,
      corrections: [c1, c2] as const,
      weightDecay: decay,
    };
    const [next, ...nextState] = optimizer.update(inputs);
    const mask = request.masks.get(parameter.name);
    const kept = mask === undefined ? next : update.mul(next, update.constant(Array.from(mask.data), mask.shape));
    trained.push({
      name: parameter.name,
      next: kept,
      state: state.map((name, at) => ({ name, next: nextState[at] as string })),
    });
  }

  trained.push(...request.statistics.map(({ name, next }) => ({ name, next, state: [] })));
  const scalars = [learningRate, c1, c2].map((name) => makeValue(name, 'float32', []));
  const inputs: Value[] = [...withLoss.inputs, ...parameters, ...states, ...scalars];
  const outputs = [
    loss,
    norm,
    ...trained.flatMap((parameter) => [parameter.next, ...parameter.state.map((each) => each.next)]),
  ];
  const training: Graph = {
    ...withLoss,
    nodes: [...nodes, ...update.nodes],
    inputs,
    outputs: outputs.map((name) => makeValue(name, 'float32', null)),
    initializers: new Map([...initializers, ...backwardEmit.initializers, ...update.initializers]),
    values: new Map(),
  };
  const opsets = new Map([...model.opsets, ['com.microsoft', model.opsets.get('com.microsoft') ?? 1]]);
  return {
    model: { ...model, opsets, graph: training },
    learningRate,
    corrections: [c1, c2],
    labels,
    teacher,
    loss,
    gradientNorm: norm,
    parameters: trained,
    logits,
    classes,
  };
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
): string {
  const student = emit.reshape(logits, [-1, classes]);
  const terms = request.loss.map(({ name, weight }) =>
    emit.scale(
      lossNamed(name).build({ emit, student, teacher, labels, classes, temperature: request.temperature }),
      weight,
    ),
  );
  return terms.length === 1 ? (terms[0] as string) : emit.op('Sum', terms);
}

function lossNamed(name: string) {
  const found = losses.find((loss) => loss.name === name);
  if (found === undefined) {
    throw new LatheError({
      who: `loss "${name}"`,
      what: 'is not known',
      next: `use ${losses.map((loss) => loss.name).join(', ')}`,
      code: 'usage',
    });
  }
  return found;
}

/** One factor for all: min(1, limit / ‖g‖). The norm is given out either way. */
function clipGradients(emit: Emitter, gradients: ReadonlyMap<string, string>, limit: number) {
  const squares = [...gradients.values()].map((gradient) =>
    emit.op('ReduceSumSquare', [gradient], { keepdims: attributes.int(0) }),
  );
  const norm = emit.op('Sqrt', [squares.length === 1 ? (squares[0] as string) : emit.op('Sum', squares)]);
  if (limit === 0) return { norm, clipped: gradients };
  const factor = emit.op('Min', [emit.scalar(1), emit.div(emit.scalar(limit), emit.add(norm, emit.scalar(1e-6)))]);
  return { norm, clipped: new Map([...gradients].map(([name, gradient]) => [name, emit.mul(gradient, factor)])) };
}

function classesOf(types: ReadonlyMap<string, TypeInfo>, logits: string): number {
  const type = types.get(logits);
  const last = type?.kind === 'tensor' ? type.shape?.at(-1) : undefined;
  if (typeof last !== 'number') {
    throw new LatheError({
      who: `output "${logits}"`,
      what: 'its last axis has no known size, so no loss over classes can be written',
      next: 'fix the dynamic dims of the model first',
    });
  }
  return last;
}

/** Values of a small constant, as operators' gradients ask for them. */
function constantValues(tensor: Tensor | undefined): readonly number[] | null {
  if (tensor === undefined || tensor.dtype === 'string' || elementCount(tensor.shape) > 65_536) return null;
  return Array.from(readTensor(tensor).data as Iterable<number | bigint>, Number);
}

function dtypeOf(graph: Graph, name: string): DType {
  const tensor = graph.initializers.get(name);
  if (tensor === undefined)
    throw new LatheError({ who: `tensor "${name}"`, what: 'is not an initializer of the graph', code: 'failed' });
  return tensor.dtype;
}
