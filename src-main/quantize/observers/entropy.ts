import { rangeWithZero } from '../quant-params';
import type { Calibrator } from './calibrator';
import type { Histogram } from './histogram';

/**
 * The threshold that keeps most of the information: the least Kullback–Leibler divergence from the clipped
 * distribution P to P written with `levels` levels, Q. Every threshold is tried; prefix sums make one trial as long as
 * there are levels.
 */
export const entropy: Calibrator = {
  name: 'entropy',
  title: 'Entropy',
  source: 'Migacz 2017, "8-bit inference with TensorRT", GTC; every threshold tried exactly',
  needsHistogram: true,
  range({ min, max, histogram }, { levels }) {
    const seen = rangeWithZero(min, max);
    if (histogram === undefined || histogram.width === 0) return seen;
    // A range on both sides of 0 spends half of its levels on each.
    const sideLevels = min < 0 && max > 0 ? levels / 2 : levels;
    const threshold = leastDivergence(magnitudes(histogram), sideLevels) * histogram.width;
    return { low: Math.max(seen.low, -threshold), high: Math.min(seen.high, threshold) };
  },
};

/** counts[i] of |x| in [i, i + 1) · width, exact zeros left out: they are the same in P and in Q. */
export function magnitudes({ counts, zeros }: Histogram): Float64Array {
  const half = counts.length / 2;
  const sides = new Float64Array(half);
  for (let i = 0; i < half; i++) sides[i] = counts[half + i]! + counts[half - 1 - i]!;
  sides[0]! -= zeros;
  return sides;
}

/** How many of the bins to keep; all that are in use where no threshold is better. */
export function leastDivergence(counts: Float64Array, levels: number): number {
  const used = lastUsed(counts) + 1;
  if (used <= levels) return used;
  // Sums before bin i: of counts, of count · log(count), and of bins in use.
  const mass = new Float64Array(used + 1);
  const information = new Float64Array(used + 1);
  const filled = new Float64Array(used + 1);
  for (let i = 0; i < used; i++) {
    const count = counts[i]!;
    mass[i + 1] = mass[i]! + count;
    information[i + 1] = information[i]! + xLogX(count);
    filled[i + 1] = filled[i]! + (count > 0 ? 1 : 0);
  }
  let best = { bins: used, divergence: Number.POSITIVE_INFINITY };
  for (let bins = levels; bins <= used; bins++) {
    // Q has nothing where the last bin is empty, and P has the whole tail there.
    if (counts[bins - 1] === 0) continue;
    const divergence = divergenceAt(bins, levels, counts, mass, information, filled);
    // The wider of two equal thresholds.
    if (divergence <= best.divergence) best = { bins, divergence };
  }
  return best.bins;
}

/** Σ p · log(p / q) with p and q as shares of their sums. */
function divergenceAt(
  bins: number,
  levels: number,
  counts: Float64Array,
  mass: Float64Array,
  information: Float64Array,
  filled: Float64Array,
): number {
  const all = mass.at(-1) as number;
  const inside = mass[bins] as number;
  const tail = all - inside;
  const last = counts[bins - 1] as number;
  let crossed = 0;
  for (let level = 0; level < levels; level++) {
    const from = Math.floor((level * bins) / levels);
    const to = Math.floor(((level + 1) * bins) / levels);
    const sum = mass[to]! - mass[from]!;
    if (sum === 0) continue;
    const each = Math.log(sum / (filled[to]! - filled[from]!));
    crossed += (sum + (to === bins ? tail : 0)) * each;
  }
  const own = information[bins]! - xLogX(last) + xLogX(last + tail);
  return (own - crossed) / all - Math.log(all) + Math.log(inside);
}

function lastUsed(counts: Float64Array): number {
  let last = counts.length - 1;
  while (last > 0 && counts[last] === 0) last--;
  return last;
}

function xLogX(x: number): number {
  return x > 0 ? x * Math.log(x) : 0;
}
