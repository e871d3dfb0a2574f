/** Order statistics. */

import { halfBinomialTail } from './mcnemar';

/** The q-quantile of sorted values with linear interpolation (type 7 of Hyndman & Fan 1996, numpy's default). */
export function quantile(sorted: ArrayLike<number>, q: number): number {
  const position = (sorted.length - 1) * q;
  const below = Math.floor(position);
  const low = sorted[below] as number;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] as number;
  return low + (high - low) * (position - below);
}

/**
 * Median of values and its distribution-free interval of at least 95 %, between two order statistics (W. R. Thompson,
 * Annals of Mathematical Statistics 7, 1936). From fewer than six values the whole range is all that can be said.
 */
export function medianInterval(values: ArrayLike<number>): { median: number; ci95: [number, number] } {
  const sorted = Float64Array.from(values).sort();
  const n = sorted.length;
  let rank = 0;
  while (2 * (rank + 1) <= n && halfBinomialTail(n, rank) <= 0.025) rank++;
  const at = Math.max(0, rank - 1);
  return { median: quantile(sorted, 0.5), ci95: [sorted[at] as number, sorted[n - 1 - at] as number] };
}
