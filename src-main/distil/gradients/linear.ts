/** Gradients of matrix products. */

import { attributes } from '../../onnx/ir';
import { reduceAtRunTime, reduceTo } from '../broadcast';
import { type Gradient, type GradientContext, positiveAxis, rankOf, unsupported } from '../gradient';

const { floatOf, intOf, stringOf, int } = attributes;

/** Y = A·B over the last two axes, batches broadcast: dA = g·Bᵀ, dB = Aᵀ·g. */
export const MatMul: Gradient = (context) => {
  const [rankA, rankB] = [rankOf(context, context.input(0)), rankOf(context, context.input(1))];
  if (rankA === 1 || rankB === 1) return vectorProduct(context, rankA, rankB);
  return [
    context.needs(0) ? byLeft(context, rankA, rankB) : null,
    context.needs(1) ? byRight(context, rankA, rankB) : null,
  ];
};

function byLeft(context: GradientContext, rankA: number, rankB: number): string {
  const { emit } = context;
  const b = context.input(1);
  const product = emit.matmulTransposed(context.gradient(), b);
  return reduceBatches(context, product, context.input(0), rankA, rankB);
}

/** A weight [K, N] shared by all batches is one product of the flattened rows: [K, rows]·[rows, N]. */
function byRight(context: GradientContext, rankA: number, rankB: number): string {
  const { emit } = context;
  const [a, b, g] = [context.input(0), context.input(1), context.gradient()];
  if (rankB === 2) {
    const rows = rankA === 2 ? a : flattenRows(context, a, a);
    const gRows = rankA === 2 ? g : flattenRows(context, g, context.output(0));
    return emit.op('Gemm', [rows, gRows], { transA: int(1) });
  }
  return reduceBatches(context, emit.transposedMatmul(a, g), b, rankB, rankA);
}

/** [.., N] → [rows, N], for a value shaped as `like`. */
function flattenRows(context: GradientContext, value: string, like: string): string {
  const { emit } = context;
  const last = context.shape(like).at(-1);
  if (typeof last === 'number') return emit.reshape(value, [-1, last]);
  const width = emit.dimOf(like, rankOf(context, like) - 1);
  return emit.op('Reshape', [value, emit.op('Concat', [emit.integers([-1]), width], { axis: int(0) })]);
}

/** Sums over the batch axes along which `target` had been broadcast. */
function reduceBatches(
  context: GradientContext,
  product: string,
  target: string,
  rank: number,
  otherRank: number,
): string {
  const { emit } = context;
  const shape = context.shape(target).slice(0, -2);
  const full = context.shape(context.output(0)).slice(0, -2);
  // A matrix has no batches to broadcast the other operand by.
  const same =
    (rank > 2 && otherRank === 2) ||
    (rank >= otherRank && shape.every((dim, axis) => dim !== null && dim === full[axis]));
  if (same) return product;
  const lead = full.length - shape.length;
  if (!shape.every((dim) => typeof dim === 'number')) return reduceAtRunTime(context, product, lead, target);
  const axes = full.flatMap((_, axis) => (axis < lead || shape[axis - lead] === 1 ? [axis] : []));
  const summed = axes.length === 0 ? product : emit.sum(product, axes);
  return lead === 0 ? summed : emit.reshapeLike(summed, target);
}

/** A or B of rank 1: made a matrix, and the added axis taken away again. */
function vectorProduct(context: GradientContext, rankA: number, rankB: number): readonly (string | null)[] {
  const { emit } = context;
  const [a, b, g] = [context.input(0), context.input(1), context.gradient()];
  if (rankA === 1 && rankB === 1) return [emit.mul(g, b), emit.mul(g, a)];
  if (rankB === 1) {
    const gColumn = emit.unsqueeze(g, [-1]);
    const dA = emit.mul(gColumn, b);
    const axes = Array.from({ length: rankA - 1 }, (_, axis) => axis);
    return [dA, emit.sum(emit.mul(a, gColumn), axes, false)];
  }
  if (rankB !== 2) throw unsupported(context.node, 'a vector times a batch of matrices');
  const dA = emit.squeeze(emit.matmul(emit.unsqueeze(g, [0]), emit.transpose(b, [1, 0])), [0]);
  return [dA, emit.matmul(emit.unsqueeze(a, [1]), emit.unsqueeze(g, [0]))];
}

/** Y = α·A'·B' + β·C, A' and B' transposed as said. */
export const Gemm: Gradient = (context) => {
  const { emit, node } = context;
  const [a, b, c, g] = [context.input(0), context.input(1), context.input(2), context.gradient()];
  const alpha = floatOf(node, 'alpha', 1);
  const [transA, transB] = [intOf(node, 'transA', 0), intOf(node, 'transB', 0)];
  const product = (x: string, y: string, tx: number, ty: number) =>
    emit.op('Gemm', [x, y], {
      ...(alpha === 1 ? {} : { alpha: attributes.float(alpha) }),
      ...(tx === 0 ? {} : { transA: int(tx) }),
      ...(ty === 0 ? {} : { transB: int(ty) }),
    });
  const dA = () => (transA === 1 ? product(b, g, transB, 1) : product(g, b, 0, 1 - transB));
  const dB = () => (transB === 1 ? product(g, a, 1, transA) : product(a, g, 1 - transA, 0));
  const dC = () => emit.scale(reduceTo(context, g, context.output(0), c), floatOf(node, 'beta', 1));
  return [context.needs(0) ? dA() : null, context.needs(1) ? dB() : null, c !== '' && context.needs(2) ? dC() : null];
};

/**
 * Each operand's gradient is an Einsum of g with the other operands, letters rearranged. What the operand alone summed away is
 * the same for all elements of that axis. A letter that stands twice in one operand (a diagonal) is refused.
 */
export const Einsum: Gradient = (context) => {
  const { emit, node } = context;
  const { terms, right } = equationOf(context);
  return terms.map((term, at) => {
    if (!context.needs(at)) return null;
    if (new Set(term).size !== term.length)
      throw unsupported(node, `operand "${term}", in which a letter stands twice`);
    const others = terms.flatMap((each, index) => (index === at ? [] : [{ each, input: context.input(index) }]));
    const known = new Set([right, ...others.map(({ each }) => each)].join(''));
    const kept = [...term].filter((letter) => known.has(letter)).join('');
    const product = emit.op('Einsum', [context.gradient(), ...others.map(({ input }) => input)], {
      equation: attributes.string(`${[right, ...others.map(({ each }) => each)].join(',')}->${kept}`),
    });
    const missing = [...term].flatMap((letter, axis) => (known.has(letter) ? [] : [axis]));
    const whole = missing.length === 0 ? product : emit.expandLike(emit.unsqueeze(product, missing), context.input(at));
    return summedWhereRepeated(context, whole, term, at, terms, right);
  });
};

/** Along an axis of "..." an operand of size 1 was repeated. */
function summedWhereRepeated(
  context: GradientContext,
  gradient: string,
  term: string,
  at: number,
  terms: readonly string[],
  right: string,
): string {
  const sizesOf = (letters: string, value: string, letter: string) =>
    letters.includes(letter) ? [context.shape(value)[letters.indexOf(letter)]] : [];
  const axes = [...term].flatMap((letter, axis) => {
    if (context.shape(context.input(at))[axis] !== 1) return [];
    const sizes = [
      ...terms.flatMap((each, index) => sizesOf(each, context.input(index), letter)),
      ...sizesOf(right, context.output(0), letter),
    ];
    return sizes.some((size) => size !== 1) ? [axis] : [];
  });
  return axes.length === 0 ? gradient : context.emit.sum(gradient, axes);
}

/** Letters of each operand and of the output, "..." and an output that is not written made explicit. */
function equationOf(context: GradientContext): { terms: readonly string[]; right: string } {
  const equation = stringOf(context.node, 'equation', '').replaceAll(' ', '');
  const [left = '', written] = equation.split('->');
  const operands = left.split(',');
  const free = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'].filter((letter) => !equation.includes(letter));
  const hidden = operands.map((term, at) =>
    term.includes('...') ? rankOf(context, context.input(at)) - (term.length - 3) : 0,
  );
  const most = Math.max(...hidden);
  // Aligned at the last of the hidden axes.
  const spelled = (count: number) => free.slice(most - count, most).join('');
  const terms = operands.map((term, at) => term.replace('...', spelled(hidden[at] as number)));
  const once = [...left.replaceAll(/[.,]/g, '')].filter(
    (letter, _, all) => all.indexOf(letter) === all.lastIndexOf(letter),
  );
  const right = written ?? `...${once.sort().join('')}`;
  return { terms, right: right.replace('...', spelled(most)) };
}

/** d det X = det X · X⁻ᵀ, by onnxruntime's own inverse. */
export const Det: Gradient = (context) => {
  const { emit } = context;
  const x = context.input(0);
  const rank = rankOf(context, x);
  const share = emit.unsqueeze(emit.mul(context.gradient(), context.output(0)), [rank - 2, rank - 1]);
  const inverse = emit.op('Inverse', [x], {}, 'com.microsoft');
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  [axes[rank - 2], axes[rank - 1]] = [rank - 1, rank - 2];
  return [emit.mul(share, emit.transpose(inverse, axes))];
};

/** Y = X⁻¹: −Yᵀ·g·Yᵀ. */
export const Inverse: Gradient = (context) => {
  const { emit } = context;
  const y = context.output(0);
  return [emit.neg(emit.matmulTransposed(emit.transposedMatmul(y, context.gradient()), y))];
};

/**
 * The Fourier transform is linear, and its adjoint is the inverse one without its 1/N, the other way round with it. Of a real
 * signal the real part counts; of a transform given by its first half the second half counts with it.
 * Source: the operator's definition in ONNX (DFT-17 and -20).
 */
export const DFT: Gradient = (context) => {
  const { emit, node } = context;
  const shape = context.shape(context.input(0));
  const axis = fourierAxis(context, shape.length);
  const [given, parts] = [shape[axis], shape.at(-1)];
  const length = context.input(1) === '' ? null : context.constant(context.input(1));
  const [isInverse, isHalf] = [intOf(node, 'inverse', 0) === 1, intOf(node, 'onesided', 0) === 1];
  if (typeof given !== 'number' || typeof parts !== 'number' || (context.input(1) !== '' && length === null))
    throw unsupported(node, 'its length is not known', 'fix the model’s dynamic dims first');
  const total = length?.[0] ?? (isInverse && isHalf ? 2 * (given - 1) : given);
  // The axis goes before the real and imaginary parts, as in a batch of signals: [.., steps, parts].
  const order = [...shape.keys()].filter((at) => at !== axis && at !== shape.length - 1);
  const perm = [...order, axis, shape.length - 1];
  const turned = emit.transpose(context.gradient(), perm);
  const steps = isHalf && !isInverse ? Math.floor(total / 2) + 1 : total;
  const signals = emit.reshape(turned, [-1, steps, isInverse && isHalf ? 1 : 2]);
  const transform = (value: string, inverse: number, half: number) =>
    emit.op('DFT', [value], { inverse: int(inverse), onesided: int(half) });
  const resized = (value: string, from: number, to: number) =>
    from === to ? value : emit.op('Pad', [value, emit.integers([0, 0, 0, 0, to - from, 0])]);
  const half = Math.floor(total / 2) + 1;
  const back = () => {
    if (!isInverse) return emit.scale(transform(resized(signals, steps, total), 1, 0), total);
    if (!isHalf) return emit.scale(transform(signals, 0, 0), 1 / total);
    const weights = Array.from({ length: half }, (_, at) => (at === 0 || 2 * at === total ? 1 : 2) / total);
    return emit.mul(transform(signals, 0, 1), emit.constant(weights, [1, half, 1]));
  };
  const whole = resized(back(), isInverse && isHalf ? half : total, given);
  const ofParts = parts === 1 ? emit.slice(whole, [0], [1], [2]) : whole;
  const lead = emit.op('Slice', [emit.shapeOf(turned), emit.integers([0]), emit.integers([-2]), emit.integers([0])]);
  const sizes = emit.op('Concat', [lead, emit.integers([given, parts])], { axis: int(0) });
  const inverse = perm.map((_, at) => perm.indexOf(at));
  return [emit.transpose(emit.op('Reshape', [ofParts, sizes]), inverse), null, null];
};

function fourierAxis(context: GradientContext, rank: number): number {
  const { node, opset } = context;
  if (opset < 20) return positiveAxis(intOf(node, 'axis', 1), rank);
  const axis = context.input(2) === '' ? [-2] : context.constant(context.input(2));
  if (axis === null) throw unsupported(node, 'its axis is computed at run time');
  return positiveAxis(axis[0] as number, rank);
}
