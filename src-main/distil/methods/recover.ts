/**
 * Fine-tuning after pruning: weights that are zero stay zero, and the model that the recipe began with is the teacher.
 * Source: Han, Pool, Tran and Dally 2015 (arXiv:1506.02626), retraining with fixed masks; arXiv:1503.02531 for the loss.
 */

import type { NdArray } from '../../onnx/ir';
import { hintsOf, mixedLoss, type TrainingMethod, teacherOptions, trainingOptions } from '../method';

/** A tensor with fewer zeros than this share was not pruned. */
const prunedShare = 0.01;

/**
 * It starts from what pruning left. The defaults that are its own do better on held-out rows where labels are many, and as well
 * where they are few (docs/bench/distil.md).
 */
const { weights: _, ...startedOptions } = trainingOptions;
const options = {
  ...teacherOptions,
  alpha: { ...teacherOptions.alpha, default: 0.5 },
  ...startedOptions,
  batch: { ...startedOptions.batch, default: 32 },
  average: { ...startedOptions.average, default: 0.99 },
};

export const recover: TrainingMethod = {
  name: 'recover',
  title: 'Recover a pruned model',
  help: 'Trains what pruning left, zeros held at zero, towards the answers of the model that the recipe began with.',
  source: 'arXiv:1506.02626',
  data: 'train',
  options,
  intent: (_model, weights, chosen) => {
    const masks = new Map<string, NdArray<'float32'>>();
    for (const [name, tensor] of weights) {
      const mask = tensor.data.map((value) => (value === 0 ? 0 : 1));
      const zeros = mask.reduce((count, kept) => count + 1 - kept, 0);
      if (zeros > prunedShare * mask.length) masks.set(name, { ...tensor, data: mask });
    }
    return {
      loss: mixedLoss(chosen.match as string, chosen.alpha as number),
      temperature: chosen.temperature as number,
      teacher: 'original',
      hints: hintsOf(chosen),
      masks,
      notes: [masksNote(masks.size)],
    };
  },
};

function masksNote(tensors: number): string {
  if (tensors === 0) return 'No weights are zero: the model is not pruned, and all of them were trained.';
  return `The zeros of ${tensors === 1 ? '1 tensor' : `${tensors} tensors`} were held.`;
}
