/** Evaluations side by side: which of them nobody beats in quality, latency and size at once. */

import type { Conditions, Evaluation, TradeOff, TradeOffEntry } from '../contract';
import { LatheError } from '../contract';
import { cpuInfo, runtimeVersion } from '../onnx/session';

/** 1: the first is better, −1: the second, 0: alike, or the difference lies inside the noise. */
type Comparison = -1 | 0 | 1;

/** What decides a latency beside the model and the settings. */
export type Machine = Pick<Conditions, 'cpu' | 'runtime'>;

export function thisMachine(): Machine {
  return { cpu: cpuInfo().name, runtime: runtimeVersion() };
}

/**
 * Marks the Pareto front. One entry beats another when it is better in quality, latency or size and worse in none;
 * what lies inside the noise of the measurement counts as alike.
 * @param entries the baseline is the marked one, or else the first
 * @param here what was measured elsewhere is said to be: the project was moved, or the runtime is another
 */
export function tradeOff(entries: readonly TradeOffEntry[], here: Machine): TradeOff {
  const baseline = entries.find((entry) => entry.baseline) ?? entries[0];
  if (baseline === undefined)
    throw new LatheError({ who: 'compare', what: 'there is nothing to compare', code: 'usage' });
  const quality = baseline.evaluation.mainMetric;
  return {
    quality,
    rows: entries.map((entry) => ({
      ...entry,
      evaluation: toldWhere(entry.evaluation, here),
      baseline: entry === baseline,
      pareto: !entries.some((other) => other !== entry && beats(other.evaluation, entry.evaluation, quality)),
      bytesRatio: entry.evaluation.bytes / baseline.evaluation.bytes,
      ...latencyInTurn(entry.evaluation, baseline.evaluation),
    })),
  };
}

function toldWhere(evaluation: Evaluation, here: Machine): Evaluation {
  const { cpu, runtime } = evaluation.conditions;
  if (cpu === here.cpu && runtime === here.runtime) return evaluation;
  const message = `Measured on ${cpu} with ${runtime}, not here (${here.cpu}, ${here.runtime}): its times hold there. Measure it again for those of this machine.`;
  return { ...evaluation, warnings: [...evaluation.warnings, { code: 'elsewhere', message }] };
}

function latencyInTurn({ latencyMs: { p50, p90 }, speedup }: Evaluation, baseline: Evaluation) {
  const latencyMs = speedup === null ? p50 : baseline.latencyMs.p50 / speedup.value;
  return { latencyMs, latencyP90Ms: (p90 / p50) * latencyMs };
}

function beats(a: Evaluation, b: Evaluation, quality: string | null): boolean {
  const comparisons = [compareQuality(a, b, quality), compareLatency(a, b), compareSize(a, b)];
  return comparisons.every((result) => result >= 0) && comparisons.includes(1);
}

/** A model without the figure is not placed by it: it neither wins nor loses there. */
function compareQuality(a: Evaluation, b: Evaluation, name: string | null): Comparison {
  const first = name === null ? undefined : a.metrics[name];
  const second = name === null ? undefined : b.metrics[name];
  if (name === null || first === undefined || second === undefined) return 0;
  const direction = first.better === 'high' ? 1 : -1;
  const noise = Math.hypot(qualityNoise(a, name), qualityNoise(b, name));
  return decide(direction * (first.value - second.value), noise);
}

/**
 * Half of the interval of the difference to the baseline; zero for the baseline itself, whose share of the noise is in
 * the paired intervals of the others.
 */
function qualityNoise(evaluation: Evaluation, name: string): number {
  const difference = evaluation.differences?.[name];
  return difference === undefined ? 0 : (difference.ci95[1] - difference.ci95[0]) / 2;
}

/** By speed-up against the same baseline where both have one or are it: each was measured in turn with it. */
function compareLatency(a: Evaluation, b: Evaluation): Comparison {
  if (a.speedup === null && b.speedup === null) return decide(b.latencyMs.p50 - a.latencyMs.p50, 0);
  const noise = Math.hypot(logNoise(a), logNoise(b));
  return decide(Math.log(a.speedup?.value ?? 1) - Math.log(b.speedup?.value ?? 1), noise);
}

function logNoise({ speedup }: Evaluation): number {
  return speedup === null ? 0 : Math.log(speedup.ci95[1] / speedup.ci95[0]) / 2;
}

function compareSize(a: Evaluation, b: Evaluation): Comparison {
  return decide(b.bytes - a.bytes, 0);
}

function decide(advantage: number, noise: number): Comparison {
  if (Math.abs(advantage) <= noise) return 0;
  return advantage > 0 ? 1 : -1;
}
