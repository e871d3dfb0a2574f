/** Copying a model that was made elsewhere into a folder of the project. */

import { copyFile, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ModelFile } from '../contract';
import { diskError } from '../contract';
import { makeFolder, syncFolder } from './whole-files';

/**
 * Copies a model and its external data, which keeps its names because the model refers to them.
 * @returns the copy, its path being that of `model.onnx` in `folder`
 */
export async function copyModelInto(folder: string, file: ModelFile, signal: AbortSignal): Promise<ModelFile> {
  const target = join(folder, 'model.onnx');
  await copySynced(file.path, target);
  for (const name of file.externalData) {
    signal.throwIfAborted();
    await copySynced(join(dirname(file.path), name), join(folder, name));
  }
  return { ...file, path: target };
}

async function copySynced(from: string, to: string): Promise<void> {
  await makeFolder(dirname(to));
  try {
    await copyFile(from, to);
    const copy = await open(to, 'r+');
    await copy.sync().finally(() => copy.close());
    await syncFolder(dirname(to));
  } catch (thrown) {
    throw diskError(thrown, to);
  }
}
