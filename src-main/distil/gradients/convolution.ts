/**
 * Gradients of convolutions, in any number of spatial dimensions. Letters: N batch, C input channels, M output
 * channels, G groups, k the product of the kernel, o the product of the output's spatial size.
 * The form of each is chosen by shape; measured figures stand in docs/bench/training.md.
 */

import { attributes, type Dim, type Node } from '../../onnx/ir';
import { blockedConv, fitsBlocks } from '../blocked-conv';
import type { Emitter } from '../emitter';
import { type Gradient, type GradientContext, rankOf, unsupported } from '../gradient';
import { shifted } from '../shifted';

const { int, intOf, ints, intsOf, stringOf } = attributes;

/** Where windows lie on a map. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly begins: readonly number[];
  readonly ends: readonly number[];
}

interface Geometry extends Window {
  readonly group: number;
}

/** Of a Conv whose weights are w. */
function geometryOf(context: GradientContext, x: string, w: string): Geometry {
  const { node } = context;
  const weight = context.shape(w);
  const kernel = weight
    .slice(2)
    .map((dim) => (typeof dim === 'number' ? dim : fail(node, 'its kernel size is not known')));
  return { group: intOf(node, 'group', 1), ...windowOf(node, kernel, context.shape(x).slice(2)) };
}

/** Attributes with their defaults; `auto_pad` becomes numbers. @param sizes of the map */
export function windowOf(node: Node, kernel: readonly number[], sizes: readonly Dim[]): Window {
  const ones = kernel.map(() => 1);
  const strides = intsOf(node, 'strides', ones);
  const dilations = intsOf(node, 'dilations', ones);
  const zeros = kernel.map(() => 0);
  const pads = intsOf(node, 'pads', [...zeros, ...zeros]);
  const auto = stringOf(node, 'auto_pad', 'NOTSET');
  let [begins, ends] = [pads.slice(0, kernel.length), pads.slice(kernel.length)];
  if (auto === 'VALID') [begins, ends] = [zeros, zeros];
  if (auto === 'SAME_UPPER' || auto === 'SAME_LOWER') {
    const totals = kernel.map((size, at) =>
      sameTotal(node, sizes[at] ?? null, size, strides[at] as number, dilations[at] as number),
    );
    const [less, more] = [totals.map((total) => Math.floor(total / 2)), totals.map((total) => Math.ceil(total / 2))];
    [begins, ends] = auto === 'SAME_UPPER' ? [less, more] : [more, less];
  }
  return { kernel, strides, dilations, begins, ends };
}

/** Total padding that keeps ⌈size / stride⌉ outputs. */
function sameTotal(node: Node, size: Dim, kernel: number, stride: number, dilation: number): number {
  const span = dilation * (kernel - 1) + 1;
  if (stride === 1) return span - 1;
  if (typeof size !== 'number')
    return fail(node, 'auto_pad with strides needs a known size', 'fix the model’s dynamic dims first');
  return Math.max(0, (Math.ceil(size / stride) - 1) * stride + span - size);
}

function fail(node: Node, what: string, next?: string): never {
  throw unsupported(node, what, next);
}

export const Conv: Gradient = (context) => {
  const [x, w, b, g] = [context.input(0), context.input(1), context.input(2), context.gradient()];
  const geometry = geometryOf(context, x, w);
  blockForward(context, geometry);
  return [
    context.needs(0) ? byInput(context, geometry, g, w, x) : null,
    context.needs(1) ? byWeight(context, geometry, { x, like: x, g, out: context.output(0), w }) : null,
    b !== '' && context.needs(2) ? byBias(context, g) : null,
  ];
};

/** The adjoint of Conv: dX is a Conv of g, dW that of the Conv which it is the input gradient of. */
export const ConvTranspose: Gradient = (context) => {
  const [x, w, b, g] = [context.input(0), context.input(1), context.input(2), context.gradient()];
  const geometry = geometryOf(context, context.output(0), w);
  if (intsOf(context.node, 'output_shape', null) !== null) fail(context.node, 'output_shape as an attribute');
  if (stringOf(context.node, 'auto_pad', 'NOTSET') !== 'NOTSET') fail(context.node, 'auto_pad on a ConvTranspose');
  return [
    context.needs(0) ? conv(context, geometry, g, w, channelsOf(context, w, geometry.group)) : null,
    context.needs(1) ? byWeight(context, geometry, { x: g, like: context.output(0), g: x, out: x, w }) : null,
    b !== '' && context.needs(2) ? byBias(context, g) : null,
  ];
};

interface Channels {
  readonly inputs: number;
  readonly outputs: number;
}

/** Of a Conv with weights w [M, C/G, …k]. */
function channelsOf(context: GradientContext, w: string, group: number): Channels {
  const [outputs, perGroup] = context.shape(w) as readonly [number, number];
  return { inputs: perGroup * group, outputs };
}

/** The blocked layout is one of float32. */
function isBlocked(context: GradientContext, geometry: Geometry, channels: Channels): boolean {
  return (
    context.dtype(context.input(0)) === 'float32' && fitsBlocks(context.channelBlock, { ...geometry, ...channels })
  );
}

/** A Conv, in the blocked layout where it fits. */
function conv(context: GradientContext, geometry: Geometry, x: string, w: string, channels: Channels): string {
  const { emit, channelBlock } = context;
  if (!fitsBlocks(channelBlock, { ...geometry, ...channels })) return emit.op('Conv', [x, w], convAttributes(geometry));
  const pads = [...geometry.begins, ...geometry.ends];
  return blockedConv(emit, { ...geometry, ...channels, pads, x, w, b: '' }, channelBlock);
}

/** The forward node itself in the blocked layout, where it fits. */
function blockForward(context: GradientContext, geometry: Geometry): void {
  const { emit, channelBlock } = context;
  const [x, w, b] = [context.input(0), context.input(1), context.input(2)];
  const channels = channelsOf(context, w, geometry.group);
  if (!isBlocked(context, geometry, channels)) return;
  const before = emit.nodes.length;
  const pads = [...geometry.begins, ...geometry.ends];
  blockedConv(emit, { ...geometry, ...channels, pads, x, w, b }, channelBlock);
  const written = emit.nodes.splice(before);
  const last = written.pop() as Node;
  context.replaceForward(...written, { ...last, outputs: [context.output(0)] });
}

function convAttributes({ group, kernel, strides, dilations, begins, ends }: Geometry) {
  return {
    group: int(group),
    kernel_shape: ints(kernel),
    strides: ints(strides),
    dilations: ints(dilations),
    pads: ints([...begins, ...ends]),
  };
}

/** Σ over batch and space. */
function byBias(context: GradientContext, g: string): string {
  const axes = Array.from({ length: rankOf(context, context.output(0)) }, (_, axis) => axis).filter(
    (axis) => axis !== 1,
  );
  return context.emit.sum(g, axes, false);
}

/**
 * dX. Stride 1 and one group (or blocks of depthwise channels): a Conv of g with the kernel turned round and its channels
 * swapped, which runs on the same fast kernel as the forward. Otherwise ConvTranspose with the weights as they are.
 */
function byInput(context: GradientContext, geometry: Geometry, g: string, w: string, x: string): string {
  const { kernel, strides, dilations, begins, ends, group } = geometry;
  const margins = (pads: readonly number[]) =>
    pads.map((pad, at) => (dilations[at] as number) * ((kernel[at] as number) - 1) - pad);
  const [flippedBegins, flippedEnds] = [margins(begins), margins(ends)];
  const fits = strides.every((stride) => stride === 1) && [...flippedBegins, ...flippedEnds].every((pad) => pad >= 0);
  const { inputs, outputs } = channelsOf(context, w, group);
  const turned = { inputs: outputs, outputs: inputs };
  if (fits && (group === 1 || isBlocked(context, geometry, turned))) {
    const flipped = flipKernel(context, w, kernel, group);
    return conv(context, { ...geometry, begins: flippedBegins, ends: flippedEnds }, g, flipped, turned);
  }
  return transposedConv(context, geometry, g, w, x);
}

/** [M, C, …k] → [C, M, …k reversed]; of a depthwise kernel [C, 1, …k] only the reversal. */
function flipKernel({ emit }: GradientContext, w: string, kernel: readonly number[], group: number): string {
  const axes = kernel.map((_, at) => at + 2);
  const swapped = group === 1 ? emit.transpose(w, [1, 0, ...axes]) : w;
  if (kernel.every((k) => k === 1)) return swapped;
  return emit.slice(
    swapped,
    axes.map(() => -1),
    axes.map(() => -(2 ** 31)),
    axes,
    axes.map(() => -1),
  );
}

/**
 * Rows that the stride left over at the end are reached by the padded end of the map: output_padding where the sizes
 * are known; else the end is not cropped, and the map is cut to the size of x.
 */
function transposedConv(context: GradientContext, geometry: Geometry, g: string, w: string, x: string): string {
  const { emit } = context;
  const { kernel, strides, dilations, begins, ends } = geometry;
  const [size, out] = [context.shape(x).slice(2), context.shape(context.output(0)).slice(2)];
  const missing = kernel.map((k, at) => {
    const [from, to] = [size[at], out[at]];
    if (typeof from !== 'number' || typeof to !== 'number') return null;
    const span = (dilations[at] as number) * (k - 1) + 1;
    return from - ((to - 1) * (strides[at] as number) + span - (begins[at] as number) - (ends[at] as number));
  });
  const known = missing.every((amount) => amount !== null);
  if (known)
    return emit.op('ConvTranspose', [g, w], { ...convAttributes(geometry), output_padding: ints(missing as number[]) });
  const uncropped = emit.op('ConvTranspose', [g, w], convAttributes({ ...geometry, ends: ends.map(() => 0) }));
  return cutTo(
    context,
    uncropped,
    x,
    strides.map((stride) => stride - 1),
  );
}

/** The first rows of each spatial axis, as many as x has; `margin` rows of zeros are added before. */
export function cutTo({ emit }: GradientContext, map: string, x: string, margin: readonly number[]): string {
  const axes = margin.map((_, at) => at + 2);
  const zeros = [0, 0, ...margin.map(() => 0)];
  const padded = margin.some((rows) => rows > 0)
    ? emit.op('Pad', [map, emit.integers([...zeros, 0, 0, ...margin])])
    : map;
  const lengths = emit.op('Slice', [emit.shapeOf(x), emit.integers([2]), emit.integers([64]), emit.integers([0])]);
  return emit.op('Slice', [padded, emit.integers(margin.map(() => 0)), lengths, emit.integers(axes)]);
}

/** The Conv x → y whose weight gradient is asked for. `out` is a forward value shaped as y. */
interface WeightProblem {
  readonly x: string;
  /** A forward value shaped as x. */
  readonly like: string;
  readonly g: string;
  readonly out: string;
  readonly w: string;
}

/** dW [M, C/G, …k], by the form that suits the shape. */
function byWeight(context: GradientContext, geometry: Geometry, problem: WeightProblem): string {
  const { kernel, strides, group, begins, ends } = geometry;
  const [outputs, perGroup] = context.shape(problem.w) as readonly [number, number];
  const channels = perGroup * group;
  const taps = kernel.reduce((all, k) => all * k, 1);
  const pointwise = taps === 1 && strides.every((s) => s === 1) && [...begins, ...ends].every((p) => p === 0);
  if (group === channels && outputs === channels && !pointwise) return depthwiseTaps(context, geometry, problem);
  // A large kernel over few channels (a stem).
  if (group === 1 && channels <= 4 && kernel.length === 2 && taps > 25) return swappedConv(context, geometry, problem);
  const sizes = { group, outputs, perGroup };
  // Below eight channels a product a tap leaves most of the kernel's width idle: the taps stand side by side.
  const products =
    taps > 1 && perGroup < 8
      ? [batchedProduct(context, problem.g, stackTaps(context, geometry, problem, perGroup), { ...sizes, taps })]
      : pairsOf(context, geometry, problem).map(([g, tap]) =>
          foldsBatch(context, problem, sizes)
            ? foldedProduct(context, g, tap)
            : batchedProduct(context, g, tap, { ...sizes, taps: 1 }),
        );
  if (taps === 1) return context.emit.reshapeLike(products[0] as string, problem.w);
  const all = products.length === 1 ? (products[0] as string) : concat(context, products, -1);
  const byTap = context.emit.reshape(all, [outputs, taps, perGroup]);
  return context.emit.reshapeLike(context.emit.transpose(byTap, [0, 2, 1]), problem.w);
}

interface Sizes {
  readonly group: number;
  /** M. */
  readonly outputs: number;
  /** C/G. */
  readonly perGroup: number;
}

/** Many weights over a small map: the products of single samples would be larger than the maps themselves. */
function foldsBatch(context: GradientContext, { out }: WeightProblem, { group, outputs, perGroup }: Sizes): boolean {
  const dims = context.shape(out).slice(2);
  const space = dims.reduce<number>(
    (size, dim) => size * (typeof dim === 'number' ? dim : Number.POSITIVE_INFINITY),
    1,
  );
  return group === 1 && 1.5 * outputs * perGroup > (outputs + perGroup) * space;
}

/** Σ over the batch of g·sideᵀ: [N, M, o] by [N, taps·C, o] → [G, M/G, taps·C/G], one product a sample and group. */
function batchedProduct(
  { emit }: GradientContext,
  g: string,
  side: string,
  { group, outputs, perGroup, taps }: Sizes & { readonly taps: number },
): string {
  const product = emit.matmulTransposed(
    emit.reshape(g, [0, group, outputs / group, -1]),
    emit.reshape(side, [0, group, taps * perGroup, -1]),
  );
  return emit.sum(product, [0], false);
}

/** The same with the batch folded into the summed axis: [M, N·o] by [C, N·o] → [M, C]. */
function foldedProduct({ emit }: GradientContext, g: string, side: string): string {
  const fold = (value: string) => emit.reshape(emit.transpose(emit.reshape(value, [0, 0, -1]), [1, 0, 2]), [0, -1]);
  return emit.op('Gemm', [fold(g), fold(side)], { transB: int(1) });
}

/** For each kernel position, in row-major order, maps of g and x of one size, whose product is its part of dW. */
function pairsOf(context: GradientContext, geometry: Geometry, problem: WeightProblem): (readonly [string, string])[] {
  const sizes = { x: context.shape(problem.like).slice(1), g: context.shape(problem.out).slice(1) };
  const isKnown = [...sizes.x, ...sizes.g].every((dim) => typeof dim === 'number');
  if (!isKnown || geometry.kernel.every((k) => k === 1))
    return tapsOf(context, geometry, problem).map((tap) => [problem.g, tap]);
  return positions(geometry.kernel).map((position) =>
    shiftedPair(context.emit, geometry, problem, position, sizes as { x: number[]; g: number[] }),
  );
}

/**
 * A shift by (row, column) is one of x along the last axis and the opposite one of g along the others: maps that whole rows
 * and whole columns of the kernel share, so that a 3×3 kernel needs four of them rather than nine. Where the rows are strided,
 * they are taken from x.
 */
function shiftedPair(
  emit: Emitter,
  { strides, dilations, begins }: Geometry,
  problem: WeightProblem,
  position: readonly number[],
  sizes: { readonly x: readonly number[]; readonly g: readonly number[] },
): readonly [string, string] {
  let { x, g } = problem;
  let { x: xSizes, g: gSizes } = sizes;
  for (let at = position.length - 1; at >= 0; at--) {
    const [axis, step] = [at + 2, strides[at] as number];
    const [size, out] = [sizes.x[at + 1] as number, sizes.g[at + 1] as number];
    const from = (position[at] as number) * (dilations[at] as number) - (begins[at] as number);
    if (step === 1 && at < position.length - 1) {
      g = shifted(emit, g, gSizes, axis, { from: -from, length: size, step });
      gSizes = gSizes.with(at + 1, size);
    } else {
      x = shifted(emit, x, xSizes, axis, { from, length: out, step });
      xSizes = xSizes.with(at + 1, out);
    }
  }
  return [g, x];
}

/** im2col: the taps of each group side by side, [N, G, k·C/G, o]. */
function stackTaps(context: GradientContext, geometry: Geometry, problem: WeightProblem, perGroup: number): string {
  const laid = tapsOf(context, geometry, problem).map((tap) =>
    context.emit.reshape(tap, [0, geometry.group, perGroup, -1]),
  );
  return concat(context, laid, 2);
}

function concat({ emit }: GradientContext, parts: readonly string[], axis: number): string {
  return emit.op('Concat', parts, { axis: int(axis) });
}

/** One multiply-and-sum a tap: [C] each, stacked to [C, 1, …k]. */
function depthwiseTaps(context: GradientContext, geometry: Geometry, problem: WeightProblem): string {
  const { emit } = context;
  const axes = [0, ...geometry.kernel.map((_, at) => at + 2)];
  const sums = tapsOf(context, geometry, problem).map((tap) =>
    emit.unsqueeze(emit.sum(emit.mul(tap, problem.g), axes, false), [1]),
  );
  return emit.reshapeLike(
    sums.length === 1 ? (sums[0] as string) : emit.op('Concat', sums, { axis: int(1) }),
    problem.w,
  );
}

/**
 * Few input channels (a stem): batch and channels change places, and one Conv with strides and dilations exchanged
 * gives dW; it may be larger than the kernel where the stride left rows over, and is cut.
 */
function swappedConv(context: GradientContext, geometry: Geometry, { x, g, w }: WeightProblem): string {
  const { emit } = context;
  const { kernel, strides, dilations, begins, ends } = geometry;
  const swap = [1, 0, ...kernel.map((_, at) => at + 2)];
  const attrs = { strides: ints(dilations), dilations: ints(strides), pads: ints([...begins, ...ends]) };
  // [C, M, ≥k…]
  const full = emit.op('Conv', [emit.transpose(x, swap), emit.transpose(g, swap)], attrs);
  const axes = kernel.map((_, at) => at + 2);
  const cut = emit.slice(
    full,
    kernel.map(() => 0),
    kernel,
    axes,
  );
  return emit.reshapeLike(emit.transpose(cut, swap), w);
}

/** For each kernel position, in row-major order, the strided part of the padded input that it is multiplied with: [N, C, …o]. */
function tapsOf(context: GradientContext, geometry: Geometry, { x, out }: WeightProblem): string[] {
  const { emit } = context;
  const { kernel, strides, dilations, begins, ends } = geometry;
  const pads = [0, 0, ...begins, 0, 0, ...ends];
  const padded = pads.some((pad) => pad !== 0) ? emit.op('Pad', [x, emit.integers(pads)]) : x;
  if (kernel.every((k) => k === 1) && strides.every((s) => s === 1)) return [padded];
  const axes = kernel.map((_, at) => at + 2);
  return positions(kernel).map((position) => {
    const starts = position.map((p, at) => p * (dilations[at] as number));
    const dims = context.shape(out).slice(2);
    if (dims.every((dim) => typeof dim === 'number')) {
      const lasts = starts.map((start, at) => start + ((dims[at] as number) - 1) * (strides[at] as number) + 1);
      return emit.slice(padded, starts, lasts, axes, strides);
    }
    const reach = emit.mul(
      emit.op('Sub', [
        emit.op('Slice', [emit.shapeOf(out), emit.integers([2]), emit.integers([64]), emit.integers([0])]),
        emit.integers([1]),
      ]),
      emit.integers(strides),
    );
    const lasts = emit.add(reach, emit.integers(starts.map((start) => start + 1)));
    return emit.op('Slice', [padded, emit.integers(starts), lasts, emit.integers(axes), emit.integers(strides)]);
  });
}

function positions(kernel: readonly number[]): number[][] {
  return kernel.reduce<number[][]>(
    (all, size) => all.flatMap((head) => Array.from({ length: size }, (_, at) => [...head, at])),
    [[]],
  );
}
