/** Gradients of operators that move elements: the inverse movement, summed where elements were repeated. */

import { attributes, type Dim } from '../../onnx/ir';
import { reduceTo } from '../broadcast';
import { type Gradient, type GradientContext, positiveAxis, rankOf, unsupported } from '../gradient';

const { int, intOf, intsOf, string, stringOf } = attributes;

/**
 * Back to the shape of the input, element by element. A shape that is known is a constant: onnxruntime 1.30 refuses a model where it
 * puts a Reshape to a computed shape together with what moves axes behind it.
 */
const sameElements: Gradient = (context) => {
  const { emit } = context;
  const shape = context.shape(context.input(0));
  const isKnown = isStatic(shape) && !shape.includes(0);
  const g = context.gradient();
  return [isKnown ? emit.reshape(g, shape) : emit.reshapeLike(g, context.input(0)), null];
};
export const Reshape = sameElements;
export const Flatten = sameElements;
export const Squeeze = sameElements;
export const Unsqueeze = sameElements;

export const Transpose: Gradient = (context) => {
  const rank = rankOf(context, context.input(0));
  const perm = intsOf(context.node, 'perm', null) ?? Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
  const inverse = Array<number>(rank);
  perm.forEach((from, to) => {
    inverse[from] = to;
  });
  return [context.emit.transpose(context.gradient(), inverse)];
};

/** Each input's part is cut out of g; parts whose length is known only at run time are cut by a Split. */
export const Concat: Gradient = (context) => {
  const { emit, node } = context;
  const axis = positiveAxis(intOf(node, 'axis', 0), rankOf(context, context.output(0)));
  const lengths = node.inputs.map((input) => emit.dimOf(input, axis));
  const sizes = emit.op('Concat', lengths, { axis: int(0) });
  return emit.ops('Split', [context.gradient(), sizes], node.inputs.length, { axis: int(axis) });
};

export const Split: Gradient = (context) => {
  const { emit, node } = context;
  const parts = node.outputs.map((_, at) => context.gradient(at));
  return [emit.op('Concat', parts, { axis: int(intOf(node, 'axis', 0)) }), null];
};

/** A window of known bounds is put back between zeros; else g is scattered to the positions that the same Slice cuts. */
export const Slice: Gradient = (context) => {
  const { emit, node } = context;
  const pads = windowPads(context);
  const whole =
    pads === null
      ? scatterFrom(context, (positions) => emit.op('Slice', [positions, ...node.inputs.slice(1)]))
      : emit.op('Pad', [context.gradient(), emit.integers(pads)]);
  return [whole, ...nulls(node.inputs.length - 1)];
};

/** What a Slice in steps of 1 leaves out before and behind on each axis; null where that is known only at run time. */
function windowPads(context: GradientContext): number[] | null {
  const shape = context.shape(context.input(0));
  const read = (at: number) => (context.input(at) === '' ? null : context.constant(context.input(at)));
  const [starts, ends, axes, steps] = [1, 2, 3, 4].map(read);
  if (!starts || !ends || (context.input(3) !== '' && !axes) || (context.input(4) !== '' && !steps)) return null;
  const pads = Array<number>(2 * shape.length).fill(0);
  for (let at = 0; at < starts.length; at++) {
    const axis = positiveAxis(axes?.[at] ?? at, shape.length);
    const size = shape[axis];
    if (typeof size !== 'number' || (steps?.[at] ?? 1) !== 1) return null;
    const place = (bound: number) => Math.min(size, Math.max(0, bound < 0 ? bound + size : bound));
    const [from, to] = [place(starts[at] as number), place(ends[at] as number)];
    if (to < from) return null;
    pads[axis] = from;
    pads[shape.length + axis] = size - to;
  }
  return pads;
}

/** The margin is cut away for `constant`; other modes send it back to the elements it was copied from. */
export const Pad: Gradient = (context) => {
  const { emit, node } = context;
  const mode = stringOf(node, 'mode', 'constant');
  if (mode === 'constant') {
    const rank = rankOf(context, context.input(0));
    const pads = context.constant(context.input(1));
    if (pads === null) throw unsupported(node, 'its pads are computed at run time');
    const axes =
      context.input(3) === '' ? Array.from({ length: rank }, (_, axis) => axis) : context.constant(context.input(3));
    if (axes === null) throw unsupported(node, 'its axes are computed at run time');
    const half = pads.length / 2;
    const undo = pads.map((amount) => -amount);
    if (half !== axes.length) throw unsupported(node, 'pads and axes that do not fit');
    const inputs = [context.gradient(), emit.integers(undo), ''];
    return [
      emit.op('Pad', context.input(3) === '' ? inputs.slice(0, 2) : [...inputs, emit.integers(axes)]),
      ...nulls(node.inputs.length - 1),
    ];
  }
  const again = (positions: string) => emit.op('Pad', [positions, ...node.inputs.slice(1)], { mode: string(mode) });
  return [scatterFrom(context, again), ...nulls(node.inputs.length - 1)];
};

/** Sums over what was repeated. */
export const Expand: Gradient = (context) => [
  reduceTo(context, context.gradient(), context.output(0), context.input(0)),
  null,
];

/** The same triangle of g. */
export const Trilu: Gradient = (context) => {
  const { emit, node } = context;
  const inputs = [context.gradient(), ...node.inputs.slice(1)];
  return [emit.op('Trilu', inputs, { upper: int(intOf(node, 'upper', 1)) }), ...nulls(node.inputs.length - 1)];
};

/** Turned round once more. */
export const ReverseSequence: Gradient = (context) => {
  const { emit, node } = context;
  const inputs = [context.gradient(), context.input(1)];
  return [emit.op('ReverseSequence', inputs, Object.fromEntries(node.attributes)), null];
};

/** [d·r, …] is [r, d, …] laid out; the repeats are summed. */
export const Tile: Gradient = (context) => {
  const { emit } = context;
  const repeats = context.constant(context.input(1));
  const shape = context.shape(context.input(0));
  if (repeats === null || shape.some((dim) => typeof dim !== 'number')) {
    return [scatterFrom(context, (positions) => emit.op('Tile', [positions, context.input(1)])), null];
  }
  const split = shape.flatMap((dim, axis) => [repeats[axis] as number, dim as number]);
  return [
    emit.sum(
      emit.reshape(context.gradient(), split),
      repeats.map((_, axis) => 2 * axis),
      false,
    ),
    null,
  ];
};

/** Rows that were taken get their gradients back, summed where a row was taken more than once. */
export const Gather: Gradient = (context) => {
  const { emit, node } = context;
  const axis = positiveAxis(intOf(node, 'axis', 0), rankOf(context, context.input(0)));
  if (axis === 0) return [gatherRows(context), null];
  return [
    scatterFrom(context, (positions) => emit.op('Gather', [positions, context.input(1)], { axis: int(axis) })),
    null,
  ];
};

/** An embedding's gradient: ScatterND with addition over the rows. */
function gatherRows(context: GradientContext): string {
  const { emit } = context;
  const [table, indices] = [context.input(0), context.input(1)];
  const rows = emit.reshape(nonNegative(context, indices, emit.dimOf(table, 0)), [-1, 1]);
  const rest = emit.op('Slice', [emit.shapeOf(table), emit.integers([1]), emit.integers([64]), emit.integers([0])]);
  const flat = emit.op('Reshape', [
    context.gradient(),
    emit.op('Concat', [emit.integers([-1]), rest], { axis: int(0) }),
  ]);
  return emit.op('ScatterND', [emit.zerosLike(table), rows, flat], { reduction: string('add') });
}

export const GatherElements: Gradient = (context) => {
  const { emit, node } = context;
  const axis = int(intOf(node, 'axis', 0));
  const zeros = emit.zerosLike(context.input(0));
  return [
    emit.op('ScatterElements', [zeros, context.input(1), context.gradient()], { axis, reduction: string('add') }),
    null,
  ];
};

export const GatherND: Gradient = (context) => {
  const { emit, node } = context;
  if (intOf(node, 'batch_dims', 0) !== 0) {
    const batchDims = int(intOf(node, 'batch_dims', 0));
    return [
      scatterFrom(context, (positions) =>
        emit.op('GatherND', [positions, context.input(1)], { batch_dims: batchDims }),
      ),
      null,
    ];
  }
  return [
    emit.op('ScatterND', [emit.zerosLike(context.input(0)), context.input(1), context.gradient()], {
      reduction: string('add'),
    }),
    null,
  ];
};

/** Y = data with updates written over it: the data's gradient is zero where they lie. */
export const ScatterND: Gradient = (context) => {
  const { emit, node } = context;
  const reduction = stringOf(node, 'reduction', 'none');
  const [indices, updates, g] = [context.input(1), context.input(2), context.gradient()];
  if (reduction !== 'none' && reduction !== 'add') throw unsupported(node, `reduction "${reduction}"`);
  const dUpdates = emit.op('GatherND', [g, indices]);
  const dData = reduction === 'add' ? g : emit.op('ScatterND', [g, indices, emit.zerosLike(updates)]);
  return [dData, null, dUpdates];
};

export const ScatterElements: Gradient = (context) => {
  const { emit, node } = context;
  const reduction = stringOf(node, 'reduction', 'none');
  const axis = int(intOf(node, 'axis', 0));
  const [indices, updates, g] = [context.input(1), context.input(2), context.gradient()];
  if (reduction !== 'none' && reduction !== 'add') throw unsupported(node, `reduction "${reduction}"`);
  const dUpdates = emit.op('GatherElements', [g, indices], { axis });
  const dData = reduction === 'add' ? g : emit.op('ScatterElements', [g, indices, emit.zerosLike(updates)], { axis });
  return [dData, null, dUpdates];
};

export const DepthToSpace: Gradient = (context) => {
  const { emit, node } = context;
  const block = intOf(node, 'blocksize', 1);
  const deep = emit.op('SpaceToDepth', [context.gradient()], { blocksize: int(block) });
  if (stringOf(node, 'mode', 'DCR') === 'DCR') return [deep];
  const channels = context.shape(context.output(0))[1];
  if (typeof channels !== 'number') throw unsupported(node, 'its channel count is not known');
  // [N, block², C, space] → [N, C, block², space]
  const byBlock = emit.reshape(deep, [0, block * block, channels, -1]);
  return [emit.reshapeLike(emit.transpose(byBlock, [0, 2, 1, 3]), context.input(0))];
};

export const SpaceToDepth: Gradient = (context) => [
  context.emit.op('DepthToSpace', [context.gradient()], { blocksize: int(intOf(context.node, 'blocksize', 1)) }),
];

/** Values that were chosen get their gradients back at the indices that the node itself gives. */
export const TopK: Gradient = (context) => {
  const { emit, node } = context;
  const axis = int(intOf(node, 'axis', -1));
  const zeros = emit.zerosLike(context.input(0));
  return [emit.op('ScatterElements', [zeros, context.output(1), context.gradient(0)], { axis }), null];
};

/**
 * The gradient of any operator that copies elements: its movement is applied to the elements' own flat positions,
 * and g is added up at the positions that come out.
 */
export function scatterFrom(context: GradientContext, move: (positions: string) => string): string {
  const { emit } = context;
  const x = context.input(0);
  const count = emit.op('Size', [x]);
  const flat = emit.op('Range', [emit.integers([0], []), count, emit.integers([1], [])]);
  const positions = emit.reshape(move(emit.reshapeLike(flat, x)), [-1]);
  const zeros = emit.op('Expand', [emit.scalar(0), emit.reshape(count, [1])]);
  const added = emit.op('ScatterElements', [zeros, positions, emit.reshape(context.gradient(), [-1])], {
    axis: int(0),
    reduction: string('add'),
  });
  return emit.reshapeLike(added, x);
}

/** Indices counted from the end made indices counted from the front. */
function nonNegative({ emit, dtype }: GradientContext, indices: string, length: string): string {
  const wide = dtype(indices) === 'int64' ? indices : emit.cast(indices, 'int64');
  const negative = emit.cast(emit.op('Less', [wide, emit.integers([0], [])]), 'int64');
  return emit.add(wide, emit.mul(negative, length));
}

function nulls(count: number): null[] {
  return Array<null>(Math.max(0, count)).fill(null);
}

/** Whether every dim is a number. */
export function isStatic(shape: readonly Dim[]): shape is readonly number[] {
  return shape.every((dim) => typeof dim === 'number');
}
