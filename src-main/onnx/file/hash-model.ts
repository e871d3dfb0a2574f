/** What a model in memory is, for caches: a hash of all that would be written of it. */

import { createHash } from 'node:crypto';
import type { Model } from '../ir';
import { modelBytes } from './model-bytes';

const known = new WeakMap<Model, string>();

/**
 * SHA-256 of the model as one file, wherever its weights lie; streamed, and worked out once for each Model.
 * @throws LatheError where a file that holds weights has changed or cannot be read
 */
export function hashModel(model: Model): string {
  const found = known.get(model);
  if (found !== undefined) return found;
  const hash = createHash('sha256');
  for (const part of modelBytes(model)) hash.update(part);
  const digest = hash.digest('hex');
  known.set(model, digest);
  return digest;
}
