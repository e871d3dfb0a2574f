/**
 * The exact k-th smallest magnitude of any number of tensors, in half a megabyte: radix select on the bits of |x|, which
 * order as the magnitudes do. One pass counts the upper 15 bits, a second the lower 16 of those that share the upper
 * bits of the answer. Counts of tensors and of parts of tensors are simply added.
 */

import { LatheError } from '../contract';

/** Counts by the upper bits of the magnitude; `Float64Array` because a model may have more than 2^32 weights. */
export const UPPER_BINS = 1 << 15;
export const LOWER_BINS = 1 << 16;

/**
 * First pass: adds to `counts` how many magnitudes have which upper 15 bits. NaN counts as the largest of all.
 * @param counts [UPPER_BINS]
 */
export function countMagnitudes(x: Float32Array, counts: Float64Array): void {
  const bits = new Uint32Array(x.buffer, x.byteOffset, x.length);
  for (let i = 0; i < bits.length; i++) counts[(bits[i]! >>> 16) & 0x7fff]!++;
}

/**
 * Second pass: of the magnitudes whose upper 15 bits are `upper`, adds to `counts` how many have which lower 16 bits.
 * @param counts [LOWER_BINS]
 */
export function countMagnitudesWithin(x: Float32Array, upper: number, counts: Float64Array): void {
  const bits = new Uint32Array(x.buffer, x.byteOffset, x.length);
  for (let i = 0; i < bits.length; i++) {
    const b = bits[i]!;
    if (((b >>> 16) & 0x7fff) === upper) counts[b & 0xffff]!++;
  }
}

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

/**
 * The place just after the n-th value whose magnitude equals `threshold`, and how many of the n were not found here (the
 * place is then the end).
 */
export function afterTies(x: Float32Array, threshold: number, n: number): { end: number; left: number } {
  let left = n;
  for (let i = 0; i < x.length && left > 0; i++) {
    if (Math.abs(x[i]!) === threshold && --left === 0) return { end: i + 1, left };
  }
  return { end: left === 0 ? 0 : x.length, left };
}

/**
 * Writes 0 where a value is pruned and 1 where it is kept: below `threshold` all are pruned, of those equal to it the
 * ones before place `tieEnd`. NaN is kept.
 * @param mask as long as `x`
 */
export function maskBelow(x: Float32Array, threshold: number, tieEnd: number, mask: Uint8Array): void {
  for (let i = 0; i < x.length; i++) {
    const magnitude = Math.abs(x[i]!);
    mask[i] = magnitude < threshold || (magnitude === threshold && i < tieEnd) ? 0 : 1;
  }
}
