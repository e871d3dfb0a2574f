/**
 * SmoothQuant: what is hard to round moves from the activations into the weights, channel by channel.
 *
 *   Y = X·W = (X/s)·(s·W)    sⱼ = max|Xⱼ|^α / max|Wⱼ|^(1−α)    X [rows, channels], W [channels, outputs]
 *
 * 1/s goes into what makes X where that takes it (a normalization, a layer before a Relu); else, where it gains enough,
 * a Mul stands before the product. α is chosen for each place by the error that rounding X and W gives to Y, expected
 * from the calibration samples: a rounded number is off by Δ²/12 in the mean square, with Δ its step.
 * Source: Xiao et al. 2022, arXiv:2211.10438; the search of α as in section 4.1 there, one for each place.
 */

import { addRowMagnitudes, raiseWidest } from '../../kernels';
import { elementCount, floatTensor, indexGraph, type Model, makeNode, Patch } from '../../onnx/ir';
import { addedBias } from '../bias-correction';
import { observe } from '../calibrate';
import { applyScalings, partsInRows, type Scaling } from '../channel-scaling';
import { type ChannelSite, type ChannelValue, readValuesOf, type ScaledOperand, sitesOf } from '../channel-sites';
import { ChannelObserver, type ChannelStatistics } from '../channel-statistics';
import { constantsOf } from '../constants';
import { type Preparation, type PreparationContext, type PreparationResult, places } from '../preparation';

/** α that are tried beside leaving X and W as they are. */
const alphas = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];

/** Least share of the error that must go for a change that costs no time, and for a Mul. */
const worthChange = 0.1;
const worthMul = 0.4;

/** Channels that are this much smaller than the largest count as this large: they are nothing but zeros. */
const floor = 1e-5;

/** Of the median of the channels that samples touched. */
const typicalShare = 0.5;

export const smooth = {
  name: 'smooth',
  title: 'Smooth activations',
  help: 'Moves outliers of single channels from the activations into the weights; the outputs of the model stay the same. Helps transformers most.',
  source: 'Xiao et al. 2022, arXiv:2211.10438 (SmoothQuant)',
  default: true,
  run: smoothActivations,
} as const satisfies Preparation;

/** One choice of s for a place. */
interface Smoothing {
  /** [channels] */
  readonly s: Float64Array;
  /** Share of the expected error that it takes away. */
  readonly gain: number;
}

async function smoothActivations(model: Model, context: PreparationContext): Promise<PreparationResult> {
  const { admits, signal } = context;
  const sites = (await sitesOf(model, admits)).filter(
    // Between convolutions, whose filters spread over few channels, equalization does more, and asks no samples.
    ({ ceilings, read }) => ceilings.length === 0 && read.every(({ node }) => node.opType !== 'Conv'),
  );
  const folding = new Set(sites.flatMap(({ read }) => read.map(({ node }) => node.name)));
  const values = (await readValuesOf(model, admits)).filter(
    ({ read }) => !read.some(({ node }) => folding.has(node.name)),
  );
  if (sites.length + values.length <= 1 && model.graph.nodes.some(({ opType }) => opType === 'Conv'))
    return { model, changed: 0, notes: [] }; // The head of a convolutional network is not worth a pass.
  const index = indexGraph(model.graph);
  const constants = constantsOf(index);
  const isCorrected = ({ node }: ScaledOperand): boolean =>
    node.opType !== 'MatMul' || addedBias(index, constants, node) !== null;
  const statistics = await measure(
    model,
    [...sites.flatMap(({ inputs }) => inputs), ...values.map(({ input }) => input)],
    context,
  );
  const scalings: Scaling[] = [];
  const patch = new Patch(model.graph);
  let folded = 0;
  for (const site of sites) {
    signal.throwIfAborted();
    const seen = site.inputs.map(({ value }) => statistics.get(value));
    const choice = bestSmoothing(site, seen, site.read.every(isCorrected));
    if (choice === null || choice.gain < worthChange) continue;
    const inverse = choice.s.map((s) => 1 / s);
    scalings.push(...site.made.map((operand) => ({ operand, factors: inverse })));
    scalings.push(...site.read.map((operand) => ({ operand, factors: choice.s })));
    folded++;
  }
  let multiplied = 0;
  for (const { input, read, channels } of values) {
    signal.throwIfAborted();
    const choice = bestSmoothing({ read, channels }, [statistics.get(input.value)], read.every(isCorrected));
    if (choice === null || choice.gain < worthMul) continue;
    multiplyBefore(patch, input.value, read, choice.s);
    scalings.push(...read.map((operand) => ({ operand, factors: choice.s })));
    multiplied++;
  }
  const graph = applyScalings(patch.isEmpty ? model.graph : patch.apply(), scalings);
  const changed = folded + multiplied;
  const notes =
    changed === 0
      ? []
      : [`smoothed the activations at ${places(changed)}, ${multiplied} of them by a Mul before the product`];
  return { model: { ...model, graph }, changed, notes };
}

async function measure(
  { graph, ...rest }: Model,
  values: readonly ChannelValue[],
  { data, ...work }: PreparationContext,
): Promise<Map<string, ChannelStatistics>> {
  const once = new Map(values.filter(hasRank).map((value) => [value.value, value]));
  const observers = [...once.values()].map((value) => new ChannelObserver(value));
  await observe({ model: { ...rest, graph }, data }, observers, work);
  return new Map(observers.map((observer) => [observer.value, observer.statistics()]));
}

function hasRank(value: ChannelValue): value is ChannelValue & { readonly rank: number } {
  return value.rank !== undefined && value.rank > 1;
}

/** The readers multiply value/s from here on. */
function multiplyBefore(patch: Patch, value: string, read: readonly ScaledOperand[], s: Float64Array): void {
  const smoothed = patch.freshName(`${value}_smoothed`);
  const inverse = patch.freshName(`${smoothed}_factor`);
  patch.setInitializer(
    floatTensor(
      inverse,
      [s.length],
      s.map((factor) => 1 / factor),
    ),
  );
  patch.addNode(makeNode('Mul', patch.freshName(`${smoothed}_node`), [value, inverse], [smoothed]));
  for (const { node } of read) patch.replaceNode(node.name, { ...node, inputs: [smoothed, ...node.inputs.slice(1)] });
}

/**
 * The s of the α whose expected error is least.
 * @param seen statistics of what the readers read
 * @returns null where some are missing, and where no error can be told
 * @param corrected whether biases take back the shift of the mean that rounded weights give
 */
function bestSmoothing(
  { read, channels }: Pick<ChannelSite, 'read' | 'channels'>,
  seen: readonly (ChannelStatistics | undefined)[],
  corrected: boolean,
): Smoothing | null {
  const all = seen.filter((one) => one !== undefined);
  if (all.length < seen.length) return null;
  const low = new Float64Array(channels);
  const high = new Float64Array(channels);
  const power = new Float64Array(channels);
  for (const { min, max, mean, power: square } of all)
    for (let j = 0; j < channels; j++) {
      low[j] = Math.min(low[j]!, min[j]!);
      high[j] = Math.max(high[j]!, max[j]!);
      power[j] = Math.max(power[j]!, square[j]! - (corrected ? mean[j]! ** 2 : 0));
    }
  const weights = magnitudes(read, channels);
  const activations = reachable(low.map((value, j) => Math.max(-value, high[j]!)));
  const widths = floored(weights.largest);
  const candidates = alphas.map((alpha) =>
    activations.map((activation, j) => activation ** alpha / widths[j]! ** (1 - alpha)),
  );
  const choices = [new Float64Array(channels).fill(1), ...candidates];
  const errors = expectedErrors(read, choices, { min: low, max: high, power }, weights.squares);
  const best = errors.indexOf(Math.min(...errors));
  // No number where a weight holds none or nothing at all: what quantizes it says so by name.
  if (best < 0) return null;
  return { s: choices[best] as Float64Array, gain: 1 - errors[best]! / errors[0]! };
}

/** Of the weights of each channel: the largest magnitude, and the sum of squares. */
function magnitudes(
  read: readonly ScaledOperand[],
  channels: number,
): { largest: Float64Array; squares: Float64Array } {
  const largest = new Float64Array(channels);
  const squares = new Float64Array(channels);
  for (const operand of read)
    for (const { part, rows } of partsInRows(operand)) addRowMagnitudes(part, rows, largest, squares);
  return { largest, squares };
}

/**
 * How far each channel may reach. What the few samples hardly touched others may fill, as behind a Relu: such a channel
 * counts as {@link typicalShare} of a typical one, or the integers would have no room for it.
 */
function reachable(magnitudes: Float64Array): Float64Array {
  const touched = magnitudes.filter((magnitude) => magnitude > 0).sort();
  const least = (touched[touched.length >> 1] ?? 0) * typicalShare;
  return floored(magnitudes.map((magnitude) => Math.max(magnitude, least)));
}

function floored(values: Float64Array): Float64Array {
  const least = values.reduce((a, b) => Math.max(a, b), 0) * floor;
  return values.map((value) => Math.max(value, least) || 1);
}

/**
 * Mean squared error of all outputs of the readers together, for each choice of s:
 * Δx²/12 · Σⱼ sⱼ²·‖Wⱼ‖²  +  Σₒ Δwₒ²/12 · Σⱼ E[xⱼ²]/sⱼ², with a step Δx for X/s and one Δwₒ for each output of s·W.
 * Where a bias is corrected, only the deviation of xⱼ from its mean counts in the second sum.
 */
function expectedErrors(
  read: readonly ScaledOperand[],
  choices: readonly Float64Array[],
  { min, max, power }: Omit<ChannelStatistics, 'mean'>,
  squares: Float64Array,
): number[] {
  const errors = choices.map((s) => {
    let low = 0;
    let high = 0;
    let carried = 0;
    for (let j = 0; j < s.length; j++) {
      low = Math.min(low, min[j]! / s[j]!);
      high = Math.max(high, max[j]! / s[j]!);
      carried += s[j]! ** 2 * squares[j]!;
    }
    return (((high - low) / 255) ** 2 / 12) * carried;
  });
  // Each output of a product multiplies every channel equally often.
  const inputs = choices.map((s) => s.reduce((sum, factor, j) => sum + power[j]! / factor ** 2, 0));
  for (const operand of read) {
    const outputs = outputsOf(operand);
    const often = elementCount(operand.tensor.shape) / outputs / power.length;
    widestOutputs(operand, choices, outputs).forEach((widest, at) => {
      errors[at]! += widest.reduce((sum, width) => sum + (width / 127) ** 2 / 12, 0) * often * inputs[at]!;
    });
  }
  return errors;
}

/** For each choice of s the largest |sⱼ·Wⱼₒ| of each output: [outputs]. */
function widestOutputs(operand: ScaledOperand, choices: readonly Float64Array[], outputs: number): Float64Array[] {
  const channels = (choices[0] as Float64Array).length;
  const factors = new Float64Array(choices.length * channels);
  for (const [at, choice] of choices.entries()) factors.set(choice, at * channels);
  const widest = new Float64Array(choices.length * outputs);
  for (const { part, rows } of partsInRows(operand)) raiseWidest(part, rows, choices.length, factors, widest);
  return choices.map((_, at) => widest.subarray(at * outputs, (at + 1) * outputs));
}

function outputsOf({ tensor, size, inner, output }: ScaledOperand): number {
  return output === 'inner' ? inner : elementCount(tensor.shape) / size / inner;
}
