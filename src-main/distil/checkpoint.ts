/** Training states on disk: a file appears whole or not at all, so a kill loses at most one interval. */

import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { NdArray } from '../onnx/ir';
import type { CheckpointStore, TrainingState, Weights } from './train';

const magic = 'lathe-checkpoint 1\n';

/** @param folder absent = nothing is kept; @param key names what is trained */
export function openCheckpoint(folder: string | undefined, key: string): CheckpointStore {
  if (folder === undefined) return { load: async () => null, save: async () => {} };
  const path = join(folder, `training-${key.slice(0, 32)}.state`);
  return {
    load: async () => read(path),
    save: async (state) => {
      mkdirSync(folder, { recursive: true });
      write(path, state);
    },
  };
}

/** Text header (JSON with names, shapes and offsets), then the float32 values one after another. */
function write(path: string, state: TrainingState): void {
  const tensors: { group: string; name: string; shape: readonly number[]; length: number }[] = [];
  const arrays: Float32Array[] = [];
  const groups: [string, Weights][] = [
    ['weights', state.weights],
    ['optimizer', state.optimizer],
    ['best', state.best.weights],
  ];
  for (const [group, members] of groups) {
    for (const [name, values] of members) {
      tensors.push({ group, name, shape: values.shape, length: values.data.length });
      arrays.push(values.data);
    }
  }
  const { epoch, step, history, best } = state;
  const header = JSON.stringify({
    epoch,
    step,
    history,
    best: { validation: best.validation, epoch: best.epoch },
    tensors,
  });
  const partial = `${path}.partial`;
  const file = openSync(partial, 'w');
  try {
    writeSync(file, `${magic}${header}\n`);
    for (const array of arrays) writeSync(file, new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(partial, path);
}

/** null where there is none or where it is not one of ours. */
function read(path: string): TrainingState | null {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch {
    return null;
  }
  if (bytes.subarray(0, magic.length).toString() !== magic) return null;
  const end = bytes.indexOf(10, magic.length);
  const header = JSON.parse(bytes.subarray(magic.length, end).toString()) as Omit<
    TrainingState,
    'weights' | 'optimizer'
  > & {
    tensors: { group: string; name: string; shape: number[]; length: number }[];
  };
  const groups: Record<string, Map<string, NdArray<'float32'>>> = {
    weights: new Map(),
    optimizer: new Map(),
    best: new Map(),
  };
  let at = end + 1;
  for (const { group, name, shape, length } of header.tensors) {
    const data = new Float32Array(bytes.buffer.slice(bytes.byteOffset + at, bytes.byteOffset + at + 4 * length));
    groups[group]?.set(name, { dtype: 'float32', shape, data });
    at += 4 * length;
  }
  const { epoch, step, history, best } = header;
  return {
    epoch,
    step,
    history,
    weights: groups.weights as Weights,
    optimizer: groups.optimizer as Weights,
    best: { ...best, weights: groups.best as Weights },
  };
}
