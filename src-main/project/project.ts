/**
 * A project on the disk: a plain folder that survives a kill at any moment and can be moved or copied.
 *
 * ```
 * project.json            model, data, dims, settings; written whole
 * variants/<id>/          finished Variants, each renamed into place
 * baselines/<model>/      evaluations of the model itself
 * bin/<id>/               removed Variants
 * jobs/<id>/              work under way; swept when the project is opened
 * cache/                  what can be made again
 * events.jsonl            what happened
 * .lock                   one writer
 * ```
 */

import { readdir, rm, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { diskError, type Evaluation, errorCode, LatheError, parse, type Variant } from '../contract';
import { removeAbandoned, unfinishedName } from '../onnx/file/unfinished';
import { type ProjectFile, projectFileSchema, projectFormat, readJson, readVersioned, shortName } from './documents';
import { EventLog, type ProjectEvent } from './events';
import { contentKey } from './lineage';
import { type Lock, takeLock } from './lock';
import { fromStoredPath, toStoredPath } from './stored-path';
import { type Conditions, readEvaluation, readVariant, writeEvaluation, writeVariant } from './variant-folder';
import { makeFolder, moveFolder, removeUnfinished, writeWholeJson } from './whole-files';

/** What is known of a project without opening it for writing. */
export interface ProjectContents {
  readonly path: string;
  readonly file: ProjectFile;
  /** Finished ones only, oldest first. */
  readonly variants: readonly Variant[];
}

/** What was measured under the conditions that the project is set to. */
export interface Measured {
  readonly baseline: Evaluation | null;
  readonly variants: readonly { readonly variant: Variant; readonly evaluation: Evaluation | null }[];
}

export interface NewProject extends Pick<ProjectFile, 'name' | 'report' | 'dataPath' | 'data' | 'dims' | 'measure'> {
  readonly model: string;
}

/** @throws LatheError where `folder` is no project, or one of a newer Lathe */
export async function readProject(folder: string): Promise<ProjectContents> {
  return { path: folder, file: await readProjectFile(folder), variants: await readVariants(join(folder, 'variants')) };
}

/** Reads without the lock: what is there is whole at any moment. */
export async function readMeasured({ path, file, variants }: ProjectContents): Promise<Measured> {
  const conditions = conditionsOf(file);
  const measured = variants.map(async (variant) => {
    const evaluation = await readEvaluation(join(path, 'variants', variant.id), conditions);
    return { variant, evaluation: withPaths(path, evaluation, fromStoredPath) };
  });
  const baseline = await readEvaluation(baselineFolder(path, file), conditions);
  return { baseline: withPaths(path, baseline, fromStoredPath), variants: await Promise.all(measured) };
}

/** What evaluations are looked up by, as the project is set now. */
export function conditionsOf(file: ProjectFile): Conditions {
  return { dataHash: file.data?.hash ?? null, dims: file.dims, measure: file.measure };
}

/** One model's evaluations; a changed model has another folder. */
function baselineFolder(project: string, { source: { bytes, modifiedAt } }: ProjectFile): string {
  return join(project, 'baselines', contentKey({ bytes, modifiedAt }));
}

function withPaths<Given extends Evaluation | null>(
  project: string,
  evaluation: Given,
  map: (project: string, path: string) => string,
): Given {
  if (evaluation === null) return evaluation;
  const { model, data } = evaluation;
  return {
    ...evaluation,
    model: { ...model, path: map(project, model.path) },
    data: data === null ? null : { ...data, path: map(project, data.path) },
  };
}

/** Whether `folder` holds a `project.json`. */
export async function isProject(folder: string): Promise<boolean> {
  return (await statOrNull(join(folder, 'project.json'))) !== null;
}

/**
 * Makes a project in `folder`, which must be empty or not there yet, whole or not at all.
 * @throws LatheError where the folder is taken or cannot be written
 */
export async function createProject(folder: string, { model, ...settings }: NewProject): Promise<void> {
  const { size, mtimeMs } = await statOrThrow(model);
  const { dataPath } = settings;
  const file: ProjectFile = {
    format: 'lathe-project',
    version: 1,
    ...settings,
    createdAt: new Date().toISOString(),
    source: { path: toStoredPath(folder, model), bytes: size, modifiedAt: mtimeMs, sha256: null },
    dataPath: dataPath === null ? null : toStoredPath(folder, dataPath),
  };
  await makeFolder(dirname(folder));
  await removeAbandoned(dirname(folder));
  const draft = join(dirname(folder), unfinishedName(basename(folder)));
  try {
    await removeIfEmpty(folder);
    await makeFolder(join(draft, 'variants'));
    await writeWholeJson(join(draft, 'project.json'), projectFileSchema.parse(file));
    await moveFolder(draft, folder);
  } finally {
    await rm(draft, { recursive: true, force: true }).catch(() => {});
  }
}

/** `<parent>/<name>`, or with a number behind it where that is taken. */
export async function freeFolder(parent: string, name: string): Promise<string> {
  for (let number = 1; ; number += 1) {
    const folder = join(parent, number === 1 ? name : `${name}-${number}`);
    if ((await statOrNull(folder)) === null) return folder;
  }
}

/** A project open for writing. Its methods keep to one another's order; each is on the disk when it settles. */
export class Project {
  private writing: Promise<unknown> = Promise.resolve();

  private constructor(
    readonly path: string,
    private current: ProjectContents,
    private readonly lock: Lock,
    private readonly log: EventLog,
    /** What happened before it was opened. */
    readonly past: readonly ProjectEvent[],
    private binned: string[],
  ) {}

  /** Takes the lock, sweeps what a killed writer left, and reads every finished Variant. */
  static async open(path: string): Promise<Project> {
    await readProjectFile(path);
    const lock = await takeLock(path);
    try {
      await sweep(path);
      const { log, past } = await EventLog.open(join(path, 'events.jsonl'));
      const binned = await readVariants(join(path, 'bin'));
      const order = past.flatMap((event) => (event.event === 'variant-removed' ? [event.variant] : []));
      const newestFirst = binned.map(({ id }) => id).sort((a, b) => order.lastIndexOf(b) - order.lastIndexOf(a));
      return new Project(path, await readProject(path), lock, log, past, newestFirst);
    } catch (thrown) {
      await lock.release();
      throw thrown;
    }
  }

  get file(): ProjectFile {
    return this.current.file;
  }
  get variants(): readonly Variant[] {
    return this.current.variants;
  }
  /** Ids of removed Variants, newest first. */
  get removed(): readonly string[] {
    return this.binned;
  }
  get modelPath(): string {
    return fromStoredPath(this.path, this.file.source.path);
  }
  get dataPath(): string | null {
    return this.file.dataPath === null ? null : fromStoredPath(this.path, this.file.dataPath);
  }
  get cacheDir(): string {
    return join(this.path, 'cache');
  }
  /** What evaluations are looked up by, as the project is set now. */
  get conditions(): Conditions {
    return conditionsOf(this.file);
  }
  /** What is known, as others may read it. */
  get contents(): ProjectContents {
    return this.current;
  }

  /** @throws LatheError `not-found` */
  variant(id: string): Variant {
    const found = this.variants.find((variant) => variant.id === id);
    if (found === undefined) throw notFound(id, 'variants');
    return found;
  }

  /** Where a finished Variant lies. */
  variantFolder(id: string): string {
    return join(this.path, 'variants', this.variant(id).id);
  }

  variantModel(id: string): string {
    return join(this.variantFolder(id), this.variant(id).model.path);
  }

  async change(fields: Partial<Omit<ProjectFile, 'format' | 'version'>>): Promise<void> {
    await this.inTurn(async () => {
      const next = parse(projectFileSchema, { ...this.file, ...fields }, 'project.json', 'failed');
      const stored = next.dataPath === null ? next : { ...next, dataPath: toStoredPath(this.path, next.dataPath) };
      await writeWholeJson(join(this.path, 'project.json'), stored);
      this.current = { ...this.current, file: stored };
    });
  }

  /** Whether the model is still the file that the project was made with, by size and time. */
  async sourceState(): Promise<'ok' | 'missing' | 'changed'> {
    const now = await statOrNull(this.modelPath);
    if (now === null) return 'missing';
    const { bytes, modifiedAt } = this.file.source;
    return now.size === bytes && now.mtimeMs === modifiedAt ? 'ok' : 'changed';
  }

  async sourceStat(): Promise<{ bytes: number; modifiedAt: number }> {
    const { size, mtimeMs } = await statOrThrow(this.modelPath);
    return { bytes: size, modifiedAt: mtimeMs };
  }

  /** An empty folder of one job. What a job leaves in it is worth nothing until {@link finishVariant}. */
  async jobFolder(job: string): Promise<string> {
    const folder = join(this.path, 'jobs', job);
    await rm(folder, { recursive: true, force: true });
    await makeFolder(folder);
    return folder;
  }

  async removeJobFolder(job: string): Promise<void> {
    await rm(join(this.path, 'jobs', job), { recursive: true, force: true });
  }

  /** Turns a job's folder with its model into a Variant, in one step. */
  async finishVariant(job: string, variant: Variant): Promise<void> {
    await this.inTurn(async () => {
      const draft = join(this.path, 'jobs', job);
      const place = join(this.path, 'variants', variant.id);
      await writeVariant(draft, variant);
      if (this.variants.some(({ id }) => id === variant.id)) throw taken(variant.id);
      await this.clear(place);
      await moveFolder(draft, place);
      this.replaceVariants((variants) => [...variants, variant]);
      await this.note({ event: 'variant-made', at: now(), variant: variant.id });
    });
  }

  async renameVariant(id: string, name: string): Promise<void> {
    await this.inTurn(async () => {
      const renamed = { ...this.variant(id), name };
      await writeVariant(this.variantFolder(id), renamed);
      this.replaceVariants((variants) => variants.map((variant) => (variant.id === id ? renamed : variant)));
    });
  }

  async removeVariant(id: string): Promise<void> {
    await this.inTurn(async () => {
      const bin = join(this.path, 'bin', id);
      await rm(bin, { recursive: true, force: true });
      await moveFolder(this.variantFolder(id), bin);
      this.replaceVariants((variants) => variants.filter((variant) => variant.id !== id));
      this.binned = [id, ...this.binned.filter((other) => other !== id)];
      await this.note({ event: 'variant-removed', at: now(), variant: id });
    });
  }

  async restoreVariant(id: string): Promise<void> {
    await this.inTurn(async () => {
      if (!this.binned.includes(id)) throw notFound(id, 'bin');
      if (this.variants.some((variant) => variant.id === id)) throw taken(id);
      const place = join(this.path, 'variants', id);
      await moveFolder(join(this.path, 'bin', id), place);
      this.binned = this.binned.filter((other) => other !== id);
      const variants = await readVariants(join(this.path, 'variants'));
      this.replaceVariants(() => variants);
      await this.note({ event: 'variant-restored', at: now(), variant: id });
    });
  }

  async readRemoved(id: string): Promise<Variant | null> {
    return readVariant(join(this.path, 'bin', id));
  }

  async variantEvaluation(id: string): Promise<Evaluation | null> {
    return withPaths(this.path, await readEvaluation(this.variantFolder(id), this.conditions), fromStoredPath);
  }

  async saveVariantEvaluation(id: string, conditions: Conditions, evaluation: Evaluation): Promise<void> {
    const stored = withPaths(this.path, evaluation, toStoredPath);
    await this.inTurn(() => writeEvaluation(this.variantFolder(id), conditions, stored));
  }

  async baseline(): Promise<Evaluation | null> {
    return withPaths(
      this.path,
      await readEvaluation(baselineFolder(this.path, this.file), this.conditions),
      fromStoredPath,
    );
  }

  async saveBaseline(conditions: Conditions, evaluation: Evaluation): Promise<void> {
    const stored = withPaths(this.path, evaluation, toStoredPath);
    await this.inTurn(async () => {
      const folder = baselineFolder(this.path, this.file);
      await makeFolder(folder);
      await writeEvaluation(folder, conditions, stored);
    });
  }

  async note(event: ProjectEvent): Promise<void> {
    await this.log.append(event);
  }

  async close(): Promise<void> {
    await this.writing.catch(() => {});
    await this.log.close();
    await this.lock.release();
  }

  private replaceVariants(change: (variants: readonly Variant[]) => readonly Variant[]): void {
    this.current = { ...this.current, variants: change(this.variants) };
  }

  /** What lies at a Variant's place without being one is kept, in the bin, and the place is free. */
  private async clear(place: string): Promise<void> {
    if ((await statOrNull(place)) === null) return;
    await moveFolder(place, join(this.path, 'bin', `${basename(place)}.damaged-${Date.now()}`));
  }

  private inTurn<Result>(write: () => Promise<Result>): Promise<Result> {
    const turn = this.writing.catch(() => {}).then(write);
    this.writing = turn;
    return turn;
  }
}

async function readProjectFile(folder: string): Promise<ProjectFile> {
  const path = join(folder, 'project.json');
  return readVersioned(projectFormat, await readJson(path), shortName(path));
}

/** Finished Variants below `folder`, oldest first; anything else there is passed over. */
async function readVariants(folder: string): Promise<Variant[]> {
  const names = await readdir(folder).catch((thrown) => {
    if (errorCode(thrown) === 'ENOENT') return [];
    throw diskError(thrown, folder);
  });
  const found = await Promise.all(
    names.map(async (name) => ({ name, variant: await readVariant(join(folder, name)) })),
  );
  return found
    .flatMap(({ name, variant }) => (variant !== null && variant.id === name ? [variant] : []))
    .sort((a, b) => a.createdAt.localeCompare(b.createdAt) || a.id.localeCompare(b.id));
}

async function sweep(project: string): Promise<void> {
  await rm(join(project, 'jobs'), { recursive: true, force: true });
  const variants = join(project, 'variants');
  const names = await readdir(variants).catch(() => []);
  await Promise.all([project, ...names.map((name) => join(variants, name))].map(removeUnfinished));
}

async function statOrNull(path: string) {
  try {
    return await stat(path);
  } catch (thrown) {
    if (['ENOENT', 'ENOTDIR'].includes(errorCode(thrown))) return null;
    throw diskError(thrown, path);
  }
}

async function statOrThrow(path: string) {
  const found = await statOrNull(path);
  if (found === null) throw new LatheError({ who: path, what: 'does not exist', code: 'not-found' });
  return found;
}

async function removeIfEmpty(folder: string): Promise<void> {
  try {
    await rmdir(folder);
  } catch (thrown) {
    if (errorCode(thrown) !== 'ENOENT') throw diskError(thrown, folder);
  }
}

function now(): string {
  return new Date().toISOString();
}

function notFound(id: string, where: string): LatheError {
  return new LatheError({ who: `variant "${id}"`, what: `is not in the project's ${where}`, code: 'not-found' });
}

function taken(id: string): LatheError {
  return new LatheError({ who: `variant "${id}"`, what: 'is there already, finished', code: 'busy' });
}
