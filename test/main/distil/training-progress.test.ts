import { describe, expect, it } from 'vitest';
import { trainingProgressSchema } from '../../../src-main/contract';
import { lossCurve, trainingProgress } from '../../../src-main/distil/training-progress';
import type { TrainingState } from '../../../src-main/distil/training-state';

const bounds = { epochs: 4, perEpoch: 5, steps: 20, rowsPerStep: 8, rateAt: (step: number) => 1 / (step + 1) };
const record = (epoch: number, validation: number) => ({
  epoch,
  loss: 1,
  validation,
  accuracy: 0.5,
  learningRate: 0.1,
  samplesPerSecond: 1,
});
const state: TrainingState = {
  epoch: 2,
  step: 12,
  stepInEpoch: 2,
  lossSum: 0,
  seconds: 0,
  weights: new Map(),
  optimizer: new Map(),
  average: new Map(),
  best: { validation: 0.4, accuracy: 0.9, epoch: 1, averaged: false, weights: new Map() },
  history: [record(1, 0.4), record(2, Number.NaN)],
  losses: Array.from({ length: 12 }, (_, at) => 12 - at),
};

describe('trainingProgress', () => {
  it('tells speed and time left by what this process has done', () => {
    const { training, fraction } = trainingProgress(state, bounds, { steps: 4, seconds: 2 });
    expect(fraction).toBe(0.6);
    expect(training).toMatchObject({ samplesPerSecond: 16, secondsLeft: 4, epoch: 3, loss: 1, learningRate: 1 / 12 });
  });

  it('is as the contract has it, a validation that is no number included', () => {
    const { training } = trainingProgress(state, bounds, { steps: 0, seconds: 0 });
    expect(trainingProgressSchema.parse(training)).toEqual(training);
    expect(training?.secondsLeft).toBeNull();
    expect(training?.validation).toEqual([
      { step: 5, loss: 0.4 },
      { step: 10, loss: null },
    ]);
  });
});

describe('lossCurve', () => {
  it('keeps each update of a short training', () => {
    expect(lossCurve([3, 2], bounds.rateAt)).toEqual([
      { step: 1, loss: 3, learningRate: 1 },
      { step: 2, loss: 2, learningRate: 0.5 },
    ]);
  });

  it('takes means of equal stretches of a long one', () => {
    const curve = lossCurve(
      Array.from({ length: 1000 }, (_, at) => at),
      bounds.rateAt,
    );
    expect(curve).toHaveLength(200);
    expect(curve[0]).toEqual({ step: 5, loss: 2, learningRate: 0.2 });
    expect(curve.at(-1)).toMatchObject({ step: 1000, loss: 997 });
  });
});
