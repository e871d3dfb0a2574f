/** Training states on disk: a file appears whole or not at all, so a kill loses at most one interval. */

import { closeSync, fsyncSync, mkdirSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
import { LatheError } from '../contract';
import { elementCount, type NdArray } from '../onnx/ir';
import { boundFiles } from './bounded-files';
import type { CheckpointStore, TrainingState, Weights } from './training-state';

const magic = 'lathe-checkpoint 4\n';
const headerPart = 65_536;
/** Checkpoints of all trainings of a project together; the latest always stays. */
const mostStored = 2 * 2 ** 30;

/** The parts of a state that are tensors, and what is left of it. */
interface Header extends Omit<TrainingState, 'weights' | 'optimizer' | 'average' | 'best' | 'losses'> {
  readonly best: Omit<TrainingState['best'], 'weights'>;
  readonly tensors: readonly { readonly group: string; readonly name: string; readonly shape: readonly number[] }[];
  readonly losses: number;
}

/** @param folder absent = nothing is kept; @param key names what is trained */
export function openCheckpoint(folder: string | undefined, key: string): CheckpointStore {
  if (folder === undefined) return { load: async () => null, save: async () => {} };
  const path = join(folder, `training-${key.slice(0, 32)}.state`);
  return {
    load: async () => read(path),
    save: async (state) => {
      mkdirSync(folder, { recursive: true });
      write(path, state);
      boundFiles(folder, (name) => /^training-.*\.state$/.test(name), mostStored, basename(path));
    },
  };
}

/** Text header (JSON with names and shapes), then the losses as float64, then the float32 values one after another. */
function write(path: string, state: TrainingState): void {
  const { weights, optimizer, average, best, losses, ...rest } = state;
  const groups: [string, Weights][] = [
    ['weights', weights],
    ['optimizer', optimizer],
    ['average', average],
    ['best', best.weights],
  ];
  const entries = groups.flatMap(([group, members]) => [...members].map(([name, values]) => ({ group, name, values })));
  const { weights: _, ...bestFigures } = best;
  const header: Header = {
    ...rest,
    best: bestFigures,
    losses: losses.length,
    tensors: entries.map(({ group, name, values }) => ({ group, name, shape: values.shape })),
  };
  const partial = `${path}.partial`;
  const file = openSync(partial, 'w');
  try {
    writeSync(file, `${magic}${JSON.stringify(header)}\n`);
    writeWhole(file, Float64Array.from(losses));
    for (const { values } of entries) writeWhole(file, values.data);
    fsyncSync(file);
  } catch (thrown) {
    rmSync(partial, { force: true });
    throw thrown;
  } finally {
    closeSync(file);
  }
  renameSync(partial, path);
}

/** One call may write less than it is given. */
function writeWhole(file: number, { buffer, byteOffset, byteLength }: Float32Array | Float64Array): void {
  for (let at = 0; at < byteLength; ) at += writeSync(file, new Uint8Array(buffer, byteOffset + at, byteLength - at));
}

/** null where there is none or where it is not one of ours. */
function read(path: string): TrainingState | null {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return null;
  }
  try {
    const found = readHeader(file);
    return found === null ? null : readState(file, found.header, found.end);
  } finally {
    closeSync(file);
  }
}

/** @returns with it the place where the numbers begin */
function readHeader(file: number): { header: Header; end: number } | null {
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const part = Buffer.alloc(headerPart);
    const bytes = readSync(file, part, 0, headerPart, at);
    parts.push(part.subarray(0, bytes));
    at += bytes;
    const text = Buffer.concat(parts);
    if (text.subarray(0, magic.length).toString() !== magic) return null;
    const end = text.indexOf(10, magic.length);
    if (end >= 0) return { header: JSON.parse(text.subarray(magic.length, end).toString()) as Header, end: end + 1 };
    if (bytes === 0) return null;
  }
}

function readState(file: number, { tensors, losses, best, ...rest }: Header, start: number): TrainingState {
  let at = start;
  const take = (length: number): ArrayBuffer => {
    const part = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const bytes = readSync(file, part, done, length - done, at + done);
      if (bytes === 0) throw new LatheError({ who: 'checkpoint', what: 'ends too early', code: 'failed' });
      done += bytes;
    }
    at += length;
    return part.buffer;
  };
  const told = Array.from(new Float64Array(take(8 * losses)));
  const groups = new Map<string, Map<string, NdArray<'float32'>>>();
  for (const { group, name, shape } of tensors) {
    const members = groups.get(group) ?? new Map<string, NdArray<'float32'>>();
    members.set(name, { dtype: 'float32', shape, data: new Float32Array(take(4 * elementCount(shape))) });
    groups.set(group, members);
  }
  const group = (name: string): Weights => groups.get(name) ?? new Map();
  return {
    ...rest,
    losses: told,
    weights: group('weights'),
    optimizer: group('optimizer'),
    average: group('average'),
    // JSON tells what is no number as null.
    best: { ...best, validation: best.validation ?? Number.NaN, weights: group('best') },
  };
}
