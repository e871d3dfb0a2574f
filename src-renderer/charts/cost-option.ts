/** What a cost chart shows, as an option of ECharts: bars by operator, or a treemap of nodes. */

import type { EChartsOption } from 'echarts';
import type { Palette } from './palette';

export interface Cost {
  readonly name: string;
  /** What it is grouped by in a treemap: the operator. */
  readonly group: string;
  readonly size: number;
  /** The size as people read it. */
  readonly text: string;
}

/** Bars below each other are read up to here; the table holds the rest. */
export const barsShown = 12;

/** Largest on top. */
export function barOption(costs: readonly Cost[], palette: Palette): EChartsOption {
  const shown = largest(costs, barsShown);
  return {
    grid: { left: 8, right: 72, top: 4, bottom: 4, outerBoundsMode: 'same', outerBoundsContain: 'axisLabel' },
    xAxis: { type: 'value', show: false, max: 'dataMax' },
    yAxis: {
      type: 'category',
      inverse: true,
      data: shown.map(({ name }) => name),
      axisLine: { show: false },
      axisTick: { show: false },
      axisLabel: { color: palette.text, fontSize: 11, width: 190, overflow: 'truncate' },
    },
    series: [
      {
        type: 'bar',
        barMaxWidth: 16,
        itemStyle: { color: palette.accent, borderRadius: 2 },
        cursor: 'pointer',
        label: {
          show: true,
          position: 'right',
          color: palette.dimmed,
          fontSize: 11,
          formatter: ({ dataIndex }) => shown[dataIndex]?.text ?? '',
        },
        data: shown.map(({ name, size }) => ({ name, value: size })),
      },
    ],
  };
}

/** Tiles as large as what they cost, those of one operator together and in one colour. */
export function treemapOption(costs: readonly Cost[], palette: Palette): EChartsOption {
  const groups = new Map<string, Cost[]>();
  for (const cost of costs.filter(({ size }) => size > 0))
    groups.set(cost.group, [...(groups.get(cost.group) ?? []), cost]);
  const heading = { color: palette.text, fontSize: 11, height: 18, backgroundColor: 'transparent', show: true };
  return {
    tooltip: {
      borderColor: palette.grid,
      backgroundColor: palette.surface,
      textStyle: { color: palette.text, fontSize: 12 },
      formatter: (item) => {
        const { name, data } = item as unknown as { name: string; data: { text?: string } };
        const box = document.createElement('div');
        box.textContent = data.text === undefined ? name : `${name}: ${data.text}`;
        return box;
      },
    },
    series: [
      {
        type: 'treemap',
        roam: false,
        nodeClick: false,
        breadcrumb: { show: false },
        left: 0,
        right: 0,
        top: 0,
        bottom: 0,
        upperLabel: { ...heading, formatter: '{b}' },
        label: { color: '#ffffff', fontSize: 10, overflow: 'truncate', formatter: '{b}' },
        itemStyle: { borderColor: palette.surface, borderWidth: 0, gapWidth: 1 },
        levels: [
          { itemStyle: { gapWidth: 3 }, upperLabel: { show: false } },
          { itemStyle: { gapWidth: 1, borderColor: palette.surface, borderWidth: 1 }, upperLabel: heading },
        ],
        data: [...groups].map(([group, members], index) => ({
          name: group,
          itemStyle: { color: palette.tiles[index % palette.tiles.length] as string },
          children: members.map(({ name, size, text }) => ({ name, value: size, text })),
        })),
      },
    ],
  };
}

function largest(costs: readonly Cost[], count: number): Cost[] {
  return costs
    .filter(({ size }) => size > 0)
    .sort((a, b) => b.size - a.size)
    .slice(0, count);
}
