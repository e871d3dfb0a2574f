/**
 * What a teacher says of all rows, asked once: kept in a file that the same teacher and data find again, in memory where
 * there is no place for files.
 */

import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Work } from '../contract';
import type { Feeds, Model, NdArray } from '../onnx/ir';
import { boundFiles } from './bounded-files';
import type { Forward } from './forward';
import { modelKey } from './model-key';
import type { TrainingSamples } from './samples';

/** Logits of rows: [rows × answers, classes], an answer a row or one a token. */
export type Answers = (rows: Int32Array, feeds: Feeds) => Promise<NdArray<'float32'>>;

export interface AnswerPlace {
  /** Absent = in memory. */
  readonly folder: string | undefined;
  /** Names teacher and data. */
  readonly key: string;
}

/** Answers that take more are not kept in memory, but asked for again at each use. */
const mostHeld = 256 * 2 ** 20;
/** All files of answers together; a single one of more is not written. */
const mostStored = 2 ** 30;

/** @param atOnce rows of a run; @param classes of an answer */
export async function teacherAnswers(
  teacher: Forward,
  samples: TrainingSamples,
  classes: number,
  atOnce: number,
  place: AnswerPlace,
  work: Work,
): Promise<Answers> {
  const rows = samples.training.length + samples.validation.length;
  const perRow = (await teacher.logits(samples.gather(Int32Array.of(0)).feeds)).data.length;
  const bytes = 4 * perRow * rows;
  const ask = (store: (part: Float32Array) => void) => askAll(teacher, samples, rows, atOnce, store, work);
  const shaped = (data: Float32Array): NdArray<'float32'> => ({
    dtype: 'float32',
    shape: [data.length / classes, classes],
    data,
  });
  if (place.folder !== undefined && bytes <= mostStored) {
    const path = await storedFile(place.folder, `teacher-${place.key.slice(0, 32)}.f32`, bytes, ask);
    return async (wanted) => shaped(readRows(path, wanted, perRow));
  }
  if (bytes > mostHeld) return (_rows, feeds) => teacher.logits(feeds);
  const all = new Float32Array(rows * perRow);
  let filled = 0;
  await ask((part) => {
    all.set(part, filled);
    filled += part.length;
  });
  return async (wanted) => {
    const data = new Float32Array(wanted.length * perRow);
    for (const [at, row] of wanted.entries()) data.set(all.subarray(row * perRow, (row + 1) * perRow), at * perRow);
    return shaped(data);
  };
}

async function askAll(
  teacher: Forward,
  samples: TrainingSamples,
  rows: number,
  atOnce: number,
  store: (part: Float32Array) => void,
  work: Work,
): Promise<void> {
  for (let at = 0; at < rows; at += atOnce) {
    work.signal.throwIfAborted();
    const batch = Int32Array.from({ length: Math.min(atOnce, rows - at) }, (_, offset) => at + offset);
    store((await teacher.logits(samples.gather(batch).feeds)).data);
    work.progress({ phase: 'Asking the teacher', fraction: at / rows, detail: `${at} of ${rows} samples` });
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The file, made where it is not there whole. It appears whole or not at all. */
async function storedFile(
  folder: string,
  name: string,
  bytes: number,
  ask: (store: (part: Float32Array) => void) => Promise<void>,
): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, name);
  if (statSync(path, { throwIfNoEntry: false })?.size === bytes) return path;
  const partial = `${path}.partial`;
  const file = openSync(partial, 'w');
  try {
    await ask((part) => {
      const whole = new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
      for (let at = 0; at < whole.length; ) at += writeSync(file, whole, at);
    });
    fsyncSync(file);
  } catch (thrown) {
    rmSync(partial, { force: true });
    throw thrown;
  } finally {
    closeSync(file);
  }
  renameSync(partial, path);
  boundFiles(folder, (each) => /^teacher-.*\.f32$/.test(each), mostStored, name);
  return path;
}

function readRows(path: string, rows: Int32Array, perRow: number): Float32Array {
  const data = new Float32Array(rows.length * perRow);
  const bytes = new Uint8Array(data.buffer);
  const file = openSync(path, 'r');
  try {
    rows.forEach((row, at) => {
      readSync(file, bytes, 4 * at * perRow, 4 * perRow, 4 * row * perRow);
    });
  } finally {
    closeSync(file);
  }
  return data;
}

/** A name for a model's answers to data: the model, its output, the data and its split. */
export function answersKey(teacher: Model, output: string, data: string, split: string): string {
  return createHash('sha256')
    .update(JSON.stringify([modelKey(teacher), output, data, split]))
    .digest('hex');
}
