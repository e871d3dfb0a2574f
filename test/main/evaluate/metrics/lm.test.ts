import { describe, expect, it } from 'vitest';
import { lm } from '../../../../src-main/evaluate/metrics/lm';
import { golden } from '../../../support/golden';
import { float32, int64 } from '../../../support/npz';
import { score, valuesOf } from '../../../support/score';

const reference = golden<{
  lm: {
    shape: number[];
    logits: number[][][];
    labels: number[][];
    figures: { perplexity: number; bits_per_token: number; next_token_top1: number };
  };
}>('evaluate/reference.json').lm;

describe('next tokens', () => {
  it('agrees with the reference evaluator', async () => {
    const { shape, logits, labels, figures } = reference;
    const extras = { labels: int64([6, 7], labels.flat()) };
    const own = valuesOf(await score(lm, float32(shape, logits.flat(2)), extras));
    // The reference sums logarithms in float32: 6 digits hold.
    expect(Math.abs((own.perplexity as number) / figures.perplexity - 1)).toBeLessThan(1e-5);
    expect(own.bitsPerToken).toBeCloseTo(figures.bits_per_token, 5);
    expect(own.nextTokenTop1).toBeCloseTo(figures.next_token_top1, 12);
  });

  it('has the vocabulary as perplexity where all tokens are alike', async () => {
    const own = valuesOf(await score(lm, float32([1, 2, 4], new Float32Array(8)), { labels: int64([1, 2], [3, -1]) }));
    expect(own).toEqual({ perplexity: expect.closeTo(4, 12), bitsPerToken: expect.closeTo(2, 12), nextTokenTop1: 0 });
  });

  it('scores the best', async () => {
    const own = valuesOf(await score(lm, float32([1, 2, 2], [99, 0, 0, 99]), { labels: int64([1, 2], [0, 1]) }));
    expect(own).toEqual({ perplexity: expect.closeTo(1, 12), bitsPerToken: expect.closeTo(0, 12), nextTokenTop1: 1 });
  });

  it('weighs texts by their tokens', async () => {
    const output = float32([2, 2, 2], [0, 0, 0, 0, 99, 0, 0, 0]);
    const judgement = await score(lm, output, { labels: int64([2, 2], [0, 1, 0, -1]) });
    // Two tokens of one bit each in the first text, one of none in the second.
    expect(valuesOf(judgement).bitsPerToken).toBeCloseTo(2 / 3, 12);
    const bits = judgement.measures[1];
    expect(bits?.kind === 'statistic' && bits.value(Float64Array.from([0, 2]))).toBeCloseTo(0, 12);
    expect(judgement.units).toBe(2);
  });

  it('compares the outputs of the first four texts only', () => {
    const output = float32([3, 1, 2], [1, 2, 3, 4, 5, 6]);
    const batch = { feeds: {}, extras: {}, first: 3, size: 3 };
    const rows = lm.comparable?.({ output, batch });
    expect(rows?.shape).toEqual([1, 1, 2]);
    expect(Array.from(rows?.data as Float32Array)).toEqual([1, 2]);
    expect(lm.comparable?.({ output, batch: { ...batch, first: 6 } }).shape).toEqual([0, 1, 2]);
  });

  it('refuses tokens outside the vocabulary and labels of another length', async () => {
    const output = float32([1, 2, 2], [1, 2, 3, 4]);
    await expect(score(lm, output, { labels: int64([1, 2], [0, 2]) })).rejects.toThrow(
      'asks for token 2, the output scores 2',
    );
    await expect(score(lm, output, { labels: int64([1, 1], [0]) })).rejects.toThrow('should hold 2 tokens a text');
  });
});
