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

  it('moves the same picture the same way in both layouts', () => {
    const two = Array.from({ length: side * side }, (_, at) => [located[at] as number, -(located[at] as number)]);
    const channelsFirst = floats(
      [1, 2, side, side],
      [...two.map(([a]) => a as number), ...two.map(([, b]) => b as number)],
    );
    const channelsLast = floats([1, side, side, 2], two.flat());
    const first = pixelsOf({ image: channelsFirst }, 'shift-flip', 'NCHW', 9);
    const last = pixelsOf({ image: channelsLast }, 'shift-flip', 'NHWC', 9);
    expect(Array.from(last.filter((_, at) => at % 2 === 0))).toEqual(Array.from(first.subarray(0, side * side)));
    expect(Array.from(last.filter((_, at) => at % 2 === 1))).toEqual(Array.from(first.subarray(side * side)));
  });

  it('leaves tokens and tables alone', () => {
    const table = floats([4, 3], Array(12).fill(1));
    expect(augment({ table }, 'shift-flip', 'NCHW', new Random(1)).table).toBe(table);
  });
});
