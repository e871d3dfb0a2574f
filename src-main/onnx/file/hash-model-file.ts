/** What a model file is, for lineage and caches: its size and a hash of all its bytes. */

import { open } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { ModelFile } from '../../contract';
import { stampOf } from './byte-source';
import { type PartHash, partHash } from './part-hash';
import { openModel } from './read-model';

/**
 * Size and hash of a model with its external data.
 * @throws LatheError as {@link readModel}
 */
export async function hashModelFile(path: string): Promise<ModelFile> {
  const target = resolve(path);
  const { externalData } = openModel(target);
  const files = [target, ...externalData.map((name) => join(dirname(target), name))];
  const hash = partHash(files.reduce((sum, file) => sum + stampOf(file).bytes, 0));
  try {
    let bytes = 0;
    for (const file of files) bytes += await hashFile(file, hash);
    return { path: target, bytes, sha256: await hash.digest(), externalData: [...externalData] };
  } finally {
    await hash.close();
  }
}

/** @returns the bytes of the file */
async function hashFile(file: string, hash: PartHash): Promise<number> {
  const handle = await open(file, 'r');
  try {
    for (let bytes = 0; ; ) {
      const { bytesRead } = await handle.read(await hash.room());
      if (bytesRead === 0) return bytes;
      hash.push(bytesRead);
      bytes += bytesRead;
    }
  } finally {
    await handle.close();
  }
}
