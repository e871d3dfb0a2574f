import { describe, expect, it } from 'vitest';
import type { Evaluation, Report, TradeOff } from '../../../src-main/contract';
import { reportHtml } from '../../../src-main/project/report-html';
import { sampleEvaluation, sampleVariant } from '../../support/sample-documents';

const nasty = `<script>alert("x")</script>&'`;

function measured(accuracy: number, speedup: number | null, bytes: number): Evaluation {
  return {
    ...sampleEvaluation,
    mainMetric: 'accuracy',
    metrics: {
      accuracy: {
        title: 'Accuracy',
        value: accuracy,
        ci95: [accuracy - 0.01, accuracy + 0.01],
        unit: 'share',
        better: 'high',
      },
    },
    differences: { accuracy: { value: accuracy - 0.95, ci95: [-0.02, 0.01], p: 0.5, insideNoise: true } },
    speedup: speedup === null ? null : { value: speedup, ci95: [speedup, speedup], insideNoise: false },
    bytes,
  };
}

function tradeOffOf(evaluations: readonly Evaluation[]): TradeOff {
  return {
    quality: 'accuracy',
    rows: evaluations.map((evaluation, at) => ({
      id: at === 0 ? 'baseline' : at === 1 ? sampleVariant.id : `other-${at}`,
      name: at === 0 ? 'Original' : `variant ${at} ${nasty}`,
      baseline: at === 0,
      pareto: at < 2,
      bytesRatio: evaluation.bytes / (evaluations[0] as Evaluation).bytes,
      latencyMs: evaluation.latencyMs.p50,
      latencyP90Ms: evaluation.latencyMs.p90,
      evaluation,
    })),
  };
}

function reportOf(changes: Partial<Report> = {}): Report {
  const baseline = measured(0.95, null, 400_000);
  const evaluation = measured(0.945, 2.5, 100_000);
  return {
    format: 'lathe-report',
    version: 1,
    madeAt: '2026-01-02T03:04:05.000Z',
    project: nasty,
    variant: { ...sampleVariant, name: nasty },
    model: { path: 'net.onnx', bytes: 100_000, sha256: 'a'.repeat(64), externalData: [] },
    checks: [{ name: 'Read back from disk', passed: true, detail: nasty }],
    evaluation,
    baseline,
    tradeOff: tradeOffOf([baseline, evaluation, measured(0.9, 3, 50_000)]),
    ...changes,
  };
}

describe('a report', () => {
  it('shows the figures against the original, and the table', () => {
    const page = reportHtml(reportOf());
    for (const text of [
      '94.5 %',
      '−0.5 points, inside the noise',
      '2.50× as fast',
      '25.0 % of the original',
      '100.0 kB',
    ])
      expect(page).toContain(text);
    expect(page.match(/<tr/g)).toHaveLength(4);
    expect(page.match(/<circle/g)).toHaveLength(3);
  });

  it('is self-contained: no script, nothing loaded, every text escaped', () => {
    const page = reportHtml(reportOf());
    expect(page).not.toMatch(/<script|<link|<img|<iframe|https?:|url\(|@import/);
    expect(page).toContain('&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&amp;&#39;');
    expect(page).toContain('prefers-color-scheme: dark');
  });

  it('is whole where nothing was measured, and where there is no quality', () => {
    const bare = reportHtml(reportOf({ evaluation: null, baseline: null, tradeOff: null }));
    expect(bare).toContain('exported without having been measured');
    expect(bare).not.toMatch(/undefined|NaN|null/);
    const timed = { ...sampleEvaluation, speedup: { value: 2, ci95: [2, 2] as [number, number], insideNoise: false } };
    const tradeOff = { ...tradeOffOf([sampleEvaluation, timed]), quality: null };
    const noQuality = reportHtml(reportOf({ evaluation: timed, baseline: sampleEvaluation, tradeOff }));
    expect(noQuality).toContain('random inputs: no quality');
    expect(noQuality).not.toMatch(/undefined|NaN/);
  });

  it('draws points that lie in one place, and a single one not at all', () => {
    const same = reportHtml(reportOf({ tradeOff: tradeOffOf([measured(0.9, 1, 1), measured(0.9, 1, 1)]) }));
    expect(same).toContain('<circle');
    expect(same).not.toContain('NaN');
    expect(reportHtml(reportOf({ tradeOff: tradeOffOf([measured(0.9, null, 1)]) }))).not.toContain('<svg');
  });
});
