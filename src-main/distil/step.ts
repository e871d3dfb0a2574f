/** Kind `distil`: training an ONNX model through its own graph. */

import { createHash } from 'node:crypto';
import {
  LatheError,
  type OptionValue,
  portion,
  type StepContext,
  type StepKind,
  type StepOutcome,
  type Targets,
  targetFilter,
} from '../contract';
import type { Dataset } from '../data/dataset';
import { Random } from '../kernels/random';
import { readTensor } from '../onnx/file';
import { type Feeds, type Model, type NdArray, type Tensor, tensorFromArray } from '../onnx/ir';
import { openSession } from '../onnx/session';
import { inlineFunctions } from '../passes/inline-functions';
import { liftConstants } from '../passes/lift-constants';
import { raiseOpset } from '../passes/raise-opset';
import { resolveIf } from '../passes/resolve-if';
import { type Augmentation, augment } from './augment';
import { openCheckpoint } from './checkpoint';
import { rowsOfRun } from './fixed-runs';
import { type Forward, openForward } from './forward';
import { liftBodyWeights } from './lift-body-weights';
import { type TrainingIntent, type TrainingMethod, unprepared } from './method';
import { trainingMethods } from './methods';
import { modelKey } from './model-key';
import { optimizers } from './optimizers';
import { randomWeights } from './random-weights';
import { loadSamples, type TrainingSamples, trainingSplit } from './samples';
import type { Schedule } from './schedule';
import {
  answersOf,
  checkInputs,
  lessons,
  projectionsOf,
  remembered,
  type TaughtBy,
  type Teacher,
  teacherOf,
  withHints,
} from './teacher';
import { openTeacherDistance } from './teacher-distance';
import { type Trained, train } from './train';
import { findTrainable, refuseOtherTypes, type Trainable } from './trainable';
import { trainingForm } from './training-form';
import { buildTrainingGraph, type TrainingGraph } from './training-graph';
import { checkMemory } from './training-memory';
import { historyNotes, isStopped, lossNotes, statisticNotes, stopNotes } from './training-notes';
import type { TrainingSettings, Weights } from './training-state';
import { type Forwards, type Judges, validate } from './validate';

type Context = StepContext<Model, Dataset>;
type Options = Readonly<Record<string, OptionValue>>;

/** Backward forms are those of this opset. */
const trainingOpset = 18;

export const distilStep: StepKind<Model, Dataset> = {
  kind: 'distil',
  title: 'Distil and train',
  defaultMethod: 'distil',
  methods: trainingMethods,
  run: (model, method, options, targets, context) => {
    const found = trainingMethods.find((each) => each.name === method);
    if (found === undefined)
      throw new LatheError({ who: `method "${method}"`, what: 'is not a distil method', code: 'usage' });
    return runTraining(model, found, options, targets, context);
  },
};

async function runTraining(
  model: Model,
  method: TrainingMethod,
  options: Options,
  targets: Targets,
  context: Context,
): Promise<StepOutcome<Model>> {
  if (context.dataset === undefined) {
    throw new LatheError({
      who: `distil ${method.name}`,
      what: 'needs samples to learn from',
      next: 'choose a dataset (in a shell: --data)',
    });
  }
  const lifted = liftBodyWeights(resolveIf(liftConstants(inlineFunctions(model).model).model).model);
  const { model: raised } = await raiseOpset(lifted, Math.max(trainingOpset, model.opsets.get('') ?? 0));
  const mayTouch = targetFilter(targets);
  const preparation = method.prepare?.(raised, options, mayTouch) ?? unprepared(raised);
  const { model: prepared, finish } = preparation;
  const output = context.dataset.meta.output ?? (prepared.graph.outputs[0]?.name as string);
  const trainable = findTrainable(prepared.graph, mayTouch, preparation);
  refuseOtherTypes(trainable);
  const intent = method.intent(prepared, trainable.weights, options);
  const inputs = prepared.graph.inputs
    .map((value) => value.name)
    .filter((name) => !prepared.graph.initializers.has(name));
  // One sample tells all that can be refused, before the others are read.
  const split = trainingSplit(context.dataset);
  const { feeds } = await split.read(0, 1);
  const sample = Object.fromEntries(inputs.flatMap((name) => (feeds[name] ? [[name, feeds[name]]] : [])));
  const labelled = (await split.array('labels')) !== undefined;
  const form = await trainingForm(prepared, sample, options.batch as number, options.batchNorm === 'train', {
    trained: trainable.names,
    learnedFrom: [output, ...(intent.hints?.pairs ?? []).map(({ student }) => student)],
  });
  const taught = await teacherOf(intent, output, context);
  if (taught !== null) checkInputs(taught, sample);
  const hinted = await withHints(intent, form.model, taught, sample, context.seed);
  const loss = affordable(intent, labelled, method);
  const graph = await buildTrainingGraph({
    model: hinted.model,
    hints: hinted.pairs,
    statistics: form.statistics,
    trainable: [...trainable.names, ...projectionsOf(hinted.pairs)],
    output,
    loss,
    temperature: intent.temperature,
    optimizer:
      optimizers.find((each) => each.name === options.optimizer) ?? (optimizers[0] as (typeof optimizers)[number]),
    weightDecay: options.weightDecay as number,
    clipNorm: options.clipNorm as number,
    masks: intent.masks,
    accumulate: (options.accumulate as number) > 1,
  });
  const reading = portion(context, 0, 0.02, 'Reading samples');
  const samples = await loadSamples(context.dataset, inputs, context.seed, reading);
  if (graph.labels !== '') checkLabels(samples, graph.classes);
  const distance = await openTeacherDistance(loss, intent.temperature, graph.classes);
  const { state, curves } = await withForwards(prepared, output, graph, taught, options.threads as number, (forwards) =>
    runLoop(graph, samples, { ...forwards, loss, distance }, options, {
      context,
      method,
      model: prepared,
      hinted: hinted.model,
    }),
  ).finally(() => distance?.release());
  const skipped = [...trainable.skipped, ...preparation.skipped, ...withoutGradient(graph, trainable)];
  const changed = trainable.names.filter((name) => graph.gradients.has(name)).length;
  return {
    model: finish(withWeights(prepared, state.best.weights)),
    eligible: changed + skipped.length,
    changed,
    skipped,
    notes: [
      ...statisticNotes(prepared, form.statistics.length),
      ...preparation.notes,
      ...intent.notes,
      ...lossNotes(intent, labelled),
      ...historyNotes(state, samples),
      ...stopNotes(state, options),
    ],
    performed: isStopped(state, options) ? { stopAfter: state.step } : undefined,
    training: curves,
  };
}

/** Weights that the output does not depend on by a derivative. */
function withoutGradient({ gradients }: TrainingGraph, { names, readerOf }: Trainable) {
  return names
    .filter((name) => !gradients.has(name))
    .map((name) => ({
      node: readerOf(name),
      reason: `no derivative of the output reaches "${name}": it stayed as it was`,
    }));
}

/** Terms of the loss that the data can pay for. */
function affordable(intent: TrainingIntent, labelled: boolean, { name, options }: TrainingMethod) {
  const terms = labelled ? intent.loss : intent.loss.filter((term) => term.name !== 'cross-entropy');
  if (terms.length > 0) return terms;
  throw new LatheError({
    who: `distil ${name}`,
    what: 'learns from labels, and the data has none',
    next: `add a "labels" array to the data, or ${learnWithoutLabels(options)}`,
  });
}

/** What else the user can do, by what the method lets one choose. */
function learnWithoutLabels(options: TrainingMethod['options']): string {
  const named = 'name a model in the option teacher (in a shell: --set teacher=TEACHER.onnx)';
  if ('teacher' in options) return named;
  return 'alpha' in options
    ? 'let the teacher have a share of the loss (alpha above 0)'
    : `take the method distil and ${named}`;
}

async function withForwards<T>(
  model: Model,
  output: string,
  graph: TrainingGraph,
  taught: TaughtBy | null,
  threads: number,
  use: (forwards: Forwards) => Promise<T>,
): Promise<T> {
  const own = graph.parameters.map(({ name }) => name).filter((name) => model.graph.initializers.has(name));
  const student = await openForward(model, output, own, graph.classes, 'student', [], threads);
  let teacher: Teacher | null = null;
  try {
    if (taught !== null) {
      const values = graph.hints.map(({ value }) => value);
      const forward = await openForward(taught.model, taught.output, [], graph.classes, taught.title, values, threads);
      teacher = { ...taught, forward };
    }
    return await use({ student, teacher });
  } finally {
    await student.release();
    await teacher?.forward.release();
  }
}

async function runLoop(
  graph: TrainingGraph,
  samples: TrainingSamples,
  judges: Judges,
  options: Options,
  { context, method, model, hinted }: { context: Context; method: TrainingMethod; model: Model; hinted: Model },
): Promise<Trained> {
  const { student, teacher } = judges;
  const given = new Map(
    graph.parameters.map(({ name }) => [
      name,
      initialValues(model.graph.initializers.has(name) ? model : hinted, name),
    ]),
  );
  const kept = options.weights === 'random' ? randomWeights(model.graph, given, context.seed) : given;
  await checkRoom(graph, samples, student, kept, options);
  const threads = options.threads as number;
  // Kernels that onnxruntime fuses from Q/DQ pairs would hide the real values that the backward reads.
  const fake = model.graph.nodes.some((node) => node.opType === 'QuantizeLinear');
  const session = await openSession(graph.model, { optimization: fake ? 'basic' : 'all', keepBuffers: true, threads });
  const updateSession = graph.update === null ? null : await openSession(graph.update, { keepBuffers: true, threads });
  try {
    const augmentation = options.augment as Augmentation;
    const answers = await answersOf(teacher, graph, samples, options, context);
    const heldOutAnswers = options.augment === 'none' ? answers : remembered(answers);
    const layout = layoutOf(model);
    const key = checkpointKey({ model, start: kept, teacher: teacher?.model ?? null }, method.name, options, context);
    const plan = {
      graph,
      session,
      updateSession,
      start: kept,
      samples,
      settings: settingsOf(options, context.seed, rowsOfRun(model.graph) !== null),
      teacher: teacher === null || answers === null ? null : lessons(graph, teacher, answers),
      augment: (feeds: Feeds, number: number) =>
        augment(feeds, augmentation, layout, new Random(context.seed * 31 + number)),
      validate: (weights: Weights) => validate(judges, weights, samples, heldOutAnswers, options.batch as number),
    };
    return await train(plan, openCheckpoint(context.cacheDir, key), portion(context, 0.05, 1));
  } finally {
    await session.release();
    await updateSession?.release();
  }
}

/** Before anything long is begun. */
async function checkRoom(
  graph: TrainingGraph,
  samples: TrainingSamples,
  student: Forward,
  weights: Weights,
  options: Options,
): Promise<void> {
  const { feeds } = samples.gather(samples.validation.subarray(0, 1));
  const [answers] = (await student.logits(feeds, weights)).shape as [number];
  const limit = (options.memoryLimit as number) > 0 ? 1e6 * (options.memoryLimit as number) : process.availableMemory();
  await checkMemory(graph, Math.min(options.batch as number, samples.training.length), limit, answers);
}

function settingsOf(options: Options, seed: number, fullBatches: boolean): TrainingSettings {
  return {
    epochs: options.epochs as number,
    batch: options.batch as number,
    accumulate: options.accumulate as number,
    learningRate: options.learningRate as number,
    schedule: options.schedule as Schedule,
    warmup: options.warmup as number,
    patience: options.patience as number,
    averageDecay: options.average as number,
    checkpointSeconds: options.checkpointSeconds as number,
    fullBatches,
    stopAfter: options.stopAfter as number,
    seed,
  };
}

/** Where the channels of pictures are: one, three or four of them stand first or last. */
function layoutOf(model: Model): 'NCHW' | 'NHWC' {
  const shapes = model.graph.inputs.flatMap(({ type }) =>
    type?.kind === 'tensor' && type.shape?.length === 4 ? [type.shape] : [],
  );
  const few = (dim: unknown) => dim === 1 || dim === 3 || dim === 4;
  return shapes.some((shape) => few(shape[3]) && !few(shape[1])) ? 'NHWC' : 'NCHW';
}

/** Labels name classes that the model has. */
function checkLabels({ largestLabel }: TrainingSamples, classes: number): void {
  if (largestLabel < classes) return;
  throw new LatheError({
    who: 'labels',
    what: `name class ${largestLabel}, and the output has the classes 0 to ${classes - 1}`,
    next: 'check the labels, or name another output in meta.json ("output")',
  });
}

function withWeights(model: Model, weights: Weights): Model {
  const initializers = new Map(model.graph.initializers);
  // What projects hints is no part of the model.
  for (const [name, values] of weights)
    if (initializers.has(name)) initializers.set(name, tensorFromArray(name, values));
  return { ...model, graph: { ...model.graph, initializers } };
}

/** Weights and running statistics as the model holds them. */
function initialValues(model: Model, name: string): NdArray<'float32'> {
  return readTensor(model.graph.initializers.get(name) as Tensor) as NdArray<'float32'>;
}

/** What a checkpoint belongs to: model, first weights and teacher, the data, the method with its options, the seed. */
function checkpointKey(
  { model, start, teacher }: { model: Model; start: Weights; teacher: Model | null },
  method: string,
  options: Options,
  context: Context,
): string {
  const hash = createHash('sha256');
  const { checkpointSeconds: _, stopAfter: __, memoryLimit: ___, ...telling } = options;
  const models = [modelKey(model), teacher === null ? null : modelKey(teacher)];
  hash.update(JSON.stringify([method, telling, context.seed, context.dataset?.summary.hash, models]));
  for (const [name, values] of start)
    hash.update(name).update(new Uint8Array(values.data.buffer, values.data.byteOffset, values.data.byteLength));
  return hash.digest('hex');
}
