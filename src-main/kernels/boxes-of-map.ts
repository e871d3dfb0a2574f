/**
 * Boxes around the connected parts of a probability map.
 * Source: Liao et al., Real-time scene text detection with differentiable binarization, AAAI 2020 (3.5, box formation).
 */

import type { Box } from './match-boxes';

/** A pixel belongs to a part above this. */
const pixelThreshold = 0.3;
/** A part counts where the map's mean over its box reaches this. */
const boxThreshold = 0.4;
/** Pixels of the shorter side below which a part is a speck. */
const leastSide = 3;

/** Boxes of the parts of a map, in the order of their first pixels. */
export function boxesOfMap(map: ArrayLike<number>, height: number, width: number): Box[] {
  const seen = new Uint8Array(height * width);
  const found: Box[] = [];
  for (let at = 0; at < seen.length; at++) {
    if (seen[at] === 1 || !((map[at] as number) > pixelThreshold)) continue;
    const part = extentOfPart(map, seen, at, height, width);
    const box = boxOfPart(map, part, width);
    if (box !== null) found.push(box);
  }
  return found;
}

interface Extent {
  x0: number;
  y0: number;
  /** One beyond the last. */
  x1: number;
  y1: number;
}

/** Floods the part that the pixel belongs to; neighbours are above, below, left and right. */
function extentOfPart(map: ArrayLike<number>, seen: Uint8Array, first: number, height: number, width: number): Extent {
  const extent: Extent = { x0: width, y0: height, x1: 0, y1: 0 };
  const open = [first];
  seen[first] = 1;
  const visit = (at: number): void => {
    if (seen[at] === 1 || !((map[at] as number) > pixelThreshold)) return;
    seen[at] = 1;
    open.push(at);
  };
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const x = at % width;
    const y = (at - x) / width;
    extent.x0 = Math.min(extent.x0, x);
    extent.y0 = Math.min(extent.y0, y);
    extent.x1 = Math.max(extent.x1, x + 1);
    extent.y1 = Math.max(extent.y1, y + 1);
    if (x > 0) visit(at - 1);
    if (x + 1 < width) visit(at + 1);
    if (y > 0) visit(at - width);
    if (y + 1 < height) visit(at + width);
  }
  return extent;
}

/** Grown on each side by area / (2 · perimeter half), as the map is drawn shrunken; null for specks and faint parts. */
function boxOfPart(map: ArrayLike<number>, { x0, y0, x1, y1 }: Extent, mapWidth: number): Box | null {
  const width = x1 - x0;
  const height = y1 - y0;
  if (Math.min(width, height) < leastSide) return null;
  let sum = 0;
  for (let y = y0; y < y1; y++) for (let x = x0; x < x1; x++) sum += map[y * mapWidth + x] as number;
  if (sum / (width * height) < boxThreshold) return null;
  const growth = (width * height) / (2 * (width + height));
  return [x0 - growth, y0 - growth, x1 + growth, y1 + growth];
}
