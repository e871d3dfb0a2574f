/** What a model file is, for lineage and caches: its size and a hash of all its bytes. */

import { dirname, join, resolve } from 'node:path';
import type { ModelFile } from '../../contract';
import { checkUnchanged, stampOf } from './byte-source';
import { fileHash } from './file-hash';
import { openModel } from './read-model';

/**
 * Size and hash of a model with its external data. Of a large one the hash is worked out beside the caller's own work.
 * @throws LatheError as {@link readModel}, and where a file changes meanwhile
 */
export async function hashModelFile(path: string, signal?: AbortSignal): Promise<ModelFile> {
  const target = resolve(path);
  const { externalData } = openModel(target);
  const files = [target, ...externalData.map((name) => join(dirname(target), name))].map((file) => {
    const stamp = stampOf(file);
    return { path: file, length: stamp.bytes, stamp };
  });
  const bytes = files.reduce((sum, { length }) => sum + length, 0);
  const hash = fileHash(files);
  const stop = () => hash.close();
  signal?.addEventListener('abort', stop);
  try {
    hash.grown(bytes);
    const sha256 = await hash.digest();
    for (const file of files) checkUnchanged(file.path, file.stamp);
    return { path: target, bytes, sha256, externalData: [...externalData] };
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', stop);
    await hash.close();
  }
}
