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

/** What is written along one axis from a place of its own in each row, `circular` round its end, replaces the past. */
export const TensorScatter: Gradient = (context) => {
  const { emit, node } = context;
  const [update, places, g] = [context.input(1), context.input(2), context.gradient()];
  const rank = rankOf(context, update);
  const axis = positiveAxis(intOf(node, 'axis', -2), rank);
  const attrs = Object.fromEntries(node.attributes);
  const dPast = () =>
    emit.op('TensorScatter', [g, emit.zerosLike(update), places].slice(0, places === '' ? 2 : 3), attrs);
  const dUpdate = () => {
    const count = emit.squeeze(emit.dimOf(update, axis), [0]);
    const steps = emit.op('Range', [emit.integers([0], []), count, emit.integers([1], [])]);
    const later = Array.from({ length: rank - axis - 1 }, (_, at) => at + 1);
    const along = later.length === 0 ? steps : emit.unsqueeze(steps, later);
    const others = Array.from({ length: rank - 1 }, (_, at) => at + 1);
    const written = places === '' ? along : emit.add(along, emit.unsqueeze(places, others));
    const wrapped = emit.op('Mod', [written, emit.dimOf(context.input(0), axis)]);
    return emit.op('GatherElements', [g, emit.expandLike(wrapped, update)], { axis: int(axis) });
  };
  return [context.needs(0) ? dPast() : null, context.needs(1) ? dUpdate() : null, null];
};

/** Kept slices get their gradients back. */
export const Compress: Gradient = (context) => {
  const { emit, node } = context;
  const attrs = Object.fromEntries(node.attributes);
  return [scatterFrom(context, (positions) => emit.op('Compress', [positions, context.input(1)], attrs)), null];
};

/** What was cut away at both ends is zeros, what was added is cut away: the same operator with the shape of the input. */
export const CenterCropPad: Gradient = (context) => {
  const { emit, node } = context;
  const axes = intsOf(node, 'axes', null);
  const rank = rankOf(context, context.input(0));
  const shape = emit.shapeOf(context.input(0));
  const wanted =
    axes === null
      ? shape
      : emit.op('Gather', [shape, emit.integers(axes.map((axis) => positiveAxis(axis, rank)))], { axis: int(0) });
  return [emit.op('CenterCropPad', [context.gradient(), wanted], Object.fromEntries(node.attributes)), null];
};

/** By the values [off, on]: Σ g where the output is off, and where it is on. */
export const OneHot: Gradient = (context) => {
  const { emit, node } = context;
  const [indices, depth, g] = [context.input(0), context.input(1), context.gradient()];
  const attrs = Object.fromEntries(node.attributes);
  const isOn = emit.op('OneHot', [indices, depth, emit.constant([0, 1])], attrs);
  const total = (value: string) => emit.reshape(emit.sum(value, null, false), [1]);
  const on = total(emit.mul(g, isOn));
  return [null, null, emit.op('Concat', [emit.sub(total(g), on), on], { axis: int(0) })];
};

/** Columns of windows summed into maps: the windows of g are its columns again. */
export const Col2Im: Gradient = (context) => {
  const { emit, node } = context;
  const [image, block] = [context.constant(context.input(1)), context.constant(context.input(2))];
  if (image === null || block === null) throw unsupported(node, 'its sizes are computed at run time');
  const ones = image.map(() => 1);
  const [strides, dilations] = [intsOf(node, 'strides', ones), intsOf(node, 'dilations', ones)];
  const pads = intsOf(
    node,
    'pads',
    [...ones, ...ones].map(() => 0),
  );
  const [begins, ends] = [pads.slice(0, image.length), pads.slice(image.length)];
  const sizes = image.map((size, axis) => size + (begins[axis] as number) + (ends[axis] as number));
  const counts = sizes.map((size, axis) => {
    const span = (dilations[axis] as number) * ((block[axis] as number) - 1) + 1;
    return Math.floor((size - span) / (strides[axis] as number)) + 1;
  });
  const places = gridOf(block).flatMap((tap) =>
    gridOf(counts).map((window) =>
      sizes.reduce((flat, size, axis) => {
        const place =
          (window[axis] as number) * (strides[axis] as number) + (tap[axis] as number) * (dilations[axis] as number);
        return flat * size + place;
      }, 0),
    ),
  );
  const padded = pads.some((pad) => pad > 0)
    ? emit.op('Pad', [context.gradient(), emit.integers([0, 0, ...begins, 0, 0, ...ends])])
    : context.gradient();
  const columns = emit.op('Gather', [emit.reshape(padded, [0, 0, -1]), emit.integers(places)], { axis: int(2) });
  return [emit.reshapeLike(columns, context.input(0)), null, null];
};

/** Every index of an array of these sizes, the last axis fastest. */
function gridOf(sizes: readonly number[]): number[][] {
  return sizes.reduce<number[][]>(
    (grid, size) => grid.flatMap((index) => Array.from({ length: size }, (_, at) => [...index, at])),
    [[]],
  );
}

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
