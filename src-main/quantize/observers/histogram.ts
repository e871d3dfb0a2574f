/**
 * A histogram that needs no range beforehand and does not depend on the order or batching of what it sees: bins lie on
 * a grid of width 2^k around 0, and where a value falls outside, neighbours are merged and the width doubles. (What lies
 * nearer to 0 than 2⁻⁴⁰ of a bin may count on either side of it.)
 */

import { addToHistogram, channelRange, countNonFinite, countZeros } from '../../kernels';

/** Bins on each side of 0. More than half of them are in use on the longer side once data has been seen. */
export const sideBins = 4096;

export class Histogram {
  /** counts[sideBins + i] holds how many values lie in [i, i + 1) · width. */
  readonly counts = new Float64Array(2 * sideBins);
  /** Width of a bin, a power of two; 0 until a value other than 0 was seen. */
  width = 0;
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;
  total = 0;
  /** How many values were exactly 0: those cost no rounding error, whatever the step. */
  zeros = 0;

  /**
   * @param range of `x`, where it is known
   * @returns how many values were NaN or infinite; those are not counted
   */
  add(x: Float32Array, range?: { readonly min: number; readonly max: number }): number {
    const broken = countNonFinite(x);
    if (broken > 0) {
      this.add(x.filter(Number.isFinite));
      return broken;
    }
    if (x.length === 0) return 0;
    const { min, max } = range ?? rangeOf(x);
    // + 0 turns −0 into 0.
    this.min = Math.min(this.min, min) + 0;
    this.max = Math.max(this.max, max) + 0;
    this.#reach(Math.max(-this.min, this.max));
    this.total += x.length;
    this.zeros += countZeros(x);
    const reach = sideBins * this.width;
    if (reach === 0) this.counts[sideBins]! += x.length;
    else addToHistogram(x, -reach, reach, this.counts);
    return 0;
  }

  /** Widens the bins until `magnitude` lies inside. */
  #reach(magnitude: number): void {
    if (magnitude === 0) return;
    // The width with sideBins/2 ≤ magnitude / width < sideBins, so that −magnitude has a bin as well.
    const wanted = 2 ** (Math.floor(Math.log2(magnitude)) + 1) / sideBins;
    if (this.width === 0) {
      this.width = wanted;
      return;
    }
    for (; this.width < wanted; this.width *= 2) this.#merge();
  }

  /** The middle of bin `i`, counted from 0 as in {@link counts}. */
  middle(bin: number): number {
    return (bin - sideBins + 0.5) * this.width;
  }

  /** All that it holds: five numbers, the first bin in use, and the counts from there on. */
  state(): Float64Array {
    const { counts, width, min, max, total, zeros } = this;
    const first = Math.max(
      0,
      counts.findIndex((count) => count > 0),
    );
    const last = counts.findLastIndex((count) => count > 0);
    return Float64Array.of(width, min, max, total, zeros, first, ...counts.subarray(first, last + 1));
  }

  /** Takes back what {@link state} gave. */
  restore(state: Float64Array): void {
    const [width, min, max, total, zeros, first] = state as unknown as [number, number, number, number, number, number];
    Object.assign(this, { width, min, max, total, zeros });
    this.counts.fill(0);
    this.counts.set(state.subarray(6), first);
  }

  #merge(): void {
    const { counts } = this;
    const merged = new Float64Array(counts.length);
    for (let i = -sideBins; i < sideBins; i++) merged[sideBins + Math.floor(i / 2)]! += counts[sideBins + i]!;
    counts.set(merged);
  }
}

function rangeOf(x: Float32Array): { min: number; max: number } {
  const [min, max] = [Float32Array.of(Number.POSITIVE_INFINITY), Float32Array.of(Number.NEGATIVE_INFINITY)];
  channelRange(x, 1, x.length, 0, min, max);
  return { min: min[0]!, max: max[0]! };
}
