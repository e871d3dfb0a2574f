/**
 * Magnitudes by their bits, which order as they do, and masks by threshold. {@link selectMagnitude} puts the counts
 * together.
 */

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
