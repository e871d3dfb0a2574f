/** Saving a model: streamed, and whole or not at all. */

import { existsSync, statfsSync, statSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { LatheError, type ModelFile, messageOf, unwatched, type Work } from '../../contract';
import type { Model, TensorData } from '../ir';
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

/**
 * Writes the model to `path`, and with external data to `<name>.onnx.data` beside it. The same model gives the same
 * bytes in a folder that does not hold that name yet.
 * @returns the files with the hash that {@link hashModelFile} would give
 * @throws LatheError where the folder cannot be written, has too little room, or a source file has changed; `path` is
 * then as it was before
 */
export async function writeModel(model: Model, path: string, options: WriteOptions = {}): Promise<ModelFile> {
  const target = resolve(path);
  const plan = planFiles(model, target, options.externalData ?? 'auto');
  const total = plan.files.reduce((sum, file) => sum + file.length, 0);
  checkTarget(target, total);
  await removeAbandoned(dirname(target));
  const stream = new PieceStream(total, options.work ?? unwatched());
  const made: string[] = [];
  let sha256: string;
  try {
    const written: { unfinished: string; final: string }[] = [];
    for (const { name, pieces } of plan.files) {
      const unfinished = join(dirname(target), unfinishedName(name));
      made.push(unfinished);
      await stream.write(unfinished, pieces);
      written.push({ unfinished, final: join(dirname(target), name) });
    }
    sha256 = await stream.sha256();
    // The model comes last: its data is there when it appears.
    for (const { unfinished, final } of written.toReversed()) {
      await rename(unfinished, final);
      if (final !== target) made.push(final);
    }
    await syncFolder(dirname(target));
  } catch (error) {
    for (const file of made) await rm(file, { force: true });
    throw saveError(error, target, total);
  } finally {
    await stream.close();
  }
  await removeReplacedData(target, plan.dataName);
  const externalData = plan.dataName === null ? [] : [plan.dataName];
  return { path: target, bytes: total, sha256, externalData };
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
