/** A Calibrator turns what was observed of a value into the range that its integers cover. */

import type { Range } from '../quant-params';
import type { Statistics } from './statistics';

export interface RangeQuestion {
  /** Levels of the integers that will hold the range. */
  readonly levels: number;
  /** Zero in the middle of the levels. */
  readonly symmetric: boolean;
}

export interface Calibrator {
  readonly name: string;
  readonly title: string;
  /** Paper or spec. */
  readonly source: string;
  /** Whether it reads more than the extremes: the histogram, or the averages that come with it. */
  readonly needsHistogram: boolean;
  /** Always holds 0. */
  range(statistics: Statistics, question: RangeQuestion): Range;
}
