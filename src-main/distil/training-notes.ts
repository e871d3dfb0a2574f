/** What the log tells of a training. */

import type { OptionValue } from '../contract';
import type { Model } from '../onnx/ir';
import type { TrainingIntent } from './method';
import type { TrainingSamples } from './samples';
import type { TrainingState } from './training-state';

type Options = Readonly<Record<string, OptionValue>>;

export function statisticNotes({ graph }: Model, moved: number): string[] {
  if (moved > 0) return [`${moved} running statistics of BatchNormalization followed the batches`];
  const count = graph.nodes.filter(({ opType }) => opType === 'BatchNormalization').length;
  return count === 0
    ? []
    : [`the statistics of ${count} BatchNormalization stayed frozen (batchNorm=train moves them)`];
}

export function lossNotes({ loss }: TrainingIntent, labelled: boolean): string[] {
  const dropped = !labelled && loss.some((term) => term.name === 'cross-entropy');
  return dropped ? ['the data has no labels: learned from the teacher alone'] : [];
}

/** Before its last epoch and not for want of progress. */
export function isStopped({ stepInEpoch, epoch, best }: TrainingState, { epochs, patience }: Options): boolean {
  const stale = (patience as number) > 0 && epoch - best.epoch >= (patience as number);
  return stepInEpoch > 0 || (epoch < (epochs as number) && !stale);
}

export function stopNotes(state: TrainingState, options: Options): string[] {
  if (!isStopped(state, options)) return [];
  return [
    `stopped after update ${state.step} of epoch ${state.epoch + 1} of ${options.epochs}, as stopAfter now says; the same step without it goes on from there`,
  ];
}

export function historyNotes(state: TrainingState, samples: TrainingSamples): string[] {
  const first = state.history[0];
  const last = state.history.at(-1);
  if (first === undefined || last === undefined) return [];
  return [
    `trained on ${samples.training.length} samples of the ${samples.split} split, ${samples.validation.length} held out for validation`,
    `training loss ${first.loss.toFixed(4)} → ${last.loss.toFixed(4)} over ${state.epoch} epochs, ${Math.round(last.samplesPerSecond)} samples a second`,
    `best validation loss ${state.best.validation.toFixed(4)}, ${(100 * state.best.accuracy).toFixed(1)} % right, after epoch ${state.best.epoch}, whose ${state.best.averaged ? 'averaged weights' : 'weights'} are kept`,
  ];
}
