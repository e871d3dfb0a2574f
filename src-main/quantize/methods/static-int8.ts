/**
 * Static int8: weights and activations as 8-bit integers, their scales fixed from calibration samples, written as Q/DQ
 * pairs where onnxruntime's CPU provider fuses them. Unsigned activations, signed weights: the pair that its fastest
 * kernels take.
 */

import type { OptionSpecs, OptionValues, StepOutcome, Targets } from '../../contract';
import { portion, targetFilter } from '../../contract';
import { indexGraph, type Model, type TypeInfo } from '../../onnx/ir';
import { valueTypes } from '../../onnx/session';
import { correctedBias, meanRequest } from '../bias-correction';
import { calibrate, type MeanRequest, observe } from '../calibrate';
import { calibrationData } from '../calibration-data';
import { type Constants, constantsOf } from '../constants';
import { type Hessian, HessianObserver, hessianSize } from '../hessians';
import { insertQuantization } from '../insert';
import { type QuantizeContext, quantizeMethod, Tally } from '../method';
import { calibratorNamed, calibrators } from '../observers';
import type { Statistics } from '../observers/statistics';
import { type Placement, planPlacement } from '../place';
import { prepare } from '../prepare';
import { type ActivationParams, activationParams } from '../quant-params';
import { roundByHessian } from '../rounding';
import { withoutUnused } from '../unused';
import { minMaxScales, roundToNearest } from '../weights';

const options = {
  granularity: {
    kind: 'choice',
    title: 'Weight scales',
    help: 'One scale for each output channel is more accurate at the same speed; one for the whole tensor is simpler.',
    default: 'per-channel',
    choices: [
      { value: 'per-channel', title: 'Per channel' },
      { value: 'per-tensor', title: 'Per tensor' },
    ],
  },
  calibrator: {
    kind: 'choice',
    title: 'Activation ranges',
    help: 'How the range of each activation follows from what calibration saw.',
    default: 'min-max',
    choices: calibrators.map(({ name, title }) => ({ value: name, title })),
  },
  samples: {
    kind: 'integer',
    title: 'Calibration samples',
    help: 'How many samples of the calibration split are run, evenly spaced over it.',
    default: 128,
    min: 1,
    max: 100_000,
    unit: 'samples',
  },
  rounding: {
    kind: 'choice',
    title: 'Rounding of weights',
    help: 'To the nearest integer, or so that the outputs of the layer on calibration samples change least. Layers with few weights an output gain most, and cost next to nothing.',
    default: 'small-layers',
    choices: [
      { value: 'nearest', title: 'Nearest' },
      { value: 'small-layers', title: 'Least output error in small layers' },
      { value: 'all-layers', title: 'Least output error in all layers (slow)' },
    ],
    advanced: true,
  },
  biasCorrection: {
    kind: 'boolean',
    title: 'Bias correction',
    help: 'Takes back the shift that rounded weights give to the mean of each output.',
    default: true,
    advanced: true,
  },
  symmetric: {
    kind: 'boolean',
    title: 'Symmetric activations',
    help: 'Puts zero in the middle of the integers; some accelerators ask for it, a CPU does not.',
    default: false,
    advanced: true,
  },
  attention: {
    kind: 'boolean',
    title: 'Products of activations',
    help: 'Quantizes MatMuls of two activations, as in attention, as well.',
    default: false,
    advanced: true,
  },
} as const satisfies OptionSpecs;

export const staticInt8 = quantizeMethod({
  name: 'static-int8',
  title: 'Static int8',
  help: 'A quarter of the size and, for convolutional networks on a CPU with int8 instructions, two to four times the speed. Needs calibration samples.',
  source: 'Jacob et al. 2017, arXiv:1712.05877; ONNX QuantizeLinear and DequantizeLinear',
  data: 'calibration',
  options,
  run: quantizeStatically,
});

async function quantizeStatically(
  given: Model,
  chosen: OptionValues<typeof options>,
  targets: Targets,
  context: QuantizeContext,
): Promise<StepOutcome<Model>> {
  const tally = new Tally();
  const data = calibrationData(context, 'static-int8', chosen.samples);
  const model = await prepare(given, tally);
  const constants = constantsOf(indexGraph(model.graph));
  const types = await valueTypes(model);
  const placement = placementFor(model, types, constants, targets, chosen.attention, context);
  const calibrator = calibratorNamed(chosen.calibrator);
  const means = chosen.biasCorrection ? meansFor(placement, types) : [];
  const { statistics, means: channelMeans } = await calibrate(
    { model, values: measuredValues(placement), means, data, histograms: calibrator.needsHistogram },
    portion(context, 0.05, 0.6),
  );
  const hessians = await hessiansFor(model, placement, constants, chosen.rounding, context);
  const question = { levels: 256, symmetric: chosen.symmetric };
  const params = (value: string): ActivationParams =>
    activationParams(calibrator.range(statistics.get(value) as Statistics, question), 'uint8', chosen.symmetric);
  const graph = insertQuantization({
    graph: model.graph,
    constants,
    placement,
    params,
    weightScales: (_node, weight, axis) => minMaxScales(weight, axis),
    roundWeight: (node, weight, scales) => {
      const hessian = hessians.get(node.name);
      return hessian === undefined ? roundToNearest(weight, scales) : roundByHessian(node, weight, scales, hessian);
    },
    bias: (node, weight, quantized) => {
      const means = channelMeans.get(node.inputs[0] as string);
      if (means === undefined || meanRequest(node, 4) === null) return undefined;
      const bias = constants.tensor(node.inputs[2] ?? '');
      return correctedBias(node, weight, quantized.codes(''), quantized.scales, bias, means);
    },
    perChannel: chosen.granularity === 'per-channel',
  });
  count(tally, placement);
  for (const note of [...data.notes, ...notesOn(placement, statistics)]) tally.note(note);
  return tally.outcome({ ...model, graph: withoutUnused(graph) }, 'static-int8');
}

/** The plan for a model's main graph. */
function placementFor(
  model: Model,
  types: ReadonlyMap<string, TypeInfo>,
  constants: Constants,
  targets: Targets,
  attention: boolean,
  context: QuantizeContext,
): Placement {
  return planPlacement({
    index: indexGraph(model.graph),
    constants,
    admits: targetFilter(targets),
    elements: (value) => elementsOf(types.get(value), context.dims),
    rank: (value) => shapeOf(types.get(value))?.length,
    attention,
  });
}

function shapeOf(type: TypeInfo | undefined) {
  return type?.kind === 'tensor' ? type.shape : null;
}

/** Elements of a value for one sample; a dim of unknown size counts as 1. */
function elementsOf(type: TypeInfo | undefined, dims: Readonly<Record<string, number>>): number {
  const shape = shapeOf(type) ?? [];
  return shape.reduce<number>((product, dim) => {
    const size = typeof dim === 'string' ? (dims[dim] ?? 1) : (dim ?? 1);
    return product * Math.max(1, size);
  }, 1);
}

/** Most weights an output for a layer to count as small, and samples that its Hessian is taken from. */
const smallLayer = 128;
const hessianSamples = 16;

async function hessiansFor(
  model: Model,
  { units }: Placement,
  constants: Constants,
  rounding: 'nearest' | 'small-layers' | 'all-layers',
  context: QuantizeContext,
): Promise<Map<string, Hessian>> {
  if (rounding === 'nearest') return new Map();
  const most = rounding === 'small-layers' ? smallLayer : Number.POSITIVE_INFINITY;
  const observers: HessianObserver[] = [];
  for (const { kind, node } of units) {
    const weight = kind === 'compute' ? constants.tensor(node.inputs[1] as string) : undefined;
    if (weight !== undefined && weight.shape.length <= 5 && hessianSize(node, weight).inputs <= most)
      observers.push(new HessianObserver(node, weight));
  }
  const data = calibrationData(context, 'static-int8', hessianSamples);
  await observe({ model, data }, observers, portion(context, 0.6, 0.9));
  return new Map(observers.map((observer) => [observer.node.name, observer.hessian()]));
}

/** The means of what the layers with a bias read, once each. */
function meansFor({ units }: Placement, types: ReadonlyMap<string, TypeInfo>): MeanRequest[] {
  const requests = units
    .filter((unit) => unit.kind === 'compute')
    .map(({ node }) => meanRequest(node, shapeOf(types.get(node.inputs[0] as string))?.length))
    .filter((request) => request !== null);
  return [...new Map(requests.map((request) => [request.value, request])).values()];
}

/** Every value whose range must be known. */
function measuredValues({ units, emitting, entering, roots }: Placement): string[] {
  const emitted = units.filter((unit) => emitting.has(unit) && unit.kind !== 'move').map((unit) => unit.output);
  return [...new Set([...entering, ...emitted])].filter((value) => !roots.has(value));
}

function count(tally: Tally, { eligible, skipped, units }: Placement): void {
  tally.eligible = eligible;
  tally.changed = units.filter((unit) => unit.kind === 'compute').length;
  for (const { node, reason } of skipped) tally.skip(node, reason);
}

function notesOn(placement: Placement, statistics: ReadonlyMap<string, Statistics>): string[] {
  const between = placement.units.filter((unit) => unit.kind !== 'compute' && unit.kind !== 'move').length;
  const notes = [`${between} operators between the layers run on integers as well.`];
  const constant = [...statistics].filter(([, { min, max }]) => min === max).map(([value]) => value);
  if (constant.length > 0)
    notes.push(`Never changes over the calibration samples: ${constant.slice(0, 5).join(', ')}.`);
  return notes;
}
