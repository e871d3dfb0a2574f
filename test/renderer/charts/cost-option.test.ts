import { describe, expect, it } from 'vitest';
import { barOption, barsShown, type Cost, treemapOption } from '../../../src-renderer/charts/cost-option';
import type { Palette } from '../../../src-renderer/charts/palette';

const palette: Palette = {
  text: '#000',
  dimmed: '#555',
  grid: '#ddd',
  surface: '#fff',
  band: '#eee',
  front: '#088',
  accent: '#33c',
  tiles: ['#111', '#222'],
  kinds: {},
};
const cost = (name: string, group: string, size: number): Cost => ({ name, group, size, text: `${size} B` });

describe('barOption', () => {
  it('shows the largest first, with its figure, and leaves out what costs nothing', () => {
    const option = barOption([cost('Relu', 'Relu', 0), cost('Add', 'Add', 2), cost('Conv', 'Conv', 9)], palette);
    expect(option).toMatchObject({
      yAxis: { data: ['Conv', 'Add'] },
      series: [{ data: [{ value: 9 }, { value: 2 }] }],
    });
    const [series] = option.series as { label: { formatter: (item: object) => string } }[];
    expect(series?.label.formatter({ dataIndex: 0 })).toBe('9 B');
  });

  it('shows no more than are read at a glance', () => {
    const many = Array.from({ length: 40 }, (_, at) => cost(`op${at}`, '', at + 1));
    expect((barOption(many, palette).yAxis as { data: unknown[] }).data).toHaveLength(barsShown);
  });
});

describe('treemapOption', () => {
  it('puts nodes of one operator together in one colour', () => {
    const option = treemapOption([cost('c1', 'Conv', 3), cost('f', 'Gemm', 1), cost('c2', 'Conv', 2)], palette);
    expect(option).toMatchObject({
      series: [
        {
          data: [
            {
              name: 'Conv',
              itemStyle: { color: '#111' },
              children: [
                { name: 'c1', value: 3 },
                { name: 'c2', value: 2 },
              ],
            },
            { name: 'Gemm', itemStyle: { color: '#222' }, children: [{ name: 'f', value: 1, text: '1 B' }] },
          ],
        },
      ],
    });
  });
});
