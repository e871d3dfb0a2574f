/** From what a metric counted to figures with intervals, and to differences between two models. */

import type { Difference, MetricValue } from '../contract';
import { wilsonInterval } from '../kernels/wilson';
import type { Judgement, Measure, MetricKind, MetricSpec } from './metric';
import { bootstrap, pairedBootstrap, type Statistic } from './statistics/bootstrap';
import { comparePairedShares } from './statistics/mcnemar';

/** Above this, a difference is called noise. */
const noiseLevel = 0.05;

/** Every figure with its 95 % interval: Wilson for shares, bootstrap otherwise. Figures that are not defined are left out. */
export function figures(kind: MetricKind, judgement: Judgement): Record<string, MetricValue> {
  const statistics = judgement.measures.filter((measure) => measure.kind === 'statistic');
  const resampled = bootstrap(
    judgement.units,
    statistics.map((measure) => measure.value),
  );
  const found: Record<string, MetricValue> = {};
  for (const spec of kind.metrics) {
    const measure = judgement.measures.find(({ name }) => name === spec.name);
    if (measure === undefined) continue;
    const figure = measure.kind === 'share' ? share(measure.hits) : resampled[statistics.indexOf(measure)];
    if (figure === undefined || !Number.isFinite(figure.value)) continue;
    found[spec.name] = { title: spec.title, ...figure, unit: spec.unit, better: spec.better };
  }
  return found;
}

export interface Share {
  readonly value: number;
  readonly ci95: [number, number];
}

function share(hits: Uint8Array): Share {
  const count = countHits(hits);
  return { value: count / hits.length, ci95: wilsonInterval(count, hits.length) };
}

function countHits(hits: Uint8Array): number {
  return hits.reduce((sum, hit) => sum + hit, 0);
}

/** This model minus the baseline, paired: exact McNemar for shares, paired bootstrap otherwise. */
export function differences(kind: MetricKind, own: Judgement, baseline: Judgement): Record<string, Difference> {
  const found: Record<string, Difference> = {};
  const open: { spec: MetricSpec; first: Statistic; second: Statistic }[] = [];
  for (const spec of kind.metrics) {
    const first = measureOf(own, spec.name);
    const second = measureOf(baseline, spec.name);
    if (first === undefined || second === undefined) continue;
    if (first.kind === 'share' && second.kind === 'share') {
      const { difference, ci95, p } = comparePairedShares(first.hits, second.hits);
      found[spec.name] = { value: difference, ci95, p, insideNoise: p >= noiseLevel };
    } else if (first.kind === 'statistic' && second.kind === 'statistic') {
      open.push({ spec, first: first.value, second: second.value });
    }
  }
  pairedBootstrap(own.units, open).forEach(({ value, ci95, p }, at) => {
    if (Number.isFinite(value)) found[open[at]!.spec.name] = { value, ci95, p, insideNoise: p >= noiseLevel };
  });
  return found;
}

function measureOf(judgement: Judgement, name: string): Measure | undefined {
  return judgement.measures.find((measure) => measure.name === name);
}

/** Share of equal decisions with its interval; null where either model decides nothing. */
export function agreement(own: Judgement['decisions'], baseline: Judgement['decisions']): Share | null {
  if (own === null || baseline === null || own.length === 0) return null;
  return share(Uint8Array.from(own, (decision, at) => Number(decision === baseline[at])));
}
