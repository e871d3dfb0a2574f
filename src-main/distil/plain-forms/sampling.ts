/**
 * Operators that read maps between their elements, or in frames, in plain ones: the places are computed, the elements around each are
 * gathered and added by their weights, so that places have gradients too.
 * Sources: the operators' definitions in ONNX (GridSample-20, RoiAlign-16, DeformConv-19, STFT-17); Jaderberg et al. 2015
 * (arXiv:1506.02025); Dai et al. 2017 (arXiv:1703.06211); He et al. 2017 (arXiv:1703.06870).
 */

import { attributes } from '../../onnx/ir';
import type { Emitter } from '../emitter';
import { unsupported } from '../gradient';
import { windowOf } from '../gradients/convolution';
import { concat, countTo, type PlainForm, type Site } from './plain-form';

const { floatOf, int, intOf, stringOf } = attributes;

/** An element of one axis [N, P] and its share. */
interface Tap {
  /** Whole numbers, as floats. */
  readonly place: string;
  readonly weight: string;
}

/** The two elements around a place, by nearness. */
function linearTaps(emit: Emitter, place: string): Tap[] {
  const first = emit.op('Floor', [place]);
  const rest = emit.sub(place, first);
  return [
    { place: first, weight: emit.sub(emit.scalar(1), rest) },
    { place: emit.add(first, emit.scalar(1)), weight: rest },
  ];
}

/** Four elements, by the cubic kernel with a = −¾. */
function cubicTaps(emit: Emitter, place: string): Tap[] {
  const a = -0.75;
  const first = emit.op('Floor', [place]);
  const rest = emit.sub(place, first);
  const polynomial = (x: string, coefficients: readonly number[]) =>
    coefficients
      .slice(1)
      .reduce((sum, c) => emit.add(emit.mul(sum, x), emit.scalar(c)), emit.scalar(coefficients[0] as number));
  const near = [a + 2, -(a + 3), 0, 1];
  const far = [a, -5 * a, 8 * a, -4 * a];
  const distance = (offset: number) => emit.add(emit.scale(rest, offset <= 0 ? 1 : -1), emit.scalar(Math.abs(offset)));
  return [-1, 0, 1, 2].map((offset) => ({
    place: emit.add(first, emit.scalar(offset)),
    weight: polynomial(distance(offset), offset === 0 || offset === 1 ? near : far),
  }));
}

interface Sampled {
  /** [maps, C, …sizes]. */
  readonly x: string;
  readonly rank: number;
  /** int64 [N, 1]: which map is read; '' = the first by the first, and so on. */
  readonly maps: string;
  /** For each axis of the map what is read along it; places are brought inside here. */
  readonly taps: readonly (readonly Tap[])[];
  /** What lies outside counts as zero; else `inside` has brought it in. */
  readonly zerosOutside: boolean;
}

/** [N, P, C]. */
function sample(emit: Emitter, { x, rank, maps, taps, zerosOutside }: Sampled): string {
  const dims = taps.map((_, axis) => emit.dimOf(x, axis + 2));
  const last = dims.map((dim) => emit.sub(emit.cast(dim, 'float32'), emit.scalar(1)));
  const axes = Array.from({ length: rank - 2 }, (_, at) => at + 2);
  // [maps · places, C]
  const width = concat(emit, [emit.integers([-1]), emit.dimOf(x, 1)], 0);
  const rows = emit.op('Reshape', [emit.transpose(x, [0, ...axes, 1]), width]);
  const own = maps === '' ? emit.unsqueeze(countTo(emit, emit.dimOf(x, 0)), [1]) : maps;
  const inside = taps.map((along, axis) => along.map((tap) => placed(emit, tap, last[axis] as string, zerosOutside)));
  const corners = inside.reduce<{ place: string; weight: string }[]>(
    (all, along, axis) =>
      all.flatMap(({ place, weight }) =>
        along.map((tap) => ({
          place: emit.add(emit.mul(place, dims[axis] as string), tap.place),
          weight: weight === '' ? tap.weight : emit.mul(weight, tap.weight),
        })),
      ),
    [{ place: own, weight: '' }],
  );
  const terms = corners.map(({ place, weight }) =>
    emit.mul(emit.op('Gather', [rows, place]), emit.unsqueeze(weight, [2])),
  );
  return terms.length === 1 ? (terms[0] as string) : emit.op('Sum', terms);
}

/** As int64 inside the map; what was outside has no weight where `zerosOutside`. */
function placed(emit: Emitter, { place, weight }: Tap, last: string, zerosOutside: boolean): Tap {
  const zero = emit.scalar(0);
  const within = emit.cast(emit.op('Max', [emit.op('Min', [place, last]), zero]), 'int64');
  if (!zerosOutside) return { place: within, weight };
  const isInside = emit.op('And', [emit.op('GreaterOrEqual', [place, zero]), emit.op('LessOrEqual', [place, last])]);
  return { place: within, weight: emit.mul(weight, emit.mask(isInside)) };
}

/** X [N, C, …], places in [−1, 1] [N, …, D] with the last axis of the map first. */
export const GridSample: PlainForm = ({ emit, node, input, shape }) => {
  const [x, grid] = [input(0), input(1)];
  const rank = shape(x).length;
  const dims = rank - 2;
  const mode =
    { bilinear: 'linear', bicubic: 'cubic' }[stringOf(node, 'mode', 'linear')] ?? stringOf(node, 'mode', 'linear');
  const padding = stringOf(node, 'padding_mode', 'zeros');
  const isAligned = intOf(node, 'align_corners', 0) === 1;
  const places = emit.reshape(grid, [0, -1, dims]);
  const one = emit.scalar(1);
  const taps = Array.from({ length: dims }, (_, axis) => {
    const size = emit.cast(emit.dimOf(x, axis + 2), 'float32');
    const unit = emit.op('Gather', [places, emit.integers([dims - 1 - axis], [])], { axis: int(2) });
    const above = emit.add(unit, one);
    const scaled = isAligned ? emit.mul(above, emit.sub(size, one)) : emit.sub(emit.mul(above, size), one);
    const real = emit.scale(scaled, 0.5);
    const bounds = isAligned
      ? [emit.scalar(0), emit.sub(size, one)]
      : [emit.scalar(-0.5), emit.sub(size, emit.scalar(0.5))];
    const brought = (place: string) => {
      if (padding === 'reflection') return reflected(emit, place, bounds[0] as string, bounds[1] as string);
      return padding === 'border'
        ? emit.op('Max', [emit.op('Min', [place, emit.sub(size, one)]), emit.scalar(0)])
        : place;
    };
    if (mode === 'nearest') return [{ place: brought(emit.op('Round', [real])), weight: emit.constant([1], [1, 1]) }];
    const around = mode === 'cubic' ? cubicTaps(emit, real) : linearTaps(emit, brought(real));
    return around.map((tap) => ({ ...tap, place: brought(tap.place) }));
  });
  const rows = sample(emit, { x, rank, maps: '', taps, zerosOutside: padding === 'zeros' });
  const lead = emit.op('Slice', [emit.shapeOf(x), emit.integers([0]), emit.integers([2]), emit.integers([0])]);
  const sizes = emit.op('Slice', [emit.shapeOf(grid), emit.integers([1]), emit.integers([-1]), emit.integers([0])]);
  return [emit.op('Reshape', [emit.transpose(rows, [0, 2, 1]), concat(emit, [lead, sizes], 0)])];
};

/** Between two walls, turned back at each as often as it takes: a triangle wave. */
function reflected(emit: Emitter, place: string, low: string, high: string): string {
  const span = emit.sub(high, low);
  const twice = emit.scale(span, 2);
  const from = emit.sub(place, low);
  const within = emit.sub(from, emit.mul(twice, emit.op('Floor', [emit.div(from, twice)])));
  return emit.add(low, emit.sub(span, emit.op('Abs', [emit.sub(within, span)])));
}

/** X [N, C, H, W], boxes (x1, y1, x2, y2) [R, 4], the map of each [R]: means over places of a fixed number in each bin. */
export const RoiAlign: PlainForm = ({ emit, node, input, shape }) => {
  const [height, width] = [intOf(node, 'output_height', 1), intOf(node, 'output_width', 1)];
  const count = intOf(node, 'sampling_ratio', 0);
  if (count <= 0) throw unsupported(node, 'a number of places that depends on the boxes (sampling_ratio = 0)');
  if (stringOf(node, 'mode', 'avg') !== 'avg') throw unsupported(node, 'the largest of several places');
  const isHalf = stringOf(node, 'coordinate_transformation_mode', 'half_pixel') === 'half_pixel';
  const scaled = emit.scale(input(1), floatOf(node, 'spatial_scale', 1));
  const boxes = isHalf ? emit.sub(scaled, emit.scalar(0.5)) : scaled;
  // [R, 1]
  const bound = (at: number) => emit.slice(boxes, [at], [at + 1], [1]);
  const along = (axis: 0 | 1, bins: number) => {
    const [begin, end] = [bound(1 - axis), bound(3 - axis)];
    const length = isHalf ? emit.sub(end, begin) : emit.op('Max', [emit.sub(end, begin), emit.scalar(1)]);
    const steps = Array.from({ length: bins * count }, (_, at) => (at + 0.5) / (bins * count));
    return emit.add(begin, emit.mul(length, emit.constant(steps, [1, bins * count])));
  };
  const [rows, columns] = [height * count, width * count];
  // [R, rows · columns]
  const everyPair = (value: string, axis: 1 | 2) =>
    emit.reshape(emit.op('Expand', [emit.unsqueeze(value, [axis]), emit.integers([1, rows, columns])]), [
      0,
      rows * columns,
    ]);
  const taps = ([everyPair(along(0, height), 2), everyPair(along(1, width), 1)] as const).map((place, axis) => {
    const size = emit.cast(emit.dimOf(input(0), axis + 2), 'float32');
    const isNear = emit.op('And', [
      emit.op('GreaterOrEqual', [place, emit.scalar(-1)]),
      emit.op('LessOrEqual', [place, size]),
    ]);
    const within = emit.op('Max', [emit.op('Min', [place, emit.sub(size, emit.scalar(1))]), emit.scalar(0)]);
    return linearTaps(emit, within).map((tap) => ({ ...tap, weight: emit.mul(tap.weight, emit.mask(isNear)) }));
  });
  const maps = emit.unsqueeze(emit.cast(input(2), 'int64'), [1]);
  const found = sample(emit, { x: input(0), rank: shape(input(0)).length, maps, taps, zerosOutside: false });
  // [R, height, count, width, count, C]
  const apart = emit.reshape(found, [0, height, count, width, count, channelsOf({ node, shape, input })]);
  return [emit.transpose(emit.mean(apart, [2, 4], false), [0, 3, 1, 2])];
};

function channelsOf({ node, shape, input }: Pick<Site, 'node' | 'shape' | 'input'>): number {
  const channels = shape(input(0))[1];
  if (typeof channels !== 'number') throw unsupported(node, 'its number of channels is not known');
  return channels;
}

/**
 * X [N, C, H, W], weights [M, C/groups, k, k], offsets (y, x) of each tap [N, offset groups·taps·2, H', W'], bias, a share of each
 * tap [N, offset groups·taps, H', W'].
 */
export const DeformConv: PlainForm = ({ emit, node, input, shape }) => {
  const [x, weight, offset, bias, mask] = [0, 1, 2, 3, 4].map(input) as [string, string, string, string, string];
  const [groups, offsetGroups] = [intOf(node, 'group', 1), intOf(node, 'offset_group', 1)];
  const channels = channelsOf({ node, shape, input });
  const [outputs, , ...kernel] = shape(weight) as readonly number[];
  const sizes = shape(offset).slice(2);
  if (kernel.length !== 2 || ![outputs, ...kernel, ...sizes].every((dim) => typeof dim === 'number'))
    throw unsupported(node, 'maps of other than two axes, or of unknown size', 'fix the model’s dynamic dims first');
  const { strides, dilations, begins } = windowOf(node, kernel, shape(x).slice(2));
  const [height, width] = sizes as [number, number];
  const [count, places] = [kernel.reduce((all, k) => all * k, 1), height * width];
  // [1, taps · places]: where the taps of each place lie without offsets.
  const grid = (axis: 0 | 1) =>
    Array.from({ length: count * places }, (_, at) => {
      const [tap, place] = [Math.floor(at / places), at % places];
      const step = axis === 0 ? Math.floor(place / width) : place % width;
      const offsetInKernel = axis === 0 ? Math.floor(tap / (kernel[1] as number)) : tap % (kernel[1] as number);
      return step * (strides[axis] as number) + offsetInKernel * (dilations[axis] as number) - (begins[axis] as number);
    });
  // [N · offset groups, taps, 2, places]
  const offsets = emit.reshape(offset, [-1, count, 2, places]);
  const maps = emit.op('Reshape', [
    x,
    concat(emit, [emit.integers([-1, channels / offsetGroups]), emit.dimOf(x, 2), emit.dimOf(x, 3)], 0),
  ]);
  const taps = ([0, 1] as const).map((axis) => {
    const own = emit.reshape(emit.slice(offsets, [axis], [axis + 1], [2]), [0, -1]);
    return linearTaps(emit, emit.add(own, emit.constant(grid(axis), [1, count * places])));
  });
  const read = sample(emit, { x: maps, rank: 4, maps: '', taps, zerosOutside: true });
  const shared = mask === '' ? read : emit.mul(read, emit.reshape(mask, [-1, count * places, 1]));
  // [N · offset groups, C/offset groups, taps, places] → [N, groups, C/groups·taps, places]
  const columns = emit.reshape(emit.transpose(shared, [0, 2, 1]), [-1, groups, (channels / groups) * count, places]);
  const rows = emit.reshape(weight, [groups, (outputs as number) / groups, (channels / groups) * count]);
  const summed = emit.reshape(emit.matmul(rows, columns), [-1, outputs as number, height, width]);
  return [bias === '' ? summed : emit.add(summed, emit.unsqueeze(bias, [1, 2]))];
};

/** Signals [B, L, 1 or 2], a step, a window [n], a length n: the transforms of frames [B, frames, n/2 + 1 or n, 2]. */
export const STFT: PlainForm = ({ emit, node, input, shape, constant, opset }) => {
  const length = input(2) === '' ? constant(input(3))?.[0] : shape(input(2))[0];
  const step = constant(input(1))?.[0];
  if (typeof length !== 'number' || step === undefined)
    throw unsupported(node, 'a step or a length of frames that is computed at run time');
  const signal = shape(input(0)).length === 2 ? emit.unsqueeze(input(0), [2]) : input(0);
  const rest = emit.sub(emit.dimOf(signal, 1), emit.integers([length]));
  const count = emit.add(emit.div(rest, emit.integers([step])), emit.integers([1]));
  const begins = emit.unsqueeze(emit.mul(countTo(emit, count), emit.integers([step])), [1]);
  const places = emit.add(begins, emit.integers(Array.from({ length }, (_, at) => at)));
  // [B, frames, n, 1 or 2]
  const frames = emit.op('Gather', [signal, places], { axis: int(1) });
  const seen = input(2) === '' ? frames : emit.mul(frames, emit.unsqueeze(input(2), [1]));
  const onesided = { onesided: int(intOf(node, 'onesided', 1)) };
  if (opset < 20) return [emit.op('DFT', [seen], { axis: int(2), ...onesided })];
  return [emit.op('DFT', [seen, '', emit.integers([2], [])], onesided)];
};
