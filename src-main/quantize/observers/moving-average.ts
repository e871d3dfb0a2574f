import { rangeWithZero } from '../quant-params';
import type { Calibrator } from './calibrator';

/**
 * The average, over the samples, of the least and of the largest element: one odd sample moves the range little. The
 * running average weighs every sample alike, so that neither their order nor how they are put into batches matters.
 */
export const movingAverage: Calibrator = {
  name: 'moving-average',
  title: 'Average min–max of the samples',
  source: 'Jacob et al. 2017, arXiv:1712.05877, section 3.1, with equal weights',
  needsHistogram: true,
  range: ({ min, max, average }) => rangeWithZero(average?.min ?? min, average?.max ?? max),
};
