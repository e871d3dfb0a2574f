import { type Range, rangeWithZero } from '../quant-params';
import type { Calibrator } from './calibrator';
import { type Histogram, sideBins } from './histogram';

/** Share of all values that may lie beyond each end. */
const beyond = 1e-4;

/** Leaves one value in ten thousand beyond each end, interpolated inside its bin. */
export const percentile: Calibrator = {
  name: 'percentile',
  title: 'Percentile 99.99',
  source: 'Wu et al. 2020, arXiv:2004.09602, section 3.2',
  needsHistogram: true,
  range: ({ min, max, histogram }) =>
    histogram === undefined || histogram.width === 0 ? rangeWithZero(min, max) : percentileRange(histogram, beyond),
};

/** The range with at most the share `outside` of all values beyond each end. */
export function percentileRange(histogram: Histogram, outside: number): Range {
  const { counts, total, min, max, width } = histogram;
  const allowed = outside * total;
  let above = 0;
  let high = max;
  for (let bin = counts.length - 1; bin >= 0; bin--) {
    const count = counts[bin]!;
    if (above + count > allowed) {
      high = (bin + 1 - sideBins - (allowed - above) / count) * width;
      break;
    }
    above += count;
  }
  let below = 0;
  let low = min;
  for (let bin = 0; bin < counts.length; bin++) {
    const count = counts[bin]!;
    if (below + count > allowed) {
      low = (bin - sideBins + (allowed - below) / count) * width;
      break;
    }
    below += count;
  }
  return rangeWithZero(Math.max(min, low), Math.min(max, high));
}
