/** What a model file is, for lineage and caches: its size and a hash of all its bytes. */

import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { ModelFile } from '../../contract';
import { openModel } from './read-model';

/**
 * Size and hash of a model with its external data.
 * @throws LatheError as {@link readModel}
 */
export async function hashModelFile(path: string): Promise<ModelFile> {
  const target = resolve(path);
  const { externalData } = openModel(target);
  const hash = createHash('sha256');
  let bytes = 0;
  for (const file of [target, ...externalData.map((name) => join(dirname(target), name))]) {
    bytes += statSync(file).size;
    for await (const part of createReadStream(file, { highWaterMark: 2 ** 20 })) hash.update(part as Uint8Array);
  }
  return { path: target, bytes, sha256: hash.digest('hex'), externalData: [...externalData] };
}
