/**
 * A folder with calib.npz, test.npz and maybe train.npz: one array for each model input under the input's name, first
 * axis = sample, and `labels` where there are labels; an optional meta.json says how they are fed and scored.
 */

import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { LatheError, type SplitName, splitNames } from '../../contract';
import type { NdArray } from '../../onnx/ir';
import type { SessionValue } from '../../onnx/session/session';
import { joinRows } from '../batches';
import type { Batch, Dataset, Meta, OpenOptions, Reader, Split } from '../dataset';
import { hashFiles, largestBuffer } from '../file-bytes';
import { type Fit, fitArrays } from '../fit';
import { readMeta } from '../meta';
import { type NpzFile, openNpz } from '../npz';

const fileOf: Readonly<Record<SplitName, string>> = {
  calibration: 'calib.npz',
  train: 'train.npz',
  test: 'test.npz',
};
/** Files beside the arrays that change what the data means. */
const companions = ['meta.json', 'charset.txt'];

export const npzFolder: Reader = {
  name: 'npz-folder',
  title: 'Folder of numpy archives',
  expects: 'a folder with calib.npz and test.npz (and train.npz)',

  async fits(path) {
    const names = await readdir(path).catch((): string[] => []);
    return splitNames.some((split) => names.includes(fileOf[split]));
  },

  async open(path, inputs, options): Promise<Dataset> {
    const meta = await readMeta(path);
    const names = await readdir(path);
    const splits = new Map<SplitName, Opened>();
    for (const name of splitNames) {
      if (names.includes(fileOf[name]))
        splits.set(name, await openSplit(join(path, fileOf[name]), name, inputs, meta, options));
    }
    const files = [...Object.values(fileOf), ...companions].filter((name) => names.includes(name));
    const hash = await hashFiles(new Map(files.map((name) => [name, join(path, name)])), options.signal);
    const fits = [...splits.values()].map(({ fit }) => fit);
    const judged = splits.get('test') ?? splits.values().next().value;
    const labels = judged?.file.arrays.get('labels');
    const assumed = meta.metric ?? assumedMetric(labels);
    if (assumed?.kind === 'top1' && meta.classes !== null)
      for (const [name, split] of splits) await checkLabels(split, meta.classes.length, name === 'train');
    return {
      path,
      meta: { ...meta, metric: assumed },
      runSize: fits[0]?.runSize ?? null,
      calibration: splits.get('calibration')?.split ?? null,
      train: splits.get('train')?.split ?? null,
      test: splits.get('test')?.split ?? null,
      summary: {
        path,
        reader: npzFolder.name,
        hash,
        splits: [...splits].map(([name, { split }]) => ({ name, samples: split.samples })),
        inputs: inputs.map(({ name }) => summarise(judged as Opened, name)),
        labels: labels !== undefined,
        classes: meta.classes === null ? null : [...meta.classes],
        metric: assumed?.kind ?? null,
        dims: Object.assign({}, ...fits.map(({ dims }) => dims)) as Record<string, number>,
        notes: notesOn(splits, meta),
      },
    };
  },
};

interface Opened {
  readonly file: NpzFile;
  readonly fit: Fit;
  readonly split: Split;
}

async function openSplit(
  path: string,
  name: SplitName,
  inputs: readonly SessionValue[],
  meta: Meta,
  options: OpenOptions,
): Promise<Opened> {
  const file = await openNpz(path);
  const fit = fitArrays(basename(path), file.arrays, inputs, meta.feed, options.dims);
  return {
    file,
    fit,
    split: new NpzSplit(name, file, new Set(inputs.map((input) => input.name)), fit.samples, meta.feed),
  };
}

class NpzSplit implements Split {
  readonly extras: readonly string[];

  constructor(
    readonly name: SplitName,
    private readonly file: NpzFile,
    private readonly inputs: ReadonlySet<string>,
    readonly samples: number,
    private readonly feed: 'slice' | 'element',
  ) {
    this.extras = [...file.arrays.keys()].filter((array) => !inputs.has(array));
  }

  async read(first: number, size: number): Promise<Batch> {
    const count = Math.min(this.feed === 'element' ? 1 : size, this.samples - first);
    return this.#batch(first, count, (array) => array.rows(first, count));
  }

  async gather(rows: readonly number[]): Promise<Batch> {
    // In rising order a compressed array is unpacked only once.
    const order = rows.map((row, at) => ({ row, at })).sort((a, b) => a.row - b.row);
    return this.#batch(-1, rows.length, async (array) => {
      const parts = new Array<NdArray>(rows.length);
      for (const { row, at } of order) parts[at] = await array.rows(row, 1);
      return joinRows(parts);
    });
  }

  async array(name: string): Promise<NdArray | undefined> {
    return this.file.arrays.get(name)?.rows(0, this.samples);
  }

  async #batch(
    first: number,
    size: number,
    read: (array: { rows(first: number, count: number): Promise<NdArray> }) => Promise<NdArray>,
  ): Promise<Batch> {
    const feeds: Record<string, NdArray> = {};
    const extras: Record<string, NdArray> = {};
    for (const [name, array] of this.file.arrays) {
      const rows = await read(array);
      if (!this.inputs.has(name)) extras[name] = rows;
      else feeds[name] = this.feed === 'element' ? { ...rows, shape: rows.shape.slice(1) } : rows;
    }
    return { feeds, extras, first, size };
  }
}

function summarise({ file }: Opened, name: string): { name: string; type: string; shape: number[] } {
  const array = file.arrays.get(name);
  return { name, type: array?.dtype ?? '', shape: [...(array?.shape.slice(1) ?? [])] };
}

/** Whole numbers, one a sample, are taken for classes where meta.json does not say. */
function assumedMetric(labels: { dtype: string; shape: readonly number[] } | undefined): Meta['metric'] {
  if (labels === undefined || labels.shape.length !== 1 || !/^u?int/.test(labels.dtype)) return null;
  return { kind: 'top1', name: null };
}

/** @param mayLack training leaves out a label below zero */
async function checkLabels({ split, file }: Opened, classes: number, mayLack: boolean): Promise<void> {
  const labels = await split.array('labels');
  if (labels === undefined || labels.dtype === 'string') return;
  const row = Array.from(labels.data as Int32Array, Number).findIndex(
    (label) => (label < 0 && !mayLack) || label >= classes,
  );
  if (row < 0) return;
  throw new LatheError({
    who: `${basename(file.path)} array "labels"`,
    what: `row ${row} is class ${labels.data[row]}, but meta.json names ${classes} classes (0 to ${classes - 1})`,
    next: 'give every class a name, or mend the label',
  });
}

function notesOn(splits: ReadonlyMap<SplitName, Opened>, meta: Meta): string[] {
  const notes: string[] = [];
  if (!splits.has('calibration')) notes.push('No calib.npz: methods that calibrate cannot run.');
  if (!splits.has('test')) notes.push('No test.npz: nothing can be judged.');
  const train = splits.get('train');
  if (train !== undefined && [...train.file.arrays.values()].some((array) => !array.randomAccess))
    notes.push(
      `train.npz unpacks to more than ${largestBuffer >> 19} MB: saved with numpy.savez (not compressed) it is read much faster.`,
    );
  if (meta.metric === null && splits.get('test')?.file.arrays.has('labels') === true)
    notes.push('meta.json names no metric.');
  return notes;
}
