import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { differences, figures } from '../../../../src-main/evaluate/figures';
import { top1 } from '../../../../src-main/evaluate/metrics/top1';
import { float32, int64 } from '../../../support/npz';
import { score, valuesOf } from '../../../support/score';

interface Golden {
  labels: number[];
  logits: number[][];
  accuracy: number;
  top5: number;
  macroPrecision: number;
  macroRecall: number;
  macroF1: number;
  loss: number;
  perClass: Record<'precision' | 'recall' | 'f1' | 'support', number[]>;
  confusion: number[][];
}
const golden = JSON.parse(
  readFileSync(new URL('../../../golden/evaluate/top1.json', import.meta.url), 'utf8'),
) as Golden;
const rows = (scores: readonly (readonly number[])[]) =>
  float32([scores.length, scores[0]?.length ?? 0], scores.flat());
const softmax = (row: readonly number[]): number[] => {
  const powers = row.map(Math.exp);
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
};
const labels = int64([golden.labels.length], golden.labels);

describe('classes', () => {
  it('agrees with scikit-learn', async () => {
    const judgement = await score(top1, rows(golden.logits), { labels });
    const own = valuesOf(judgement);
    for (const name of ['accuracy', 'top5', 'macroPrecision', 'macroRecall', 'macroF1'] as const)
      expect(own[name], name).toBeCloseTo(golden[name], 12);
    // Logits are float32 in both; the sums are float64.
    expect(own.loss).toBeCloseTo(golden.loss, 9);
    expect(judgement.classes?.confusion).toEqual(golden.confusion);
    judgement.classes?.perClass.forEach((one, at) => {
      expect(one.precision).toBeCloseTo(golden.perClass.precision[at] as number, 12);
      expect(one.recall).toBeCloseTo(golden.perClass.recall[at] as number, 12);
      expect(one.f1).toBeCloseTo(golden.perClass.f1[at] as number, 12);
      expect(one.support).toBe(golden.perClass.support[at]);
    });
  });

  it.each([
    ['logits', (row: readonly number[]) => row],
    ['probabilities', softmax],
    ['log-probabilities', (row: readonly number[]) => softmax(row).map(Math.log)],
  ] as const)('knows %s by their sums, and says the same loss', async (scale, convert) => {
    const output = rows(golden.logits.map((row) => convert(row) as number[]));
    // Probabilities as float32 are known to 2⁻²⁴ of themselves.
    expect(valuesOf(await score(top1, output, { labels })).loss).toBeCloseTo(golden.loss, 6);
    expect(valuesOf(await score(top1, output, { labels }, { scale })).loss).toBeCloseTo(golden.loss, 6);
  });

  it('does not depend on the batch', async () => {
    const one = await score(top1, rows(golden.logits), { labels }, { batch: 1 });
    expect(valuesOf(await score(top1, rows(golden.logits), { labels }, { batch: 60 }))).toEqual(valuesOf(one));
  });

  it('scores the best and the worst', async () => {
    const best = await score(
      top1,
      rows([
        [9, 0],
        [0, 9],
      ]),
      { labels: int64([2], [0, 1]) },
    );
    expect(valuesOf(best)).toMatchObject({ accuracy: 1, macroPrecision: 1, macroRecall: 1, macroF1: 1 });
    expect(valuesOf(best).loss).toBeCloseTo(Math.log1p(Math.exp(-9)), 6);
    const worst = await score(
      top1,
      rows([
        [9, 0],
        [0, 9],
      ]),
      { labels: int64([2], [1, 0]) },
    );
    expect(valuesOf(worst)).toMatchObject({ accuracy: 0, macroPrecision: 0, macroRecall: 0, macroF1: 0 });
    expect(valuesOf(worst).loss).toBeCloseTo(9 + Math.log1p(Math.exp(-9)), 6);
  });

  it('keeps the loss finite where a probability is zero', async () => {
    const zero = await score(
      top1,
      rows([
        [1, 0],
        [0, 1],
      ]),
      { labels: int64([2], [1, 1]) },
    );
    expect(valuesOf(zero).loss).toBeCloseTo(-Math.log(2 ** -23) / 2, 12);
  });

  it('takes the first of equal scores, as numpy does', async () => {
    expect(
      (
        await score(
          top1,
          rows([
            [1, 1, 0],
            [0, 2, 2],
          ]),
          { labels: int64([2], [0, 2]) },
        )
      ).decisions,
    ).toEqual([0, 1]);
  });

  it('puts an interval on each figure and pairs differences', async () => {
    const own = await score(top1, rows(golden.logits), { labels });
    const other = await score(top1, rows(golden.logits.map((row) => [...row].reverse())), { labels });
    const found = figures(top1, own);
    for (const { value, ci95 } of Object.values(found)) {
      expect(ci95[0]).toBeLessThanOrEqual(value);
      expect(ci95[1]).toBeGreaterThanOrEqual(value);
    }
    expect(found.accuracy).toMatchObject({ unit: 'share', better: 'high', title: 'Accuracy' });
    expect(differences(top1, own, own).accuracy).toMatchObject({ value: 0, p: 1, insideNoise: true });
    const worse = differences(top1, other, own);
    expect(worse.accuracy?.insideNoise).toBe(false);
    expect(worse.accuracy?.value).toBeCloseTo(valuesOf(other).accuracy! - valuesOf(own).accuracy!, 12);
    expect(worse.loss?.value).toBeGreaterThan(0);
    expect(worse.loss?.insideNoise).toBe(false);
  });

  it.each([
    [
      'a label beyond the classes',
      rows([[1, 0]]),
      int64([1], [2]),
      /row 0 is class 2, but output "scores" scores 2 classes \(0 to 1\)/,
    ],
    ['a negative label', rows([[1, 0]]), int64([1], [-1]), /row 0 is class -1/],
    [
      'an output that is no row of scores',
      float32([1, 2, 2], [1, 2, 3, 4]),
      int64([1], [0]),
      /has shape \[1, 2, 2\] for 1 samples/,
    ],
    ['a single score', float32([1, 1], [1]), int64([1], [0]), /at least two class scores/],
    ['labels of another shape', rows([[1, 0]]), int64([1, 2], [0, 1]), /should hold one class number a sample/],
  ])('refuses %s', async (_, output, wrong, message) => {
    await expect(score(top1, output, { labels: wrong })).rejects.toThrow(message);
  });

  it('is suspicious of one class for everything, and of guessing', async () => {
    const codes = async (predict: (at: number) => number) => {
      const n = 100;
      const output = rows(
        Array.from({ length: n }, (_, at) => Array.from({ length: 10 }, (_, c) => Number(c === predict(at)))),
      );
      const judgement = await score(top1, output, {
        labels: int64(
          [n],
          Array.from({ length: n }, (_, at) => at % 10),
        ),
      });
      return judgement.suspicions.map(({ code }) => code);
    };
    expect(await codes(() => 3)).toEqual(['one-class', 'near-chance']);
    expect(await codes((at) => (at + 1) % 10)).toEqual(['near-chance']);
    expect(await codes((at) => at % 10)).toEqual([]);
  });
});
