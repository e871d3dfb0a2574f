/** The training loop: batches in, parameters out. The best weights on the validation rows are kept. */

import { LatheError, type Work } from '../contract';
import { type Feeds, type NdArray, zeros } from '../onnx/ir';
import type { Session } from '../onnx/session';
import { follow } from './moving-average';
import { shuffled, type TrainingSamples } from './samples';
import { learningRateAt, type Schedule } from './schedule';
import type { TrainingGraph } from './training-graph';
import { runUpdate } from './update';

export type Weights = ReadonlyMap<string, NdArray<'float32'>>;

export interface TrainingSettings {
  readonly epochs: number;
  readonly batch: number;
  /** Batches whose gradients make one update. */
  readonly accumulate: number;
  readonly learningRate: number;
  readonly schedule: Schedule;
  /** Share of all updates that warm up. */
  readonly warmup: number;
  readonly seed: number;
  /** Epochs without a better validation loss after which training ends; 0 = never early. */
  readonly patience: number;
  /** Decay of the moving average of the weights; 0 = none is kept. */
  readonly averageDecay: number;
  readonly checkpointSeconds: number;
}

export interface TrainingPlan {
  readonly graph: TrainingGraph;
  /** Of `graph.model`. */
  readonly session: Session;
  /** Of `graph.update`; null where `graph.model` updates by itself. */
  readonly updateSession: Session | null;
  readonly start: Weights;
  readonly samples: TrainingSamples;
  /** Teacher's logits of given rows, float32 [rows, classes]; null for losses without a teacher. */
  readonly teacher: ((rows: Int32Array, feeds: Feeds) => Promise<NdArray<'float32'>>) | null;
  /** Moves the pictures of a batch at random; the same number always the same way. */
  readonly augment: (feeds: Feeds, number: number) => Feeds;
  /** A figure on the validation rows for given weights; lower is better. */
  readonly validate: (weights: Weights) => Promise<number>;
  readonly settings: TrainingSettings;
}

export interface EpochRecord {
  readonly epoch: number;
  readonly loss: number;
  /** Of the better one of weights and their average. */
  readonly validation: number;
  readonly learningRate: number;
  readonly samplesPerSecond: number;
}

export interface BestWeights {
  readonly validation: number;
  readonly epoch: number;
  /** Whether they are a moving average. */
  readonly averaged: boolean;
  readonly weights: Weights;
}

/** All that a training needs to go on from where it was; what a checkpoint holds. */
export interface TrainingState {
  /** Epochs that are finished. */
  readonly epoch: number;
  /** Updates done, in all and in the epoch under way. */
  readonly step: number;
  readonly stepInEpoch: number;
  /** Of the epoch under way: Σ loss × rows, and the time it took. */
  readonly lossSum: number;
  readonly seconds: number;
  readonly weights: Weights;
  readonly optimizer: Weights;
  /** Moving average of the weights; empty where none is kept. */
  readonly average: Weights;
  readonly best: BestWeights;
  readonly history: readonly EpochRecord[];
  /** Loss of each update; one array for the whole training, which only grows. */
  readonly losses: number[];
}

export interface CheckpointStore {
  load(): Promise<TrainingState | null>;
  save(state: TrainingState): Promise<void>;
}

/**
 * Trains from the checkpoint, if there is one, else from the start. The same seed and thread count give the same curve,
 * interrupted or not: an epoch's order depends on seed and epoch alone.
 * @returns the state after the last epoch; `best` holds the weights to use
 * @throws LatheError where the loss is no longer finite (the last good state is in the checkpoint)
 */
export async function train(plan: TrainingPlan, checkpoint: CheckpointStore, work: Work): Promise<TrainingState> {
  const { settings } = plan;
  const length = trainingLength(plan);
  let state = (await checkpoint.load()) ?? (await startingState(plan));
  let savedAt = performance.now();
  while (state.epoch < settings.epochs && !isStale(state, settings.patience)) {
    work.signal.throwIfAborted();
    state = await oneUpdate(plan, state, length, checkpoint);
    const epochEnds = state.stepInEpoch === length.perEpoch;
    if (epochEnds) state = await closeEpoch(plan, state, length);
    if (epochEnds || performance.now() - savedAt >= 1000 * settings.checkpointSeconds) {
      await checkpoint.save(state);
      savedAt = performance.now();
    }
    tell(state, length, settings, work);
    // Let messages (a cancel among them) in: a run blocks the thread.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return state;
}

/** Updates of an epoch and of the whole training. */
interface TrainingLength {
  readonly perEpoch: number;
  readonly steps: number;
}

function trainingLength({ settings, samples }: TrainingPlan): TrainingLength {
  const perEpoch = Math.ceil(samples.training.length / (settings.batch * settings.accumulate));
  return { perEpoch, steps: perEpoch * settings.epochs };
}

async function startingState(plan: TrainingPlan): Promise<TrainingState> {
  const optimizer = new Map<string, NdArray<'float32'>>();
  for (const parameter of plan.graph.parameters) {
    const like = plan.start.get(parameter.name) as NdArray<'float32'>;
    for (const { name } of parameter.state) optimizer.set(name, zeros('float32', like.shape));
  }
  return {
    epoch: 0,
    step: 0,
    stepInEpoch: 0,
    lossSum: 0,
    seconds: 0,
    weights: plan.start,
    optimizer,
    average: plan.settings.averageDecay > 0 ? plan.start : new Map(),
    best: { validation: await plan.validate(plan.start), epoch: 0, averaged: false, weights: plan.start },
    history: [],
    losses: [],
  };
}

function isStale(state: TrainingState, patience: number): boolean {
  return patience > 0 && state.epoch - state.best.epoch >= patience;
}

async function oneUpdate(
  plan: TrainingPlan,
  before: TrainingState,
  length: TrainingLength,
  checkpoint: CheckpointStore,
): Promise<TrainingState> {
  const { settings, samples } = plan;
  const { step } = before;
  const started = performance.now();
  const size = settings.batch * settings.accumulate;
  const first = before.stepInEpoch * size;
  const rows = epochOrder(samples, settings.seed, before.epoch).subarray(first, first + size);
  const learningRate = rateAt(step, length, settings);
  const { loss, weights, optimizer } = await runUpdate(plan, before, rows, learningRate);
  if (!Number.isFinite(loss)) {
    await checkpoint.save(before);
    throw notFinite(step, learningRate, before);
  }
  before.losses.push(loss);
  return {
    ...before,
    step: step + 1,
    stepInEpoch: before.stepInEpoch + 1,
    lossSum: before.lossSum + loss * rows.length,
    seconds: before.seconds + (performance.now() - started) / 1000,
    weights,
    optimizer,
    average: follow(before.average, weights, settings.averageDecay, step),
  };
}

const orders = new WeakMap<TrainingSamples, { readonly key: string; readonly order: Int32Array }>();

/** The rows of an epoch in its order, kept for as long as the epoch lasts. */
function epochOrder(samples: TrainingSamples, seed: number, epoch: number): Int32Array {
  const key = `${seed} ${epoch}`;
  const known = orders.get(samples);
  if (known?.key === key) return known.order;
  const order = shuffled(samples.training, seed * 7919 + epoch + 1);
  orders.set(samples, { key, order });
  return order;
}

function rateAt(step: number, { steps }: TrainingLength, settings: TrainingSettings): number {
  const warmup = Math.round(settings.warmup * steps);
  return learningRateAt(step, steps, settings.learningRate, warmup, settings.schedule);
}

async function closeEpoch(plan: TrainingPlan, state: TrainingState, length: TrainingLength): Promise<TrainingState> {
  const epoch = state.epoch + 1;
  const rows = plan.samples.training.length;
  const candidate = await bestCandidate(plan, state, epoch);
  const record = {
    epoch,
    loss: state.lossSum / rows,
    validation: candidate.validation,
    learningRate: rateAt(state.step - 1, length, plan.settings),
    samplesPerSecond: rows / state.seconds,
  };
  return {
    ...state,
    epoch,
    stepInEpoch: 0,
    lossSum: 0,
    seconds: 0,
    best: better(state.best, candidate),
    history: [...state.history, record],
  };
}

/** The weights or their average, whichever validates better. */
async function bestCandidate(plan: TrainingPlan, state: TrainingState, epoch: number): Promise<BestWeights> {
  const { weights, average } = state;
  const plain = { validation: await plan.validate(weights), epoch, averaged: false, weights };
  if (average.size === 0) return plain;
  return better(plain, { validation: await plan.validate(average), epoch, averaged: true, weights: average });
}

/** Written so that one whose figure is not a number is left behind. */
function better(known: BestWeights, candidate: BestWeights): BestWeights {
  return candidate.validation >= known.validation ? known : candidate;
}

function tell(state: TrainingState, { steps }: TrainingLength, settings: TrainingSettings, work: Work): void {
  const epoch = Math.min(settings.epochs, state.epoch + 1);
  work.progress({
    phase: 'Training',
    fraction: state.step / steps,
    detail: `epoch ${epoch} of ${settings.epochs}, loss ${state.losses.at(-1)?.toFixed(4)}`,
  });
}

function notFinite(step: number, learningRate: number, before: TrainingState): LatheError {
  return new LatheError({
    who: 'training',
    what: `the loss was no longer finite at step ${step + 1} (epoch ${before.epoch + 1}, learning rate ${learningRate.toPrecision(3)})`,
    next: `lower the learning rate; the best weights so far (epoch ${before.best.epoch}) are kept in the checkpoint`,
    code: 'failed',
  });
}
