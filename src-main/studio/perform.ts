/** What each kind of job does, step by step. What it has finished is kept whatever comes after. */

import { basename } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import {
  type DatasetSummary,
  LatheError,
  type ModelReport,
  portion,
  type Recipe,
  type RunResult,
  type ValueInfoReport,
  type Variant,
  type Work,
} from '../contract';
import type { Supervisor } from '../engine/supervisor';
import { copyModelInto } from '../project/copy-model';
import { type Lineage, recipeName, variantId } from '../project/lineage';
import type { Project } from '../project/project';
import { exportVariant } from './export-variant';
import type { JobFacts, JobQueue } from './job-queue';
import type { JobRequest } from './job-request';
import { measure } from './measure';

type RequestOf<Name extends JobRequest['call']> = Extract<JobRequest, { call: Name }>;
type Tell = (facts: JobFacts) => void;

/** What a project shares with the studio's others. */
export interface Shared {
  readonly engine: Supervisor;
  readonly queue: JobQueue;
  readonly versions: () => Promise<Variant['versions']>;
  readonly newJobId: () => string;
}

/** What a job needs of the project that it works on. */
export interface Performed {
  readonly project: Project;
  readonly shared: Shared;
  /**
   * The hash of the model, read once. A file that was only touched keeps its project.
   * @throws LatheError where the file is gone or is another one by now
   */
  sourceHash(): Promise<string>;
  /** @throws LatheError where the samples are other ones than when they were chosen */
  checkData(): Promise<void>;
  /** Something on the disk is new: to be read again and told. */
  changed(): void;
}

export async function perform(
  opened: Performed,
  job: string,
  request: JobRequest,
  work: Work,
  tell: Tell,
): Promise<void> {
  try {
    switch (request.call) {
      case 'measureBaseline':
        return await measureBaseline(opened, work);
      case 'makeVariant':
        return await makeVariant(opened, job, request, work, tell);
      case 'addVariant':
        return await addVariant(opened, job, request, work, tell);
      case 'evaluateVariant':
        return await measureVariant(opened, request.variant, work);
      case 'exportVariant':
        tell({ output: await exportTo(opened, request, work) });
    }
  } finally {
    await opened.project.removeJobFolder(job);
  }
}

function exportTo({ project, shared }: Performed, request: RequestOf<'exportVariant'>, work: Work) {
  return exportVariant(shared.engine, project.contents, request.variant, request, work);
}

async function measureBaseline(opened: Performed, work: Work): Promise<void> {
  const { project, shared } = opened;
  await opened.sourceHash();
  await opened.checkData();
  const conditions = project.conditions;
  const params = { ...measuring(opened), model: project.modelPath, baseline: null };
  await project.saveBaseline(conditions, await measure(shared.engine, params, work));
  opened.changed();
}

/** The baseline first where it is not measured yet; both then run in turn, so that a drifting machine is fair to both. */
async function measureVariant(opened: Performed, id: string, work: Work): Promise<void> {
  const { project, shared } = opened;
  const first = (await project.baseline()) === null ? 0.4 : 0;
  if (first > 0) await measureBaseline(opened, portion(work, 0, first));
  const conditions = project.conditions;
  const model = project.variantModel(id);
  const params = { ...measuring(opened), model, baseline: project.modelPath };
  await project.saveVariantEvaluation(id, conditions, await measure(shared.engine, params, portion(work, first, 1)));
  opened.changed();
}

function measuring({ project }: Performed) {
  const { dims, measure: settings } = project.file;
  return { data: project.dataPath, dims, ...settings, cacheDir: project.cacheDir };
}

async function makeVariant(
  opened: Performed,
  job: string,
  { recipe, evaluate }: RequestOf<'makeVariant'>,
  work: Work,
  tell: Tell,
): Promise<void> {
  const { project, shared } = opened;
  const sourceSha256 = await opened.sourceHash();
  await opened.checkData();
  // What the baseline warns of (labels in another order, say) is told before any work is done on them.
  const first = evaluate && (await project.baseline()) === null ? 0.2 : 0;
  if (first > 0) await measureBaseline(opened, portion(work, 0, first));
  const versions = await shared.versions();
  // As the project is set now: it may be set otherwise while this runs.
  const { dims, data, source } = project.file;
  const { dataPath } = project;
  const seed = recipe.seed ?? 0;
  const lineage: Lineage = { sourceSha256, recipe, dataHash: data?.hash ?? null, dims, seed, versions };
  let id = variantId(lineage);
  const share = evaluate ? 0.5 : 1;
  if (project.removed.includes(id)) await project.restoreVariant(id);
  if (!project.variants.some((variant) => variant.id === id)) {
    const run = await shared.engine.run(
      'runRecipe',
      {
        recipe,
        model: project.modelPath,
        data: dataPath,
        dims,
        folder: await project.jobFolder(job),
        cacheDir: project.cacheDir,
      },
      portion(work, first, share),
    );
    const made: Lineage = { ...lineage, recipe: performedRecipe(recipe, run) };
    id = variantId(made);
    if (project.removed.includes(id)) await project.restoreVariant(id);
    if (!project.variants.some((variant) => variant.id === id))
      await project.finishVariant(job, {
        ...variantOf(made, data, run),
        id,
        name: freeName(opened, recipeName(recipe)),
        source: { path: source.path, sha256: sourceSha256, bytes: source.bytes },
      });
  }
  tell({ variant: id });
  opened.changed();
  if (evaluate && (await project.variantEvaluation(id)) === null)
    await measureVariant(opened, id, portion(work, share, 1));
}

/** The recipe that makes this variant again: a training that its user stopped says where. */
function performedRecipe(recipe: Recipe, { steps }: RunResult): Recipe {
  const changed = recipe.steps.map((step, at) => {
    const options = steps[at]?.options ?? {};
    const differs = Object.entries(options).some(([name, value]) => !isDeepStrictEqual(value, step.options?.[name]));
    return differs ? { ...step, options } : step;
  });
  return changed.every((step, at) => step === recipe.steps[at]) ? recipe : { ...recipe, steps: changed };
}

async function addVariant(
  opened: Performed,
  job: string,
  { model, name }: RequestOf<'addVariant'>,
  work: Work,
  tell: Tell,
): Promise<void> {
  const { project, shared } = opened;
  const report = await shared.engine.ask('inspect', { model, dims: {} }, work);
  checkInterface(basename(model), report, project.file.report);
  const file = await shared.engine.ask('hashModel', { model }, work);
  const lineage: Lineage = {
    sourceSha256: file.sha256,
    recipe: null,
    dataHash: null,
    dims: {},
    seed: 0,
    versions: await shared.versions(),
  };
  const title = name ?? basename(model).replace(/\.onnx$/i, '');
  const id = variantId(lineage, basename(model).replace(/\.onnx$/i, ''));
  if (!project.variants.some((variant) => variant.id === id)) {
    const copied = await copyModelInto(await project.jobFolder(job), file, work.signal);
    const run: RunResult = { variant: copied, steps: [], seconds: 0, peakRssBytes: null };
    const source = { path: file.path, sha256: file.sha256, bytes: file.bytes };
    await project.finishVariant(job, { ...variantOf(lineage, null, run), id, name: freeName(opened, title), source });
  }
  tell({ variant: id });
  opened.changed();
  await measureVariant(opened, id, portion(work, 0.1, 1));
}

/** A Variant answers the same question: what goes in is called, typed and shaped as in the original. */
function checkInterface(name: string, added: ModelReport, original: ModelReport | null): void {
  if (original === null) return;
  const fit =
    added.inputs.length === original.inputs.length &&
    original.inputs.every((wanted) => added.inputs.some((input) => takesSame(input, wanted)));
  if (fit) return;
  throw new LatheError({
    who: name,
    what: `has other inputs than the project's model: ${inputsText(added)} instead of ${inputsText(original)}`,
    next: 'add it to a project of the model that it was made from',
  });
}

/** A symbolic or unknown dimension takes whatever the other one is. */
function takesSame(a: ValueInfoReport, b: ValueInfoReport): boolean {
  if (a.name !== b.name || a.type !== b.type) return false;
  if (a.shape === null || b.shape === null) return true;
  const other = b.shape;
  return (
    a.shape.length === other.length &&
    a.shape.every((dim, axis) => typeof dim !== 'number' || typeof other[axis] !== 'number' || dim === other[axis])
  );
}

function inputsText({ inputs }: ModelReport): string {
  return inputs.map(({ name, type, shape }) => `${name} ${type}[${shape?.map((dim) => dim ?? '?') ?? '…'}]`).join(', ');
}

/** Two recipes may differ in options alone: the later one gets a number, so that a table tells them apart. */
function freeName({ project }: Performed, name: string): string {
  const taken = new Set(project.variants.map((variant) => variant.name));
  let free = name;
  for (let number = 2; taken.has(free); number += 1) free = `${name} (${number})`;
  return free;
}

function variantOf(
  { recipe, dims, seed, versions }: Lineage,
  data: DatasetSummary | null,
  { variant, steps, seconds, peakRssBytes }: RunResult,
): Omit<Variant, 'id' | 'name' | 'source'> {
  return {
    format: 'lathe-variant',
    version: 1,
    createdAt: new Date().toISOString(),
    recipe,
    data: data === null ? null : { path: data.path, hash: data.hash },
    dims,
    seed,
    versions,
    model: { ...variant, path: basename(variant.path) },
    steps,
    seconds,
    peakRssBytes,
  };
}
