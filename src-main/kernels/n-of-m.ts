/** N:M patterns: of each m consecutive values along an axis the n of largest magnitude are kept. */

/**
 * @param x [outer, size, inner], whole slices of the axis; an outer of any size
 * @param size length of the axis that is grouped
 * @param inner product of the dimensions after it
 * @param n kept of each group; a last group of r < m keeps ⌈n · r / m⌉
 * @param mask as long as `x`: 1 kept, 0 pruned. Of equal magnitudes the earlier are kept; NaN counts as the largest
 */
export function maskNOfM(x: Float32Array, size: number, inner: number, n: number, m: number, mask: Uint8Array): void {
  const bits = new Uint32Array(x.buffer, x.byteOffset, x.length);
  for (let slice = 0; slice < bits.length; slice += size * inner) {
    for (let group = 0; group < size; group += m) {
      const members = Math.min(m, size - group);
      const keep = members === m ? n : Math.ceil((n * members) / m);
      const start = slice + group * inner;
      for (let lane = 0; lane < inner; lane++) maskGroup(bits, start + lane, inner, members, keep, mask);
    }
  }
}

function maskGroup(
  bits: Uint32Array,
  start: number,
  stride: number,
  members: number,
  keep: number,
  mask: Uint8Array,
): void {
  for (let i = 0, at = start; i < members; i++, at += stride) {
    const own = bits[at]! & 0x7fffffff;
    let larger = 0;
    for (let j = 0, other = start; j < members; j++, other += stride) {
      const magnitude = bits[other]! & 0x7fffffff;
      if (magnitude > own || (magnitude === own && j < i)) larger++;
    }
    mask[at] = larger < keep ? 1 : 0;
  }
}
