import type { Evaluation } from '../../../contract';
import { defineCommand, parseDims, wholeNumber } from '../command';
import { formatBytes, formatDifference, formatMetric, formatMs, formatRatio, formatShare } from '../format';
import { withStudio } from '../studio';
import { factLines, textTable } from '../table';
import { conditionsLine } from '../trade-off-table';
import * as rows from './rows';

export const evaluate = defineCommand({
  name: 'evaluate',
  summary:
    'Measures a model: quality, latency, size and memory; with a baseline also what differs from it. Without data only what random inputs can tell.',
  arguments: 'MODEL',
  positionals: { min: 1, max: 1 },
  options: {
    data: rows.data,
    baseline: { type: 'string', value: 'MODEL', help: 'The model to compare with, measured in turn with this one.' },
    dim: rows.dim,
    threads: rows.threads,
    batch: rows.batch,
    json: rows.json,
  },
  run: (call) =>
    withStudio(call, async ({ client, terminal, signal }) => {
      const { data = null, baseline = null, dim, threads = '1', batch = '1', json } = call.options;
      const params = {
        model: call.positionals[0] as string,
        data,
        baseline,
        dims: parseDims('evaluate', dim),
        threads: wholeNumber('evaluate', '--threads', threads),
        batch: wholeNumber('evaluate', '--batch', batch),
      };
      const evaluation = await client.call('evaluate', params, { signal, progress: terminal.progress });
      if (json) terminal.printJson(evaluation);
      else terminal.print(describeEvaluation(evaluation));
    }),
});

function describeEvaluation(evaluation: Evaluation): string {
  const { latencyMs, fidelity, speedup, peakRssBytes } = evaluation;
  const facts: [string, string][] = [
    ['latency', `p50 ${formatMs(latencyMs.p50)}, p90 ${formatMs(latencyMs.p90)}, p99 ${formatMs(latencyMs.p99)}`],
    ['throughput', `${evaluation.throughput.toFixed(0)} samples a second`],
    ['size', `${formatBytes(evaluation.bytes)}, deflated ${formatBytes(evaluation.deflatedBytes)}`],
    ['peak memory', peakRssBytes === null ? 'this system does not tell' : formatBytes(peakRssBytes)],
  ];
  if (speedup !== null) {
    const [low, high] = speedup.ci95;
    const noise = speedup.insideNoise ? ', inside the noise' : '';
    facts.unshift(['speed-up', `${formatRatio(speedup.value)} (${formatRatio(low)} … ${formatRatio(high)}${noise})`]);
  }
  if (fidelity !== null) {
    const agreement = fidelity.agreement === null ? '' : `same answer ${formatShare(fidelity.agreement)}, `;
    const sqnr = fidelity.sqnrDb === null ? '' : `, SQNR ${fidelity.sqnrDb.toFixed(1)} dB`;
    facts.push(['fidelity', `${agreement}cosine ${fidelity.cosineMean.toFixed(4)}${sqnr}`]);
  }
  return [
    ...(Object.keys(evaluation.metrics).length === 0 ? [] : [metricsTable(evaluation), '']),
    factLines(facts),
    conditionsLine(evaluation),
    ...evaluation.warnings.map(({ message }) => `! ${message}`),
  ].join('\n');
}

function metricsTable({ metrics, differences }: Evaluation): string {
  const compared = differences !== null;
  return textTable({
    columns: [
      { title: 'Metric', align: 'left' },
      { title: 'Value', align: 'right' },
      { title: '95 % interval', align: 'right' },
      ...(compared ? ([{ title: 'To the baseline', align: 'right' }] as const) : []),
    ],
    rows: Object.entries(metrics).map(([name, { title, value, ci95, unit }]) => {
      const [low, high] = ci95.map((bound) => formatMetric(bound, unit));
      const difference = differences?.[name];
      const noise = difference?.insideNoise ? '≈ ' : '';
      const cell = difference === undefined ? '–' : `${noise}${formatDifference(difference.value, unit)}`;
      return [title ?? name, formatMetric(value, unit), `${low} … ${high}`, ...(compared ? [cell] : [])];
    }),
  });
}
