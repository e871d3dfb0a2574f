/** What the log tells of a training. */

import type { OptionValue } from '../contract';
import { wilsonInterval } from '../kernels/wilson';
import type { Model } from '../onnx/ir';
import type { TrainingIntent } from './method';
import type { TrainingSamples } from './samples';
import type { TrainingState } from './training-state';

type Options = Readonly<Record<string, OptionValue>>;

/** With fewer held-out samples the share of right answers says little. */
const enoughHeldOut = 100;

/** @param moved running statistics that were trained */
export function statisticNotes({ graph }: Model, moved: number): string[] {
  if (moved > 0) return [`${moved} running statistics of BatchNormalization followed the batches.`];
  const count = graph.nodes.filter(({ opType }) => opType === 'BatchNormalization').length;
  return count === 0
    ? []
    : [`The statistics of ${count} BatchNormalization stayed frozen (batchNorm=train moves them).`];
}

export function lossNotes({ loss }: TrainingIntent, labelled: boolean): string[] {
  const dropped = !labelled && loss.some((term) => term.name === 'cross-entropy');
  return dropped ? ['The data has no labels: learned from the teacher alone.'] : [];
}

/** Before its last epoch and not for want of progress. */
export function isStopped({ stepInEpoch, epoch, best }: TrainingState, { epochs, patience }: Options): boolean {
  const stale = (patience as number) > 0 && epoch - best.epoch >= (patience as number);
  return stepInEpoch > 0 || (epoch < (epochs as number) && !stale);
}

export function stopNotes(state: TrainingState, options: Options): string[] {
  if (!isStopped(state, options)) return [];
  return [
    `Stopped after update ${state.step} of epoch ${state.epoch + 1} of ${options.epochs}, as stopAfter now says; the same step without it goes on from there.`,
  ];
}

/** Samples, losses, and which weights are kept; nothing before the first epoch has ended. */
export function historyNotes(state: TrainingState, samples: TrainingSamples): string[] {
  const first = state.history[0];
  const last = state.history.at(-1);
  if (first === undefined || last === undefined) return [];
  return [
    `Trained on ${samples.training.length} samples of the ${samples.split} split, ${samples.validation.length} held out for validation.`,
    `Training loss ${figure(first.loss)} → ${figure(last.loss)} over ${state.epoch} epochs, ${Math.round(last.samplesPerSecond)} samples a second.`,
    keptNote(state),
    ...heldOutNotes(state, samples),
  ];
}

function keptNote({ best }: TrainingState): string {
  const reached = `validation loss ${figure(best.validation)}, ${percent(best.accuracy)} right`;
  if (best.epoch > 0)
    return `Best ${reached}, after epoch ${best.epoch}, whose ${best.averaged ? 'averaged weights' : 'weights'} are kept.`;
  return `No epoch was better than the weights that it began with (${reached}): they stay as they were; try a lower learning rate, or more samples.`;
}

function heldOutNotes({ best }: TrainingState, { validation }: TrainingSamples): string[] {
  const rows = validation.length;
  if (rows >= enoughHeldOut) return [];
  const [low, high] = wilsonInterval(Math.round(best.accuracy * rows), rows);
  return [
    `Only ${rows} held-out ${rows === 1 ? 'sample' : 'samples'} chose the weights: ${percent(best.accuracy)} right of so few is ${percent(low)} to ${percent(high)} (95 % interval).`,
  ];
}

/** Four digits, whatever the size. */
function figure(loss: number): string {
  const size = Math.abs(loss);
  return size > 0 && (size < 1e-4 || size >= 1e5) ? loss.toExponential(2) : `${Number(loss.toPrecision(4))}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
