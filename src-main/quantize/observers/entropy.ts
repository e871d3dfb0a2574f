import { rangeWithZero } from '../quant-params';
import type { Calibrator } from './calibrator';
import type { Histogram } from './histogram';

/**
 * The threshold that keeps most of the information: the least Kullback–Leibler divergence from the clipped
 * distribution P to P written with `levels` levels, Q. Every threshold is tried; prefix sums make one trial as long as
 * there are levels, and logarithms are taken once for all levels of the same bins.
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
  const sums = sumsOf(counts, used);
  let best = { bins: used, divergence: Number.POSITIVE_INFINITY };
  const terms = new Float64Array(2 * used + 2);
  for (let width = 1; width * levels <= used; width++) {
    setLevelTerms(terms, 0, sums, width);
    setLevelTerms(terms, 1, sums, width + 1);
    for (let bins = width * levels; bins < Math.min((width + 1) * levels, used + 1); bins++) {
      // Q has nothing where the last bin is empty, and P has the whole tail there.
      if (counts[bins - 1] === 0) continue;
      const divergence = divergenceAt(bins, levels, sums, terms);
      // The wider of two equal thresholds.
      if (divergence <= best.divergence) best = { bins, divergence };
    }
  }
  return best.bins;
}

/** Sums before bin i: of counts, of count · log(count), and of bins in use. Each [bins + 1]. */
interface Sums {
  readonly mass: Float64Array;
  readonly information: Float64Array;
  readonly filled: Float64Array;
}

function sumsOf(counts: Float64Array, used: number): Sums {
  const mass = new Float64Array(used + 1);
  const information = new Float64Array(used + 1);
  const filled = new Float64Array(used + 1);
  for (let i = 0; i < used; i++) {
    const count = counts[i]!;
    mass[i + 1] = mass[i]! + count;
    information[i + 1] = information[i]! + xLogX(count);
    filled[i + 1] = filled[i]! + (count > 0 ? 1 : 0);
  }
  return { mass, information, filled };
}

/** At twice its first bin and `at`: what a level of `width` bins adds to Σ p · log q. Many thresholds have the same levels. */
function setLevelTerms(terms: Float64Array, at: number, { mass, filled }: Sums, width: number): void {
  for (let from = 0; from + width < mass.length; from++) {
    const sum = mass[from + width]! - mass[from]!;
    terms[2 * from + at] = sum === 0 ? 0 : sum * Math.log(sum / (filled[from + width]! - filled[from]!));
  }
}

/**
 * Σ p · log(p / q) with p and q as shares of their sums.
 * @param terms of levels that are ⌊bins / levels⌋ bins wide, each followed by that of one more
 */
function divergenceAt(bins: number, levels: number, { mass, information, filled }: Sums, terms: Float64Array): number {
  const all = mass[mass.length - 1]!;
  const inside = mass[bins]!;
  const tail = all - inside;
  const width = Math.floor(bins / levels);
  const more = bins - width * levels;
  let crossed = 0;
  let from = 0;
  for (let level = 1, rest = more; level < levels; level++, rest += more) {
    // 1 where the level has one bin more, without a branch: the processor would guess every second one wrong.
    const isWider = (levels - 1 - rest) >>> 31;
    crossed += terms[2 * from + isWider]!;
    from += width + isWider;
    rest -= levels & -isWider;
  }
  const sum = inside - mass[from]!;
  crossed += (sum + tail) * Math.log(sum / (filled[bins]! - filled[from]!));
  const last = mass[bins]! - mass[bins - 1]!;
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
