/** The training loop: batches in, parameters out. The best weights on the validation rows are kept. */

import { LatheError, type TrainingCurves, type Work } from '../contract';
import { type NdArray, zeros } from '../onnx/ir';
import { firstNonFinite, type NonFinite } from './first-non-finite';
import { follow } from './moving-average';
import { shuffled, type TrainingSamples } from './samples';
import { learningRateAt } from './schedule';
import { type TrainingBounds, trainingCurves, trainingProgress } from './training-progress';
import type { BestWeights, CheckpointStore, TrainingPlan, TrainingState, Weights } from './training-state';
import { runUpdate, stepFeeds } from './update';

export interface Trained {
  /** After the last update; `best` holds the weights to use. */
  readonly state: TrainingState;
  readonly curves: TrainingCurves;
}

/**
 * Trains from the checkpoint, if there is one, else from the start. The same seed and thread count give the same curve,
 * interrupted or not: an epoch's order depends on seed and epoch alone. Whoever steers may pause it, or stop it with
 * what it has reached.
 * @throws LatheError where the loss is no longer finite (the last good state is in the checkpoint)
 */
export async function train(plan: TrainingPlan, checkpoint: CheckpointStore, work: Work): Promise<Trained> {
  const bounds = boundsOf(plan);
  const state = await updates(plan, bounds, checkpoint, work);
  return { state, curves: trainingCurves(state, bounds) };
}

/** @returns the state after the last of them */
async function updates(
  plan: TrainingPlan,
  bounds: TrainingBounds,
  checkpoint: CheckpointStore,
  work: Work,
): Promise<TrainingState> {
  const { settings } = plan;
  const stopAfter = settings.stopAfter > 0 ? settings.stopAfter : Number.POSITIVE_INFINITY;
  const saved = await checkpoint.load();
  let state = saved !== null && saved.step <= stopAfter ? saved : await startingState(plan);
  const [started, startedAt] = [state.step, performance.now()];
  let [savedAt, toldAt, idle] = [startedAt, Number.NEGATIVE_INFINITY, 0];
  while (state.epoch < settings.epochs && !isStale(state, settings.patience)) {
    work.signal.throwIfAborted();
    if (state.step >= stopAfter || work.steering?.wish === 'stop') {
      await checkpoint.save(state);
      return keepNow(plan, state);
    }
    if (work.steering?.wish === 'pause') {
      await checkpoint.save(state);
      idle += await pause(work);
      continue;
    }
    state = await oneUpdate(plan, state, bounds, checkpoint);
    const epochEnds = state.stepInEpoch === bounds.perEpoch;
    if (epochEnds) state = await closeEpoch(plan, state, bounds);
    const now = performance.now();
    if (epochEnds || now - savedAt >= 1000 * settings.checkpointSeconds) {
      await checkpoint.save(state);
      savedAt = now;
    }
    if (epochEnds || now - toldAt >= tellEveryMs) {
      const seconds = (now - startedAt - idle) / 1000;
      work.progress(trainingProgress(state, bounds, { steps: state.step - started, seconds }));
      toldAt = now;
    }
    // Let messages (a cancel among them) in: a run blocks the thread.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return state;
}

/** Often enough for an eye; a message holds the whole curve. */
const tellEveryMs = 200;

/** @returns the milliseconds that it lasted */
async function pause({ steering, signal }: Work): Promise<number> {
  const from = performance.now();
  const ended = new AbortController();
  await new Promise<void>((resolve) => {
    steering?.onChange((wish) => wish !== 'pause' && resolve(), ended.signal);
    signal.addEventListener('abort', () => resolve(), { signal: ended.signal });
  });
  ended.abort();
  return performance.now() - from;
}

/** The state with the weights of now judged as well; the checkpoint, which may go on to the end, does not know of it. */
async function keepNow(plan: TrainingPlan, state: TrainingState): Promise<TrainingState> {
  if (state.stepInEpoch === 0) return state;
  return { ...state, best: better(state.best, await bestCandidate(plan, state, state.epoch + 1)) };
}

function boundsOf({ settings, samples }: TrainingPlan): TrainingBounds {
  const rowsPerStep = settings.batch * settings.accumulate;
  const whole = samples.training.length / rowsPerStep;
  const perEpoch = settings.fullBatches ? Math.floor(whole) : Math.ceil(whole);
  if (perEpoch === 0) throw tooFew(samples.training.length, rowsPerStep);
  const steps = perEpoch * settings.epochs;
  const warmup = Math.round(settings.warmup * steps);
  const rateAt = (step: number) => learningRateAt(step, steps, settings.learningRate, warmup, settings.schedule);
  return { epochs: settings.epochs, perEpoch, steps, rowsPerStep, rateAt };
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
    best: await judged(plan, plan.start, 0, false),
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
  bounds: TrainingBounds,
  checkpoint: CheckpointStore,
): Promise<TrainingState> {
  const { settings, samples } = plan;
  const { step } = before;
  const started = performance.now();
  const size = settings.batch * settings.accumulate;
  const first = before.stepInEpoch * size;
  const rows = epochOrder(samples, settings.seed, before.epoch).subarray(first, first + size);
  const learningRate = bounds.rateAt(step);
  const { loss, gradientNorm, weights, optimizer } = await runUpdate(plan, before, rows, learningRate);
  if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) {
    await checkpoint.save(before);
    throw await notFinite(plan, before, rows, learningRate, Number.isFinite(loss) ? 'gradient' : 'loss');
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

async function closeEpoch(plan: TrainingPlan, state: TrainingState, bounds: TrainingBounds): Promise<TrainingState> {
  const epoch = state.epoch + 1;
  const rows = Math.min(plan.samples.training.length, bounds.perEpoch * bounds.rowsPerStep);
  const candidate = await bestCandidate(plan, state, epoch);
  const record = {
    epoch,
    loss: state.lossSum / rows,
    validation: candidate.validation,
    accuracy: candidate.accuracy,
    learningRate: bounds.rateAt(state.step - 1),
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
  const plain = await judged(plan, weights, epoch, false);
  if (average.size === 0) return plain;
  return better(plain, await judged(plan, average, epoch, true));
}

async function judged(plan: TrainingPlan, weights: Weights, epoch: number, averaged: boolean): Promise<BestWeights> {
  const { loss, accuracy } = await plan.validate(weights);
  return { validation: loss, accuracy, epoch, averaged, weights };
}

/** Written so that one whose figure is not a number is left behind. */
function better(known: BestWeights, candidate: BestWeights): BestWeights {
  return candidate.validation >= known.validation ? known : candidate;
}

async function notFinite(
  plan: TrainingPlan,
  before: TrainingState,
  rows: Int32Array,
  learningRate: number,
  what: 'loss' | 'gradient',
): Promise<LatheError> {
  const { step, best } = before;
  const found = await cause(plan, before, rows, learningRate);
  const mend = found?.fromStart ? 'check the model and the preprocessing of the data' : 'lower the learning rate';
  const keep = `set stopAfter to ${step} to keep the best weights up to there (those after epoch ${best.epoch})`;
  return new LatheError({
    who: 'training',
    what: `the ${what} was no longer finite at step ${step + 1} (epoch ${before.epoch + 1}, learning rate ${learningRate.toPrecision(3)})${found === null ? '' : `: ${found.what}`}`,
    next: step === 0 ? mend : `${mend}, or ${keep}`,
    code: 'failed',
  });
}

/** Batch by batch, as the update went. */
async function cause(
  plan: TrainingPlan,
  before: TrainingState,
  rows: Int32Array,
  learningRate: number,
): Promise<NonFinite | null> {
  const { batch } = plan.settings;
  for (let first = 0; first < rows.length; first += batch) {
    const some = rows.subarray(first, first + batch);
    const failed = await stepFeeds(plan, before, some, learningRate);
    const sound = await stepFeeds(plan, { ...before, weights: plan.start }, some, learningRate);
    const found = await firstNonFinite(plan.graph, failed, sound);
    if (found !== null) return found;
  }
  return null;
}

function tooFew(rows: number, rowsPerStep: number): LatheError {
  return new LatheError({
    who: 'training',
    what: `the model takes full batches alone, an update needs ${rowsPerStep} samples, and there are ${rows} to train with`,
    next: 'accumulate fewer batches, or export the model with a dynamic batch',
  });
}
