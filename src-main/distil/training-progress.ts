/** What a training tells of itself: figures, time left, and curves thinned out to some hundred points. */

import type { Progress, TrainingCurves, TrainingProgress } from '../contract';
import type { EpochRecord, TrainingState } from './training-state';

/** Points of a curve: more than a screen has room for is not sent. */
const curvePoints = 200;
const roundedTo = 6;

export interface TrainingClock {
  /** Updates that this process has done, and the seconds they took, validation included. */
  readonly steps: number;
  readonly seconds: number;
}

export interface TrainingBounds {
  readonly epochs: number;
  readonly perEpoch: number;
  readonly steps: number;
  readonly rowsPerStep: number;
  readonly rateAt: (step: number) => number;
}

export function trainingProgress(state: TrainingState, bounds: TrainingBounds, clock: TrainingClock): Progress {
  const { step, losses } = state;
  const { epochs, steps, rateAt } = bounds;
  const epoch = Math.min(epochs, state.epoch + 1);
  const loss = losses.at(-1) ?? 0;
  const perSecond = clock.seconds > 0 ? clock.steps / clock.seconds : 0;
  const training: TrainingProgress = {
    ...trainingCurves(state, bounds),
    epoch,
    epochs,
    loss,
    learningRate: rateAt(Math.max(0, step - 1)),
    samplesPerSecond: perSecond * bounds.rowsPerStep,
    secondsLeft: perSecond > 0 ? (steps - step) / perSecond : null,
  };
  return {
    phase: 'Training',
    fraction: step / steps,
    detail: `epoch ${epoch} of ${epochs}, loss ${loss.toFixed(4)}`,
    training,
  };
}

export function trainingCurves({ step, best, losses, history }: TrainingState, bounds: TrainingBounds): TrainingCurves {
  return {
    step,
    steps: bounds.steps,
    best: { validation: finite(best.validation), accuracy: best.accuracy, epoch: best.epoch },
    curve: lossCurve(losses, bounds.rateAt),
    validation: thinned(history, curvePoints).map((record) => validationPoint(record, bounds.perEpoch)),
  };
}

/** Means over equal stretches, so that a curve of any length keeps its shape. */
export function lossCurve(losses: readonly number[], rateAt: (step: number) => number): TrainingProgress['curve'] {
  const stretch = Math.max(1, Math.ceil(losses.length / curvePoints));
  const points: { step: number; loss: number; learningRate: number }[] = [];
  for (let first = 0; first < losses.length; first += stretch) {
    const part = losses.slice(first, first + stretch);
    const step = first + part.length;
    const mean = part.reduce((sum, loss) => sum + loss, 0) / part.length;
    points.push({ step, loss: rounded(mean), learningRate: rounded(rateAt(step - 1)) });
  }
  return points;
}

/** Every n-th, and always the last. */
function thinned<Item>(items: readonly Item[], most: number): Item[] {
  const every = Math.max(1, Math.ceil(items.length / most));
  return items.filter((_, at) => (items.length - 1 - at) % every === 0);
}

function validationPoint({ epoch, validation }: EpochRecord, perEpoch: number) {
  const loss = finite(validation);
  return { step: epoch * perEpoch, loss: loss === null ? null : rounded(loss) };
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function rounded(value: number): number {
  return Number(value.toPrecision(roundedTo));
}
