/**
 * Histograms that need no range beforehand: bins lie on a grid of width 2ᵏ around 0, and where an element falls outside,
 * neighbours are merged and the width doubles. Neither order nor batching of what they see matters.
 */

/** What a histogram holds, as numbers that kernels write. */
export interface GridHistogram {
  /** counts[side + i] tells how many elements lie in [i, i + 1) · width: [2 · side]. */
  readonly counts: Float64Array;
  /** By {@link gridScalars}. */
  readonly scalars: Float64Array;
}

/** Where what stands: a width of 0 until an element other than 0 was seen. */
export const gridScalars = { width: 0, min: 1, max: 2, total: 3, zeros: 4 } as const;

/** What a histogram sees at once. */
export interface HistogramInput {
  readonly histogram: GridHistogram;
  /** [samples, …] */
  readonly x: Float32Array;
  /** The least, then the largest finite element of each sample, written: [2, samples]. */
  readonly extremes: Float32Array;
}

/**
 * Adds elements to histograms, NaN and infinities apart.
 * @returns how many of each input were NaN or infinite
 */
export function addToHistograms(inputs: readonly HistogramInput[]): Float64Array {
  return Float64Array.from(inputs, addToOne);
}

function addToOne({ histogram, x, extremes }: HistogramInput): number {
  const { scalars, counts } = histogram;
  const { width, min, max, total, zeros } = gridScalars;
  const samples = extremes.length / 2;
  const size = x.length / samples;
  let finite = 0;
  for (let sample = 0; sample < samples; sample++) {
    let [least, largest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let i = sample * size; i < (sample + 1) * size; i++) {
      const value = x[i]!;
      if (!Number.isFinite(value)) continue;
      finite++;
      if (value < least) least = value;
      if (value > largest) largest = value;
      if (value === 0) scalars[zeros]!++;
    }
    // + 0 turns −0 into 0.
    extremes[sample] = least + 0;
    extremes[samples + sample] = largest + 0;
    scalars[min] = Math.min(scalars[min]!, least + 0);
    scalars[max] = Math.max(scalars[max]!, largest + 0);
  }
  scalars[total]! += finite;
  const side = counts.length / 2;
  if (finite > 0) reach(histogram, Math.max(-scalars[min]!, scalars[max]!));
  // A width of 0 means that all are 0.
  const step = scalars[width] || 1;
  for (const value of x) if (Number.isFinite(value)) counts[side + Math.floor(value / step)]!++;
  return x.length - finite;
}

/** Widens the bins until `magnitude` lies inside, and −magnitude has a bin as well. */
function reach({ scalars, counts }: GridHistogram, magnitude: number): void {
  const { width } = gridScalars;
  if (magnitude === 0) return;
  const wanted = 2 ** (Math.floor(Math.log2(magnitude)) + 1) / (counts.length / 2);
  if (scalars[width] === 0) scalars[width] = wanted;
  for (; scalars[width]! < wanted; scalars[width]! *= 2) merge(counts);
}

function merge(counts: Float64Array): void {
  const side = counts.length / 2;
  const merged = new Float64Array(counts.length);
  for (let i = -side; i < side; i++) merged[side + Math.floor(i / 2)]! += counts[side + i]!;
  counts.set(merged);
}
