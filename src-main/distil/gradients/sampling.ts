/** Gradients of operators that say where maps are read. */

import { attributes } from '../../onnx/ir';
import { type Gradient, rankOf } from '../gradient';

/**
 * The grid is (x, y, 1)·θᵀ [N, 2, 3], or (x, y, z, 1)·θᵀ [N, 3, 4]: gᵀ·(x, y, 1). The places x, y are the grid of the identity.
 */
export const AffineGrid: Gradient = (context) => {
  const { emit, node } = context;
  const [theta, size, g] = [context.input(0), context.input(1), context.gradient()];
  const dims = rankOf(context, context.output(0)) - 2;
  const unit = Array.from({ length: dims * (dims + 1) }, (_, at) => (at % (dims + 2) === 0 ? 1 : 0));
  const identity = emit.expandLike(emit.constant(unit, [1, dims, dims + 1]), theta);
  const grid = emit.op('AffineGrid', [identity, size], Object.fromEntries(node.attributes));
  // [N, places, 2]
  const places = emit.reshape(grid, [0, -1, dims]);
  const ones = emit.op('Expand', [emit.scalar(1), emit.shapeOf(emit.slice(places, [0], [1], [2]))]);
  const whole = emit.op('Concat', [places, ones], { axis: attributes.int(2) });
  return [emit.transposedMatmul(emit.reshape(g, [0, -1, dims]), whole), null];
};
