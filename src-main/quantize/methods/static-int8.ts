/**
 * Static int8: weights and activations as 8-bit integers, their scales fixed from calibration samples, written as Q/DQ
 * pairs where onnxruntime's CPU provider fuses them. Unsigned activations, signed weights: the pair that its fastest
 * kernels take.
 */

import type { OptionSpecs, OptionValues, StepOutcome, Targets } from '../../contract';
import { LatheError, portion, targetFilter } from '../../contract';
import type { Model, Node } from '../../onnx/ir';
import { addsPairsIn16Bits, cpuInfo } from '../../onnx/session';
import { bodyNodes } from '../bodies';
import { type CalibrationData, calibrationData } from '../calibration-data';
import { CostModel } from '../cost';
import { fasterInFloat, fasterInFloatReason } from '../faster-in-float';
import { noteOfReport } from '../fusion-note';
import { granularity } from '../granularity';
import { loudInFloat, loudInFloatReason } from '../loud-in-float';
import { mapWeights } from '../map-weights';
import { countUnits, type QuantizeContext, quantizeMethod, Tally } from '../method';
import { calibratorNamed, calibrators } from '../observers';
import { isComputeNode, type Placement } from '../place';
import { preparationOptions, runPreparations } from '../preparations';
import { prepareLayers } from '../prepare';
import { buildFused, type FusedBuild } from '../read-back';
import { measuredValues, type StaticConfig, StaticQuantizer } from '../static-quantizer';
import { embeddings } from '../tables';
import { Judge } from '../trial';
import { wideValues } from '../wide-activations';

/** Samples that biases are corrected by layer after layer. */
const sequentialSamples = 16;

/** Places that a note names one by one. */
const mostNamed = 5;

/** Costs are good to a third on the smallest models: what is to be so many times as fast by them is faster. */
const surelyFaster = 1.3;

/** Samples that preparations look at. */
const preparationSamples = 32;

/** Samples that the rounding of small layers is worked out from: each gives a whole picture of patches. */
const hessianSamples = 16;

const options = {
  granularity,
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
      { value: 'adaround', title: 'AdaRound in all layers: each up or down, by output error (slow)' },
    ],
    advanced: true,
  },
  weightRanges: {
    kind: 'choice',
    title: 'Weight ranges',
    help: 'Scales that cover every weight, or those with the least squared error, which cut off a few for a finer step.',
    default: 'min-max',
    choices: [
      { value: 'min-max', title: 'Whole range' },
      { value: 'mse', title: 'Least squared error' },
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
  sequential: {
    kind: 'boolean',
    title: 'Correct biases layer after layer',
    help: 'Each bias takes back what the quantized layers before it shift, too. Runs the model once more for every layer, on a few samples.',
    default: false,
    advanced: true,
  },
  ...preparationOptions,
  types: {
    kind: 'choice',
    title: 'Types of activations and weights',
    help: 'Unsigned activations with signed weights is what the fastest kernels of x64 take; signed ones suit ARM and many accelerators; unsigned weights never saturate on old CPUs.',
    default: 'u8s8',
    choices: [
      { value: 'u8s8', title: 'Unsigned activations, signed weights' },
      { value: 's8s8', title: 'Both signed' },
      { value: 'u8u8', title: 'Both unsigned' },
    ],
    advanced: true,
  },
  asymmetricWeights: {
    kind: 'boolean',
    title: 'Asymmetric weights',
    help: 'Spreads the integers from the least weight to the largest; needs one scale for the whole tensor.',
    default: false,
    advanced: true,
  },
  saturation: {
    kind: 'choice',
    title: '7-bit weights where sums could saturate',
    help: 'x64 CPUs without VNNI add two products in 16 bits. Layers whose weights could make that too little get 7 bits; all others keep 8.',
    default: 'this-cpu',
    choices: [
      { value: 'this-cpu', title: 'Where this CPU needs it' },
      { value: 'every-cpu', title: 'Where any CPU could need it' },
      { value: 'never', title: 'Never' },
    ],
    advanced: true,
  },
  wideLayers: {
    kind: 'list',
    title: 'Layers with 16-bit activations',
    help: "Names of layers whose activations take 16 bits, for accelerators that have them. onnxruntime's CPU provider computes such layers in float.",
    default: [],
    advanced: true,
  },
  floatWhereFaster: {
    kind: 'boolean',
    title: 'Leave in float what is faster so',
    help: 'Some integer kernels of onnxruntime are slower than the float ones: depthwise convolutions, first layers of few channels, MaxPool. Where they cost more than the conversions around them they stay in float, as long as hardly any weights are in them. Off for accelerators that want integers throughout.',
    default: true,
    advanced: true,
  },
  floatWhereLoud: {
    kind: 'boolean',
    title: 'Leave in float what is loud and cheap',
    help: 'In small models a few operators, often the first, make most of the error of the outputs. Where that error is more than a thirtieth, those that would take at most a fiftieth more time and hold at most a twentieth of the weights stay in float, as measured on a few calibration samples. Off for accelerators that want integers throughout.',
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
  embeddings,
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
  const preparing = {
    ...portion(context, 0.02, 0.2),
    data: data.few(preparationSamples),
    admits: targetFilter(targets),
  };
  const prepared = await runPreparations(await prepareLayers(given, tally), chosen, preparing, tally);
  const model = await mapWeights(prepared, context.workDir);
  const quantizer = await StaticQuantizer.of(model, targets, context.dims, chosen.attention);
  const wide = wideLayers(quantizer, chosen.wideLayers);
  const costs = new CostModel(quantizer);
  const wideNames = new Set(wide.keys());
  const faster = chosen.floatWhereFaster ? fasterInFloat(quantizer, costs, wideNames) : new Set<string>();
  const plan = quantizer.placement(faster, wideNames);
  const histograms = calibratorNamed(chosen.calibrator).needsHistogram;
  const { biasCorrection } = chosen;
  await quantizer.calibrate(
    [...new Set([...measuredValues(plan), ...[...wide.values()].flatMap(wideValues)])],
    data,
    { histograms, biasCorrection },
    portion(context, 0.2, 0.6),
  );
  await quantizer.collectHessians(
    chosen.rounding,
    data.few(chosen.rounding === 'small-layers' ? hessianSamples : 4 * hessianSamples),
    portion(context, 0.6, 0.85),
  );
  const config = configOf(chosen);
  const looking = portion(context, 0.85, 0.9);
  const wideConfig = { ...config, wide: wideNames };
  const inFloat = chosen.floatWhereLoud
    ? await loudInFloat(quantizer, costs, wideNames, faster, data, looking)
    : faster;
  const placement = inFloat.size === faster.size ? plan : quantizer.placement(inFloat, wideNames);
  const saturating = config.weightType === 'uint8' ? [] : quantizer.saturating(placement, config);
  const narrow = new Set(needsNarrow(chosen) ? saturating : []);
  const complete = { ...wideConfig, narrow };
  if (biasCorrection && chosen.sequential)
    await quantizer.correctInOrder(placement, complete, data.few(sequentialSamples), portion(context, 0.9, 0.97));
  const built = await buildFused(quantizer, complete, context.signal, inFloat);
  const slower = new Map(
    [...inFloat].map((name) => [name, faster.has(name) ? fasterInFloatReason : loudInFloatReason]),
  );
  countUnits(tally, built.placement, new Map([...slower, ...reasonsFor(wide), ...unfusedReasons(built)]));
  skipBodies(tally, quantizer.model);
  if (wide.size > 0) tally.note(wideNote(wide.size));
  for (const note of [...data.notes, ...notesOn(built.placement, quantizer)]) tally.note(note);
  const { ran, resumed } = quantizer.seen;
  if (ran === 0) tally.note('All ranges are known from an earlier run: the model was not run again.');
  if (resumed > 0)
    tally.note(`Went on where a run had been interrupted: the model was not run again on ${resumed} samples.`);
  if (saturating.length > 0) tally.note(saturationNote(saturating.length, tally.changed, narrow.size > 0));
  if (built.removed.size > 0) tally.note(removedNote(built));
  if (faster.size > 0) tally.note(`${leftInFloat(faster.size)}, where this CPU is faster.`);
  const loud = inFloat.size - faster.size;
  if (loud > 0) tally.note(`${leftInFloat(loud)}, whose rounding cost the outputs most.`);
  tally.note(noteOfReport(built.report));
  const graph = chosen.embeddings ? quantizer.withTables(built.graph, tally) : built.graph;
  const made = quantizer.modelOf(graph);
  const ratio = costs.float() / costs.placed(built.placement);
  if (tally.changed > 0) for (const note of await speedNotes(given, made, ratio, data)) tally.note(note);
  return tally.outcome(made, 'static-int8');
}

type Chosen = OptionValues<typeof options>;

function configOf(chosen: Chosen): StaticConfig {
  const { calibrator, granularity, symmetric, types, asymmetricWeights, weightRanges } = chosen;
  const perChannel = granularity === 'per-channel';
  if (asymmetricWeights && perChannel) {
    throw new LatheError({
      who: 'quantize static-int8',
      what: 'asymmetric weights need one scale for the whole tensor, since the int8 kernels know one zero point a weight',
      next: 'set granularity to per-tensor, or leave asymmetricWeights off',
      code: 'usage',
    });
  }
  return {
    calibrator,
    perChannel,
    symmetric,
    activationType: types === 's8s8' ? 'int8' : 'uint8',
    weightType: types === 'u8u8' ? 'uint8' : 'int8',
    asymmetricWeights,
    weightRanges,
  };
}

/** The layers of those names. */
function wideLayers({ model, constants }: StaticQuantizer, names: readonly string[]): Map<string, Node> {
  const nodes = new Map(model.graph.nodes.map((node) => [node.name, node]));
  return new Map(
    names.map((name) => {
      const node = nodes.get(name);
      if (node !== undefined && isComputeNode(node) && constants.tensor(node.inputs[1] as string)?.dtype === 'float32')
        return [name, node];
      throw new LatheError({
        who: 'quantize static-int8',
        what: `wideLayers names "${name}", which is ${node === undefined ? 'no node of the model' : `a ${node.opType} without constant float32 weights`}`,
        next: 'give names of Conv, Gemm or MatMul nodes, as the list of nodes shows them (in a shell: `lathe nodes`)',
        code: 'usage',
      });
    }),
  );
}

/** Ranges are measured at the outputs of the model, where no value of a body can be had. */
function skipBodies(tally: Tally, { graph }: Model): void {
  for (const { node, owner } of bodyNodes(graph)) {
    if (!isComputeNode(node)) continue;
    tally.eligible++;
    tally.skip(node, `it stands in a body of ${owner}, where no range can be measured: dynamic-int8 goes there`);
  }
}

function reasonsFor(wide: ReadonlyMap<string, Node>): Map<string, string> {
  return new Map([...wide.keys()].map((name) => [name, 'its activations take 16 bits, as asked for']));
}

function wideNote(layers: number): string {
  return `${layers === 1 ? '1 layer has' : `${layers} layers have`} 16-bit activations: onnxruntime's CPU provider computes such layers in float.`;
}

function needsNarrow({ saturation }: Chosen): boolean {
  return saturation === 'every-cpu' || (saturation === 'this-cpu' && addsPairsIn16Bits(cpuInfo()));
}

function saturationNote(saturating: number, layers: number, narrow: boolean): string {
  const where = `In ${saturating} of ${layers} layers the sum of two products could leave 16 bits on an x64 CPU without VNNI`;
  return narrow
    ? `${where}: their weights got 7 bits.`
    : `${where}: on such a CPU choose 7-bit weights there (saturation: every-cpu) or unsigned weights.`;
}

/** Measured where the costs of its operators leave it open whether integers pay at all. */
async function speedNotes(given: Model, made: Model, ratio: number, data: CalibrationData): Promise<string[]> {
  if (ratio > surelyFaster) return [];
  const judge = await Judge.of(given, data.few(1));
  try {
    const speedup = await judge.speedup(made);
    const said = `${speedup.toFixed(2)} times as fast as the original on one calibration sample`;
    return [
      speedup > 1
        ? `Just ${said}: its layers are small, or of kinds whose integer kernels gain little.`
        : `Not faster on this machine (${said}): its layers are too small, or of kinds whose integer kernels are slow.`,
    ];
  } finally {
    await judge.release();
  }
}

function leftInFloat(operators: number): string {
  return `${operators === 1 ? '1 operator was' : `${operators} operators were`} left in float`;
}

function unfusedReasons({ removed }: FusedBuild): Map<string, string> {
  return new Map(
    [...removed].map(([node, kernel]) => [node, `onnxruntime runs it as ${kernel} in float all the same`]),
  );
}

function removedNote({ removed }: FusedBuild): string {
  const kernels = [...new Set(removed.values())].join(', ');
  const nodes = removed.size === 1 ? '1 node got its' : `${removed.size} nodes got their`;
  return `${nodes} Q/DQ pairs taken out again, since onnxruntime did not fuse them (${kernels}).`;
}

function notesOn({ units }: Placement, { statistics, index }: StaticQuantizer): string[] {
  const between = units.filter((unit) => unit.kind !== 'compute' && unit.kind !== 'move').length;
  const notes = between === 0 ? [] : [`${between} operators between the layers run on integers as well.`];
  const constant = [...statistics].filter(([, { min, max }]) => min === max);
  if (constant.length === 0) return notes;
  const named = constant.slice(0, mostNamed).map(([value, { min }]) => {
    const node = index.producer(value);
    return `${node === undefined ? `input "${value}"` : `${node.opType} "${node.name}"`} (always ${min})`;
  });
  const more = constant.length > mostNamed ? ` and ${constant.length - mostNamed} more` : '';
  notes.push(
    `The same number throughout the calibration samples: ${named.join(', ')}${more}; if real data differs there, it will be clipped: check the samples.`,
  );
  return notes;
}
