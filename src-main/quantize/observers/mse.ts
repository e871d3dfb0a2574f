import { type Range, rangeWithZero } from '../quant-params';
import type { Calibrator } from './calibrator';
import type { Histogram } from './histogram';

/** Ends that are tried on each side, as shares of what was seen. */
const shares = Array.from({ length: 91 }, (_, i) => 1 - i / 100);

/**
 * The ends that make the expected squared error smallest: a value inside is off by step²/12, one beyond by its distance
 * to the end, and 0 by nothing.
 */
export const meanSquaredError: Calibrator = {
  name: 'mse',
  title: 'Least squared error',
  source: 'Banner et al. 2018, arXiv:1810.05723; Nagel et al. 2021, arXiv:2106.08295, section 3.1',
  needsHistogram: true,
  range: ({ min, max, histogram }, { levels, symmetric }) =>
    histogram === undefined || histogram.width === 0
      ? rangeWithZero(min, max)
      : leastErrorRange(histogram, levels, symmetric),
};

/** @param levels of the integers, 256 for 8 bits */
export function leastErrorRange(histogram: Histogram, levels: number, symmetric: boolean): Range {
  const { min, max } = histogram;
  const lows = min < 0 ? shares.map((share) => share * min) : [0];
  const highs = max > 0 ? shares.map((share) => share * max) : [0];
  const below = clipped(histogram, lows, -1);
  const above = clipped(histogram, highs, 1);
  const rounded = histogram.total - histogram.zeros;
  let best = { low: min, high: max, error: Number.POSITIVE_INFINITY };
  lows.forEach((low, i) => {
    highs.forEach((high, j) => {
      const span = symmetric && low < 0 && high > 0 ? 2 * Math.max(-low, high) : high - low;
      const step = span / (levels - 1);
      const inside = rounded - below[i]!.count - above[j]!.count;
      const error = (inside * step * step) / 12 + below[i]!.error + above[j]!.error;
      if (error < best.error) best = { low, high, error };
    });
  });
  return rangeWithZero(best.low, best.high);
}

interface Clipped {
  readonly count: number;
  /** Sum of squared distances to the end. */
  readonly error: number;
}

/**
 * What lies beyond each end. One walk over the bins: the sums of the counts and of their distances from the outermost
 * bin, and of those squared, tell the error of any end.
 * @param ends from the outermost on
 * @param side 1 above, −1 below
 */
function clipped(histogram: Histogram, ends: readonly number[], side: 1 | -1): Clipped[] {
  const bins = histogram.counts.length;
  let bin = side > 0 ? bins - 1 : 0;
  const outermost = histogram.middle(bin);
  let [count, first, second] = [0, 0, 0];
  return ends.map((end) => {
    for (; bin >= 0 && bin < bins && side * (histogram.middle(bin) - end) > 0; bin -= side) {
      const inBin = histogram.counts[bin]!;
      const distance = outermost - histogram.middle(bin);
      count += inBin;
      first += inBin * distance;
      second += inBin * distance ** 2;
    }
    const reach = outermost - end;
    return { count, error: Math.max(0, second - 2 * reach * first + reach ** 2 * count) };
  });
}
