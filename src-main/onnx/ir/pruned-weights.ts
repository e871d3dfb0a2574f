/**
 * Which weights of a model were pruned. The zeros of those weights are their mask: a later Step that trains keeps them
 * at zero. The names travel in the model's metadata, so that a Variant read from disk still tells.
 */

import type { Model, Tensor } from './model';

const key = 'lathe.pruned';

/** Names of the tensors whose zeros are a mask (a Constant node's tensor goes by the node's output). */
export function prunedWeights(model: Model): string[] {
  const text = model.metadata.get(key);
  return text === undefined || text === '' ? [] : text.split('\n');
}

/** The model with `names` added to its {@link prunedWeights}. */
export function markPruned(model: Model, names: Iterable<string>): Model {
  const all = new Set([...prunedWeights(model), ...names]);
  if (all.size === 0) return model;
  return { ...model, metadata: new Map(model.metadata).set(key, [...all].sort().join('\n')) };
}

/** 1 where a value of a pruned weight is kept, 0 where it stays zero. */
export function maskOfZeros(values: Float32Array): Uint8Array {
  return Uint8Array.from(values, (value) => (value === 0 ? 0 : 1));
}

/** The name that {@link markPruned} takes for a tensor. */
export function pruneName(tensor: Tensor, valueName: string): string {
  return tensor.name === '' ? valueName : tensor.name;
}
