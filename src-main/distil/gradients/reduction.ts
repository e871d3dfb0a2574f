/** Gradients of reductions: what was summed is handed back to every element it came from. */

import { attributes } from '../../onnx/ir';
import { type Gradient, type GradientContext, rankOf, unsupported } from '../gradient';

const { intOf, intsOf } = attributes;

/** The gradient and the output with the reduced axes put back, so that both broadcast against the input. */
function keptDims(context: GradientContext): { g: string; y: string; axes: readonly number[] | null } {
  const { emit, node } = context;
  const axes = axesOf(context);
  const [g, y] = [context.gradient(), context.output(0)];
  if (intOf(node, 'keepdims', 1) === 1) return { g, y, axes };
  const all = axes ?? Array.from({ length: rankOf(context, context.input(0)) }, (_, axis) => axis);
  if (all.length === 0) return { g, y, axes };
  return { g: emit.unsqueeze(g, all), y: emit.unsqueeze(y, all), axes };
}

/** Reduced axes; null = all. */
function axesOf(context: GradientContext): readonly number[] | null {
  const { node } = context;
  const attribute = intsOf(node, 'axes', null);
  if (attribute !== null) return attribute;
  const input = context.input(1);
  if (input === '') return intOf(node, 'noop_with_empty_axes', 0) === 1 ? [] : null;
  const axes = context.constant(input);
  if (axes === null) throw unsupported(node, 'its axes are computed at run time');
  return axes.length === 0 ? (intOf(node, 'noop_with_empty_axes', 0) === 1 ? [] : null) : axes;
}

const reduction =
  (
    derivative: (
      context: GradientContext,
      x: string,
      kept: { g: string; y: string; axes: readonly number[] | null },
    ) => string,
  ): Gradient =>
  (context) => [derivative(context, context.input(0), keptDims(context)), null];

export const ReduceSum = reduction(({ emit }, x, { g }) => emit.expandLike(g, x));
/** g over the number of elements that were averaged. */
export const ReduceMean = reduction(({ emit }, x, { g, axes }) => {
  const share = emit.expandLike(g, x);
  const size = (value: string) => emit.cast(emit.op('Size', [value]), 'float32');
  if (axes?.length === 0) return share;
  return emit.mul(share, emit.div(size(g), size(x)));
});
/** To the elements that equal the extremum, in equal shares. */
const reduceExtremum = reduction(({ emit }, x, { g, y, axes }) => {
  const won = emit.mask(emit.op('Equal', [x, y]));
  return emit.mul(won, emit.div(g, axes?.length === 0 ? won : emit.sum(won, axes)));
});
export const ReduceMax = reduceExtremum;
export const ReduceMin = reduceExtremum;
/** X·g/Y. */
export const ReduceL2 = reduction(({ emit }, x, { g, y }) => emit.mul(x, emit.div(g, y)));
export const ReduceL1 = reduction(({ emit }, x, { g }) => emit.mul(emit.op('Sign', [x]), g));
export const ReduceSumSquare = reduction(({ emit }, x, { g }) => emit.mul(emit.scale(x, 2), g));
/** g/ΣX. */
export const ReduceLogSum = reduction(({ emit }, x, { g, y }) => emit.expandLike(emit.div(g, emit.op('Exp', [y])), x));
/** g·exp(X − Y). */
export const ReduceLogSumExp = reduction(({ emit }, x, { g, y }) => emit.mul(g, emit.op('Exp', [emit.sub(x, y)])));
/** g·Y/X, for X without zeros. */
export const ReduceProd = reduction(({ emit }, x, { g, y }) => emit.div(emit.mul(g, y), x));
