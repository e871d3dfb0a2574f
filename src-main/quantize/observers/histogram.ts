/** A histogram that needs no range beforehand and does not depend on the order or batching of what it sees. */

import { addToHistograms, type GridHistogram, gridScalars } from '../../kernels';

/** Bins on each side of 0. More than half of them are in use on the longer side once data has been seen. */
export const sideBins = 4096;

export class Histogram implements GridHistogram {
  /** counts[sideBins + i] holds how many values lie in [i, i + 1) · width. */
  readonly counts = new Float64Array(2 * sideBins);
  readonly scalars = Float64Array.of(0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0);

  /** Width of a bin, a power of two; 0 until a value other than 0 was seen. */
  get width(): number {
    return this.scalars[gridScalars.width]!;
  }

  get min(): number {
    return this.scalars[gridScalars.min]!;
  }

  get max(): number {
    return this.scalars[gridScalars.max]!;
  }

  get total(): number {
    return this.scalars[gridScalars.total]!;
  }

  /** How many values were exactly 0: those cost no rounding error, whatever the step. */
  get zeros(): number {
    return this.scalars[gridScalars.zeros]!;
  }

  /** @returns how many values were NaN or infinite; those are not counted */
  add(x: Float32Array): number {
    return addToHistograms([{ histogram: this, x, extremes: new Float32Array(2) }])[0]!;
  }

  /** The middle of bin `i`, counted from 0 as in {@link counts}. */
  middle(bin: number): number {
    return (bin - sideBins + 0.5) * this.width;
  }

  /** All that it holds: its scalars, the first bin in use, and the counts from there on. */
  state(): Float64Array {
    const { counts, scalars } = this;
    const first = Math.max(
      0,
      counts.findIndex((count) => count > 0),
    );
    const last = counts.findLastIndex((count) => count > 0);
    return Float64Array.of(...scalars, first, ...counts.subarray(first, last + 1));
  }

  /** Takes back what {@link state} gave. */
  restore(state: Float64Array): void {
    const { counts, scalars } = this;
    scalars.set(state.subarray(0, scalars.length));
    counts.fill(0);
    counts.set(state.subarray(scalars.length + 1), state[scalars.length]);
  }
}
