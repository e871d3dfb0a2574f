/** Gradients of normalizations and soft maxima. g is the gradient of Y. */

import { attributes, elementCount } from '../../onnx/ir';
import { reduceTo } from '../broadcast';
import { type Gradient, type GradientContext, positiveAxis, rankOf, unsupported } from '../gradient';

const { floatOf, intOf } = attributes;

/** Y·(g − Σ g·Y) over the axis. */
export const Softmax: Gradient = (context) => {
  const { emit, node } = context;
  const axis = positiveAxis(intOf(node, 'axis', -1), rankOf(context, context.output(0)));
  const product = emit.mul(context.gradient(), context.output(0));
  return [emit.sub(product, emit.mul(context.output(0), emit.sum(product, [axis])))];
};

/** g − exp(Y)·Σ g over the axis. */
export const LogSoftmax: Gradient = (context) => {
  const { emit, node } = context;
  const axis = positiveAxis(intOf(node, 'axis', -1), rankOf(context, context.output(0)));
  const g = context.gradient();
  return [emit.sub(g, emit.mul(emit.op('Exp', [context.output(0)]), emit.sum(g, [axis])))];
};

/**
 * Y = x̂·γ + β, x̂ = (X − mean)·inv over the axes from `axis` on. With h = g·γ:
 * dX = inv·(h − mean(h) − x̂·mean(h·x̂)). Mean and inv are the forward node's own outputs.
 * Source: Ba, Kiros and Hinton 2016 (arXiv:1607.06450).
 */
export const LayerNormalization: Gradient = (context) => {
  const { emit, node } = context;
  const [x, gamma, beta, g] = [context.input(0), context.input(1), context.input(2), context.gradient()];
  const rank = rankOf(context, x);
  const axis = positiveAxis(intOf(node, 'axis', -1), rank);
  const axes = Array.from({ length: rank - axis }, (_, at) => axis + at);
  const mean = node.outputs[1] || emit.fresh(`${node.name}:mean`);
  const inv = node.outputs[2] || emit.fresh(`${node.name}:inv`);
  context.replaceForward({ ...node, outputs: [context.output(0), mean, inv] });
  const xHat = emit.mul(emit.sub(x, mean), inv);
  return [
    context.needs(0) ? centred(context, emit.mul(g, gamma), xHat, inv, axes) : null,
    context.needs(1) ? reduceTo(context, emit.mul(g, xHat), context.output(0), gamma) : null,
    beta !== '' && context.needs(2) ? reduceTo(context, g, context.output(0), beta) : null,
  ];
};

/** inv·(h − mean(h) − x̂·mean(h·x̂)) over axes. */
function centred({ emit }: GradientContext, h: string, xHat: string, inv: string, axes: readonly number[]): string {
  const spread = emit.mul(xHat, emit.mean(emit.mul(h, xHat), axes));
  return emit.mul(inv, emit.sub(emit.sub(h, emit.mean(h, axes)), spread));
}

/** Y = X/√(mean(X²) + ε)·γ: dX = inv·(h − x̂·mean(h·x̂)), h = g·γ. Source: Zhang and Sennrich 2019 (arXiv:1910.07467). */
export const RMSNormalization: Gradient = (context) => {
  const { emit, node } = context;
  const [x, gamma, g] = [context.input(0), context.input(1), context.gradient()];
  const rank = rankOf(context, x);
  const axis = positiveAxis(intOf(node, 'axis', -1), rank);
  const axes = Array.from({ length: rank - axis }, (_, at) => axis + at);
  const inv = inverseRoot(context, emit.mean(emit.mul(x, x), axes), floatOf(node, 'epsilon', 1e-5));
  const xHat = emit.mul(x, inv);
  const h = emit.mul(g, gamma);
  const dX = emit.mul(inv, emit.sub(h, emit.mul(xHat, emit.mean(emit.mul(h, xHat), axes))));
  return [dX, context.needs(1) ? reduceTo(context, emit.mul(g, xHat), context.output(0), gamma) : null];
};
export const SimplifiedLayerNormalization = RMSNormalization;

/** As LayerNormalization over the spatial axes of each channel, γ and β per channel. */
export const InstanceNormalization: Gradient = (context) => {
  const { emit, node } = context;
  const [x, gamma, g] = [context.input(0), context.input(1), context.gradient()];
  const rank = rankOf(context, x);
  const spatial = Array.from({ length: rank - 2 }, (_, at) => at + 2);
  const { xHat, inv } = standardized(context, x, spatial, floatOf(node, 'epsilon', 1e-5));
  const perChannel = emit.unsqueeze(
    gamma,
    spatial.map((axis) => axis - 1),
  );
  const others = [0, ...spatial];
  return [
    context.needs(0) ? centred(context, emit.mul(g, perChannel), xHat, inv, spatial) : null,
    context.needs(1) ? emit.sum(emit.mul(g, xHat), others, false) : null,
    context.needs(2) ? emit.sum(g, others, false) : null,
  ];
};

/**
 * Groups of channels are laid out as one axis: [N, G, C/G·spatial], standardized there; γ and β per channel, before opset 21
 * per group.
 */
export const GroupNormalization: Gradient = (context) => {
  const { emit, node } = context;
  const [x, gamma, g] = [context.input(0), context.input(1), context.gradient()];
  const rank = rankOf(context, x);
  const groups = intOf(node, 'num_groups', 1);
  const spatial = Array.from({ length: rank - 2 }, (_, at) => at + 2);
  const grouped = emit.reshape(x, [0, groups, -1]);
  const { xHat, inv } = standardized(context, grouped, [2], floatOf(node, 'epsilon', 1e-5));
  if (context.shape(gamma)[0] === groups) {
    const ofGroups = emit.reshape(g, [0, groups, -1]);
    const h = emit.mul(ofGroups, emit.unsqueeze(gamma, [1]));
    return [
      context.needs(0) ? emit.reshapeLike(centred(context, h, xHat, inv, [2]), x) : null,
      context.needs(1) ? emit.sum(emit.mul(ofGroups, xHat), [0, 2], false) : null,
      context.needs(2) ? emit.sum(ofGroups, [0, 2], false) : null,
    ];
  }
  const h = emit.reshape(
    emit.mul(
      g,
      emit.unsqueeze(
        gamma,
        spatial.map((axis) => axis - 1),
      ),
    ),
    [0, groups, -1],
  );
  const dX = () => emit.reshapeLike(centred(context, h, xHat, inv, [2]), x);
  const dGamma = () => emit.sum(emit.mul(g, emit.reshapeLike(xHat, x)), [0, ...spatial], false);
  return [
    context.needs(0) ? dX() : null,
    context.needs(1) ? dGamma() : null,
    context.needs(2) ? emit.sum(g, [0, ...spatial], false) : null,
  ];
};

/** Statistics that are inputs, or with `training_mode` those of the batch. */
export const BatchNormalization: Gradient = (context) =>
  intOf(context.node, 'training_mode', 0) === 1 ? batchStatistics(context) : frozenStatistics(context);

/** Y = (X − mean)·scale·inv + B is linear in X. */
function frozenStatistics(context: GradientContext): (string | null)[] {
  const { emit, node } = context;
  const [x, scale, mean, variance, g] = [
    context.input(0),
    context.input(1),
    context.input(3),
    context.input(4),
    context.gradient(),
  ];
  const { others, perChannel } = channelAxes(context);
  const inv = inverseRoot(context, variance, floatOf(node, 'epsilon', 1e-5));
  const xHat = () => emit.mul(emit.sub(x, perChannel(mean)), perChannel(inv));
  return [
    context.needs(0) ? emit.mul(g, perChannel(emit.mul(scale, inv))) : null,
    context.needs(1) ? emit.sum(emit.mul(g, xHat()), others, false) : null,
    context.needs(2) ? emit.sum(g, others, false) : null,
    null,
    null,
  ];
}

/**
 * Mean and variance of the batch are the node's outputs 1 and 2 (momentum 0). With n elements a channel and x̂ = (X − mean)·inv:
 * dX = scale·inv·(g − Σg/n − x̂·Σ(g·x̂)/n). Per channel that is affine in g and X, so that few passes go over the maps.
 */
function batchStatistics(context: GradientContext): (string | null)[] {
  const { emit, node } = context;
  const [x, scale, g] = [context.input(0), context.input(1), context.gradient()];
  const [mean, variance] = [context.output(1), context.output(2)];
  if (mean === '' || variance === '' || floatOf(node, 'momentum', 0.9) !== 0)
    throw unsupported(node, 'training_mode without the statistics of the batch as outputs');
  const channels = context.shape(scale)[0];
  if (typeof channels !== 'number') throw unsupported(node, 'its number of channels is not known');
  const inv = inverseRoot(context, variance, floatOf(node, 'epsilon', 1e-5));
  const dBias = emit.sum(g, channelAxes(context).others, false);
  const dScale = emit.mul(inv, emit.sub(sumOfProducts(context, g, x, channels), emit.mul(mean, dBias)));
  const dX = () => {
    const slope = emit.mul(scale, inv);
    // −scale·inv/n
    const share = emit.div(slope, emit.scale(emit.cast(emit.op('Size', [x]), 'float32'), -1 / channels));
    const ofX = emit.mul(share, emit.mul(inv, dScale));
    return affineSum(context, { g, slope, x, ofX, mean, shift: emit.mul(share, dBias), channels });
  };
  return [context.needs(0) ? dX() : null, dScale, dBias, null, null];
}

/** Σ g·X of each channel: where maps are large, a product of each map with the other's, which writes no map between. */
function sumOfProducts(context: GradientContext, g: string, x: string, channels: number): string {
  const { emit } = context;
  const space = spaceOf(context);
  if (space < productSpace) return emit.sum(emit.mul(g, x), channelAxes(context).others, false);
  const rows = (value: string) => emit.reshape(value, [-1, 1, space]);
  const products = emit.matmulTransposed(rows(g), rows(x));
  return emit.sum(emit.reshape(products, [-1, channels]), [0], false);
}

interface AffineSum {
  readonly g: string;
  readonly slope: string;
  readonly x: string;
  readonly ofX: string;
  readonly mean: string;
  readonly shift: string;
  readonly channels: number;
}

/**
 * slope·g + ofX·(X − mean) + shift, each a number a channel. Over large maps a Conv of one place, which adds the first term on its
 * way and uses all threads; else the term of X is a BatchNormalization of its own.
 */
function affineSum(context: GradientContext, { g, slope, x, ofX, mean, shift, channels }: AffineSum): string {
  const { emit } = context;
  const { others, perChannel } = channelAxes(context);
  const ofG = emit.mul(g, perChannel(slope));
  if (spaceOf(context) < convSpace) {
    const unit = emit.constant(Array<number>(channels).fill(1));
    const term = emit.op('BatchNormalization', [x, ofX, shift, mean, unit], { epsilon: attributes.float(0) });
    return emit.add(ofG, term);
  }
  const place = others.slice(1).map(() => 1);
  const inputs = [x, emit.reshape(ofX, [channels, 1, ...place]), emit.sub(shift, emit.mul(ofX, mean)), ofG];
  return emit.op(
    'FusedConv',
    inputs,
    { group: attributes.int(channels), kernel_shape: attributes.ints(place) },
    'com.microsoft',
  );
}

/** Places of a map from which on these cost less: measured by `npm run bench:training`. */
const [productSpace, convSpace] = [512, 256];

/** Places of a map; 0 where that is not known. */
function spaceOf(context: GradientContext): number {
  const sizes = context.shape(context.input(0)).slice(2);
  return sizes.length > 0 && sizes.every((size) => typeof size === 'number') ? elementCount(sizes as number[]) : 0;
}

/** Of a map [N, C, …]: all axes but the channels', and a vector [C] laid along the channels. */
function channelAxes(context: GradientContext) {
  const spatial = Array.from({ length: rankOf(context, context.input(0)) - 2 }, (_, at) => at + 2);
  const lifted = spatial.map((axis) => axis - 1);
  const perChannel = (value: string) => (spatial.length === 0 ? value : context.emit.unsqueeze(value, lifted));
  return { others: [0, ...spatial], perChannel };
}

/** X/‖X‖ₚ along an axis: with p = 2 (g − Y·Σ g·Y)/‖X‖, with p = 1 (g − sign(X)·Σ g·Y)/‖X‖. */
export const LpNormalization: Gradient = (context) => {
  const { emit, node } = context;
  const axis = positiveAxis(intOf(node, 'axis', -1), rankOf(context, context.input(0)));
  const [x, y, g] = [context.input(0), context.output(0), context.gradient()];
  const isEuclidean = intOf(node, 'p', 2) === 2;
  const norm = emit.op(isEuclidean ? 'ReduceL2' : 'ReduceL1', [x, emit.integers([axis])]);
  const direction = isEuclidean ? y : emit.op('Sign', [x]);
  const along = emit.mul(direction, emit.sum(emit.mul(g, y), [axis]));
  return [emit.div(emit.sub(g, along), norm)];
};

/**
 * Y = X·D^−β, D = k + α/n·Σ X² over n channels around each, n odd. With the sums as a product with a matrix of bands B [C, C]:
 * dX = g·D^−β − 2αβ/n·X·B(g·X·D^(−β−1)).
 * Source: Krizhevsky, Sutskever and Hinton 2012, ImageNet classification with deep convolutional neural networks, section 3.3.
 */
export const LRN: Gradient = (context) => {
  const { emit, node } = context;
  const [x, g] = [context.input(0), context.gradient()];
  const channels = context.shape(x)[1];
  if (typeof channels !== 'number') throw unsupported(node, 'its number of channels is not known');
  const size = intOf(node, 'size', 1);
  const [alpha, beta, bias] = [floatOf(node, 'alpha', 1e-4), floatOf(node, 'beta', 0.75), floatOf(node, 'bias', 1)];
  const band = Array.from({ length: channels * channels }, (_, at) => {
    const distance = (at % channels) - Math.floor(at / channels);
    return Math.abs(distance) <= (size - 1) / 2 ? 1 : 0;
  });
  const bands = emit.constant(band, [channels, channels]);
  // [N, C, space]
  const [flatX, flatG] = [emit.reshape(x, [0, channels, -1]), emit.reshape(g, [0, channels, -1])];
  const sums = emit.matmul(bands, emit.mul(flatX, flatX));
  const base = emit.add(emit.scale(sums, alpha / size), emit.scalar(bias));
  const power = (exponent: number) => emit.op('Pow', [base, emit.scalar(exponent)]);
  const spread = emit.matmul(bands, emit.mul(emit.mul(flatG, flatX), power(-beta - 1)));
  const around = emit.mul(emit.scale(flatX, (2 * alpha * beta) / size), spread);
  return [emit.reshapeLike(emit.sub(emit.mul(flatG, power(-beta)), around), x)];
};

function standardized(
  context: GradientContext,
  x: string,
  axes: readonly number[],
  epsilon: number,
): { xHat: string; inv: string } {
  const { emit } = context;
  const offset = emit.sub(x, emit.mean(x, axes));
  const inv = inverseRoot(context, emit.mean(emit.mul(offset, offset), axes), epsilon);
  return { xHat: emit.mul(offset, inv), inv };
}

function inverseRoot({ emit }: GradientContext, variance: string, epsilon: number): string {
  return emit.op('Reciprocal', [emit.op('Sqrt', [emit.add(variance, emit.scalar(epsilon))])]);
}
