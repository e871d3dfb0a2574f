/** Precision, recall and F1 of one class, with zero where nothing is there to divide by (scikit-learn's zero_division=0). */

import { wilsonInterval } from '../kernels/wilson';

export interface ClassCounts {
  /** Called so, and rightly. */
  readonly hits: number;
  /** Of the class. */
  readonly support: number;
  /** Called so. */
  readonly predicted: number;
}

export const precisionOf = ({ hits, predicted }: ClassCounts): number => (predicted === 0 ? 0 : hits / predicted);
export const recallOf = ({ hits, support }: ClassCounts): number => (support === 0 ? 0 : hits / support);
export const f1Of = ({ hits, support, predicted }: ClassCounts): number =>
  support + predicted === 0 ? 0 : (2 * hits) / (support + predicted);

/** The figures of a class as an evaluation lists them. */
export function classFigures(counts: ClassCounts) {
  const { support, predicted } = counts;
  return { precision: precisionOf(counts), recall: recallOf(counts), f1: f1Of(counts), support, predicted };
}

/** The same with Wilson's intervals: only for counts of samples, which do not depend on each other as pixels do. */
export function classFiguresOfSamples(counts: ClassCounts) {
  return {
    ...classFigures(counts),
    precisionCi95: wilsonInterval(counts.hits, counts.predicted),
    recallCi95: wilsonInterval(counts.hits, counts.support),
  };
}
