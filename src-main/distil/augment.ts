/**
 * Pictures moved, cropped and mirrored at random, the same for teacher and student because both read the moved batch.
 * Only float arrays of rank 4 are pictures; tokens and tables are left alone.
 * Sources: Krizhevsky, Sutskever and Hinton 2012 (NIPS), translations and reflections; Szegedy et al. 2015 (arXiv:1409.4842),
 * section 6: crops of random area and aspect ratio between 3/4 and 4/3.
 */

import type { Random } from '../kernels/random';
import { elementCount, type Feeds, type NdArray } from '../onnx/ir';

export type Augmentation = 'none' | 'shift' | 'flip' | 'shift-flip' | 'crop' | 'crop-flip';

/** Largest shift, as a share of the side. */
const reach = 0.1;
/** Share of the picture that a crop keeps at least. */
const leastArea = 0.5;
/** Largest width of a crop to its height, both as shares of the picture's sides, and the other way round. */
const mostAspect = 4 / 3;

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
  const [count, ...shape] = pictures.shape as [number, ...Shape];
  const size = elementCount(shape);
  const data = new Float32Array(pictures.data.length);
  for (let at = 0; at < count; at++) {
    const source = pictures.data.subarray(at * size, (at + 1) * size);
    const target = data.subarray(at * size, (at + 1) * size);
    if (isCrop(kind)) cropPicture(source, target, shape, layout, drawCrop(kind, random));
    else movePicture(source, target, shape, layout, draw(kind, shape, layout, random));
  }
  return { ...pictures, data };
}

function isCrop(kind: Augmentation): boolean {
  return kind === 'crop' || kind === 'crop-flip';
}

/** Of one picture, in its layout. */
type Shape = [number, number, number];

interface Move {
  readonly down: number;
  readonly right: number;
  readonly mirrored: boolean;
}

/** A window of the picture in shares of its sides. */
interface Crop {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
  readonly mirrored: boolean;
}

function drawCrop(kind: Augmentation, random: Random): Crop {
  const area = leastArea + (1 - leastArea) * random.uniform();
  const aspect = mostAspect ** (2 * random.uniform() - 1);
  const [height, width] = [Math.min(1, Math.sqrt(area / aspect)), Math.min(1, Math.sqrt(area * aspect))];
  return {
    top: (1 - height) * random.uniform(),
    left: (1 - width) * random.uniform(),
    height,
    width,
    mirrored: kind === 'crop-flip' && random.uniform() < 0.5,
  };
}

function draw(kind: Augmentation, shape: Shape, layout: 'NCHW' | 'NHWC', random: Random): Move {
  const [height, width] = layout === 'NCHW' ? [shape[1], shape[2]] : [shape[0], shape[1]];
  const shift = (side: number) =>
    kind === 'flip' ? 0 : random.below(2 * Math.floor(reach * side) + 1) - Math.floor(reach * side);
  return { down: shift(height), right: shift(width), mirrored: kind !== 'shift' && random.uniform() < 0.5 };
}

interface Steps {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** Elements from one channel, row and column to the next. */
  readonly perChannel: number;
  readonly perRow: number;
  readonly perColumn: number;
}

function stepsOf(shape: Shape, layout: 'NCHW' | 'NHWC'): Steps {
  const [channels, height, width] = layout === 'NCHW' ? shape : ([shape[2], shape[0], shape[1]] as const);
  const [perChannel, perRow, perColumn] =
    layout === 'NCHW' ? ([height * width, width, 1] as const) : ([1, width * channels, channels] as const);
  return { channels, height, width, perChannel, perRow, perColumn };
}

/** The window at the size of the picture, between the four pixels around each place in proportion. */
function cropPicture(
  source: Float32Array,
  target: Float32Array,
  shape: Shape,
  layout: 'NCHW' | 'NHWC',
  crop: Crop,
): void {
  const { channels, height, width, perChannel, perRow, perColumn } = stepsOf(shape, layout);
  const rows = placesOf(height, crop.top, crop.height, false);
  const columns = placesOf(width, crop.left, crop.width, crop.mirrored);
  for (let c = 0; c < channels; c++) {
    const at = (y: number, x: number) => source[c * perChannel + y * perRow + x * perColumn] as number;
    rows.forEach((row, y) => {
      columns.forEach((column, x) => {
        const above = at(row.first, column.first) * (1 - column.share) + at(row.first, column.second) * column.share;
        const below = at(row.second, column.first) * (1 - column.share) + at(row.second, column.second) * column.share;
        target[c * perChannel + y * perRow + x * perColumn] = above * (1 - row.share) + below * row.share;
      });
    });
  }
}

/** For each pixel of a side the two that it lies between, and the share of the second. */
function placesOf(side: number, start: number, length: number, mirrored: boolean) {
  return Array.from({ length: side }, (_, at) => {
    const centre = start * side + ((mirrored ? side - 1 - at : at) + 0.5) * length - 0.5;
    const place = Math.min(side - 1, Math.max(0, centre));
    const first = Math.floor(place);
    return { first, second: Math.min(side - 1, first + 1), share: place - first };
  });
}

/** What comes in from outside repeats the edge. */
function movePicture(
  source: Float32Array,
  target: Float32Array,
  shape: Shape,
  layout: 'NCHW' | 'NHWC',
  move: Move,
): void {
  const { channels, height, width, perChannel, perRow, perColumn } = stepsOf(shape, layout);
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
