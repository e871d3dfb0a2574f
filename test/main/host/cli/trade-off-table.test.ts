import { describe, expect, test } from 'vitest';
import type { Evaluation, TradeOff } from '../../../../src-main/contract';
import { conditionsLine, conditionsLines, tradeOffTable } from '../../../../src-main/host/cli/trade-off-table';
import { sampleEvaluation } from '../../../support/sample-documents';

const accuracy = (value: number): Evaluation['metrics'] => ({
  accuracy: { title: 'Accuracy', value, ci95: [value - 0.01, value + 0.01], unit: 'share', better: 'high' },
});
const baseline: Evaluation = { ...sampleEvaluation, metrics: accuracy(0.975), samples: 1600 };
const variant = (difference: number, insideNoise: boolean, speedup: Evaluation['speedup']): Evaluation => ({
  ...baseline,
  metrics: accuracy(0.975 + difference),
  differences: { accuracy: { value: difference, ci95: [-0.01, 0.01], p: 0.5, insideNoise } },
  fidelity: { agreement: 0.981, cosineMean: 0.99, cosineMin: 0.9, sqnrDb: 30, maxAbs: 1 },
  speedup,
  bytes: 1_234_567,
  peakRssBytes: 98_765_432,
});
const tradeOff: TradeOff = {
  quality: 'accuracy',
  rows: [
    {
      id: 'b',
      name: 'Original',
      baseline: true,
      evaluation: baseline,
      pareto: true,
      bytesRatio: 1,
      latencyMs: baseline.latencyMs.p50,
      latencyP90Ms: baseline.latencyMs.p90,
    },
    {
      id: 'v',
      name: 'int8',
      baseline: false,
      evaluation: variant(-0.004, true, { value: 2.5, ci95: [2.4, 2.6], insideNoise: false }),
      pareto: true,
      bytesRatio: 0.253,
      latencyMs: baseline.latencyMs.p50 / 2.5,
      latencyP90Ms: baseline.latencyMs.p90 / 2.5,
    },
    {
      id: 'w',
      name: 'pruned',
      baseline: false,
      evaluation: variant(-0.1, false, { value: 1.01, ci95: [0.9, 1.1], insideNoise: true }),
      pareto: false,
      bytesRatio: 1,
      latencyMs: baseline.latencyMs.p50 / 1.01,
      latencyP90Ms: baseline.latencyMs.p90 / 1.01,
    },
  ],
};

function cells(table: TradeOff, name: string): Record<string, string | undefined> {
  const { columns, rows } = tradeOffTable(table);
  const row = rows.find(([first]) => first?.startsWith(name)) ?? [];
  return Object.fromEntries(columns.map(({ title }, at) => [title, row[at]]));
}

describe('the table', () => {
  test('marks the baseline and shows no difference to itself', () => {
    expect(cells(tradeOff, 'Original')).toMatchObject({
      Variant: 'Original (baseline)',
      Accuracy: '97.5 %',
      Difference: '–',
      'Same answer': '–',
      'Speed-up': '–',
      'of baseline': '100.0 %',
      Pareto: '★',
    });
  });

  test('says which differences are inside the noise', () => {
    expect(cells(tradeOff, 'int8')).toMatchObject({
      Difference: '≈ −0.4',
      'Speed-up': '2.50×',
      'Same answer': '98.1 %',
      Size: '1.23 MB',
      'Peak memory': '98.8 MB',
    });
    expect(cells(tradeOff, 'pruned')).toMatchObject({ Difference: '−10.0', 'Speed-up': '≈ 1.01×', Pareto: '' });
  });

  test('has no column of quality where none was measured', () => {
    const { columns } = tradeOffTable({ quality: null, rows: [] });
    expect(columns.map(({ title }) => title)).not.toContain('Difference');
    expect(columns.map(({ title }) => title)).toContain('Size');
  });
});

test('the conditions name machine, threads, batch, runs and runtime', () => {
  expect(conditionsLine(baseline)).toBe(
    'a CPU · 1 thread · batch 1 · 200 runs · onnxruntime 1.30.0 · Node 20.20.2 linux x64 · 1600 test samples',
  );
  expect(conditionsLine(sampleEvaluation)).toContain('random inputs');
});

test('rows that were measured in another way have a line of their own', () => {
  expect(conditionsLines(tradeOff)).toEqual([conditionsLine(baseline)]);
  const fast = { ...baseline, conditions: { ...baseline.conditions, runs: 700 } };
  const oftener = tradeOff.rows.map((row) => (row.name === 'int8' ? { ...row, evaluation: fast } : row));
  expect(conditionsLines({ ...tradeOff, rows: oftener })).toEqual([expect.stringContaining(' · 200 to 700 runs · ')]);
  const elsewhere = { ...baseline, conditions: { ...baseline.conditions, cpu: 'another CPU' } };
  const rows = tradeOff.rows.map((row) => (row.name === 'int8' ? { ...row, evaluation: elsewhere } : row));
  expect(conditionsLines({ ...tradeOff, rows })).toEqual([
    `Original, pruned: ${conditionsLine(baseline)}`,
    `int8: ${conditionsLine(elsewhere)}`,
  ]);
});
