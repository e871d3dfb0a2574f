/** The gradient of broadcasting: what was repeated is summed. */

import { attributes, type Dim } from '../onnx/ir';
import type { GradientContext } from './gradient';

/**
 * Sums `gradient`, shaped as `output`, down to the shape of `target`, which had been broadcast to it.
 * Where the shapes are known the axes are fixed; else they are found at run time.
 */
export function reduceTo(context: GradientContext, gradient: string, output: string, target: string): string {
  const from = context.shape(output);
  const to = context.shape(target);
  if (sameDims(from, to)) return gradient;
  const { emit } = context;
  const lead = from.length - to.length;
  const aligned: readonly Dim[] = [...Array<Dim>(lead).fill(1), ...to];
  const certain = aligned.every((dim, axis) => typeof dim === 'number' || (dim !== null && dim === from[axis]));
  if (certain) {
    const axes = aligned.flatMap((dim, axis) => (dim === 1 && from[axis] !== 1 ? [axis] : []));
    if (lead > 0 && axes.length === lead && axes.every((axis) => axis < lead)) return emit.sum(gradient, axes, false);
    const summed = axes.length === 0 ? gradient : emit.sum(gradient, axes);
    return lead === 0 ? summed : emit.squeeze(summed, range(lead));
  }
  return reduceAtRunTime(context, gradient, lead, target);
}

/** The same where dims are not known: the axes along which `target` has one element are summed, found at run time. */
export function reduceAtRunTime({ emit }: GradientContext, gradient: string, lead: number, target: string): string {
  const ones = emit.integers(Array<number>(lead).fill(1));
  const shape = emit.shapeOf(target);
  const wanted = lead === 0 ? shape : emit.op('Concat', [ones, shape], { axis: attributes.int(0) });
  const repeated = emit.op('Equal', [wanted, emit.integers([1])]);
  const axes = emit.reshape(emit.op('NonZero', [repeated]), [-1]);
  const attrs = { keepdims: attributes.int(1), noop_with_empty_axes: attributes.int(1) };
  return emit.reshapeLike(emit.op('ReduceSum', [gradient, axes], attrs), target);
}

function sameDims(a: readonly Dim[], b: readonly Dim[]): boolean {
  return a.length === b.length && a.every((dim, axis) => dim !== null && dim === b[axis]);
}

function range(length: number): number[] {
  return Array.from({ length }, (_, at) => at);
}
