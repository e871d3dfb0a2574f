import { describe, expect, it } from 'vitest';
import { regression } from '../../../../src-main/evaluate/metrics/regression';
import { golden } from '../../../support/golden';
import { float32 } from '../../../support/npz';
import { score, valuesOf } from '../../../support/score';

const reference = golden<{
  regression: { truth: number[][]; said: number[][]; mae: number; rmse: number; r2: number };
}>('evaluate/more-kinds.json').regression;
const column = (values: readonly number[]) => float32([values.length, 1], values);

describe('numbers', () => {
  it('agrees with scikit-learn over several targets', async () => {
    const shape = [reference.truth.length, 3];
    const labels = float32(shape, reference.truth.flat());
    const own = valuesOf(await score(regression, float32(shape, reference.said.flat()), { labels }));
    // Labels here are float32, there float64.
    for (const name of ['mae', 'rmse', 'r2'] as const) expect(own[name], name).toBeCloseTo(reference[name], 6);
  });

  it('works by hand', async () => {
    const own = valuesOf(await score(regression, column([1, 2, 5]), { labels: float32([3], [1, 3, 3]) }));
    // Errors 0, 1, 2; residual 5, total 8/3.
    expect(own.mae).toBeCloseTo(1, 12);
    expect(own.rmse).toBeCloseTo(Math.sqrt(5 / 3), 12);
    expect(own.r2).toBeCloseTo(1 - 15 / 8, 12);
  });

  it('scores the best, and the mean for everything as 0', async () => {
    const labels = float32([3], [1, 2, 3]);
    expect(valuesOf(await score(regression, column([1, 2, 3]), { labels }))).toEqual({ mae: 0, rmse: 0, r2: 1 });
    expect(valuesOf(await score(regression, column([2, 2, 2]), { labels })).r2).toBeCloseTo(0, 12);
  });

  it('has no R² for labels that never change', async () => {
    expect(valuesOf(await score(regression, column([1, 2]), { labels: float32([2], [1, 1]) })).r2).toBeNaN();
  });

  it('refuses labels of another size', async () => {
    await expect(score(regression, column([1, 2]), { labels: float32([2, 2], [1, 1, 1, 1]) })).rejects.toThrow(
      'should hold 1 numbers a sample, as the output does',
    );
  });
});
