/** The training graph of a model that peer.py made: cross-entropy, AdamW, clipping; batch statistics. */

import { optimizers } from '../../../src-main/distil/optimizers';
import { findTrainable } from '../../../src-main/distil/trainable';
import { trainingForm } from '../../../src-main/distil/training-form';
import { buildTrainingGraph } from '../../../src-main/distil/training-graph';
import { readModel } from '../../../src-main/onnx/file';
import type { NdArray } from '../../../src-main/onnx/ir';
import { liftConstants, raiseOpset } from '../../../src-main/passes';

/** @param accumulate gradients are given out rather than used */
export async function trainingCase(path: string, input: NdArray, accumulate: boolean) {
  const { model } = await raiseOpset(liftConstants(await readModel(path)).model, 18);
  const sample = { input: { ...input, shape: [1, ...input.shape.slice(1)] } };
  const form = await trainingForm(model, sample, input.shape[0] as number, true);
  const trainable = findTrainable(model.graph, () => true);
  const graph = await buildTrainingGraph({
    model: form.model,
    statistics: form.statistics,
    trainable: trainable.names,
    output: 'logits',
    loss: [{ name: 'cross-entropy', weight: 1 }],
    temperature: 1,
    optimizer: optimizers.find(({ name }) => name === 'adamw') as (typeof optimizers)[number],
    weightDecay: 0.01,
    clipNorm: 1,
    masks: new Map(),
    accumulate,
  });
  return { model, graph, trainable };
}
