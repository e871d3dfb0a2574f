/**
 * The exact k-th smallest magnitude of any number of tensors, in under a megabyte: radix select on the bits of |x|. One
 * pass counts the upper 15 bits, a second the lower 16 of those that share the upper bits of the answer. Counts of
 * tensors and of parts of tensors are simply added.
 */

import { LatheError } from '../contract';
import { countMagnitudes, countMagnitudesWithin } from './dispatch';
import { LOWER_BINS, UPPER_BINS } from './magnitude';

/** Which magnitudes are the k smallest: all below `threshold` and `ties` of those equal to it. */
export interface Threshold {
  readonly threshold: number;
  readonly ties: number;
}

type Parts = () => Iterable<Float32Array> | AsyncIterable<Float32Array>;

/**
 * The threshold below which exactly `k` magnitudes lie, ties counted.
 * @param parts called twice; gives the same numbers each time, in parts of any size
 * @param k from 0 to the number of values
 */
export async function selectMagnitude(parts: Parts, k: number): Promise<Threshold> {
  if (k === 0) return { threshold: 0, ties: 0 };
  const upperCounts = new Float64Array(UPPER_BINS);
  for await (const part of parts()) countMagnitudes(part, upperCounts);
  const upper = binOf(upperCounts, k);
  const lowerCounts = new Float64Array(LOWER_BINS);
  for await (const part of parts()) countMagnitudesWithin(part, upper.bin, lowerCounts);
  const lower = binOf(lowerCounts, k - upper.before);
  const bits = new Uint32Array([(upper.bin << 16) | lower.bin]);
  return { threshold: new Float32Array(bits.buffer)[0]!, ties: k - upper.before - lower.before };
}

/** The bin that holds the k-th value (counted from 1), and how many lie before it. */
export function binOf(counts: Float64Array, k: number): { bin: number; before: number } {
  let before = 0;
  for (let bin = 0; bin < counts.length; bin++) {
    if (before + counts[bin]! >= k) return { bin, before };
    before += counts[bin]!;
  }
  throw new LatheError({
    who: 'radix select',
    what: `asked for value ${k} of ${before}`,
    code: 'failed',
  });
}
