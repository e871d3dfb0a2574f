/** Sums over units: what most figures that are no plain share are made from. */

import type { Statistic } from './statistics/bootstrap';

/** Sum of values, each counted as often as its unit was drawn. */
export function weightedSum(values: ArrayLike<number>, weights: Float64Array | null): number {
  let sum = 0;
  for (let at = 0; at < values.length; at++) {
    sum += weights === null ? (values[at] as number) : (values[at] as number) * (weights[at] as number);
  }
  return sum;
}

/** Mean of one value a unit. */
export function meanOf(values: ArrayLike<number>): Statistic {
  return (weights) => weightedSum(values, weights) / values.length;
}

/** Sum of one thing over the sum of another, such as errors over letters. */
export function ratioOf(parts: ArrayLike<number>, wholes: ArrayLike<number>): Statistic {
  return (weights) => weightedSum(parts, weights) / weightedSum(wholes, weights);
}
