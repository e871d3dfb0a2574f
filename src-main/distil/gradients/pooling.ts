/** Gradients of pooling and resizing. */

import { attributes } from '../../onnx/ir';
import { type Gradient, type GradientContext, positiveAxis, rankOf, unsupported } from '../gradient';
import { cutTo, type Window, windowOf } from './convolution';

const { int, intOf, ints, intsOf, string, stringOf } = attributes;

/** g goes to the element that won: the node's own Indices output, flat over the whole input. */
export const MaxPool: Gradient = (context) => {
  const { emit, node } = context;
  if (intOf(node, 'storage_order', 0) !== 0) throw unsupported(node, 'storage_order = 1');
  const indices = node.outputs[1] || emit.fresh(`${node.name}:indices`);
  context.replaceForward({ ...node, outputs: [context.output(0), indices] });
  const x = context.input(0);
  const zeros = emit.op('Expand', [emit.scalar(0), emit.reshape(emit.op('Size', [x]), [1])]);
  const flat = (value: string) => emit.reshape(value, [-1]);
  const added = emit.op('ScatterElements', [zeros, flat(indices), flat(context.gradient())], {
    axis: int(0),
    reduction: string('add'),
  });
  return [emit.reshapeLike(added, x)];
};

/** Every window hands g / size back to its elements: a ConvTranspose with ones over each channel map of its own. */
export const AveragePool: Gradient = (context) => {
  const { emit, node } = context;
  const kernel = intsOf(node, 'kernel_shape', []);
  const size = kernel.reduce((all, k) => all * k, 1);
  const x = context.input(0);
  const window = windowOf(node, kernel, context.shape(x).slice(2));
  const { begins, ends } = window;
  const isPlain = [...begins, ...ends].every((pad) => pad === 0) && intOf(node, 'ceil_mode', 0) === 0;
  const counts = !isPlain && (intOf(node, 'count_include_pad', 0) === 0 || intOf(node, 'ceil_mode', 0) === 1);
  return [spread(context, window, counts ? shareOfWindows(context, window) : emit.scale(context.gradient(), 1 / size))];
};

/** What each window gives to all its elements, summed where windows meet; the shape of the node's input. */
function spread(context: GradientContext, window: Window, share: string): string {
  const { emit } = context;
  const { kernel, strides, dilations, begins } = window;
  const x = context.input(0);
  const size = kernel.reduce((all, k) => all * k, 1);
  // [N·C, 1, …]
  const maps = emit.op('Reshape', [
    share,
    emit.op('Concat', [emit.integers([-1, 1]), spatialShape(context, context.output(0))], { axis: int(0) }),
  ]);
  const ones = emit.constant(Array<number>(size).fill(1), [1, 1, ...kernel]);
  const zeros = kernel.map(() => 0);
  const attrs = { strides: ints(strides), dilations: ints(dilations), pads: ints([...begins, ...zeros]) };
  const summed = emit.op('ConvTranspose', [maps, ones], attrs);
  const cut = cutTo(
    context,
    summed,
    x,
    strides.map((stride) => stride - 1),
  );
  return emit.reshapeLike(cut, x);
}

/**
 * g over the divisor of each window. The node's own mean of ones is the elements that a window saw over its divisor, whatever the
 * rules for paddings and for windows that reach beyond the end; a Conv of ones counts the elements.
 */
function shareOfWindows(context: GradientContext, { kernel, strides, dilations, begins, ends }: Window): string {
  const { emit, node } = context;
  const x = context.input(0);
  // [1, 1, …]
  const shape = emit.op('Concat', [emit.integers([1, 1]), spatialShape(context, x)], { axis: int(0) });
  const ones = emit.op('Expand', [emit.scalar(1), shape]);
  const mean = emit.op('AveragePool', [ones], Object.fromEntries(node.attributes));
  const reach = ends.map((pad, at) => pad + (intOf(node, 'ceil_mode', 0) === 1 ? (strides[at] as number) - 1 : 0));
  const counter = emit.constant(Array<number>(kernel.reduce((all, k) => all * k, 1)).fill(1), [1, 1, ...kernel]);
  const attrs = { strides: ints(strides), dilations: ints(dilations), pads: ints([...begins, ...reach]) };
  const counted = emit.op('Conv', [ones, counter], attrs);
  const zeros = kernel.map(() => 0);
  const seen = cutTo(context, counted, mean, zeros);
  return emit.mul(context.gradient(), emit.div(mean, seen));
}

function spatialShape({ emit }: GradientContext, value: string): string {
  return emit.op('Slice', [emit.shapeOf(value), emit.integers([2]), emit.integers([64]), emit.integers([0])]);
}

/** Y = (Σ |X|ᵖ)^(1/p) over windows: sign(X)·|X|^(p−1)·Σ g·Y^(1−p) over the windows of an element. */
export const LpPool: Gradient = (context) => {
  const { node } = context;
  const kernel = intsOf(node, 'kernel_shape', []);
  const window = windowOf(node, kernel, context.shape(context.input(0)).slice(2));
  return [powerGradient(context, (share) => spread(context, window, share))];
};

/** The same over all positions. */
export const GlobalLpPool: Gradient = (context) => [powerGradient(context, (share) => share)];

/** @param spreadOut from the outputs to the elements that they are made of */
function powerGradient(context: GradientContext, spreadOut: (share: string) => string): string {
  const { emit, node } = context;
  const p = intOf(node, 'p', 2);
  const [x, y, g] = [context.input(0), context.output(0), context.gradient()];
  // A window of zeros has no slope of its own.
  const norm = emit.op('Max', [y, emit.scalar(1e-12)]);
  const share = emit.mul(g, emit.op('Pow', [norm, emit.scalar(1 - p)]));
  const size = emit.op('Pow', [emit.op('Abs', [x]), emit.scalar(p - 1)]);
  return emit.mul(emit.mul(emit.op('Sign', [x]), size), spreadOut(share));
}

/** Values lie at the flat places that the indices name. */
export const MaxUnpool: Gradient = (context) => {
  const { emit, node } = context;
  const flat = (value: string) => emit.reshape(value, [-1]);
  const taken = emit.op('GatherElements', [flat(context.gradient()), flat(context.input(1))], { axis: int(0) });
  return [emit.reshapeLike(taken, context.input(0)), ...node.inputs.slice(1).map(() => null)];
};

/** g over the number of positions, for each of them. */
export const GlobalAveragePool: Gradient = (context) => {
  const { emit } = context;
  const [x, g] = [context.input(0), context.gradient()];
  const size = (value: string) => emit.cast(emit.op('Size', [value]), 'float32');
  return [emit.expandLike(emit.mul(g, emit.div(size(g), size(x))), x)];
};

/** To the positions that equal the maximum, in equal shares. */
export const GlobalMaxPool: Gradient = (context) => {
  const { emit } = context;
  const [x, y, g] = [context.input(0), context.output(0), context.gradient()];
  const won = emit.mask(emit.op('Equal', [x, y]));
  const axes = Array.from({ length: rankOf(context, x) - 2 }, (_, at) => at + 2);
  return [emit.mul(won, emit.div(g, emit.sum(won, axes)))];
};

/**
 * Resize is linear in X: along each axis Y = X·R, and dX = g·Rᵀ. Row i of R [from, to] is what a unit at i becomes: the
 * identity resized by the node's own rule.
 */
export const Resize: Gradient = (context) => {
  const { emit, node } = context;
  if (stringOf(node, 'coordinate_transformation_mode', '') === 'tf_crop_and_resize')
    throw unsupported(node, 'a region of interest');
  const [x, y] = [context.shape(context.input(0)), context.shape(context.output(0))];
  const last = x.length - 1;
  const scales = scalesOf(context);
  // Rows of a batch, however many, are not resized.
  const isKept = (axis: number) =>
    scales?.(axis) === 1 ||
    (x[axis] === y[axis] && (axis < 2 || x[axis] !== null)) ||
    (axis === 0 && typeof x[0] !== 'number');
  let g = context.gradient();
  for (let axis = 0; axis <= last; axis++) {
    if (isKept(axis)) continue;
    const perm = x.map((_, at) => (at === axis ? last : at === last ? axis : at));
    const byRows = emit.matmul(emit.transpose(g, perm), emit.transpose(resizedIdentity(context, axis), [1, 0]));
    g = emit.transpose(byRows, perm);
  }
  return [g, ...node.inputs.slice(1).map(() => null)];
};

function resizedIdentity(context: GradientContext, axis: number): string {
  const { emit, node } = context;
  const [from, to] = [context.shape(context.input(0))[axis], context.shape(context.output(0))[axis]];
  if (typeof from !== 'number' || typeof to !== 'number') {
    throw unsupported(node, 'its sizes are not known', 'fix the model’s dynamic dims first');
  }
  const unit = Array.from({ length: from * from }, (_, at) => (at % (from + 1) === 0 ? 1 : 0));
  const scales = scalesOf(context);
  const own = ['roi', 'axes', 'keep_aspect_ratio_policy', 'extrapolation_value'];
  const attrs = Object.fromEntries([...node.attributes].filter(([name]) => !own.includes(name)));
  // Cubic kernels are there for maps of two axes.
  const identity = emit.constant(unit, [1, 1, from, from]);
  const size = scales === null ? ['', emit.integers([1, 1, from, to])] : [emit.constant([1, 1, 1, scales(axis)])];
  return emit.squeeze(emit.op('Resize', [identity, '', ...size], attrs), [0, 1]);
}

/** The scale of each axis; null where sizes are given instead. */
function scalesOf(context: GradientContext): ((axis: number) => number) | null {
  const scales = context.input(2) === '' ? null : context.constant(context.input(2));
  if (scales === null || scales.length === 0) return null;
  const rank = rankOf(context, context.input(0));
  const axes = intsOf(context.node, 'axes', null)?.map((axis) => positiveAxis(axis, rank));
  return (axis) => (axes === undefined ? (scales[axis] as number) : (scales[axes.indexOf(axis)] ?? 1));
}
