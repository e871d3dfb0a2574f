/** Histograms of many values over a fixed range. */

/**
 * Adds to `counts` how many values lie in which of its equal bins over low…high: bin ⌊(x − low) · bins / (high − low)⌋
 * in float64. What lies outside counts in the first or last bin, NaN nowhere.
 * @param counts [bins]
 * @returns how many values lay outside
 */
export function addToHistogram(x: Float32Array, low: number, high: number, counts: Float64Array): number {
  const bins = counts.length;
  const perUnit = bins / (high - low);
  let outside = 0;
  for (let i = 0; i < x.length; i++) {
    const value = x[i]!;
    if (value < low) {
      counts[0]!++;
      outside++;
    } else if (value > high) {
      counts[bins - 1]!++;
      outside++;
    } else {
      const bin = Math.floor((value - low) * perUnit);
      if (bin < bins) counts[bin]!++;
      // The upper edge itself, and what rounding put there, belongs to the last bin; NaN compares false with all.
      else if (bin >= bins) counts[bins - 1]!++;
    }
  }
  return outside;
}

/** How many values are 0, of either sign. */
export function countZeros(x: Float32Array): number {
  const bits = new Int32Array(x.buffer, x.byteOffset, x.length);
  let others = 0;
  for (let i = 0; i < bits.length; i++) {
    // 1 where any bit but the sign is set, without a branch: half zeros would make the processor guess wrong.
    others += (0 - (bits[i]! & 0x7fffffff)) >>> 31;
  }
  return x.length - others;
}
