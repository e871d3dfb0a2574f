import type { LineSeriesOption } from 'echarts';
import { describe, expect, it } from 'vitest';
import type { TrainingProgress } from '../../../src-main/contract';
import type { Palette } from '../../../src-renderer/charts/palette';
import { trainingOption } from '../../../src-renderer/charts/training-option';

const palette = { text: '#000', kinds: { distil: '#93b' } } as unknown as Palette;
const words = { loss: 'Loss', validation: 'Validation', learningRate: 'Rate', step: 'Update' };
const training = (losses: readonly number[]): TrainingProgress => ({
  step: losses.length,
  steps: 100,
  epoch: 1,
  epochs: 2,
  loss: losses.at(-1) as number,
  learningRate: 0.1,
  samplesPerSecond: 1,
  secondsLeft: 1,
  best: { validation: 1, accuracy: 0.5, epoch: 0 },
  curve: losses.map((loss, at) => ({ step: at + 1, loss, learningRate: 0.1 })),
  validation: [
    { step: 1, loss: 2 },
    { step: 2, loss: null },
  ],
});
const series = (option: ReturnType<typeof trainingOption>) => option.series as LineSeriesOption[];

describe('trainingOption', () => {
  it('draws loss, validation and rate, and leaves out what is no number', () => {
    const [loss, validation, rate] = series(trainingOption(training([2, 1.5]), true, words, palette));
    expect(loss).toMatchObject({
      name: 'Loss',
      data: [
        [1, 2],
        [2, 1.5],
      ],
    });
    expect(validation).toMatchObject({ name: 'Validation', data: [[1, 2]] });
    expect(rate).toMatchObject({
      name: 'Rate',
      yAxisIndex: 1,
      data: [
        [1, 0.1],
        [2, 0.1],
      ],
    });
  });

  it('fills at least half of the width, and ends with the training', () => {
    expect(trainingOption(training([1]), true, words, palette).xAxis).toMatchObject({ min: 0, max: 2 });
    const nearlyDone = { ...training([1]), step: 90 };
    expect(trainingOption(training([1]), false, words, palette).xAxis).toMatchObject({ min: 0, max: 1 });
    expect(trainingOption(nearlyDone, true, words, palette).xAxis).toMatchObject({ min: 0, max: 100 });
  });

  it.each([
    [[2, 1.5], 'value'],
    [[2, 0.01], 'log'],
    [[2, 0], 'value'],
  ])('draws losses %j on a %s axis', (losses, type) => {
    expect(trainingOption(training(losses), true, words, palette).yAxis).toMatchObject([{ type }, { type: 'value' }]);
  });
});
