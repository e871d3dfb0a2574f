/** The trade-off as a small picture: quality against latency, the size of a model as that of its point. */

import type { Evaluation, TradeOff } from '../contract';
import { figure } from './report-figures';
import { escapeText } from './report-text';

type Row = TradeOff['rows'][number];

const width = 820;
const height = 320;
const frame = { left: 72, right: 24, top: 16, bottom: 44 };
const radii = { smallest: 6, largest: 20 };
const tickCount = 5;

interface Axis {
  readonly title: string;
  readonly at: (evaluation: Evaluation) => number;
  readonly format: (value: number) => string;
}

/** Without a quality figure the size takes its place. */
export function scatterSvg({ quality, rows }: TradeOff, exported: string): string {
  const shown = rows.filter(({ evaluation }) => quality === null || quality in evaluation.metrics);
  if (shown.length < 2) return '';
  const latency: Axis = { title: 'Latency p50', at: ({ latencyMs }) => latencyMs.p50, format: figure.ms };
  const up = quality === null ? sizeAxis : qualityAxis(quality, shown);
  const x = scale(shown, latency, [frame.left, width - frame.right]);
  const y = scale(shown, up, [height - frame.bottom, frame.top]);
  const largest = Math.max(...shown.map(({ evaluation }) => evaluation.bytes));
  const points = shown.map((row) => ({
    row,
    x: x.place(latency.at(row.evaluation)),
    y: y.place(up.at(row.evaluation)),
    // The area tells the size.
    radius: Math.max(radii.smallest, radii.largest * Math.sqrt(row.evaluation.bytes / largest)),
  }));
  const front = points
    .filter(({ row }) => row.pareto)
    .sort((a, b) => a.x - b.x)
    .map((point) => `${round(point.x)},${round(point.y)}`);
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeText(`${up.title} against latency of ${shown.length} models; the table below has the figures`)}">
${gridLines(x, y, latency, up)}
${front.length > 1 ? `<polyline class="front" points="${front.join(' ')}"/>` : ''}
${points.map((point) => pointMark(point, exported)).join('\n')}
</svg>`;
}

const sizeAxis: Axis = { title: 'Size', at: ({ bytes }) => bytes, format: figure.bytes };

function qualityAxis(name: string, rows: readonly Row[]): Axis {
  const metric = rows[0]?.evaluation.metrics[name];
  return {
    title: metric?.title ?? name,
    at: ({ metrics }) => metrics[name]?.value ?? Number.NaN,
    format: (value) => figure.metric(value, metric?.unit ?? ''),
  };
}

interface Scale {
  readonly place: (value: number) => number;
  readonly ticks: readonly number[];
}

/** A tenth of the range stays free at both ends, so that no point touches the frame. */
function scale(rows: readonly Row[], axis: Axis, [from, to]: readonly [number, number]): Scale {
  const values = rows.map(({ evaluation }) => axis.at(evaluation));
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const margin = high > low ? (high - low) / 10 : Math.abs(high) / 10 || 1;
  const [start, end] = [low - margin, high + margin];
  const place = (value: number): number => from + ((value - start) / (end - start)) * (to - from);
  const ticks = Array.from({ length: tickCount }, (_, at) => low + ((high - low) * at) / (tickCount - 1));
  return { place, ticks: high > low ? ticks : [low] };
}

function gridLines(x: Scale, y: Scale, across: Axis, up: Axis): string {
  const bottom = height - frame.bottom;
  const vertical = x.ticks.map((value) => {
    const at = round(x.place(value));
    return `<line class="grid" x1="${at}" x2="${at}" y1="${frame.top}" y2="${bottom}"/><text x="${at}" y="${bottom + 18}" text-anchor="middle">${escapeText(across.format(value))}</text>`;
  });
  const horizontal = y.ticks.map((value) => {
    const at = round(y.place(value));
    return `<line class="grid" x1="${frame.left}" x2="${width - frame.right}" y1="${at}" y2="${at}"/><text x="${frame.left - 8}" y="${at + 4}" text-anchor="end">${escapeText(up.format(value))}</text>`;
  });
  return [
    ...vertical,
    ...horizontal,
    `<text x="${width - frame.right}" y="${height - 6}" text-anchor="end">${escapeText(across.title)}, area of a point = size</text>`,
    `<text x="${frame.left}" y="${frame.top - 4}">${escapeText(up.title)}</text>`,
  ].join('\n');
}

function pointMark(point: { row: Row; x: number; y: number; radius: number }, exported: string): string {
  const { row } = point;
  const classes = [
    'point',
    ...(row.baseline ? ['original'] : []),
    ...(row.id === exported ? ['exported'] : []),
    ...(row.evaluation.speedup?.insideNoise ? ['noise'] : []),
  ];
  const leftHalf = point.x < width / 2;
  const labelX = round(point.x + (leftHalf ? 1 : -1) * (point.radius + 5));
  const circle = `<circle class="${classes.join(' ')}" cx="${round(point.x)}" cy="${round(point.y)}" r="${round(point.radius)}"/>`;
  return `${circle}<text class="name" x="${labelX}" y="${round(point.y + 4)}" text-anchor="${leftHalf ? 'start' : 'end'}">${escapeText(row.name)}</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
