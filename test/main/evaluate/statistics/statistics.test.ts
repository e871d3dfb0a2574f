import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bootstrap, pairedBootstrap } from '../../../../src-main/evaluate/statistics/bootstrap';
import { comparePairedShares, exactMcNemar } from '../../../../src-main/evaluate/statistics/mcnemar';
import { medianInterval, quantile } from '../../../../src-main/evaluate/statistics/quantile';
import { rocAuc } from '../../../../src-main/evaluate/statistics/roc-auc';
import { type Box, countMatches, intersectionOverUnion } from '../../../../src-main/kernels';
import { wilsonInterval } from '../../../../src-main/kernels/wilson';

interface Golden {
  wilson: { hits: number; trials: number; ci95: [number, number] }[];
  mcnemar: { b: number; c: number; p: number }[];
  quantile: { values: number[]; q: Record<string, number> };
  median: { values: number[]; median: number; ci95: [number, number] }[];
  auc: { scores: number[]; positive: number[]; weights: number[]; area: number; weighted: number }[];
  bootstrap: {
    values: number[];
    ci95: [number, number];
    standardError: number;
    differences: number[];
    differenceCi95: [number, number];
    differenceStandardError: number;
  };
}
const golden = JSON.parse(
  readFileSync(new URL('../../../golden/evaluate/statistics.json', import.meta.url), 'utf8'),
) as Golden;

describe('Wilson interval', () => {
  it.each(golden.wilson)('$hits of $trials as scipy has it', ({ hits, trials, ci95 }) => {
    const own = wilsonInterval(hits, trials);
    // Same closed form; only the order of float operations differs.
    expect(Math.abs(own[0] - ci95[0])).toBeLessThan(1e-12);
    expect(Math.abs(own[1] - ci95[1])).toBeLessThan(1e-12);
  });
  it('says nothing without trials', () => expect(wilsonInterval(0, 0)).toEqual([0, 1]));
});

describe('McNemar test', () => {
  it.each(golden.mcnemar)('$b against $c as scipy has it', ({ b, c, p }) => {
    // Thousands of terms in logarithms: rounding grows to some 1e-11 of the sum.
    expect(Math.abs(exactMcNemar(b, c) - p)).toBeLessThan(1e-9);
  });

  it('pairs sample by sample', () => {
    const first = Uint8Array.from([1, 1, 1, 0, 1, 0, 1, 1]);
    const second = Uint8Array.from([1, 0, 0, 0, 1, 1, 0, 1]);
    const result = comparePairedShares(first, second);
    // By hand: 3 only the first, 1 only the second; p = 2·(1 + 4)/16; centre 2/10, error √(5 − 10·0.04)/10.
    expect(result.difference).toBe(0.25);
    expect(result.p).toBeCloseTo(0.625, 12);
    expect(result.ci95[0]).toBeCloseTo(0.2 - (1.959963984540054 * Math.sqrt(4.6)) / 10, 12);
    expect(result.ci95[1]).toBeCloseTo(0.2 + (1.959963984540054 * Math.sqrt(4.6)) / 10, 12);
    expect(comparePairedShares(first, first)).toMatchObject({ difference: 0, p: 1 });
  });
});

describe('quantiles and medians', () => {
  const sorted = Float64Array.from(golden.quantile.values).sort();
  it.each(Object.entries(golden.quantile.q))('the %s quantile as numpy has it', (q, value) => {
    expect(quantile(sorted, Number(q))).toBeCloseTo(value, 12);
  });
  it.each(golden.median)('a median and its interval as scipy has them', ({ values, median, ci95 }) => {
    expect(medianInterval(values)).toEqual({ median: expect.closeTo(median, 12), ci95 });
  });
  it('gives the whole range where five values allow no more', () => {
    expect(medianInterval([5, 1, 4, 2, 3])).toEqual({ median: 3, ci95: [1, 5] });
  });
});

describe('area under the curve', () => {
  it.each(golden.auc)('as scikit-learn has it, ties and weights included', (one) => {
    const area = rocAuc(one.scores, one.positive);
    expect(area(null)).toBeCloseTo(one.area, 12);
    expect(area(Float64Array.from(one.weights))).toBeCloseTo(one.weighted, 12);
  });
  it('is 1 for a perfect order, 0 for the reverse, ½ for no order, nothing for one class', () => {
    expect(rocAuc([1, 2, 3, 4], [0, 0, 1, 1])(null)).toBe(1);
    expect(rocAuc([4, 3, 2, 1], [0, 0, 1, 1])(null)).toBe(0);
    expect(rocAuc([7, 7, 7, 7], [0, 0, 1, 1])(null)).toBe(0.5);
    expect(rocAuc([1, 2], [1, 1])(null)).toBeNaN();
  });
});

describe('bootstrap', () => {
  const mean =
    (values: readonly number[]) =>
    (weights: Float64Array | null): number =>
      values.reduce((sum, value, at) => sum + value * (weights?.[at] ?? 1), 0) / values.length;
  const { values, ci95, standardError, differences, differenceCi95, differenceStandardError } = golden.bootstrap;
  // A percentile of 1,000 draws has a standard error of √(0.025·0.975/1000)/φ(1.96) = 0.085 of the mean's; four of them.
  const slack = 4 * 0.085;

  it('agrees with scipy within its own noise', () => {
    const [own] = bootstrap(values.length, [mean(values)]);
    expect(own?.value).toBeCloseTo(mean(values)(null), 12);
    expect(Math.abs((own?.ci95[0] as number) - ci95[0])).toBeLessThan(slack * standardError);
    expect(Math.abs((own?.ci95[1] as number) - ci95[1])).toBeLessThan(slack * standardError);
  });

  it('pairs: only the difference of each unit counts', () => {
    const second = values;
    const first = values.map((value, at) => value + (differences[at] as number));
    const [own] = pairedBootstrap(values.length, [{ first: mean(first), second: mean(second) }]);
    expect(Math.abs((own?.ci95[0] as number) - differenceCi95[0])).toBeLessThan(slack * differenceStandardError);
    expect(Math.abs((own?.ci95[1] as number) - differenceCi95[1])).toBeLessThan(slack * differenceStandardError);
    // Mean 0.3 of 60 with deviation 1: z = 2.3, p near 0.02.
    const z = mean(differences)(null) / differenceStandardError;
    expect(own?.p).toBeGreaterThan(0);
    expect((own?.p as number) < 0.05).toBe(Math.abs(z) > 2);
  });

  it('gives the same numbers each time, and p = 1 where nothing differs', () => {
    expect(bootstrap(60, [mean(values)])).toEqual(bootstrap(60, [mean(values)]));
    expect(pairedBootstrap(60, [{ first: mean(values), second: mean(values) }])[0]).toMatchObject({
      value: 0,
      ci95: [0, 0],
      p: 1,
    });
  });
});

describe('matching boxes', () => {
  const box = (x0: number, y0: number, x1: number, y1: number): Box => [x0, y0, x1, y1];
  it('measures overlap', () => {
    expect(intersectionOverUnion(box(0, 0, 2, 2), box(1, 0, 3, 2))).toBeCloseTo(1 / 3, 15);
    expect(intersectionOverUnion(box(0, 0, 2, 2), box(2, 0, 4, 2))).toBe(0);
    expect(intersectionOverUnion(box(0, 0, 2, 2), box(0, 0, 2, 2))).toBe(1);
  });
  it('gives each true box away once, to the first that overlaps it most', () => {
    const truth = [box(0, 0, 10, 10), box(20, 0, 30, 10)];
    expect(countMatches([box(0, 0, 10, 10), box(0, 0, 10, 9)], truth, 0.5)).toBe(1);
    expect(countMatches([box(0, 0, 10, 9), box(21, 0, 30, 10)], truth, 0.5)).toBe(2);
    expect(countMatches([box(0, 0, 10, 4.9)], truth, 0.5)).toBe(0);
    expect(countMatches([], truth, 0.5)).toBe(0);
    expect(countMatches([box(0, 0, 1, 1)], [], 0.5)).toBe(0);
  });
});
