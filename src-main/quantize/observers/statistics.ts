/** What is kept of a value over all calibration samples: a few numbers, whatever their count. */

import type { Histogram } from './histogram';

export interface Statistics {
  readonly min: number;
  readonly max: number;
  /** Only where a calibrator asked for it. */
  readonly histogram?: Histogram | undefined;
  /** Of the extremes of each sample; comes with the histogram. */
  readonly average?: { readonly min: number; readonly max: number } | undefined;
}
