/** Intervals by resampling, where no closed form fits. */

import { Random } from '../../kernels/random';
import { quantile } from './quantile';

/** A figure of one model as a function of how often each unit was drawn; null = once each. */
export type Statistic = (weights: Float64Array | null) => number;

export interface Resampled {
  readonly value: number;
  readonly ci95: [number, number];
}

export interface PairedResampled extends Resampled {
  /** Two-sided: how often the resampled difference lies on the other side of zero. */
  readonly p: number;
}

const rounds = 1000;
const seed = 20_240_601;

/**
 * Percentile bootstrap over units (B. Efron, Annals of Statistics 7, 1979): 1,000 resamples, always the same for a number
 * of units, so that a figure comes out alike each time and paired figures are drawn together.
 */
export function bootstrap(units: number, statistics: readonly Statistic[]): Resampled[] {
  return resample(units, statistics).map((draws, at) => summary(statistics[at] as Statistic, draws));
}

/** Differences first − second of two models' figures over the same resamples of the same units. */
export function pairedBootstrap(
  units: number,
  pairs: readonly { readonly first: Statistic; readonly second: Statistic }[],
): PairedResampled[] {
  const differences = pairs.map(
    ({ first, second }): Statistic =>
      (weights) =>
        first(weights) - second(weights),
  );
  return resample(units, differences).map((draws, at) => ({
    ...summary(differences[at] as Statistic, draws),
    p: signProbability(draws),
  }));
}

function summary(statistic: Statistic, draws: Float64Array): Resampled {
  const sorted = draws.filter((draw) => !Number.isNaN(draw)).sort();
  const value = statistic(null);
  return { value, ci95: sorted.length === 0 ? [value, value] : [quantile(sorted, 0.025), quantile(sorted, 0.975)] };
}

function resample(units: number, statistics: readonly Statistic[]): Float64Array[] {
  const random = new Random(seed);
  const draws = statistics.map(() => new Float64Array(rounds));
  const weights = new Float64Array(units);
  for (let round = 0; round < rounds; round++) {
    weights.fill(0);
    for (let draw = 0; draw < units; draw++) (weights as { [at: number]: number })[random.below(units)]! += 1;
    statistics.forEach((statistic, at) => {
      (draws[at] as Float64Array)[round] = statistic(weights);
    });
  }
  return draws;
}

function signProbability(draws: Float64Array): number {
  let above = 0;
  let below = 0;
  for (const draw of draws) {
    if (draw >= 0) above++;
    if (draw <= 0) below++;
  }
  return Math.min(1, (2 * (Math.min(above, below) + 1)) / (draws.length + 1));
}
