/** Brings a model as it comes into the form that quantization starts from. */

import type { Model } from '../onnx/ir';
import { foldBatchNorm, liftConstants, raiseOpset } from '../passes';
import type { Tally } from './method';

/** Per-channel DequantizeLinear needs it. */
const neededOpset = 13;

/**
 * Weights in Constant nodes become initializers, BatchNormalization goes into the layer before it, and the opset is
 * raised where it is too old. What was done is noted.
 * @throws LatheError that names the node which has no equal in a newer opset
 */
export async function prepare(model: Model, tally: Tally): Promise<Model> {
  const lifted = liftConstants(model);
  const folded = await foldBatchNorm(lifted.model);
  const isOld = (model.opsets.get('') ?? 1) < neededOpset;
  const raised = isOld ? await raiseOpset(folded.model, neededOpset) : null;
  for (const { notes } of [lifted, folded, ...(raised === null ? [] : [raised])])
    for (const note of notes) tally.note(`Before: ${note}.`);
  return (raised ?? folded).model;
}
