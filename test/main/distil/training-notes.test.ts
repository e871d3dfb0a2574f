import { describe, expect, it } from 'vitest';
import type { TrainingSamples } from '../../../src-main/distil/samples';
import { historyNotes } from '../../../src-main/distil/training-notes';
import type { TrainingState } from '../../../src-main/distil/training-state';

const samples = (heldOut: number): TrainingSamples => ({
  split: 'train',
  training: new Int32Array(9 * heldOut),
  validation: new Int32Array(heldOut),
  largestLabel: 9,
  gather: () => {
    throw new Error('not read');
  },
});

/** After one epoch whose mean loss was `loss`. */
function trained(loss: number, best: Partial<TrainingState['best']>): TrainingState {
  const record = { epoch: 1, loss, validation: 1, accuracy: 1, learningRate: 1e-3, samplesPerSecond: 120.4 };
  return {
    epoch: 1,
    step: 1,
    stepInEpoch: 0,
    lossSum: 0,
    seconds: 0,
    weights: new Map(),
    optimizer: new Map(),
    average: new Map(),
    best: { validation: 0.25, accuracy: 0.9, epoch: 1, averaged: false, weights: new Map(), ...best },
    history: [record],
    losses: [],
  };
}

describe('the log of a training', () => {
  it('tells samples, losses and what was kept', () => {
    expect(historyNotes(trained(0.12345678, {}), samples(200))).toEqual([
      'Trained on 1800 samples of the train split, 200 held out for validation.',
      'Training loss 0.1235 → 0.1235 over 1 epochs, 120 samples a second.',
      'Best validation loss 0.25, 90.0 % right, after epoch 1, whose weights are kept.',
    ]);
  });

  it('says that nothing was gained where the first weights were the best', () => {
    expect(historyNotes(trained(1, { epoch: 0 }), samples(200))[2]).toMatch(
      /^No epoch was better than the weights that it began with \(validation loss 0\.25, 90\.0 % right\): they stay as they were/,
    );
  });

  it('writes losses of any size in few digits', () => {
    expect(historyNotes(trained(38312101097895.1, {}), samples(200))[1]).toContain('3.83e+13');
    expect(historyNotes(trained(0.0000123, {}), samples(200))[1]).toContain('1.23e-5');
  });

  it('gives the interval where few samples chose the weights', () => {
    // Wilson's interval of 40 of 40: 40 / (40 + 1.96²).
    expect(historyNotes(trained(1, { accuracy: 1 }), samples(40))[3]).toBe(
      'Only 40 held-out samples chose the weights: 100.0 % right of so few is 91.2 % to 100.0 % (95 % interval).',
    );
  });
});
