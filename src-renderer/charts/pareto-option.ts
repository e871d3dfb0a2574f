/** The trade-off scatter as an ECharts option; a function of its data, so that it can be tested without a canvas. */

import type { CustomSeriesOption, EChartsOption, LineSeriesOption, ScatterSeriesOption } from 'echarts';
import type { Palette } from './palette';

export interface PlotAxis {
  readonly name: string;
  readonly better: 'high' | 'low';
  /** A tick in the axis' unit. */
  readonly format: (value: number) => string;
  /** A budget, drawn as a line. */
  readonly limit: number | null;
  /** What the axis is cut to; null = wherever the points are. */
  readonly from: number | null;
  readonly to: number | null;
}

export interface PlotPoint {
  readonly id: string;
  readonly name: string;
  readonly x: number;
  readonly y: number;
  /** What the size of the point stands for. */
  readonly weight: number;
  /** 95 % interval of y. */
  readonly interval: readonly [number, number] | null;
  readonly baseline: boolean;
  readonly pareto: boolean;
  /** No difference to the baseline can be told: drawn hollow. */
  readonly insideNoise: boolean;
  /** Key of the palette. */
  readonly kind: string;
  /** Within the budgets; else dimmed. */
  readonly fits: boolean;
  /** Figures of the tooltip, already written. */
  readonly lines: readonly string[];
}

export interface ParetoWords {
  readonly front: string;
  readonly baseline: string;
  readonly insideNoise: string;
  readonly differs: string;
  readonly budget: string;
  /** Of each key of the palette that points have. */
  readonly kinds: Readonly<Record<string, string>>;
}

export interface ParetoData {
  readonly points: readonly PlotPoint[];
  readonly horizontal: PlotAxis;
  readonly vertical: PlotAxis;
  readonly words: ParetoWords;
  readonly hovered: string | null;
  readonly selected: string | null;
}

interface Extent {
  readonly min: number;
  readonly max: number;
}
/** Of the points' range, kept free above them where an axis has an end. */
const headroom = 0.08;

/** Diameters in pixels of the lightest and the heaviest point. */
const smallest = 10;
const largest = 30;
/** With more points only the front is named. */
const mostLabels = 12;

export function paretoOption(data: ParetoData, palette: Palette): EChartsOption {
  const { points, horizontal, vertical, words } = data;
  const series: (ScatterSeriesOption | LineSeriesOption | CustomSeriesOption)[] = [
    whiskers(points, palette),
    frontLine(data, palette),
    scatter(data, palette),
  ];
  return {
    grid: { left: 8, right: 24, top: 20, bottom: 8, outerBoundsMode: 'same', outerBoundsContain: 'all' },
    legend: { show: false },
    tooltip: {
      trigger: 'item',
      backgroundColor: palette.surface,
      borderColor: palette.grid,
      textStyle: { color: palette.text, fontSize: 12 },
      formatter: (item) => {
        const point = points.find((candidate) => candidate.id === idOf(item));
        return point === undefined ? '' : tooltip(point, words);
      },
    },
    xAxis: axis(horizontal, palette, 'x'),
    yAxis: axis(vertical, palette, 'y'),
    series,
  };
}

/** The id of the point that an event or a tooltip is about. */
export function idOf(item: unknown): string | null {
  const data = (item as { data?: { id?: unknown } } | null)?.data;
  return typeof data?.id === 'string' ? data.id : null;
}

function axis({ name, format, better, from, to }: PlotAxis, palette: Palette, which: 'x' | 'y') {
  // The vertical name is turned by a quarter, and its arrow with it.
  const arrow = better === 'low' ? '←' : '→';
  return {
    type: 'value' as const,
    name: `${arrow} ${name}`,
    nameLocation: 'middle' as const,
    nameGap: which === 'x' ? 26 : 46,
    nameTextStyle: { color: palette.dimmed, fontSize: 12 },
    scale: true,
    ...(from === null ? {} : { min: from }),
    ...(to === null
      ? {}
      : { max: ({ min, max }: Extent) => Math.min(to, Math.ceil((max + (max - min) * headroom) * 100) / 100) }),
    axisLine: { lineStyle: { color: palette.grid } },
    axisLabel: { color: palette.dimmed, fontSize: 11, formatter: format, hideOverlap: true },
    splitLine: { lineStyle: { color: palette.grid } },
    boundaryGap: ['8%', '8%'] as [string, string],
  };
}

function scatter(data: ParetoData, palette: Palette): ScatterSeriesOption {
  const { points, hovered, selected, horizontal, vertical, words } = data;
  const diameter = diameters(points);
  const middle = middleOf(points);
  const baseline = points.find((point) => point.baseline);
  return {
    type: 'scatter',
    z: 5,
    clip: true,
    data: inDrawingOrder(points, hovered, selected).map((point) => {
      const color = palette.kinds[point.kind] ?? palette.dimmed;
      const active = point.id === hovered || point.id === selected;
      return {
        id: point.id,
        name: point.name,
        value: [point.x, point.y],
        symbol: point.baseline ? 'diamond' : 'circle',
        symbolSize: diameter(point.weight),
        itemStyle: {
          color: point.insideNoise ? palette.surface : color,
          borderColor: active ? palette.text : color,
          borderWidth: active ? 3 : point.insideNoise ? 2 : 1,
          borderType: point.insideNoise ? ('dashed' as const) : ('solid' as const),
          opacity: point.fits ? 1 : 0.25,
        },
        label: {
          show: active || point.baseline || (point.fits && (point.pareto || points.length <= mostLabels)),
          formatter: shorten(point.name),
          // Towards the middle, where there is room; the baseline below, out of the way of variants that are as good.
          position: point.baseline ? ('bottom' as const) : point.x < middle ? ('right' as const) : ('left' as const),
          color: palette.text,
          textBorderColor: palette.surface,
          textBorderWidth: 3,
          fontSize: 11,
          fontWeight: active ? ('bold' as const) : ('normal' as const),
        },
      };
    }),
    labelLayout: { hideOverlap: true },
    markLine: {
      silent: true,
      symbol: 'none',
      lineStyle: { color: palette.accent, type: 'dashed' },
      label: { color: palette.accent, fontSize: 11, formatter: words.budget },
      data: [
        ...(horizontal.limit === null ? [] : [{ xAxis: horizontal.limit }]),
        ...(vertical.limit === null ? [] : [{ yAxis: vertical.limit }]),
      ],
    },
    ...(baseline?.interval == null
      ? {}
      : {
          markArea: {
            silent: true,
            itemStyle: { color: palette.band },
            data: [[{ yAxis: baseline.interval[0] }, { yAxis: baseline.interval[1] }]],
          },
        }),
  };
}

/** Small ones over large ones, what a person points at over everything: nothing hides what it covers. */
export function inDrawingOrder(
  points: readonly PlotPoint[],
  hovered: string | null,
  selected: string | null,
): PlotPoint[] {
  const rank = ({ id }: PlotPoint) => (id === hovered ? 2 : id === selected ? 1 : 0);
  return [...points].sort((a, b) => rank(a) - rank(b) || b.weight - a.weight);
}

function middleOf(points: readonly PlotPoint[]): number {
  const places = points.map((point) => point.x);
  return (Math.min(...places) + Math.max(...places)) / 2;
}

/** 95 % intervals as thin vertical lines through the points. */
function whiskers(points: readonly PlotPoint[], palette: Palette): CustomSeriesOption {
  const data = points.flatMap((point) =>
    point.interval === null ? [] : [[point.x, point.interval[0], point.interval[1], point.fits ? 1 : 0]],
  );
  return {
    type: 'custom',
    clip: true,
    silent: true,
    z: 3,
    data,
    encode: { x: 0, y: [1, 2] },
    renderItem: (_params, api) => {
      const [x = 0, low = 0] = api.coord([api.value(0), api.value(1)]);
      const [, high = 0] = api.coord([api.value(0), api.value(2)]);
      return {
        type: 'line',
        shape: { x1: x, y1: low, x2: x, y2: high },
        style: { stroke: palette.dimmed, lineWidth: 1, opacity: api.value(3) === 1 ? 0.7 : 0.2 },
      };
    },
  };
}

function frontLine({ points, horizontal, vertical, words }: ParetoData, palette: Palette): LineSeriesOption {
  return {
    type: 'line',
    name: words.front,
    silent: true,
    z: 2,
    symbol: 'none',
    step: 'end',
    lineStyle: { color: palette.front, width: 1.5, type: 'dashed' },
    data: frontPoints(points, horizontal.better, vertical.better).map((point) => [point.x, point.y]),
    tooltip: { show: false },
  };
}

/**
 * The corner points of the front in the two axes that are drawn, from left to right. Only what the eye needs; which
 * variants are on the front of all three figures is said by the document.
 */
export function frontPoints(
  points: readonly PlotPoint[],
  horizontal: 'high' | 'low',
  vertical: 'high' | 'low',
): PlotPoint[] {
  const better = (a: number, b: number, direction: 'high' | 'low') => (direction === 'high' ? a > b : a < b);
  const bestFirst = [...points].sort((a, b) => {
    if (a.x !== b.x) return better(a.x, b.x, horizontal) ? -1 : 1;
    return a.y === b.y ? 0 : better(a.y, b.y, vertical) ? -1 : 1;
  });
  const front: PlotPoint[] = [];
  for (const point of bestFirst) {
    const last = front.at(-1);
    if (last === undefined || better(point.y, last.y, vertical)) front.push(point);
  }
  return front.sort((a, b) => a.x - b.x);
}

/** Area, not width, follows the weight: the eye compares areas. */
export function diameters(points: readonly PlotPoint[]): (weight: number) => number {
  const most = Math.max(...points.map((point) => point.weight), Number.MIN_VALUE);
  return (weight) => Math.max(smallest, largest * Math.sqrt(weight / most));
}

function tooltip(point: PlotPoint, words: ParetoWords): HTMLElement {
  const box = document.createElement('div');
  const name = box.appendChild(document.createElement('strong'));
  name.textContent = point.name;
  for (const line of [
    ...point.lines,
    ...(point.baseline ? [words.baseline] : [point.insideNoise ? words.insideNoise : words.differs]),
  ]) {
    box.appendChild(document.createElement('div')).textContent = line;
  }
  return box;
}

function shorten(name: string): string {
  const text = name.length > 28 ? `${name.slice(0, 27)}…` : name;
  return text.replaceAll('{', '(').replaceAll('}', ')');
}
