/** The training graph of a model as both suites use it: cross-entropy, AdamW, clipping. */

import { optimizers } from '../../../src-main/distil/optimizers';
import { findTrainable } from '../../../src-main/distil/trainable';
import { trainingForm } from '../../../src-main/distil/training-form';
import { buildTrainingGraph } from '../../../src-main/distil/training-graph';
import { readModel } from '../../../src-main/onnx/file';
import type { Feeds } from '../../../src-main/onnx/ir';
import { liftConstants, raiseOpset } from '../../../src-main/passes';

interface Settings {
  /** Gradients are given out rather than used. */
  readonly accumulate: boolean;
  /** BatchNormalization with the statistics of the batch. */
  readonly batchStatistics: boolean;
}

/** @param feeds a batch */
export async function trainingCase(
  path: string,
  feeds: Feeds,
  output: string,
  { accumulate, batchStatistics }: Settings,
) {
  const lifted = liftConstants(await readModel(path)).model;
  const { model } = await raiseOpset(lifted, Math.max(18, lifted.opsets.get('') ?? 0));
  const sample = Object.fromEntries(
    Object.entries(feeds).map(([name, array]) => [name, { ...array, shape: [1, ...array.shape.slice(1)] }]),
  );
  const batch = Object.values(feeds)[0]?.shape[0] as number;
  const trainable = findTrainable(model.graph, () => true);
  const form = await trainingForm(model, sample, batch, batchStatistics, {
    trained: trainable.names,
    learnedFrom: [output],
  });
  const graph = await buildTrainingGraph({
    model: form.model,
    statistics: form.statistics,
    trainable: trainable.names,
    output,
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
