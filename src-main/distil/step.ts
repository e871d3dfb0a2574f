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
import { readModel, readTensor } from '../onnx/file';
import { type Feeds, type Model, type NdArray, type Tensor, tensorFromArray } from '../onnx/ir';
import { openSession } from '../onnx/session';
import { inlineFunctions } from '../passes/inline-functions';
import { liftConstants } from '../passes/lift-constants';
import { raiseOpset } from '../passes/raise-opset';
import { resolveIf } from '../passes/resolve-if';
import { type Augmentation, augment } from './augment';
import { openCheckpoint } from './checkpoint';
import { rowsOfRun } from './fixed-runs';
import { agreementOf, crossEntropyOf, type Forward, openForward, rightOf } from './forward';
import { type HintPair, pairValues } from './hints/pair-values';
import { liftBodyWeights } from './lift-body-weights';
import { type TrainingIntent, type TrainingMethod, unprepared } from './method';
import { trainingMethods } from './methods';
import { modelKey } from './model-key';
import { optimizers } from './optimizers';
import { randomWeights } from './random-weights';
import { loadSamples, type TrainingSamples, trainingSplit } from './samples';
import type { Schedule } from './schedule';
import { type Answers, answersKey, teacherAnswers } from './teacher-answers';
import { openTeacherDistance, type TeacherDistance } from './teacher-distance';
import { type Trained, train } from './train';
import { findTrainable, type Trainable } from './trainable';
import { trainingForm } from './training-form';
import { buildTrainingGraph, type LossTerm, type TrainingGraph } from './training-graph';
import { checkMemory } from './training-memory';
import type { TrainingSettings, TrainingState, Validation, Weights } from './training-state';

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
  const hinted = await withHints(intent, form.model, taught, sample, context.seed);
  const loss = affordable(intent, labelled, method.name);
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

function statisticNotes({ graph }: Model, moved: number): string[] {
  if (moved > 0) return [`${moved} running statistics of BatchNormalization followed the batches`];
  const count = graph.nodes.filter(({ opType }) => opType === 'BatchNormalization').length;
  return count === 0
    ? []
    : [`the statistics of ${count} BatchNormalization stayed frozen (batchNorm=train moves them)`];
}

function lossNotes({ loss }: TrainingIntent, labelled: boolean): string[] {
  const dropped = !labelled && loss.some((term) => term.name === 'cross-entropy');
  return dropped ? ['the data has no labels: learned from the teacher alone'] : [];
}

/** Terms of the loss that the data can pay for. */
function affordable(intent: TrainingIntent, labelled: boolean, method: string) {
  const terms = labelled ? intent.loss : intent.loss.filter((term) => term.name !== 'cross-entropy');
  if (terms.length > 0) return terms;
  throw new LatheError({
    who: `distil ${method}`,
    what: 'learns from labels, and the data has none',
    next: 'add a "labels" array to the data, or name a model in the option teacher (in a shell: --set teacher=TEACHER.onnx)',
  });
}

/** The model that is learned from. */
interface TaughtBy {
  readonly model: Model;
  readonly output: string;
  readonly title: string;
}

async function teacherOf(intent: TrainingIntent, output: string, context: Context): Promise<TaughtBy | null> {
  if (intent.teacher === null) return null;
  const isOriginal = intent.teacher === 'original';
  const model = intent.teacher === 'original' ? context.original : await readModel(intent.teacher.path);
  const title = isOriginal ? 'the original as teacher' : `teacher ${(intent.teacher as { path: string }).path}`;
  const { outputs } = model.graph;
  const own = outputs.some((value) => value.name === output) ? output : (outputs[0]?.name as string);
  return { model, output: own, title };
}

async function withHints(
  { hints }: TrainingIntent,
  model: Model,
  teacher: TaughtBy | null,
  sample: Feeds,
  seed: number,
): Promise<{ model: Model; pairs: readonly HintPair[] }> {
  if (hints === null || teacher === null) return { model, pairs: [] };
  return pairValues(hints.pairs, hints.hint, hints.weight, model, teacher.model, sample, seed);
}

function projectionsOf(pairs: readonly HintPair[]): string[] {
  return pairs.flatMap(({ projection }) => (projection === '' ? [] : [projection]));
}

interface Teacher extends TaughtBy {
  readonly forward: Forward;
}

interface Forwards {
  readonly student: Forward;
  readonly teacher: Teacher | null;
}

/** What held-out rows are judged by. */
interface Judges extends Forwards {
  readonly loss: readonly LossTerm[];
  /** null where no term of the loss reads the teacher's answers. */
  readonly distance: TeacherDistance | null;
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

/** What a step is fed of the teacher. Values inside it are asked for at each step: they are too many to be kept. */
function lessons(
  { teacher: logits, hints }: TrainingGraph,
  teacher: Teacher,
  answers: Answers,
): (rows: Int32Array, feeds: Feeds) => Promise<Feeds> {
  if (hints.length === 0) return async (rows, feeds) => (logits === '' ? {} : { [logits]: await answers(rows, feeds) });
  return async (_rows, feeds) => {
    const told = await teacher.forward.all(feeds);
    const values = hints.map(({ feed, value }) => [feed, told.values[value] as NdArray]);
    return { ...Object.fromEntries(values), ...(logits === '' ? {} : { [logits]: told.logits }) };
  };
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

/** A moved picture has no stored answer. */
async function answersOf(
  teacher: Teacher | null,
  graph: TrainingGraph,
  samples: TrainingSamples,
  options: Options,
  context: Context,
): Promise<Answers | null> {
  if (teacher === null) return null;
  if (options.augment !== 'none') return (_rows, feeds) => teacher.forward.logits(feeds);
  const data = context.dataset?.summary.hash ?? '';
  const place = { folder: context.cacheDir, key: answersKey(teacher.model, teacher.output, data, samples.split) };
  const work = portion(context, 0.02, 0.05);
  return teacherAnswers(teacher.forward, samples, graph.classes, options.batch as number, place, work);
}

/** Held-out pictures are never moved: a teacher is asked once for each batch of them. */
function remembered(answers: Answers | null): Answers | null {
  if (answers === null) return null;
  const known = new Map<number, NdArray<'float32'>>();
  return async (rows, feeds) => {
    const first = rows[0] as number;
    const found = known.get(first) ?? (await answers(rows, feeds));
    known.set(first, found);
    return found;
  };
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

/** The loss of training, hints aside, on the held-out rows. */
async function validate(
  { student, loss, distance }: Judges,
  weights: Weights,
  samples: TrainingSamples,
  answers: Answers | null,
  atOnce: number,
): Promise<Validation> {
  const labelShare = loss.find(({ name }) => name === 'cross-entropy')?.weight ?? 0;
  const labelled = { sum: 0, right: 0, count: 0 };
  const taught = { sum: 0, right: 0, count: 0 };
  for (let first = 0; first < samples.validation.length; first += atOnce) {
    const rows = samples.validation.subarray(first, first + atOnce);
    const { feeds, labels } = samples.gather(rows);
    const logits = await student.logits(feeds, weights);
    const wanted = answers === null ? null : await answers(rows, feeds);
    checkAnswers(logits, rows.length, labels?.length ?? wanted?.shape[0] ?? 0, labels === null ? 'teacher' : 'data');
    if (labels !== null) {
      const part = crossEntropyOf(logits, labels);
      labelled.sum += part.sum;
      labelled.right += rightOf(logits, labels);
      labelled.count += part.rows;
    }
    if (wanted !== null && distance !== null) {
      const answered = wanted.shape[0] as number;
      taught.sum += answered * (await distance.between(logits, wanted));
      taught.right += agreementOf(logits, wanted);
      taught.count += answered;
    }
  }
  const mean = (sum: number, count: number) => sum / Math.max(1, count);
  const told = labelled.count > 0 ? labelled : taught;
  return {
    loss: labelShare * mean(labelled.sum, labelled.count) + mean(taught.sum, taught.count),
    accuracy: mean(told.right, told.count),
  };
}

/** One answer a sample, or one a token: as many as there are labels, or answers of the teacher. */
function checkAnswers({ shape }: NdArray, samples: number, wanted: number, from: 'teacher' | 'data'): void {
  if (shape[0] === wanted) return;
  const labels = from === 'data' ? `${wanted} labels` : `${wanted} answers of the teacher`;
  throw new LatheError({
    who: 'distil',
    what: `the output gives ${shape[0]} answers for ${samples} samples, and there are ${labels}`,
    next: 'name another output in meta.json ("output"), or give as many labels as the output has answers',
  });
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

/** Before its last epoch and not for want of progress. */
function isStopped({ stepInEpoch, epoch, best }: TrainingState, { epochs, patience }: Options): boolean {
  const stale = (patience as number) > 0 && epoch - best.epoch >= (patience as number);
  return stepInEpoch > 0 || (epoch < (epochs as number) && !stale);
}

function stopNotes(state: TrainingState, options: Options): string[] {
  if (!isStopped(state, options)) return [];
  return [
    `stopped after update ${state.step} of epoch ${state.epoch + 1} of ${options.epochs}, as stopAfter now says; the same step without it goes on from there`,
  ];
}

function historyNotes(state: TrainingState, samples: TrainingSamples): string[] {
  const first = state.history[0];
  const last = state.history.at(-1);
  if (first === undefined || last === undefined) return [];
  return [
    `trained on ${samples.training.length} samples of the ${samples.split} split, ${samples.validation.length} held out for validation`,
    `training loss ${first.loss.toFixed(4)} → ${last.loss.toFixed(4)} over ${state.epoch} epochs, ${Math.round(last.samplesPerSecond)} samples a second`,
    `best validation loss ${state.best.validation.toFixed(4)}, ${(100 * state.best.accuracy).toFixed(1)} % right, after epoch ${state.best.epoch}, whose ${state.best.averaged ? 'averaged weights' : 'weights'} are kept`,
  ];
}
