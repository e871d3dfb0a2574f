import { describe, expect, it } from 'vitest';
import { retrieval } from '../../../../src-main/evaluate/metrics/retrieval';
import { golden } from '../../../support/golden';
import { float32, int64 } from '../../../support/npz';
import { score, valuesOf } from '../../../support/score';

const reference = golden<{
  retrieval: {
    shape: number[];
    tokens: number[][][];
    mask: number[][];
    role: number[];
    figures: { recall_at_1: number; mrr: number };
  };
}>('evaluate/reference.json').retrieval;

const pairs = { role: int64([4], [0, 0, 1, 1]), labels: int64([4], [0, 1, 0, 1]) };

describe('retrieval', () => {
  it('agrees with the reference evaluator', async () => {
    const { shape, tokens, mask, role, figures } = reference;
    const labels = int64(
      [20],
      Array.from({ length: 20 }, (_, at) => at % 10),
    );
    const feeds = { attention_mask: int64([20, 5], mask.flat()) };
    const judgement = await score(
      retrieval,
      float32(shape, tokens.flat(2)),
      { role: int64([20], role), labels },
      { feeds },
    );
    expect(valuesOf(judgement).recallAt1).toBeCloseTo(figures.recall_at_1, 12);
    expect(valuesOf(judgement).mrr).toBeCloseTo(figures.mrr, 12);
  });

  it('ranks by cosine, whatever the lengths', async () => {
    const output = float32([4, 2], [1, 0, 0, 1, 0.1, 0.02, 5, 90]);
    const judgement = await score(retrieval, output, pairs);
    expect(valuesOf(judgement)).toEqual({ recallAt1: 1, mrr: 1 });
    expect(judgement.decisions).toEqual([0, 1]);
  });

  it('scores the worst', async () => {
    const judgement = await score(retrieval, float32([4, 2], [1, 0, 0, 1, 0, 1, 1, 0]), pairs);
    expect(valuesOf(judgement)).toEqual({ recallAt1: 0, mrr: 0.5 });
    expect(judgement.suspicions.map(({ code }) => code)).toEqual(['near-chance']);
  });

  it('compares pooled unit vectors for fidelity', () => {
    const batch = { feeds: { attention_mask: int64([1, 2], [1, 0]) }, extras: {}, first: 0, size: 1 };
    const rows = retrieval.comparable?.({ output: float32([1, 2, 2], [3, 4, 100, 100]), batch });
    expect(rows?.shape).toEqual([1, 2]);
    expect(Array.from(rows?.data as Float32Array)).toEqual([Math.fround(0.6), Math.fround(0.8)]);
  });

  it('refuses data that does not fit', async () => {
    const output = float32([4, 2], [1, 0, 0, 1, 1, 0, 0, 1]);
    await expect(score(retrieval, output, { labels: pairs.labels })).rejects.toThrow('needs an array "role"');
    await expect(score(retrieval, output, { ...pairs, labels: int64([4], [0, 2, 0, 1]) })).rejects.toThrow(
      'row 1 names answer 2, but there are 2 answers',
    );
  });
});
