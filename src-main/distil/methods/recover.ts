/**
 * Fine-tuning after pruning: weights that are zero stay zero, and the model that the recipe began with is the teacher.
 * Source: Han, Pool, Tran and Dally 2015 (arXiv:1506.02626), retraining with fixed masks; arXiv:1503.02531 for the loss.
 */

import type { NdArray } from '../../onnx/ir';
import { hintsOf, mixedLoss, type TrainingMethod, teacherOptions, trainingOptions } from '../method';

/** A tensor with fewer zeros than this share was not pruned. */
const prunedShare = 0.01;

/** It starts from what pruning left. */
const { weights: _, ...startedOptions } = trainingOptions;

export const recover: TrainingMethod = {
  name: 'recover',
  title: 'Recover a pruned model',
  help: 'Trains what pruning left, zeros held at zero, towards the answers of the model that the recipe began with.',
  source: 'arXiv:1506.02626',
  data: 'train',
  options: { ...teacherOptions, ...startedOptions },
  intent: (_model, weights, options) => {
    const masks = new Map<string, NdArray<'float32'>>();
    for (const [name, tensor] of weights) {
      const mask = tensor.data.map((value) => (value === 0 ? 0 : 1));
      const zeros = mask.reduce((count, kept) => count + 1 - kept, 0);
      if (zeros > prunedShare * mask.length) masks.set(name, { ...tensor, data: mask });
    }
    return {
      loss: mixedLoss(options.match as string, options.alpha as number),
      temperature: options.temperature as number,
      teacher: 'original',
      hints: hintsOf(options),
      masks,
      notes: [`zeros of ${masks.size} tensors are held`],
    };
  },
};
