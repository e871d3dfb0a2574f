import { describe, expect, it } from 'vitest';
import type { Palette } from '../../../src-renderer/charts/palette';
import {
  diameters,
  frontPoints,
  inDrawingOrder,
  type PlotPoint,
  paretoOption,
} from '../../../src-renderer/charts/pareto-option';

const point = (id: string, x: number, y: number, more: Partial<PlotPoint> = {}): PlotPoint => ({
  id,
  name: id,
  x,
  y,
  weight: 1,
  interval: null,
  baseline: false,
  pareto: false,
  insideNoise: false,
  kind: 'quantize',
  fits: true,
  lines: [],
  ...more,
});
const palette: Palette = {
  text: '#000',
  dimmed: '#555',
  grid: '#ddd',
  surface: '#fff',
  band: '#eee',
  front: '#088',
  accent: '#33c',
  tiles: ['#33c'],
  kinds: { quantize: '#17d', baseline: '#000' },
};
const words = {
  front: 'front',
  baseline: 'baseline',
  insideNoise: 'noise',
  differs: 'differs',
  budget: 'budget',
  kinds: {},
};
const axis = { name: 'x', format: String, limit: null, from: null, to: null };

describe('frontPoints', () => {
  it('keeps what no other point beats in the two axes, from left to right', () => {
    const points = [point('slow', 5, 0.97), point('good', 2, 0.95), point('beaten', 3, 0.94), point('fast', 1, 0.9)];
    expect(frontPoints(points, 'low', 'high').map(({ id }) => id)).toEqual(['fast', 'good', 'slow']);
  });

  it('knows a metric that is better low', () => {
    const points = [point('a', 1, 3), point('b', 2, 2), point('c', 3, 4)];
    expect(frontPoints(points, 'low', 'low').map(({ id }) => id)).toEqual(['a', 'b']);
  });
});

it('makes areas, not widths, follow the weight', () => {
  const diameter = diameters([point('a', 0, 0, { weight: 4 }), point('b', 0, 0, { weight: 1 })]);
  expect(diameter(4) / diameter(1)).toBeCloseTo(2, 12);
});

describe('paretoOption', () => {
  const series = (points: PlotPoint[], limit: number | null = null) => {
    const option = paretoOption(
      {
        points,
        horizontal: { ...axis, better: 'low', limit },
        vertical: { ...axis, better: 'high' },
        words,
        hovered: null,
        selected: 'chosen',
      },
      palette,
    );
    return (option.series as { type: string; data: unknown[]; markLine?: { data: unknown[] } }[]).find(
      (one) => one.type === 'scatter',
    ) as { data: { id: string; symbol: string; itemStyle: Record<string, unknown> }[]; markLine: { data: unknown[] } };
  };

  it('marks the baseline by shape, noise as hollow, a missed budget as faint, the choice by a rim', () => {
    const data = series([
      point('baseline', 1, 1, { baseline: true, kind: 'baseline' }),
      point('noisy', 2, 1, { insideNoise: true }),
      point('over', 3, 1, { fits: false }),
      point('chosen', 4, 1),
    ]).data;
    const [baseline, noisy, over, chosen] = ['baseline', 'noisy', 'over', 'chosen'].map((id) =>
      data.find((item) => item.id === id),
    );
    expect(baseline?.symbol).toBe('diamond');
    expect(noisy?.itemStyle).toMatchObject({ color: palette.surface, borderType: 'dashed' });
    expect(over?.itemStyle).toMatchObject({ opacity: 0.25, color: '#17d' });
    expect(chosen?.itemStyle).toMatchObject({ borderWidth: 3, borderColor: palette.text });
  });

  it('draws small points over large ones and the chosen one over all', () => {
    const points = [point('small', 1, 1), point('chosen', 1, 1, { weight: 9 }), point('large', 1, 1, { weight: 4 })];
    expect(inDrawingOrder(points, null, 'chosen').map(({ id }) => id)).toEqual(['large', 'small', 'chosen']);
  });

  it('draws a budget as a line at its figure', () => {
    expect(series([point('a', 1, 1)], 2.5).markLine.data).toEqual([{ xAxis: 2.5 }]);
    expect(series([point('a', 1, 1)]).markLine.data).toEqual([]);
  });
});
