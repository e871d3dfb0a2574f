import { describe, expect, it } from 'vitest';
import { agreement, differences, figures } from '../../../src-main/evaluate/figures';
import type { Judgement, MetricKind } from '../../../src-main/evaluate/metric';
import { meanOf } from '../../../src-main/evaluate/units';

const kind = {
  metrics: [
    { name: 'right', title: 'Right', unit: 'share', better: 'high' },
    { name: 'error', title: 'Error', unit: 'm', better: 'low' },
    { name: 'odd', title: 'Odd', unit: '1', better: 'high' },
  ],
} as unknown as MetricKind;

const judgement = (hits: readonly number[], errors: readonly number[]): Judgement => ({
  units: hits.length,
  measures: [
    { name: 'right', kind: 'share', hits: Uint8Array.from(hits) },
    { name: 'error', kind: 'statistic', value: meanOf(errors) },
    { name: 'odd', kind: 'statistic', value: () => Number.NaN },
  ],
  decisions: hits,
  classes: null,
  suspicions: [],
});

const half = Array.from({ length: 100 }, (_, at) => at % 2);
const errors = half.map((_, at) => at / 100);

describe('figures', () => {
  it('carry unit and direction, a Wilson interval for shares, a resampled one otherwise', () => {
    const { right, error } = figures(kind, judgement(half, errors));
    expect(right).toMatchObject({ title: 'Right', value: 0.5, unit: 'share', better: 'high' });
    // Wilson, 50 of 100, z = 1.96: [0.4038, 0.5962]
    expect(right?.ci95[0]).toBeCloseTo(0.4038, 4);
    expect(right?.ci95[1]).toBeCloseTo(0.5962, 4);
    expect(error).toMatchObject({ value: 0.495, unit: 'm', better: 'low' });
    // Standard error of the mean: 0.2887 / 10; a resampled interval is near ± 1.96 of it.
    expect((error?.ci95[1] ?? 0) - (error?.ci95[0] ?? 0)).toBeCloseTo(2 * 1.96 * 0.02887, 1);
  });

  it('leave out what is not defined', () => {
    expect(Object.keys(figures(kind, judgement(half, errors)))).toEqual(['right', 'error']);
  });
});

describe('differences', () => {
  it('are paired: a constant shift is certain, though both figures vary widely', () => {
    const { error } = differences(
      kind,
      judgement(
        half,
        errors.map((value) => value + 0.01),
      ),
      judgement(half, errors),
    );
    expect(error?.value).toBeCloseTo(0.01, 12);
    expect((error?.ci95[1] ?? 1) - (error?.ci95[0] ?? 0)).toBeLessThan(1e-9);
    expect(error?.insideNoise).toBe(false);
  });

  it('call noise what few samples decide', () => {
    const one = half.map((hit, at) => (at === 0 ? 1 : hit));
    const { right } = differences(kind, judgement(one, errors), judgement(half, errors));
    expect(right).toMatchObject({ value: 0.01, insideNoise: true });
  });
});

it('agreement is the share of equal decisions, null where nothing is decided', () => {
  expect(agreement([1, 2, 3, 4], [1, 2, 0, 4])?.value).toBe(0.75);
  expect(agreement(null, [1])).toBeNull();
  expect(agreement([], [])).toBeNull();
});
