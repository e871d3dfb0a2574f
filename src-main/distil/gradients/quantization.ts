/**
 * Straight-through gradients of Q/DQ pairs: inside the range rounding counts as the identity, outside nothing passes.
 * Between Q and DQ the gradient is carried in the units of the real values.
 * Source: Bengio, Léonard and Courville 2013 (arXiv:1308.3432); Jacob et al. 2018 (arXiv:1712.05877), section 3.
 */

import { attributes } from '../../onnx/ir';
import { type Gradient, type GradientContext, positiveAxis, rankOf, unsupported } from '../gradient';

const ranges: Readonly<Record<string, readonly [number, number]>> = {
  uint8: [0, 255],
  int8: [-128, 127],
  uint16: [0, 65535],
  int16: [-32768, 32767],
  uint4: [0, 15],
  int4: [-8, 7],
};

/**
 * By x: g where the real value lies inside the range that the codes cover. By the scale s, with the part that
 * DequantizeLinear adds: Σ g·(code − z − x/s) inside the range, Σ g·(code − z) outside (arXiv:1902.08153, equation 3).
 */
export const QuantizeLinear: Gradient = (context) => {
  const { emit, node } = context;
  const x = context.input(0);
  const range = rangeOf(context, context.output(0));
  if (range === undefined) throw unsupported(node, 'its type has no known range');
  const zero = broadcast(context, 2, x);
  const scale = broadcast(context, 1, x);
  const bound = (code: number) => emit.mul(emit.sub(emit.scalar(code), zero), scale);
  const inside = emit.op('And', [
    emit.op('GreaterOrEqual', [x, bound(range[0])]),
    emit.op('LessOrEqual', [x, bound(range[1])]),
  ]);
  const passed = emit.mul(context.gradient(), emit.mask(inside));
  const byScale = context.needs(1)
    ? scaleGradient(context, emit.neg(emit.mul(passed, emit.div(x, scale))), x, range)
    : null;
  return [passed, byScale, null];
};

/** By the codes: already in real units, handed on. By the scale: Σ g·(code − z). */
export const DequantizeLinear: Gradient = (context) => {
  const { emit, node } = context;
  const g = context.gradient();
  if (!context.needs(1)) return [g, null, null];
  const codes = context.input(0);
  const range = rangeOf(context, codes);
  if (range === undefined) throw unsupported(node, 'its type has no known range');
  const steps = emit.sub(emit.cast(codes, 'float32'), broadcast(context, 2, codes));
  return [g, scaleGradient(context, emit.mul(g, steps), codes, range), null];
};

function rangeOf(context: GradientContext, codes: string): readonly [number, number] | undefined {
  return ranges[context.dtype(codes)];
}

/** Scale or zero point as floats, shaped so that they broadcast against x. */
function broadcast(context: GradientContext, at: 1 | 2, x: string): string {
  const { emit } = context;
  const value = context.input(at);
  if (value === '') return emit.scalar(0);
  const constant = context.constant(value);
  if (constant !== null) return emit.constant(constant, channelShape(context, x, constant.length));
  const real = context.dtype(value) === 'float32' ? value : emit.cast(value, 'float32');
  const [count] = context.shape(value);
  return typeof count === 'number' ? emit.reshape(real, channelShape(context, x, count)) : real;
}

/**
 * Summed down to the scale's shape, times 1/√(N·Qp): N elements share the scale (of a batch, those of one sample), Qp is
 * the largest code (arXiv:1902.08153, section 2.2).
 */
function scaleGradient(context: GradientContext, terms: string, x: string, range: readonly [number, number]): string {
  const { emit, node } = context;
  const scaleShape = context.shape(context.input(1));
  const axis = scaleShape.length === 0 ? -1 : positiveAxis(attributes.intOf(node, 'axis', 1), rankOf(context, x));
  const shape = context.shape(x);
  const isOne = scaleShape.length === 0 || scaleShape[0] === 1;
  const summed = shape.flatMap((_, at) => (at === axis && !isOne ? [] : [at]));
  const total = emit.sum(terms, isOne ? null : summed, false);
  const sharing = shape.reduce<number>(
    (product, dim, at) => (typeof dim === 'number' && (isOne || at !== axis) ? product * dim : product),
    1,
  );
  const scaled = emit.scale(total, 1 / Math.sqrt(sharing * range[1]));
  return scaleShape.length === 0 || !isOne ? scaled : emit.reshape(scaled, [1]);
}

/** One value an index of the node's axis, laid out so that it broadcasts against x. */
function channelShape(context: GradientContext, x: string, count: number): number[] {
  if (count === 1) return [];
  const rank = rankOf(context, x);
  const axis = positiveAxis(attributes.intOf(context.node, 'axis', 1), rank);
  return Array.from({ length: rank }, (_, at) => (at === axis ? count : 1));
}
