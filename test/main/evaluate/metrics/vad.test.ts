import { describe, expect, it } from 'vitest';
import { vad } from '../../../../src-main/evaluate/metrics/vad';
import { golden } from '../../../support/golden';
import { float32, int64 } from '../../../support/npz';
import { score, valuesOf } from '../../../support/score';

const reference = golden<{
  vad: { scores: number[]; labels: number[]; clip: number[]; figures: { accuracy: number; auc: number } };
}>('evaluate/reference.json').vad;

const frames = (scores: readonly number[]) => float32([scores.length, 1, 1], scores);
const numbers = (values: readonly number[]) => int64([values.length], values);
const meta = { feed: 'element' as const };

describe('voice activity', () => {
  it('agrees with the reference evaluator', async () => {
    const { scores, labels, clip, figures } = reference;
    const extras = { labels: numbers(labels), clip: numbers(clip) };
    const judgement = await score(vad, frames(scores), extras, { meta });
    expect(valuesOf(judgement).accuracy).toBeCloseTo(figures.accuracy, 12);
    expect(valuesOf(judgement).auc).toBeCloseTo(figures.auc, 12);
    expect(judgement.decisions).toHaveLength(scores.length);
  });

  it('draws whole clips, or frames where there are few clips', async () => {
    const { scores, labels, clip } = reference;
    const byClip = await score(vad, frames(scores), { labels: numbers(labels), clip: numbers(clip) }, { meta });
    expect(byClip.units).toBe(12);
    const accuracy = byClip.measures[0];
    // Only the first clip drawn: its own accuracy, by hand.
    const weights = Float64Array.from({ length: 12 }, (_, at) => Number(at === 0));
    const scored = labels
      .slice(0, 10)
      .flatMap((label, at) => (label < 0 ? [] : [Number((scores[at] as number) > 0.5) === label]));
    expect(accuracy?.kind === 'statistic' && accuracy.value(weights)).toBeCloseTo(
      scored.filter(Boolean).length / scored.length,
      12,
    );
    const single = await score(vad, frames(scores), { labels: numbers(labels) }, { meta });
    expect(single.units).toBe(labels.filter((label) => label >= 0).length);
    expect(single.measures[0]?.kind).toBe('share');
  });

  it('scores the best and the worst, frames labelled −1 left out', async () => {
    const labels = numbers([1, 0, -1, 1]);
    expect(valuesOf(await score(vad, frames([0.9, 0.1, 0.9, 0.8]), { labels }, { meta }))).toEqual({
      accuracy: 1,
      auc: 1,
    });
    expect(valuesOf(await score(vad, frames([0.1, 0.9, 0.9, 0.2]), { labels }, { meta }))).toEqual({
      accuracy: 0,
      auc: 0,
    });
  });

  it('is suspicious of one answer for everything and of guessing', async () => {
    const codes = async (scores: readonly number[]) =>
      (await score(vad, frames(scores), { labels: numbers([1, 0, 1, 0]) }, { meta })).suspicions.map(
        ({ code }) => code,
      );
    expect(await codes([0.7, 0.7, 0.7, 0.7])).toEqual(['one-class']);
    expect(await codes([0.7, 0.7, 0.2, 0.2])).toEqual(['near-chance']);
    expect(await codes([0.7, 0.2, 0.7, 0.2])).toEqual([]);
  });

  it('refuses other labels', async () => {
    await expect(score(vad, frames([0.5]), { labels: numbers([2]) }, { meta })).rejects.toThrow(
      'row 0 is 2; expected 1, 0 or −1',
    );
  });
});
