/** Saving a model: streamed, and whole or not at all. */

import { existsSync, statfsSync, statSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { LatheError, type ModelFile, messageOf, unwatched, type Work } from '../../contract';
import type { Model, TensorData } from '../ir';
import { fileHash } from './file-hash';
import { fillSkeleton, type Piece } from './fill-skeleton';
import { PieceStream } from './piece-stream';
import { dataLength, sharedKey } from './tensor-data';
import { type ExternalPlace, modelToSkeleton, type PackedData, type TensorRole } from './to-proto';
import { removeAbandoned, unfinishedName } from './unfinished';

export interface WriteOptions {
  /** `auto`: where initializers pass 1.5 GB, since protobuf stops at 2 GiB. */
  readonly externalData?: 'auto' | 'always' | 'never' | undefined;
  readonly work?: Work | undefined;
}

/** Above this sum of its weights a model is written with external data. */
export const externalThresholdBytes = 1.5e9;

/** Start of each external tensor, so that runtimes can map it. */
const alignment = 4096;

/** A saved model as {@link ModelFile} tells of it, but for its hash, which nobody has worked out. */
export type SavedModel = Omit<ModelFile, 'sha256'>;

/**
 * Writes the model to `path`, and with external data to `<name>.onnx.data` beside it. The same model gives the same
 * bytes in a folder that does not hold that name yet.
 * @throws LatheError where the folder cannot be written, has too little room, or a source file has changed; `path` is
 * then as it was before
 */
export async function writeModel(model: Model, path: string, options: WriteOptions = {}): Promise<SavedModel> {
  return (await save(model, path, options, false)).saved;
}

/**
 * {@link writeModel} for who keeps a record of what was written: a thread reads the files behind the writing and hashes
 * them, as {@link hashModelFile} would afterwards.
 */
export async function writeHashedModel(model: Model, path: string, options: WriteOptions = {}): Promise<ModelFile> {
  const { saved, sha256 } = await save(model, path, options, true);
  return { ...saved, sha256: sha256 as string };
}

/** @returns the hash where it was asked for */
async function save(
  model: Model,
  path: string,
  options: WriteOptions,
  isHashed: boolean,
): Promise<{ saved: SavedModel; sha256: string | null }> {
  const target = resolve(path);
  const folder = dirname(target);
  const plan = planFiles(model, target, options.externalData ?? 'auto');
  const total = plan.files.reduce((sum, file) => sum + file.length, 0);
  checkTarget(target, total);
  await removeAbandoned(folder);
  const files = plan.files.map((file) => ({ ...file, path: join(folder, unfinishedName(file.name)) }));
  const made = files.map((file) => file.path);
  const hash = isHashed ? fileHash(files) : null;
  const stream = new PieceStream(total, options.work ?? unwatched(), (bytes) => hash?.grown(bytes));
  let sha256: string | null;
  try {
    for (const file of files) await stream.write(file.path, file.pieces);
    sha256 = (await hash?.digest()) ?? null;
    // The model comes last: its data is there when it appears.
    for (const { path: unfinished, name } of files.toReversed()) {
      await rename(unfinished, join(folder, name));
      if (name !== basename(target)) made.push(join(folder, name));
    }
    await syncFolder(folder);
  } catch (error) {
    for (const file of made) await rm(file, { force: true });
    throw saveError(error, target, total);
  } finally {
    await hash?.close();
    await stream.close();
  }
  await removeReplacedData(target, plan.dataName);
  const externalData = plan.dataName === null ? [] : [plan.dataName];
  return { saved: { path: target, bytes: total, externalData }, sha256 };
}

interface PlannedFile {
  readonly name: string;
  readonly pieces: readonly Piece[];
  readonly length: number;
}

interface Plan {
  /** The model and then its external data, which is the order of the hash. */
  readonly files: readonly PlannedFile[];
  readonly dataName: string | null;
}

function planFiles(model: Model, target: string, externalData: 'auto' | 'always' | 'never'): Plan {
  const bytes = { initializer: 0, constant: 0, other: 0 };
  const inline = modelToSkeleton(model, (data, role) => {
    bytes[role] += dataLength(data);
    return null;
  });
  const isLarge = bytes.initializer + bytes.constant > externalThresholdBytes;
  if (externalData === 'always' || (externalData === 'auto' && isLarge)) {
    // Constants stay where most tools look for them, unless they alone are too much for one file.
    const roles: TensorRole[] = bytes.constant > externalThresholdBytes ? ['initializer', 'constant'] : ['initializer'];
    return planExternal(model, target, roles);
  }
  return { files: [{ name: basename(target), ...fillSkeleton(inline) }], dataName: null };
}

function planExternal(model: Model, target: string, roles: readonly TensorRole[]): Plan {
  const location = freeDataName(target);
  const pieces: Piece[] = [];
  const places = new Map<TensorData | string, ExternalPlace>();
  let end = 0;
  const place = (data: PackedData, role: TensorRole): ExternalPlace | null => {
    if (!roles.includes(role)) return null;
    // Tensors that share their bytes go on doing so.
    const key = sharedKey(data);
    const known = places.get(key);
    if (known !== undefined) return known;
    const offset = Math.ceil(end / alignment) * alignment;
    const length = dataLength(data);
    if (offset > end) pieces.push(new Uint8Array(offset - end));
    pieces.push(data);
    end = offset + length;
    const made = { location, offset, length };
    places.set(key, made);
    return made;
  };
  const modelFile = { name: basename(target), ...fillSkeleton(modelToSkeleton(model, place)) };
  if (end === 0) return { files: [modelFile], dataName: null };
  return { files: [modelFile, { name: location, pieces, length: end }], dataName: location };
}

const dataNames = (target: string): [string, string] => [`${basename(target)}.data`, `${basename(target)}.data2`];

/**
 * Two files cannot be replaced at once: where the model that is there may read `<name>.onnx.data`, the new one gets the
 * other name, so that the old pair is whole until the new .onnx takes its place.
 */
function freeDataName(target: string): string {
  const [first, second] = dataNames(target);
  return existsSync(target) && existsSync(join(dirname(target), first)) ? second : first;
}

async function removeReplacedData(target: string, kept: string | null): Promise<void> {
  if (kept === null) return;
  for (const name of dataNames(target)) if (name !== kept) await rm(join(dirname(target), name), { force: true });
}

/** A folder's entry is on disk only when the folder is; systems that cannot sync folders need it not. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function checkTarget(target: string, needed: number): void {
  let free: number;
  try {
    if (statSync(target, { throwIfNoEntry: false })?.isDirectory() === true) throw errorWithCode('EISDIR');
    const { bavail, bsize } = statfsSync(dirname(target));
    free = bavail * bsize;
  } catch (error) {
    throw saveError(error, target, needed);
  }
  if (free < needed) throw noRoom(target, needed, `only ${megabytes(free)} are free`);
}

function errorWithCode(code: string): Error {
  return Object.assign(new Error(code), { code });
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

function noRoom(target: string, needed: number, detail: string, cause?: unknown): LatheError {
  return new LatheError({
    who: basename(target),
    what: `cannot be saved: it needs ${megabytes(needed)} and ${detail}`,
    where: dirname(target),
    next: 'make room or choose another folder',
    code: 'failed',
    cause,
  });
}

function saveError(error: unknown, target: string, needed: number): unknown {
  if (error instanceof LatheError || (error instanceof Error && error.name === 'AbortError')) return error;
  const folder = dirname(target);
  const say = (what: string, next: string) =>
    new LatheError({
      who: basename(target),
      what: `cannot be saved: ${what}`,
      where: folder,
      next,
      code: 'failed',
      cause: error,
    });
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG':
      return noRoom(target, needed, 'the disk or its quota is full', error);
    case 'ENOENT':
    case 'ENOTDIR':
      return say('there is no such folder', 'make the folder or choose another');
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return say('the folder may not be written', 'choose another folder or change its permissions');
    case 'EISDIR':
    case 'ENOTEMPTY':
    case 'EEXIST':
      return say('a folder has that name', 'choose another name');
    default:
      return say(messageOf(error), 'see the reason above');
  }
}
