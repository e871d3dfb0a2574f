import { describe, expect, it } from 'vitest';
import { multiLabel } from '../../../../src-main/evaluate/metrics/multi-label';
import { golden } from '../../../support/golden';
import { float32, int64 } from '../../../support/npz';
import { score, valuesOf } from '../../../support/score';

const reference = golden<{
  multiLabel: { truth: number[][]; scores: number[][]; microF1: number; macroF1: number; exact: number };
}>('evaluate/more-kinds.json').multiLabel;
const shape = [reference.truth.length, 5];
const labels = int64(shape, reference.truth.flat());

describe('several labels', () => {
  it('agrees with scikit-learn, for probabilities and their logits', async () => {
    const probabilities = reference.scores.flat();
    const logits = probabilities.map((p) => Math.log(p / (1 - p))).map((x) => Math.max(-50, Math.min(50, x)));
    for (const values of [probabilities, logits]) {
      const own = valuesOf(await score(multiLabel, float32(shape, values), { labels }));
      for (const name of ['microF1', 'macroF1', 'exact'] as const)
        expect(own[name], name).toBeCloseTo(reference[name], 12);
    }
  });

  it('works by hand: 2 hits of 3 given and 3 true', async () => {
    const output = float32([2, 2], [0.9, 0.8, 0.1, 0.7]);
    const judgement = await score(multiLabel, output, { labels: int64([2, 2], [1, 0, 1, 1]) });
    // First label: 1 hit, 2 true, 1 given → 2/3; second: 1 hit, 1 true, 2 given → 2/3.
    expect(valuesOf(judgement)).toEqual({
      microF1: expect.closeTo(2 / 3, 12),
      macroF1: expect.closeTo(2 / 3, 12),
      exact: 0,
    });
    expect(judgement.decisions).toEqual(['11', '01']);
  });

  it('scores the best and the worst', async () => {
    const truth = int64([2, 2], [1, 0, 0, 1]);
    expect(valuesOf(await score(multiLabel, float32([2, 2], [1, 0, 0, 1]), { labels: truth }))).toEqual({
      microF1: 1,
      macroF1: 1,
      exact: 1,
    });
    expect(valuesOf(await score(multiLabel, float32([2, 2], [0, 1, 1, 0]), { labels: truth }))).toEqual({
      microF1: 0,
      macroF1: 0,
      exact: 0,
    });
  });

  it('takes the threshold of meta.json', async () => {
    const meta = { raw: { metric: { kind: 'multi-label', threshold: 0.85 } } };
    const judgement = await score(multiLabel, float32([1, 2], [0.9, 0.8]), { labels: int64([1, 2], [1, 0]) }, { meta });
    expect(valuesOf(judgement).exact).toBe(1);
  });

  it('refuses labels that are not 0 or 1', async () => {
    await expect(score(multiLabel, float32([1, 2], [1, 0]), { labels: int64([1, 2], [2, 0]) })).rejects.toThrow(
      'holds 2; expected 0 or 1',
    );
  });
});
