import { describe, expect, it } from 'vitest';
import { type Augmentation, augment } from '../../../src-main/distil/augment';
import { Random } from '../../../src-main/kernels/random';
import type { Feeds, NdArray } from '../../../src-main/onnx/ir';
import { floats } from '../../support/run-emitted';

const side = 10;
/** One channel whose pixel says where it was: 100·row + column. */
const located = Array.from({ length: side * side }, (_, at) => 100 * Math.floor(at / side) + (at % side));
const pictures = (count: number) => floats([count, 1, side, side], Array.from({ length: count }, () => located).flat());

const pixelsOf = (feeds: Feeds, kind: Augmentation, layout: 'NCHW' | 'NHWC', seed: number) =>
  (augment(feeds, kind, layout, new Random(seed)).image as NdArray<'float32'>).data;

describe('augment', () => {
  it('mirrors about half of the pictures, columns only', () => {
    const pixels = pixelsOf({ image: pictures(200) }, 'flip', 'NCHW', 3);
    const firsts = Array.from({ length: 200 }, (_, at) => pixels[at * side * side]);
    expect(new Set(firsts)).toEqual(new Set([0, side - 1]));
    // Binomial(200, ½): six standard deviations are 42.
    expect(Math.abs(firsts.filter((first) => first !== 0).length - 100)).toBeLessThan(42);
  });

  it('shifts by at most a tenth of the side and repeats the edge', () => {
    const pixels = pixelsOf({ image: pictures(100) }, 'shift', 'NCHW', 3);
    const centres = Array.from({ length: 100 }, (_, at) => pixels[at * side * side + 5 * side + 5] as number);
    const moves = centres.map((centre) => [5 - Math.floor(centre / 100), 5 - (centre % 100)]);
    expect(new Set(moves.flat())).toEqual(new Set([-1, 0, 1]));
  });

  it('cuts windows of half the area or more, of any place, and fills the size with them', () => {
    const pixels = pixelsOf({ image: pictures(200) }, 'crop', 'NCHW', 3);
    const crops = Array.from({ length: 200 }, (_, at) => {
      const of = (y: number, x: number) => pixels[at * side * side + y * side + x] as number;
      // Between pixels 3 and 6 nothing is clamped: a row's step is 100 · height, a column's the width.
      return {
        height: (of(6, 4) - of(3, 4)) / 300,
        width: (of(4, 6) - of(4, 3)) / 3,
        centre: (of(4, 4) + of(5, 5)) / 2,
      };
    });
    for (const { height, width } of crops) {
      // The pixel values carry float32's 6e-8 of 999.
      expect(height * width).toBeGreaterThan(0.5 - 1e-3);
      expect(Math.max(height, width)).toBeLessThan(1 + 1e-3);
      expect(width / height).toBeGreaterThan(3 / 4 - 1e-3);
      expect(width / height).toBeLessThan(4 / 3 + 1e-3);
    }
    const centres = crops.map(({ centre }) => centre / 100);
    expect(Math.min(...centres)).toBeLessThan(4);
    expect(Math.max(...centres)).toBeGreaterThan(5);
  });

  it('leaves what is one colour as it is, crop or not', () => {
    const image = floats([3, 1, side, side], Array(3 * side * side).fill(0.25));
    expect(new Set(pixelsOf({ image }, 'crop-flip', 'NCHW', 4))).toEqual(new Set([0.25]));
  });

  it.each(['shift-flip', 'crop-flip'] as const)('moves the same picture the same way in both layouts: %s', (kind) => {
    const two = Array.from({ length: side * side }, (_, at) => [located[at] as number, -(located[at] as number)]);
    const channelsFirst = floats(
      [1, 2, side, side],
      [...two.map(([a]) => a as number), ...two.map(([, b]) => b as number)],
    );
    const channelsLast = floats([1, side, side, 2], two.flat());
    const first = pixelsOf({ image: channelsFirst }, kind, 'NCHW', 9);
    const last = pixelsOf({ image: channelsLast }, kind, 'NHWC', 9);
    expect(Array.from(last.filter((_, at) => at % 2 === 0))).toEqual(Array.from(first.subarray(0, side * side)));
    expect(Array.from(last.filter((_, at) => at % 2 === 1))).toEqual(Array.from(first.subarray(side * side)));
  });

  it('leaves tokens and tables alone', () => {
    const table = floats([4, 3], Array(12).fill(1));
    expect(augment({ table }, 'shift-flip', 'NCHW', new Random(1)).table).toBe(table);
  });
});
