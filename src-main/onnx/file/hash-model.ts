/** What a model in memory is, for caches: a hash of all that would be written of it. */

import { createHash } from 'node:crypto';
import type { Model } from '../ir';
import { fillSkeleton } from './fill-skeleton';
import { dataChunks } from './tensor-data';
import { modelToSkeleton } from './to-proto';

const known = new WeakMap<Model, string>();

/**
 * SHA-256 of the model as one file, wherever its weights lie; streamed, and worked out once for each Model.
 * @throws LatheError where a file that holds weights has changed or cannot be read
 */
export function hashModel(model: Model): string {
  const found = known.get(model);
  if (found !== undefined) return found;
  const hash = createHash('sha256');
  for (const piece of fillSkeleton(modelToSkeleton(model, () => null)).pieces)
    for (const part of piece instanceof Uint8Array ? [piece] : dataChunks(piece)) hash.update(part);
  const digest = hash.digest('hex');
  known.set(model, digest);
  return digest;
}
