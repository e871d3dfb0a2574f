/** A dataset of a few samples on disk, opened as the product opens it. */

import { join } from 'node:path';
import { openDataset } from '../../src-main/data';
import type { Dataset } from '../../src-main/data/dataset';
import type { Model, NdArray } from '../../src-main/onnx/ir';
import { openSession } from '../../src-main/onnx/session';
import { temporaryFolder } from './folder';
import { writeNpz } from './npz';

/** @param calibration one array a model input, first axis = sample */
export async function tinyDataset(model: Model | string, calibration: Record<string, NdArray>): Promise<Dataset> {
  const folder = temporaryFolder();
  writeNpz(join(folder, 'calib.npz'), calibration);
  return openFor(model, folder);
}

/** The dataset of a folder, for a model. */
export async function openFor(model: Model | string, folder: string): Promise<Dataset> {
  const session = await openSession(model);
  try {
    return await openDataset(folder, session.inputs, { dims: {} });
  } finally {
    await session.release();
  }
}
