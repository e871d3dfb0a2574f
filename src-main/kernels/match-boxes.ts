/** Boxes found against boxes that are there. */

/** x0 y0 x1 y1 */
export type Box = readonly [number, number, number, number];

/** Intersection over union of two boxes; 0 where they do not overlap. */
export function intersectionOverUnion(a: Box, b: Box): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared);
}

/** How many of the found boxes, in their order, have a true box of their own with the greatest overlap ≥ `threshold`. */
export function countMatches(found: readonly Box[], truth: readonly Box[], threshold: number): number {
  const taken = new Set<number>();
  for (const box of found) {
    let best = -1;
    let bestOverlap = -1;
    truth.forEach((candidate, at) => {
      const overlap = taken.has(at) ? -1 : intersectionOverUnion(box, candidate);
      // Of equal overlaps the later one is taken, as the reference evaluator does.
      if (overlap >= 0 && overlap >= bestOverlap) {
        best = at;
        bestOverlap = overlap;
      }
    });
    if (bestOverlap >= threshold) taken.add(best);
  }
  return taken.size;
}
