/**
 * Gradients of element-wise operators. Names are ONNX's; g is the gradient of the output Y, and each line of a
 * formula stands beside its code. Ties and kinks follow the right-hand derivative unless said.
 */

import { attributes, makeNode } from '../../onnx/ir';
import { reduceTo } from '../broadcast';
import { type Gradient, type GradientContext, unsupported } from '../gradient';

const { floatOf, intOf, stringOf } = attributes;

/** A rule of one input: dX = g · f'(X). */
const unary =
  (derivative: (context: GradientContext, x: string, y: string) => string): Gradient =>
  (context) => [context.emit.mul(context.gradient(), derivative(context, context.input(0), context.output(0)))];

/** A rule of two broadcast inputs. */
const binary =
  (
    rules: readonly [
      (c: GradientContext, a: string, b: string, g: string) => string,
      (c: GradientContext, a: string, b: string, g: string) => string,
    ],
  ): Gradient =>
  (context) => {
    const [a, b, g] = [context.input(0), context.input(1), context.gradient()];
    return rules.map((rule, at) =>
      context.needs(at) ? reduceTo(context, rule(context, a, b, g), context.output(0), context.input(at)) : null,
    );
  };

/** Y = A + B. */
export const Add = binary([(_, _a, _b, g) => g, (_, _a, _b, g) => g]);
/** Y = A − B. */
export const Sub = binary([(_, _a, _b, g) => g, (c, _a, _b, g) => c.emit.neg(g)]);
/** Y = A · B. */
export const Mul = binary([(c, _a, b, g) => c.emit.mul(g, b), (c, a, _b, g) => c.emit.mul(g, a)]);
/** Y = A / B: dA = g/B, dB = −g·A/B². */
export const Div = binary([
  (c, _a, b, g) => c.emit.div(g, b),
  (c, _a, b, g) => c.emit.neg(c.emit.div(c.emit.mul(g, c.output(0)), b)),
]);
/** Y = A^B: dA = g·B·A^(B−1), dB = g·Y·ln A (A > 0; 0 elsewhere). */
export const Pow = binary([
  (c, a, b, g) => c.emit.mul(g, c.emit.mul(b, c.emit.op('Pow', [a, c.emit.sub(b, c.emit.scalar(1))]))),
  (c, a, _b, g) => {
    const positive = c.emit.op('Max', [a, c.emit.scalar(1e-30)]);
    const isPositive = c.emit.mask(c.emit.op('Greater', [a, c.emit.scalar(0)]));
    return c.emit.mul(c.emit.mul(g, c.output(0)), c.emit.mul(c.emit.op('Log', [positive]), isPositive));
  },
]);

/** Y = A − B·⟨A/B⟩ with the quotient cut to a whole number: dA = g, dB = −g·⟨A/B⟩. */
export const Mod = binary([
  (_, _a, _b, g) => g,
  (c, a, b, g) => c.emit.mul(g, c.emit.div(c.emit.sub(c.output(0), a), b)),
]);

export const Neg: Gradient = (context) => [context.emit.neg(context.gradient())];
export const Identity: Gradient = (context) => [context.gradient()];
/** In inference mode Dropout hands its input on. */
export const Dropout: Gradient = (context) => [context.gradient(), null, null];
/** |X|: g · sign X. */
export const Abs = unary(({ emit }, x) => emit.op('Sign', [x]));
/** √X: g / 2Y. */
export const Sqrt = unary(({ emit }, _x, y) => emit.div(emit.scalar(0.5), y));
export const Exp = unary((_, _x, y) => y);
export const Log = unary(({ emit }, x) => emit.op('Reciprocal', [x]));
/** 1/X: −g·Y². */
export const Reciprocal = unary(({ emit }, _x, y) => emit.neg(emit.mul(y, y)));
export const Sin = unary(({ emit }, x) => emit.op('Cos', [x]));
export const Cos = unary(({ emit }, x) => emit.neg(emit.op('Sin', [x])));
/** tan X: 1 + Y². */
export const Tan = unary(({ emit }, _x, y) => emit.add(emit.scalar(1), emit.mul(y, y)));
/** 1/√(1 − X²). */
export const Asin = unary(({ emit }, x) => reciprocalRoot(emit, emit.sub(emit.scalar(1), emit.mul(x, x))));
export const Acos = unary(({ emit }, x) => emit.neg(reciprocalRoot(emit, emit.sub(emit.scalar(1), emit.mul(x, x)))));
/** 1/(1 + X²). */
export const Atan = unary(({ emit }, x) => emit.op('Reciprocal', [emit.add(emit.scalar(1), emit.mul(x, x))]));
export const Sinh = unary(({ emit }, x) => emit.op('Cosh', [x]));
export const Cosh = unary(({ emit }, x) => emit.op('Sinh', [x]));
/** 1/√(X² + 1). */
export const Asinh = unary(({ emit }, x) => reciprocalRoot(emit, emit.add(emit.mul(x, x), emit.scalar(1))));
/** 1/√(X² − 1). */
export const Acosh = unary(({ emit }, x) => reciprocalRoot(emit, emit.sub(emit.mul(x, x), emit.scalar(1))));
/** 1/(1 − X²). */
export const Atanh = unary(({ emit }, x) => emit.op('Reciprocal', [emit.sub(emit.scalar(1), emit.mul(x, x))]));
/** erf X: g · exp(ln(2/√π) − X²). */
export const Erf = unary(({ emit }, x) => gaussian(emit, emit.mul(x, x), 2 / Math.sqrt(Math.PI)));

/** max(0, X): the mask of Y > 0. */
export const Relu = unary(({ emit }, _x, y) => emit.positive(y));
/** α below zero, 1 above. */
export const LeakyRelu = unary(({ emit, node }, x) => stepBetween(emit, x, floatOf(node, 'alpha', 0.01), 1));
/** X above α, else 0. */
export const ThresholdedRelu = unary(({ emit, node }, x) =>
  emit.mask(emit.op('Greater', [x, emit.scalar(floatOf(node, 'alpha', 1))])),
);
/** slope·X below zero: dX as LeakyRelu, dSlope = g·min(X, 0). */
export const PRelu: Gradient = (context) => {
  const { emit } = context;
  const [x, slope, g] = [context.input(0), context.input(1), context.gradient()];
  const negative = emit.mask(emit.op('Less', [x, emit.scalar(0)]));
  const factor = emit.add(emit.sub(emit.scalar(1), negative), emit.mul(negative, slope));
  const dSlope = () => reduceTo(context, emit.mul(g, emit.op('Min', [x, emit.scalar(0)])), context.output(0), slope);
  return [emit.mul(g, factor), context.needs(1) ? dSlope() : null];
};
/** 1 strictly inside the bounds, 0 outside and on them, as the runtime's own clipping leaves no room there. */
export const Clip: Gradient = (context) => {
  const { emit, node } = context;
  const [x, low, high] = [context.input(0), context.input(1), context.input(2)];
  if (node.attributes.has('min') || node.attributes.has('max'))
    throw unsupported(node, 'bounds as attributes (opset < 11)', 'raise the opset first');
  const sides = [
    ...(low === '' ? [] : [emit.op('Greater', [x, low])]),
    ...(high === '' ? [] : [emit.op('Less', [x, high])]),
  ];
  if (sides.length === 0) return [context.gradient(), null, null];
  const inside = sides.length === 1 ? (sides[0] as string) : emit.op('And', sides);
  return [emit.mul(context.gradient(), emit.mask(inside)), null, null];
};
/** Y(1 − Y). */
export const Sigmoid = unary(({ emit }, _x, y) => emit.mul(y, emit.sub(emit.scalar(1), y)));
/** 1 − Y². */
export const Tanh = unary(({ emit }, _x, y) => emit.sub(emit.scalar(1), emit.mul(y, y)));
/** α between the two flat parts. */
export const HardSigmoid = unary(({ emit, node }, _x, y) =>
  emit.scale(inside(emit, y, 0, 1), floatOf(node, 'alpha', 0.2)),
);
/** X·clip(X/6 + ½, 0, 1): (2X + 3)/6 between −3 and 3, 1 above, 0 below. */
export const HardSwish = unary(({ emit }, x) => {
  const middle = emit.mul(inside(emit, x, -3, 3), emit.add(emit.scale(x, 1 / 3), emit.scalar(0.5)));
  return emit.add(middle, emit.mask(emit.op('GreaterOrEqual', [x, emit.scalar(3)])));
});
/** ln(1 + eˣ): sigmoid X. */
export const Softplus = unary(({ emit }, x) => emit.op('Sigmoid', [x]));
/** X/(1 + |X|): 1/(1 + |X|)². */
export const Softsign = unary(({ emit }, x) => {
  const one = emit.add(emit.scalar(1), emit.op('Abs', [x]));
  return emit.op('Reciprocal', [emit.mul(one, one)]);
});
/** α(eˣ − 1) below zero: Y + α there. */
export const Elu = unary(({ emit, node }, x, y) => {
  const negative = emit.mask(emit.op('Less', [x, emit.scalar(0)]));
  const below = emit.add(y, emit.scalar(floatOf(node, 'alpha', 1)));
  return emit.add(emit.sub(emit.scalar(1), negative), emit.mul(negative, below));
});
/** max(0, X) + min(0, α(e^{X/α} − 1)): e^{X/α} below zero. */
export const Celu = unary(({ emit, node }, x) => {
  const alpha = floatOf(node, 'alpha', 1);
  return emit.op('Exp', [emit.scale(emit.op('Min', [x, emit.scalar(0)]), 1 / alpha)]);
});
/** γ·elu: γ above zero, Y + γα below. */
export const Selu = unary(({ emit, node }, x, y) => {
  const alpha = floatOf(node, 'alpha', 1.6732632423543772);
  const gamma = floatOf(node, 'gamma', 1.0507009873554805);
  const negative = emit.mask(emit.op('Less', [x, emit.scalar(0)]));
  const above = emit.scale(emit.sub(emit.scalar(1), negative), gamma);
  return emit.add(above, emit.mul(negative, emit.add(y, emit.scalar(gamma * alpha))));
});
/** X ± bias beyond ±λ, 0 between: 1 and 0. */
export const Shrink = unary(({ emit, node }, x) =>
  emit.mask(emit.op('Greater', [emit.op('Abs', [x]), emit.scalar(floatOf(node, 'lambd', 0.5))])),
);
/** X·tanh(softplus X) = X·t: t + X·(1 − t²)·sigmoid X. */
export const Mish = unary(({ emit }, x) => {
  const t = emit.op('Tanh', [emit.op('Softplus', [x])]);
  const inner = emit.mul(emit.sub(emit.scalar(1), emit.mul(t, t)), emit.op('Sigmoid', [x]));
  return emit.add(t, emit.mul(x, inner));
});
/** X·Φ(X): Φ(X) + X·φ(X); the tanh form differentiates its own approximation. */
export const Gelu: Gradient = (context) => {
  const { emit, node } = context;
  const x = context.input(0);
  const tanhForm = stringOf(node, 'approximate', 'none') === 'tanh';
  const derivative = tanhForm ? tanhGelu(context, x) : erfGelu(context, x);
  return [emit.mul(context.gradient(), derivative)];
};
/** X·sigmoid(αX) = X·s: s + αX·s·(1 − s). */
export const QuickGelu = unary(({ emit, node }, x) => swish(emit, x, floatOf(node, 'alpha', 1.702)));
export const Swish = unary(({ emit, node }, x) => swish(emit, x, floatOf(node, 'alpha', 1)));

/** The input that won; ties share by order: the first of equal inputs takes all. */
const extremum =
  (wins: 'GreaterOrEqual' | 'LessOrEqual'): Gradient =>
  (context) => {
    const { emit, node } = context;
    let left = context.gradient();
    return node.inputs.map((input, at) => {
      const won = emit.mask(emit.op(wins, [input, context.output(0)]));
      const share = emit.mul(left, won);
      left = emit.mul(left, emit.sub(emit.scalar(1), won));
      return context.needs(at) ? reduceTo(context, share, context.output(0), input) : null;
    });
  };
export const Max = extremum('GreaterOrEqual');
export const Min = extremum('LessOrEqual');
/** Each input gets g, summed to its own shape. */
export const Sum: Gradient = (context) =>
  context.node.inputs.map((input, at) =>
    context.needs(at) ? reduceTo(context, context.gradient(), context.output(0), input) : null,
  );
/** As Sum, over the number of inputs. */
export const Mean: Gradient = (context) => {
  const g = context.emit.scale(context.gradient(), 1 / context.node.inputs.length);
  return context.node.inputs.map((input, at) =>
    context.needs(at) ? reduceTo(context, g, context.output(0), input) : null,
  );
};
/** condition ? A : B. */
export const Where: Gradient = (context) => {
  const { emit } = context;
  const chosen = emit.mask(context.input(0));
  const g = context.gradient();
  const part = (at: number, mask: () => string) =>
    context.needs(at) ? reduceTo(context, emit.mul(g, mask()), context.output(0), context.input(at)) : null;
  return [null, part(1, () => chosen), part(2, () => emit.sub(emit.scalar(1), chosen))];
};
/** Between float types the gradient is cast back; from or to others it is nothing. */
export const Cast: Gradient = (context) => {
  const floats = ['float32', 'float16', 'float64', 'bfloat16'];
  const [from, to] = [context.dtype(context.input(0)), context.dtype(context.output(0))];
  if (!floats.includes(from) || !floats.includes(to)) return [null];
  return [from === to ? context.gradient() : context.emit.op('CastLike', [context.gradient(), context.input(0)])];
};

/** To the type of the second input, as {@link Cast}. */
export const CastLike: Gradient = (context) => [...Cast(context), null];

type Emit = GradientContext['emit'];

function reciprocalRoot(emit: Emit, x: string): string {
  return emit.op('Reciprocal', [emit.op('Sqrt', [x])]);
}

function stepBetween(emit: Emit, x: string, below: number, above: number): string {
  return emit.add(emit.scale(emit.positive(x), above - below), emit.scalar(below));
}

function inside(emit: Emit, x: string, low: number, high: number): string {
  return emit.mask(
    emit.op('And', [emit.op('Greater', [x, emit.scalar(low)]), emit.op('Less', [x, emit.scalar(high)])]),
  );
}

function swish(emit: Emit, x: string, alpha: number): string {
  const s = emit.op('Sigmoid', [emit.scale(x, alpha)]);
  const slope = emit.mul(emit.scale(x, alpha), emit.mul(s, emit.sub(emit.scalar(1), s)));
  return emit.add(s, slope);
}

/** height·exp(−exponent). */
function gaussian(emit: Emit, exponent: string, height: number): string {
  return emit.op('Exp', [emit.sub(emit.scalar(Math.log(height)), exponent)]);
}

/** Φ(X) = ½ + ½·erf(X/√2) is made in the forward pass, which is X·Φ, and kept. */
function erfGelu(context: GradientContext, x: string): string {
  const { emit, node } = context;
  const [h, erf, cumulative] = ['h', 'erf', 'cumulative'].map((part) => emit.fresh(`${node.name}:${part}`)) as [
    string,
    string,
    string,
  ];
  const half = attributes.float(0.5);
  context.replaceForward(
    makeNode('Mul', h, [x, emit.scalar(Math.SQRT1_2)], [h]),
    makeNode('Erf', erf, [h], [erf]),
    // One pass: Φ lies between its bounds 0 and 1.
    makeNode('HardSigmoid', cumulative, [erf], [cumulative], { alpha: half, beta: half }),
    makeNode('Mul', node.name, [x, cumulative], [context.output(0)]),
  );
  const density = gaussian(emit, emit.mul(h, h), 1 / Math.sqrt(2 * Math.PI));
  return emit.add(cumulative, emit.mul(x, density));
}

function tanhGelu({ emit }: GradientContext, x: string): string {
  const [k, c] = [Math.sqrt(2 / Math.PI), 0.044715];
  const square = emit.mul(x, x);
  const t = emit.op('Tanh', [emit.mul(emit.scale(x, k), emit.add(emit.scalar(1), emit.scale(square, c)))]);
  const half = emit.scale(emit.add(emit.scalar(1), t), 0.5);
  const slope = emit.mul(
    emit.sub(emit.scalar(1), emit.mul(t, t)),
    emit.add(emit.scalar(k), emit.scale(square, 3 * c * k)),
  );
  return emit.add(half, emit.scale(emit.mul(x, slope), 0.5));
}

/** CumSum keeps its direction turned round. */
export const CumSum: Gradient = (context) => {
  const { emit, node } = context;
  const attrs = {
    exclusive: attributes.int(intOf(node, 'exclusive', 0)),
    reverse: attributes.int(1 - intOf(node, 'reverse', 0)),
  };
  return [emit.op('CumSum', [context.gradient(), context.input(1)], attrs), null];
};
