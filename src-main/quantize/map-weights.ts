/** Weights that preparations made, put into a file: each session maps them from there, where it would copy them out of memory. */

import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readModel, skeletonBytes } from '../onnx/file';
import type { Model } from '../onnx/ir';

/** Weights up to this sum stay in memory. */
const heldBytes = 2 ** 20;

/**
 * The same model, its weights in files.
 * @param workDir where the file goes that holds what is in no file yet; the model needs it as long as it is used
 * @throws LatheError where the disk is full
 */
export async function mapWeights(model: Model, workDir: string): Promise<Model> {
  let made: string | undefined;
  const folder = (): string => {
    made ??= mkdtempSync(join(workDir, 'prepared-'));
    return made;
  };
  const { bytes } = skeletonBytes(model, { folder, heldBytes });
  if (made === undefined) return model;
  const path = join(made, 'model.onnx');
  writeFileSync(path, bytes);
  return readModel(path);
}
