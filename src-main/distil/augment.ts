/**
 * Pictures moved and mirrored at random, the same for teacher and student because both read the moved batch.
 * Only float arrays of rank 4 are pictures; tokens and tables are left alone.
 * Source: Krizhevsky, Sutskever and Hinton 2012 (NIPS), translations and reflections.
 */

import type { Random } from '../kernels/random';
import { elementCount, type Feeds, type NdArray } from '../onnx/ir';

export type Augmentation = 'none' | 'shift' | 'flip' | 'shift-flip';

/** Largest shift, as a share of the side. */
const reach = 0.1;

export function augment(feeds: Feeds, kind: Augmentation, layout: 'NCHW' | 'NHWC', random: Random): Feeds {
  if (kind === 'none') return feeds;
  return Object.fromEntries(
    Object.entries(feeds).map(([name, array]) => {
      const picture = array.dtype === 'float32' && array.shape.length === 4;
      return [name, picture ? moved(array as NdArray<'float32'>, kind, layout, random) : array];
    }),
  );
}

function moved(
  pictures: NdArray<'float32'>,
  kind: Augmentation,
  layout: 'NCHW' | 'NHWC',
  random: Random,
): NdArray<'float32'> {
  const [count, ...shape] = pictures.shape as [number, number, number, number];
  const size = elementCount(shape);
  const data = new Float32Array(pictures.data.length);
  for (let at = 0; at < count; at++) {
    const source = pictures.data.subarray(at * size, (at + 1) * size);
    const target = data.subarray(at * size, (at + 1) * size);
    movePicture(
      source,
      target,
      shape as [number, number, number],
      layout,
      draw(kind, shape as [number, number, number], layout, random),
    );
  }
  return { ...pictures, data };
}

interface Move {
  readonly down: number;
  readonly right: number;
  readonly mirrored: boolean;
}

function draw(
  kind: Augmentation,
  shape: readonly [number, number, number],
  layout: 'NCHW' | 'NHWC',
  random: Random,
): Move {
  const [height, width] = layout === 'NCHW' ? [shape[1], shape[2]] : [shape[0], shape[1]];
  const shift = (side: number) =>
    kind === 'flip' ? 0 : random.below(2 * Math.floor(reach * side) + 1) - Math.floor(reach * side);
  return { down: shift(height), right: shift(width), mirrored: kind !== 'shift' && random.uniform() < 0.5 };
}

/** What comes in from outside repeats the edge. */
function movePicture(
  source: Float32Array,
  target: Float32Array,
  shape: readonly [number, number, number],
  layout: 'NCHW' | 'NHWC',
  move: Move,
): void {
  const [channels, height, width] = layout === 'NCHW' ? shape : ([shape[2], shape[0], shape[1]] as const);
  const [perChannel, perRow, perColumn] =
    layout === 'NCHW' ? [height * width, width, 1] : [1, width * channels, channels];
  const clamp = (value: number, limit: number) => Math.min(limit - 1, Math.max(0, value));
  for (let y = 0; y < height; y++) {
    const fromY = clamp(y - move.down, height);
    for (let x = 0; x < width; x++) {
      const column = clamp(x - move.right, width);
      const fromX = move.mirrored ? width - 1 - column : column;
      for (let c = 0; c < channels; c++) {
        target[c * perChannel + y * perRow + x * perColumn] = source[
          c * perChannel + fromY * perRow + fromX * perColumn
        ] as number;
      }
    }
  }
}
