/** Runs a recipe on a bundled model and says what came of it: accuracy on the test split, bytes, hash. */

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { unwatched } from '../../src-main/contract';
import { openDataset } from '../../src-main/data';
import type { Dataset } from '../../src-main/data/dataset';
import { readModel, writeHashedModel } from '../../src-main/onnx/file';
import type { NdArray } from '../../src-main/onnx/ir';
import { openSession } from '../../src-main/onnx/session';
import { type RunOutcome, runRecipe } from '../../src-main/recipe';
import { temporaryFolder } from '../support/folder';

export interface Made {
  readonly sha256: string;
  readonly bytes: number;
  readonly path: string;
  readonly steps: RunOutcome['steps'];
}

/** `samples/digits`, `models/glyph-vit` … */
export const sample = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));

export async function datasetOf(folder: string, model = 'model.onnx'): Promise<Dataset> {
  const session = await openSession(join(folder, model));
  const { inputs } = session;
  await session.release();
  return openDataset(folder, inputs, { dims: {} });
}

export async function makeVariant(folder: string, recipe: unknown, model = 'model.onnx'): Promise<Made> {
  const workDir = temporaryFolder();
  const dataset = await datasetOf(folder, model);
  const source = await readModel(join(folder, model));
  const outcome = await runRecipe(source, recipe, { ...unwatched(), dataset, dims: {}, workDir });
  const written = await writeHashedModel(outcome.model, join(workDir, 'made.onnx'));
  return { sha256: written.sha256, bytes: written.bytes, path: written.path, steps: outcome.steps };
}

/** Share of the test split that the model gets right. */
export async function accuracyOf(path: string, dataset: Dataset): Promise<number> {
  const session = await openSession(path);
  const { test, meta } = dataset;
  let right = 0;
  for (let first = 0; first < test!.samples; first += meta.batch) {
    const { feeds, extras, size } = await test!.read(first, meta.batch);
    const outputs = await session.run(feeds);
    const { data, shape } = outputs[meta.output ?? session.outputs[0]!.name] as NdArray<'float32'>;
    const classes = shape.at(-1) as number;
    for (let row = 0; row < size; row++) {
      const scores = data.subarray(row * classes, (row + 1) * classes);
      const labels = extras.labels as NdArray<'int64'>;
      if (scores.indexOf(Math.max(...scores)) === Number(labels.data[row])) right++;
    }
  }
  await session.release();
  return right / test!.samples;
}
