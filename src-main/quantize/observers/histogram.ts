/**
 * A histogram that needs no range beforehand and does not depend on the order or batching of what it sees: bins lie on
 * a grid of width 2^k around 0, and where a value falls outside, neighbours are merged and the width doubles.
 */

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

  /** @returns how many values were NaN or infinite; those are not counted */
  add(x: Float32Array): number {
    let min = this.min;
    let max = this.max;
    let broken = 0;
    for (let i = 0; i < x.length; i++) {
      const value = x[i]!;
      if (value - value !== 0) {
        broken++;
        continue;
      }
      if (value < min) min = value;
      if (value > max) max = value;
    }
    if (min > max) return broken;
    this.min = min;
    this.max = max;
    this.#reach(Math.max(-min, max));
    this.total += x.length - broken;
    const perWidth = this.width === 0 ? 0 : 1 / this.width;
    const { counts } = this;
    let zeros = 0;
    for (let i = 0; i < x.length; i++) {
      const value = x[i]!;
      if (value - value !== 0) continue;
      if (value === 0) zeros++;
      counts[sideBins + Math.floor(value * perWidth)]!++;
    }
    this.zeros += zeros;
    return broken;
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
