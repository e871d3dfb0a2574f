/**
 * The trade-off as a small picture: quality against time, the size of a model as that of its point. Time is that of the
 * paired rounds, as a share of the original's, since models of one table were measured at different times.
 */

import type { Evaluation, TradeOff } from '../contract';
import { figure } from './report-figures';
import { escapeText } from './report-text';

type Row = TradeOff['rows'][number];

const width = 820;
const height = 320;
const frame = { left: 72, right: 24, top: 28, bottom: 44 };
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
  const up = quality === null ? sizeAxis : qualityAxis(quality, shown);
  const x = scale(shown, time, [frame.left, width - frame.right]);
  const y = scale(shown, up, [height - frame.bottom, frame.top]);
  const largest = Math.max(...shown.map(({ evaluation }) => evaluation.bytes));
  const points = shown.map((row) => ({
    row,
    x: x.place(time.at(row.evaluation)),
    y: y.place(up.at(row.evaluation)),
    // The area tells the size.
    radius: Math.max(radii.smallest, radii.largest * Math.sqrt(row.evaluation.bytes / largest)),
  }));
  const front = points
    .filter(({ row }) => row.pareto)
    .sort((a, b) => a.x - b.x)
    .map((point) => `${round(point.x)},${round(point.y)}`);
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeText(`${up.title} against time of ${shown.length} models; the table below has the figures`)}">
${gridLines(x, y, time, up)}
${front.length > 1 ? `<polyline class="front" points="${front.join(' ')}"/>` : ''}
${points.map((point) => pointMark(point, exported)).join('\n')}
${placeLabels(points).map(labelText).join('\n')}
</svg>`;
}

const time: Axis = {
  title: "Time of a run, of the original's",
  at: ({ speedup }) => (speedup === null ? 1 : 1 / speedup.value),
  format: figure.share,
};
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
    `<text x="${frame.left}" y="${frame.top - 10}">${escapeText(up.title)}</text>`,
  ].join('\n');
}

interface Point {
  readonly row: Row;
  readonly x: number;
  readonly y: number;
  readonly radius: number;
}

function pointMark({ row, x, y, radius }: Point, exported: string): string {
  const classes = [
    'point',
    ...(row.baseline ? ['original'] : []),
    ...(row.id === exported ? ['exported'] : []),
    ...(row.evaluation.speedup?.insideNoise ? ['noise'] : []),
  ];
  return `<circle class="${classes.join(' ')}" cx="${round(x)}" cy="${round(y)}" r="${round(radius)}"/>`;
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}
interface Label extends Box {
  readonly text: string;
}

const labelHeight = 14;
/** A little more than an average letter of the label's font. */
const letterWidth = 6.6;
const longestLabel = 40;

/** Beside, above or below its point, wherever nothing is in the way; left out where everything is: the table has it. */
function placeLabels(points: readonly Point[]): Label[] {
  const taken: Box[] = points.map(({ x, y, radius }) => boxAround(x, y, radius, radius));
  return points.flatMap((point) => {
    const label = candidates(point).find((box) => isInFrame(box) && !taken.some((other) => overlap(box, other)));
    if (label === undefined) return [];
    taken.push(label);
    return [label];
  });
}

function candidates({ row, x, y, radius }: Point): Label[] {
  const text = row.name.length > longestLabel ? `${row.name.slice(0, longestLabel - 1)}…` : row.name;
  const half = (text.length * letterWidth) / 2;
  const aside = radius + 5 + half;
  const above = radius + 4 + labelHeight / 2;
  const centres = [
    [x + aside, y],
    [x - aside, y],
    [x, y - above],
    [x, y + above],
    [x + half, y - above],
    [x - half, y - above],
    [x + half, y + above],
    [x - half, y + above],
  ] as const;
  return centres.map(([centreX, centreY]) => ({ text, ...boxAround(centreX, centreY, half, labelHeight / 2) }));
}

function boxAround(x: number, y: number, halfWidth: number, halfHeight: number): Box {
  return { left: x - halfWidth, right: x + halfWidth, top: y - halfHeight, bottom: y + halfHeight };
}

function overlap(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

function isInFrame({ left, right, top, bottom }: Box): boolean {
  return left > frame.left && right < width - 4 && top > frame.top && bottom < height - frame.bottom;
}

function labelText({ text, left, right, top }: Label): string {
  const x = round((left + right) / 2);
  return `<text class="name" x="${x}" y="${round(top + 11)}" text-anchor="middle">${escapeText(text)}</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
