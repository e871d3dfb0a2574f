/** The training loop: batches in, parameters out. The best weights on the validation rows are kept. */

import { LatheError, type Work } from '../contract';
import { type Feeds, type NdArray, zeros } from '../onnx/ir';
import type { Session } from '../onnx/session';
import { beta1, beta2 } from './optimizers';
import { shuffled, type TrainingSamples } from './samples';
import { learningRateAt, type Schedule } from './schedule';
import type { TrainingGraph } from './training-graph';

export type Weights = ReadonlyMap<string, NdArray<'float32'>>;

export interface TrainingSettings {
  readonly epochs: number;
  readonly batch: number;
  readonly learningRate: number;
  readonly schedule: Schedule;
  /** Share of all steps that warm up. */
  readonly warmup: number;
  readonly seed: number;
  /** Epochs without a better validation loss after which training ends; 0 = never early. */
  readonly patience: number;
}

export interface TrainingPlan {
  readonly graph: TrainingGraph;
  /** Of `graph.model`. */
  readonly session: Session;
  readonly start: Weights;
  readonly samples: TrainingSamples;
  /** Teacher's logits of given rows, float32 [rows, classes]; null for losses without a teacher. */
  readonly teacher: ((rows: Int32Array, feeds: Feeds) => Promise<NdArray<'float32'>>) | null;
  /** Moves the pictures of a batch at random; the same step always the same way. */
  readonly augment: (feeds: Feeds, step: number) => Feeds;
  /** A figure on the validation rows for given weights; lower is better. */
  readonly validate: (weights: Weights) => Promise<number>;
  readonly settings: TrainingSettings;
}

export interface EpochRecord {
  readonly epoch: number;
  readonly loss: number;
  readonly validation: number;
  readonly learningRate: number;
  readonly samplesPerSecond: number;
}

/** All that a training needs to go on from where it was; what a checkpoint holds. */
export interface TrainingState {
  readonly epoch: number;
  readonly step: number;
  readonly weights: Weights;
  readonly optimizer: ReadonlyMap<string, NdArray<'float32'>>;
  readonly best: { readonly validation: number; readonly epoch: number; readonly weights: Weights };
  readonly history: readonly EpochRecord[];
}

export interface CheckpointStore {
  load(): Promise<TrainingState | null>;
  save(state: TrainingState): Promise<void>;
}

/**
 * Trains from the checkpoint, if there is one, else from the start. The same seed and thread count give the same curve,
 * interrupted or not: an epoch's order depends on seed and epoch alone.
 * @returns the state after the last epoch; `best` holds the weights to use
 * @throws LatheError where the loss is no longer finite (the best weights so far are in the checkpoint)
 */
export async function train(plan: TrainingPlan, checkpoint: CheckpointStore, work: Work): Promise<TrainingState> {
  const { settings, samples } = plan;
  const stepsPerEpoch = Math.ceil(samples.training.length / settings.batch);
  const steps = stepsPerEpoch * settings.epochs;
  let state = (await checkpoint.load()) ?? (await startingState(plan));
  while (state.epoch < settings.epochs && !isStale(state, settings.patience)) {
    state = await trainEpoch(plan, state, steps, work);
    await checkpoint.save(state);
  }
  return state;
}

async function startingState(plan: TrainingPlan): Promise<TrainingState> {
  const optimizer = new Map<string, NdArray<'float32'>>();
  for (const parameter of plan.graph.parameters) {
    const like = plan.start.get(parameter.name) as NdArray<'float32'>;
    for (const { name } of parameter.state) optimizer.set(name, zeros('float32', like.shape));
  }
  const validation = await plan.validate(plan.start);
  return {
    epoch: 0,
    step: 0,
    weights: plan.start,
    optimizer,
    best: { validation, epoch: 0, weights: plan.start },
    history: [],
  };
}

function isStale(state: TrainingState, patience: number): boolean {
  return patience > 0 && state.epoch - state.best.epoch >= patience;
}

async function trainEpoch(
  plan: TrainingPlan,
  before: TrainingState,
  steps: number,
  work: Work,
): Promise<TrainingState> {
  const { settings, samples } = plan;
  const order = shuffled(samples.training, settings.seed * 7919 + before.epoch + 1);
  const started = performance.now();
  let { weights, optimizer, step } = before;
  let [total, learningRate] = [0, 0];
  for (let first = 0; first < order.length; first += settings.batch) {
    work.signal.throwIfAborted();
    const rows = order.subarray(first, first + settings.batch);
    learningRate = learningRateAt(
      step,
      steps,
      settings.learningRate,
      Math.round(settings.warmup * steps),
      settings.schedule,
    );
    const next = await trainStep(plan, weights, optimizer, rows, step, learningRate);
    if (!Number.isFinite(next.loss)) throw notFinite(step, learningRate, before);
    ({ weights, optimizer } = next);
    total += next.loss * rows.length;
    step += 1;
    work.progress({
      phase: 'Training',
      fraction: step / steps,
      detail: `epoch ${before.epoch + 1} of ${settings.epochs}, loss ${next.loss.toFixed(4)}`,
    });
    // Let messages (a cancel among them) in: a run blocks the thread.
    await new Promise((resolve) => setImmediate(resolve));
  }
  const seconds = (performance.now() - started) / 1000;
  const validation = await plan.validate(weights);
  const epoch = before.epoch + 1;
  const record = {
    epoch,
    loss: total / order.length,
    validation,
    learningRate,
    samplesPerSecond: order.length / seconds,
  };
  // Written so that a start whose figure is not a number is left behind.
  const best = !(validation >= before.best.validation) ? { validation, epoch, weights } : before.best;
  return { epoch, step, weights, optimizer, best, history: [...before.history, record] };
}

async function trainStep(
  plan: TrainingPlan,
  weights: Weights,
  optimizer: Weights,
  rows: Int32Array,
  step: number,
  learningRate: number,
) {
  const { graph } = plan;
  const { feeds: gathered, labels } = plan.samples.gather(rows);
  const batch = plan.augment(gathered, step);
  const scalar = (value: number): NdArray<'float32'> => ({ dtype: 'float32', shape: [], data: Float32Array.of(value) });
  const feeds: Record<string, NdArray> = {
    ...batch,
    ...Object.fromEntries(weights),
    ...Object.fromEntries(optimizer),
    [graph.learningRate]: scalar(learningRate),
    [graph.corrections[0]]: scalar(1 - beta1 ** (step + 1)),
    [graph.corrections[1]]: scalar(1 - beta2 ** (step + 1)),
  };
  const read = new Set(plan.session.inputs.map((input) => input.name));
  for (const name of Object.keys(feeds)) if (!read.has(name)) delete feeds[name];
  if (graph.labels !== '')
    feeds[graph.labels] = { dtype: 'int64', shape: [rows.length], data: labels as BigInt64Array };
  if (graph.teacher !== '' && plan.teacher !== null) feeds[graph.teacher] = await plan.teacher(rows, batch);
  const found = (await plan.session.run(feeds)) as Record<string, NdArray<'float32'>>;
  const named = (pairs: readonly { name: string; next: string }[]) =>
    new Map(pairs.map(({ name, next }) => [name, found[next] as NdArray<'float32'>]));
  return {
    loss: (found[graph.loss] as NdArray<'float32'>).data[0] as number,
    weights: named(graph.parameters),
    optimizer: named(graph.parameters.flatMap((parameter) => parameter.state)),
  };
}

function notFinite(step: number, learningRate: number, before: TrainingState): LatheError {
  return new LatheError({
    who: 'training',
    what: `the loss was no longer finite at step ${step + 1} (epoch ${before.epoch + 1}, learning rate ${learningRate.toPrecision(3)})`,
    next: `lower the learning rate; the best weights so far (epoch ${before.best.epoch}) are kept in the checkpoint`,
    code: 'failed',
  });
}
