/** ECharts, wrapped once: only the parts in use, no animation, resized with its box, redrawn when the theme changes. */

import type { EChartsOption } from 'echarts';
import { BarChart, CustomChart, HeatmapChart, LineChart, ScatterChart, TreemapChart } from 'echarts/charts';
import {
  GridComponent,
  LegendComponent,
  MarkAreaComponent,
  MarkLineComponent,
  TooltipComponent,
  VisualMapComponent,
} from 'echarts/components';
import { type EChartsType, init, use } from 'echarts/core';
import { LabelLayout } from 'echarts/features';
import { CanvasRenderer } from 'echarts/renderers';
import { useEffect, useRef } from 'react';

use([
  BarChart,
  CanvasRenderer,
  CustomChart,
  GridComponent,
  HeatmapChart,
  LabelLayout,
  LegendComponent,
  LineChart,
  MarkAreaComponent,
  MarkLineComponent,
  ScatterChart,
  TooltipComponent,
  TreemapChart,
  VisualMapComponent,
]);

export interface EChartProps {
  /** What it shows, in a sentence: it is an image to a screen reader, and its data stand in a table. */
  readonly label: string;
  /** Pixels, or a CSS length. */
  readonly height: number | string;
  readonly option: EChartsOption;
  /** Called with the chart once, to listen to it; what it answers undoes that. */
  readonly listen?: (chart: EChartsType) => () => void;
}

export function EChart({ label, height, option, listen }: EChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<EChartsType | null>(null);
  useEffect(() => {
    if (box.current === null) return;
    const made = init(box.current);
    chart.current = made;
    const resize = new ResizeObserver(() => made.resize());
    resize.observe(box.current);
    const forget = listen?.(made);
    return () => {
      resize.disconnect();
      forget?.();
      made.dispose();
      chart.current = null;
    };
  }, [listen]);
  useEffect(() => {
    chart.current?.setOption(
      { animation: false, textStyle: { fontFamily: getComputedStyle(document.body).fontFamily }, ...option },
      { notMerge: true },
    );
  }, [option]);
  return <div ref={box} role="img" aria-label={label} style={{ width: '100%', height }} />;
}
