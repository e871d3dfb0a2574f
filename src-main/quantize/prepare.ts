/** Brings a model as it comes into the form that quantization starts from. */

import type { Model } from '../onnx/ir';
import { foldBatchNorm, foldScale, liftConstants, raiseOpset } from '../passes';
import type { Tally } from './method';

/** Per-channel DequantizeLinear needs it. */
const neededOpset = 13;

/**
 * Weights in Constant nodes become initializers, BatchNormalization and products and sums with constants go into the layer
 * before them, and the opset is raised where it is too old. What was done is noted.
 * @throws LatheError that names the node which has no equal in a newer opset
 */
export async function prepare(model: Model, tally: Tally): Promise<Model> {
  const lifted = liftConstants(model);
  const normalized = await foldBatchNorm(lifted.model);
  const scaled = await foldScale(normalized.model);
  const isOld = (model.opsets.get('') ?? 1) < neededOpset;
  const raised = isOld ? await raiseOpset(scaled.model, neededOpset) : null;
  for (const { notes } of [lifted, normalized, scaled, ...(raised === null ? [] : [raised])])
    for (const note of notes) tally.note(`Before: ${note}.`);
  return (raised ?? scaled).model;
}
