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

/** g where the real value lies inside the range that the codes cover. */
export const QuantizeLinear: Gradient = (context) => {
  const { emit, node } = context;
  const x = context.input(0);
  const range = ranges[context.dtype(context.output(0))];
  const scale = context.constant(context.input(1));
  if (range === undefined || scale === null)
    throw unsupported(node, 'its scale is computed at run time, or its type has no known range');
  const zero = context.input(2) === '' ? scale.map(() => 0) : context.constant(context.input(2));
  if (zero === null) throw unsupported(node, 'its zero point is computed at run time');
  const bound = (code: number) =>
    emit.constant(
      scale.map((s, at) => (code - (zero[at] as number)) * s),
      channelShape(context, x, scale.length),
    );
  const inside = emit.op('And', [
    emit.op('GreaterOrEqual', [x, bound(range[0])]),
    emit.op('LessOrEqual', [x, bound(range[1])]),
  ]);
  return [emit.mul(context.gradient(), emit.mask(inside)), null, null];
};

/** Already in real units: handed on. */
export const DequantizeLinear: Gradient = (context) => [context.gradient(), null, null];

/** One value an index of the node's axis, laid out so that it broadcasts against x. */
function channelShape(context: GradientContext, x: string, count: number): number[] {
  if (count === 1) return [];
  const rank = rankOf(context, x);
  const axis = positiveAxis(attributes.intOf(context.node, 'axis', 1), rank);
  return Array.from({ length: rank }, (_, at) => (at === axis ? count : 1));
}
