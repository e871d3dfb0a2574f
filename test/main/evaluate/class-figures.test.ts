import { expect, it } from 'vitest';
import { classFigures, classFiguresOfSamples, f1Of } from '../../../src-main/evaluate/class-figures';

it('are precision, recall and F1 of the counts', () => {
  // 6 of 8 calls right, 6 of 12 found: F1 = 2·0.75·0.5 / 1.25
  expect(classFigures({ hits: 6, support: 12, predicted: 8 })).toEqual({
    ...{ precision: 0.75, recall: 0.5, f1: 0.6, support: 12, predicted: 8 },
  });
});

it('are zero where nothing is there, not undefined', () => {
  expect(classFigures({ hits: 0, support: 0, predicted: 3 })).toMatchObject({ precision: 0, recall: 0, f1: 0 });
  expect(f1Of({ hits: 0, support: 0, predicted: 0 })).toBe(0);
});

it('come with intervals where they count samples', () => {
  const { precisionCi95, recallCi95 } = classFiguresOfSamples({ hits: 6, support: 12, predicted: 8 });
  expect(precisionCi95[0]).toBeLessThan(0.75);
  expect(precisionCi95[1]).toBeGreaterThan(0.75);
  // Of more samples: narrower.
  expect(recallCi95[1] - recallCi95[0]).toBeLessThan(precisionCi95[1] - precisionCi95[0]);
});
