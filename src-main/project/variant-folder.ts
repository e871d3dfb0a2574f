/**
 * A folder that holds one Variant: `model.onnx` and its external data, `variant.json`, which makes it a finished one,
 * and an evaluation for each set of conditions that it was measured under.
 */

import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Evaluation, evaluationSchema, type MeasureSettings, type Variant, variantSchema } from '../contract';
import { contentKey } from './lineage';
import { writeWholeJson } from './whole-files';

/** What an evaluation depends on besides the model. */
export interface Conditions {
  readonly dataHash: string | null;
  readonly dims: Readonly<Record<string, number>>;
  readonly measure: MeasureSettings;
}

/** The Variant in `folder`, or null where there is none or only a half one. */
export async function readVariant(folder: string): Promise<Variant | null> {
  const parsed = variantSchema.safeParse(await jsonOrNull(join(folder, 'variant.json')));
  if (!parsed.success) return null;
  const { path, externalData, bytes } = parsed.data.model;
  const sizes = await Promise.all([path, ...externalData].map((name) => sizeOf(join(folder, name))));
  return sizes.reduce((sum, size) => sum + size, 0) === bytes ? parsed.data : null;
}

export async function writeVariant(folder: string, variant: Variant): Promise<void> {
  await writeWholeJson(join(folder, 'variant.json'), variant);
}

/** @returns null where the model was not measured under these conditions */
export async function readEvaluation(folder: string, conditions: Conditions): Promise<Evaluation | null> {
  return readEvaluationFile(join(folder, evaluationFile(conditions)));
}

/** The last evaluation that was written into `folder`, under whatever conditions. */
export async function readLatestEvaluation(folder: string): Promise<Evaluation | null> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => /^evaluation-[0-9a-f]+\.json$/.test(name));
  const files = await Promise.all(
    names.map(async (name) => ({ name, writtenAt: (await stat(join(folder, name))).mtimeMs })),
  );
  const latest = files.sort((a, b) => b.writtenAt - a.writtenAt)[0];
  return latest === undefined ? null : readEvaluationFile(join(folder, latest.name));
}

export async function writeEvaluation(folder: string, conditions: Conditions, evaluation: Evaluation): Promise<void> {
  await writeWholeJson(join(folder, evaluationFile(conditions)), evaluation);
}

function evaluationFile({ dataHash, dims, measure }: Conditions): string {
  return `evaluation-${contentKey({ dataHash, dims, measure })}.json`;
}

async function readEvaluationFile(path: string): Promise<Evaluation | null> {
  const parsed = evaluationSchema.safeParse(await jsonOrNull(path));
  return parsed.success ? parsed.data : null;
}

async function jsonOrNull(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch {
    return null;
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch {
    return Number.NaN;
  }
}
