/** A recipe run from file to file. */

import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type EngineCalls, type ParsedParamsOf, portion, type RunResult, type StepLog, type Work } from '../contract';
import { peakRssBytes } from '../evaluate';
import { readModel, writeHashedModel } from '../onnx/file';
import { runRecipe } from '../recipe';
import { openDataFor } from './describe-data';

/** Skipped places that a log tells one by one; a message may not carry those of a model of ten thousand nodes. */
const skipsTold = 1000;

/** Writes `model.onnx` and its external data into the folder, and leaves nothing else there. */
export async function runRecipeInto(params: ParsedParamsOf<EngineCalls, 'runRecipe'>, work: Work): Promise<RunResult> {
  const { recipe, model, data, dims, folder, cacheDir } = params;
  const startedAt = performance.now();
  work.progress({ phase: 'Opening', fraction: 0 });
  const original = await readModel(model);
  const dataset = data === null ? undefined : await openDataFor(model, data, dims, work.signal);
  const workDir = join(folder, 'work');
  await mkdir(workDir, { recursive: true });
  if (cacheDir !== null) await mkdir(cacheDir, { recursive: true });
  try {
    const context = { ...portion(work, 0.02, 0.9), dataset, dims, workDir, cacheDir: cacheDir ?? undefined };
    const { model: made, steps } = await runRecipe(original, recipe, context);
    const writing = portion(work, 0.9, 1, 'Writing the model');
    const variant = await writeHashedModel(made, join(folder, 'model.onnx'), { work: writing });
    const seconds = (performance.now() - startedAt) / 1000;
    return { variant, steps: steps.map(shortened), seconds, peakRssBytes: peakRssBytes() };
  } finally {
    await rm(workDir, { recursive: true, force: true });
  }
}

function shortened(step: StepLog): StepLog {
  const more = step.skipped.length - skipsTold;
  if (more <= 0) return step;
  const notes = [...step.notes, `${more} more places were skipped.`];
  return { ...step, skipped: step.skipped.slice(0, skipsTold), notes };
}
