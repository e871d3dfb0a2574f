/**
 * Static int8: weights and activations as 8-bit integers, their scales fixed from calibration samples, written as Q/DQ
 * pairs where onnxruntime's CPU provider fuses them. Unsigned activations, signed weights: the pair that its fastest
 * kernels take.
 */

import type { OptionSpecs, OptionValues, StepOutcome, Targets } from '../../contract';
import { portion, targetFilter } from '../../contract';
import type { Model } from '../../onnx/ir';
import { calibrationData } from '../calibration-data';
import { noteOfReport } from '../fusion-note';
import { countUnits, type QuantizeContext, quantizeMethod, Tally } from '../method';
import { calibratorNamed, calibrators } from '../observers';
import type { Statistics } from '../observers/statistics';
import type { Placement } from '../place';
import { preparationOptions, runPreparations } from '../preparations';
import { prepare } from '../prepare';
import { buildFused, type FusedBuild } from '../read-back';
import { measuredValues, StaticQuantizer } from '../static-quantizer';

/** Samples that preparations look at. */
const preparationSamples = 64;

/** Samples that the rounding of small layers is worked out from: each gives a whole picture of patches. */
const hessianSamples = 16;

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
  ...preparationOptions,
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
  const first = calibrationData(context, 'static-int8', Math.min(chosen.samples, preparationSamples));
  const preparing = { ...portion(context, 0.02, 0.2), data: first, admits: targetFilter(targets) };
  const model = await runPreparations(await prepare(given, tally), chosen, preparing, tally);
  const quantizer = await StaticQuantizer.of(model, targets, context.dims, chosen.attention);
  const placement = quantizer.placement();
  const histograms = calibratorNamed(chosen.calibrator).needsHistogram;
  const { biasCorrection } = chosen;
  await quantizer.calibrate(
    measuredValues(placement),
    data,
    { histograms, biasCorrection },
    portion(context, 0.2, 0.6),
  );
  const few = calibrationData(context, 'static-int8', Math.min(chosen.samples, hessianSamples));
  await quantizer.collectHessians(chosen.rounding, few, portion(context, 0.6, 0.9));
  const perChannel = chosen.granularity === 'per-channel';
  const built = await buildFused(quantizer, { ...chosen, perChannel }, context.signal);
  countUnits(tally, built.placement, unfusedReasons(built));
  for (const note of [...data.notes, ...notesOn(built.placement, quantizer.statistics)]) tally.note(note);
  if (quantizer.ran === 0) tally.note('All ranges are known from an earlier run: the model was not run again.');
  if (built.removed.size > 0) tally.note(removedNote(built));
  tally.note(noteOfReport(built.report));
  return tally.outcome({ ...quantizer.model, graph: built.graph }, 'static-int8');
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

function notesOn(placement: Placement, statistics: ReadonlyMap<string, Statistics>): string[] {
  const between = placement.units.filter((unit) => unit.kind !== 'compute' && unit.kind !== 'move').length;
  const notes = between === 0 ? [] : [`${between} operators between the layers run on integers as well.`];
  const constant = [...statistics].filter(([, { min, max }]) => min === max).map(([value]) => value);
  if (constant.length > 0)
    notes.push(`Never changes over the calibration samples: ${constant.slice(0, 5).join(', ')}.`);
  return notes;
}
