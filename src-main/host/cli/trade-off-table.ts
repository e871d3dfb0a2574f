/** The trade-off as a table: the terminal's, the demo's and the README's. */

import type { Evaluation, TradeOff } from '../../contract';
import { formatBytes, formatDifference, formatMetric, formatMs, formatRatio, formatShare } from './format';
import type { Table } from './table';

type Row = TradeOff['rows'][number];

interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
  cell(row: Row): string;
}

const none = '–';
/** Marks a difference that the noise of the measurement can explain. */
const insideNoise = '≈';

/** One line of explanation for the marks of {@link tradeOffTable}. */
export function tradeOffLegend({ quality }: TradeOff): string {
  const axes = quality === null ? 'latency and size' : 'quality, latency and size';
  return `${insideNoise} inside the noise of the measurement · ★ on the Pareto front of ${axes}`;
}

export function tradeOffTable({ quality, rows }: TradeOff): Table {
  const columns: Column[] = [
    { title: 'Variant', align: 'left', cell: (row) => (row.baseline ? `${row.name} (baseline)` : row.name) },
    ...(quality === null ? [] : qualityColumns(quality)),
    { title: 'Same answer', align: 'right', cell: ({ evaluation }) => agreement(evaluation) },
    ...(quality === null && rows.some(({ evaluation }) => evaluation.fidelity !== null) ? fidelityColumns : []),
    { title: 'Latency p50', align: 'right', cell: ({ latencyMs }) => formatMs(latencyMs) },
    { title: 'Speed-up', align: 'right', cell: ({ evaluation }) => speedUp(evaluation) },
    { title: 'Size', align: 'right', cell: ({ evaluation }) => formatBytes(evaluation.bytes) },
    { title: 'of baseline', align: 'right', cell: (row) => formatShare(row.bytesRatio) },
    { title: 'Deflated', align: 'right', cell: ({ evaluation }) => formatBytes(evaluation.deflatedBytes) },
    { title: 'Peak memory', align: 'right', cell: ({ evaluation }) => memory(evaluation) },
    { title: 'Pareto', align: 'left', cell: (row) => (row.pareto ? '★' : '') },
  ];
  return { columns, rows: rows.map((row) => columns.map((column) => column.cell(row))) };
}

/** What stands for quality where the data has no metric. */
const fidelityColumns: readonly Column[] = [
  { title: 'Cosine', align: 'right', cell: ({ evaluation: { fidelity } }) => fidelity?.cosineMean.toFixed(5) ?? none },
  {
    title: 'SQNR',
    align: 'right',
    cell: ({ evaluation: { fidelity } }) => (fidelity?.sqnrDb == null ? none : `${fidelity.sqnrDb.toFixed(1)} dB`),
  },
];

function qualityColumns(quality: string): Column[] {
  return [
    {
      title: `${quality.charAt(0).toUpperCase()}${quality.slice(1)}`,
      align: 'right',
      cell: ({ evaluation }) => {
        const metric = evaluation.metrics[quality];
        return metric === undefined ? none : formatMetric(metric.value, metric.unit);
      },
    },
    {
      title: 'Difference',
      align: 'right',
      cell: ({ evaluation }) => {
        const difference = evaluation.differences?.[quality];
        if (difference === undefined) return none;
        const text = formatDifference(difference.value, evaluation.metrics[quality]?.unit ?? '');
        return difference.insideNoise ? `${insideNoise} ${text}` : text;
      },
    },
  ];
}

function agreement({ fidelity }: Evaluation): string {
  return fidelity === null || fidelity.agreement === null ? none : formatShare(fidelity.agreement);
}

function speedUp({ speedup }: Evaluation): string {
  if (speedup === null) return none;
  return speedup.insideNoise ? `${insideNoise} ${formatRatio(speedup.value)}` : formatRatio(speedup.value);
}

function memory({ peakRssBytes }: Evaluation): string {
  return peakRssBytes === null ? none : formatBytes(peakRssBytes);
}

/** What every figure of an evaluation was measured under, and of others that differ in the number of runs alone. */
export function conditionsLine(evaluation: Evaluation, alike: readonly Evaluation[] = []): string {
  const { cpu, threads, batch, runtime, host } = evaluation.conditions;
  const counts = [evaluation, ...alike].map(({ conditions }) => conditions.runs);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  const runs = least === most ? least : `${least} to ${most}`;
  const samples = evaluation.samples === 0 ? 'random inputs' : `${evaluation.samples} test samples`;
  return `${cpu} · ${plural(threads, 'thread')} · batch ${batch} · ${runs} runs · ${runtime} · ${host} · ${samples}`;
}

/** One line where all rows were measured alike, else one for each way, with the rows that it holds for. */
export function conditionsLines({ rows }: TradeOff): string[] {
  const ways = new Map<string, TradeOff['rows']>();
  for (const row of rows) {
    const { evaluation } = row;
    // Fast models are run more often for the same certainty.
    const way = conditionsLine({ ...evaluation, conditions: { ...evaluation.conditions, runs: 0 } });
    ways.set(way, [...(ways.get(way) ?? []), row]);
  }
  return [...ways.values()].map((alike) => {
    const [first, ...others] = alike.map(({ evaluation }) => evaluation) as [Evaluation, ...Evaluation[]];
    const line = conditionsLine(first, others);
    return ways.size === 1 ? line : `${alike.map(({ name }) => name).join(', ')}: ${line}`;
  });
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}
