import type { EChartsOption } from 'echarts';
import { useMemo } from 'react';
import { EChart } from './echart';
import { usePalette } from './palette';

export interface ConfusionChartProps {
  readonly label: string;
  readonly names: readonly string[];
  /** Row = true class, column = predicted class. */
  readonly counts: readonly (readonly number[])[];
  readonly trueAxis: string;
  readonly predictedAxis: string;
  readonly height: number;
}

/** A confusion matrix too large for a table of its own; its heaviest pairs stand in the table beside it. */
export default function ConfusionChart(props: ConfusionChartProps) {
  const { names, counts, trueAxis, predictedAxis } = props;
  const palette = usePalette();
  const option = useMemo<EChartsOption>(() => {
    const cells = counts.flatMap((row, truth) => row.map((count, predicted) => [predicted, truth, count]));
    const most = Math.max(1, ...counts.flat());
    const axis = { axisLabel: { color: palette.dimmed, fontSize: 10, hideOverlap: true }, splitLine: { show: false } };
    return {
      grid: { left: 8, right: 8, top: 24, bottom: 24, outerBoundsMode: 'same', outerBoundsContain: 'axisLabel' },
      tooltip: {
        formatter: (item) => {
          const [predicted = 0, truth = 0, count = 0] = (item as unknown as { value: number[] }).value;
          const box = document.createElement('div');
          box.textContent = `${names[truth]} → ${names[predicted]}: ${count}`;
          return box;
        },
      },
      xAxis: { type: 'category', data: [...names], name: predictedAxis, nameLocation: 'middle', nameGap: 22, ...axis },
      yAxis: { type: 'category', data: [...names], name: trueAxis, inverse: true, ...axis },
      visualMap: {
        show: false,
        min: 0,
        max: most,
        inRange: { color: [palette.surface, palette.accent] },
      },
      series: [{ type: 'heatmap', data: cells, progressive: 4000 }],
    };
  }, [counts, names, palette, predictedAxis, trueAxis]);
  return <EChart label={props.label} height={props.height} option={option} />;
}
