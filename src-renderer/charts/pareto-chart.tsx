import { Group, Text } from '@mantine/core';
import type { EChartsType } from 'echarts/core';
import { useCallback, useMemo, useRef } from 'react';
import { EChart } from './echart';
import { type Palette, usePalette } from './palette';
import { idOf, type ParetoData, type ParetoWords, paretoOption } from './pareto-option';

export interface ParetoChartProps extends ParetoData {
  readonly label: string;
  readonly height: number | string;
  readonly onHover: (id: string | null) => void;
  readonly onSelect: (id: string) => void;
}

/** Loaded by `import()`: ECharts is as large as everything else together. */
export default function ParetoChart(props: ParetoChartProps) {
  const { points, horizontal, vertical, words, hovered, selected } = props;
  const palette = usePalette();
  const option = useMemo(
    () => paretoOption({ points, horizontal, vertical, words, hovered, selected }, palette),
    [points, horizontal, vertical, words, hovered, selected, palette],
  );
  const handlers = useRef(props);
  handlers.current = props;
  const listen = useCallback((chart: EChartsType) => {
    chart.on('mouseover', (event) => {
      const id = idOf(event);
      if (id !== null) handlers.current.onHover(id);
    });
    chart.on('globalout', () => handlers.current.onHover(null));
    chart.on('mouseout', () => handlers.current.onHover(null));
    chart.on('click', (event) => {
      const id = idOf(event);
      if (id !== null) handlers.current.onSelect(id);
    });
    return () => {};
  }, []);
  return (
    <>
      <EChart label={props.label} height={props.height} option={option} listen={listen} />
      <Legend words={words} palette={palette} kinds={new Set(points.map((point) => point.kind))} />
    </>
  );
}

/** The marks of the plot, in words. */
function Legend(props: { words: ParetoWords; palette: Palette; kinds: ReadonlySet<string> }) {
  const { words, palette, kinds } = props;
  const marks = [
    { text: words.baseline, mark: <path d="M7 1l6 6-6 6-6-6z" fill={palette.text} /> },
    ...Object.entries(words.kinds)
      .filter(([kind]) => kinds.has(kind))
      .map(([kind, text]) => ({ text, mark: <circle cx="7" cy="7" r="5" fill={palette.kinds[kind]} /> })),
    { text: words.differs, mark: <circle cx="7" cy="7" r="5" fill={palette.dimmed} /> },
    {
      text: words.insideNoise,
      mark: (
        <circle cx="7" cy="7" r="5" fill="none" stroke={palette.dimmed} strokeWidth="1.5" strokeDasharray="2.5 2" />
      ),
    },
    { text: words.front, mark: <path d="M0 7h14" stroke={palette.front} strokeWidth="2" strokeDasharray="4 2" /> },
  ];
  return (
    <Group gap="md" justify="center" mt="xs">
      {marks.map(({ text, mark }) => (
        <Group key={text} gap={5} wrap="nowrap">
          <svg width="14" height="14" aria-hidden="true">
            {mark}
          </svg>
          <Text size="xs" c="dimmed">
            {text}
          </Text>
        </Group>
      ))}
    </Group>
  );
}
