import { useCallback, useMemo } from 'react';
import { barOption, barsShown, type Cost, treemapOption } from './cost-option';
import { EChart, type EChartProps } from './echart';
import { usePalette } from './palette';

export interface CostChartProps {
  readonly label: string;
  readonly costs: readonly Cost[];
  readonly form: 'bars' | 'treemap';
  /** A bar or tile was clicked. */
  readonly onChoose: (name: string) => void;
}

const barHeight = 24;
const treemapHeight = 320;

/** What costs most: bars, or tiles as large as the cost. The figures stand in the table below. */
export default function CostChart({ label, costs, form, onChoose }: CostChartProps) {
  const palette = usePalette();
  const option = useMemo(
    () => (form === 'bars' ? barOption(costs, palette) : treemapOption(costs, palette)),
    [costs, form, palette],
  );
  const listen = useCallback<NonNullable<EChartProps['listen']>>(
    (chart) => {
      const choose = ({ name }: { name?: string }) => name !== undefined && onChoose(name);
      chart.on('click', choose);
      return () => chart.off('click', choose);
    },
    [onChoose],
  );
  const bars = Math.min(barsShown, costs.filter(({ size }) => size > 0).length);
  const height = form === 'bars' ? bars * barHeight + 8 : treemapHeight;
  return <EChart key={form} label={label} height={height} option={option} listen={listen} />;
}
