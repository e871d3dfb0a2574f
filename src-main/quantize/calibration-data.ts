/** The samples that a method may look at: rows of the calibration split, spread over the whole of it. */

import { LatheError } from '../contract';
import { batchSize, joinRows } from '../data/batches';
import type { Batch, Dataset, Split } from '../data/dataset';
import { wilsonInterval } from '../kernels/wilson';
import { type Feeds, type NdArray, toBytes, type Value } from '../onnx/ir';
import type { QuantizeContext } from './method';
import { mayHavePadding, withoutPadding } from './padding';

/** Fewer samples than this leave ranges to chance. */
const few = 16;

/** Largest share of a split that is set aside for judging, and the fewest samples for which that is done. */
const judgingShare = 0.25;
const fewestJudges = 8;

/** Samples that are run at once, at most, and bytes of a sample for that. */
const largestTogether = 8;
const smallSample = 2 ** 14;

export interface CalibrationData {
  /** How many samples will be read. */
  readonly samples: number;
  /** What the reader of the log should know about them. */
  readonly notes: readonly string[];
  /** Where statistics of these samples are kept, and what the samples are; null where nothing is to be kept. */
  readonly cache: { readonly folder: string; readonly key: string } | null;
  /** At most so many of them, spread over all. */
  few(count: number): CalibrationData;
  /**
   * Batches in order, the same on each call.
   * @param first how many samples to leave out
   */
  batches(first?: number): AsyncGenerator<Batch>;
  /**
   * The same samples, sequences of equal length together and so in another order, which their lengths alone decide.
   * @param first how many samples to leave out, which must be as many as some of the batches hold
   */
  together(first?: number): AsyncGenerator<Batch>;
}

/**
 * @param limit at most so many samples, evenly spaced over the split
 * @throws LatheError where there is no dataset or no calibration split
 */
export function calibrationData(context: QuantizeContext, method: string, limit: number): CalibrationData {
  const { dataset } = context;
  const split = dataset?.calibration;
  if (dataset === undefined || split === null || split === undefined || split.samples === 0) {
    throw new LatheError({
      who: `quantize ${method}`,
      what:
        dataset === undefined
          ? 'needs calibration data, none was given'
          : 'needs calibration data, the dataset has no calibration split',
      next: 'give a dataset with a calib.npz, or choose a method that needs no data, such as dynamic-int8',
      code: 'usage',
    });
  }
  const size = samplesPerRun(dataset);
  const rows = evenlySpaced(split.samples, wholeRuns(split.samples, limit, size));
  return dataOf(context, dataset, split, rows);
}

/**
 * Samples to calibrate with, and others to judge what came out of it by.
 * @param limit at most so many to calibrate with
 * @param judges so many to judge by, where the split is large enough
 * @throws LatheError as {@link calibrationData}
 */
export function calibrationAndJudges(
  context: QuantizeContext,
  method: string,
  limit: number,
  judges: number,
): { calibrating: CalibrationData; judging: CalibrationData } {
  const all = calibrationData(context, method, limit);
  const dataset = context.dataset as Dataset;
  const split = dataset.calibration as Split;
  const size = samplesPerRun(dataset);
  const kept = Math.floor(Math.min(judges, split.samples * judgingShare) / size) * size;
  if (kept < fewestJudges) {
    const note = `Judged by samples that it was calibrated with: ${split.samples === 1 ? '1 is' : `${split.samples} are`} too few to set some aside.`;
    return { calibrating: all, judging: { ...all.few(judges), notes: [note] } };
  }
  const aside = new Set(evenlySpaced(split.samples, kept));
  const others = [...new Array(split.samples).keys()].filter((row) => !aside.has(row));
  const rows = evenlySpaced(others.length, wholeRuns(others.length, limit, size)).map((at) => others[at] as number);
  return {
    calibrating: dataOf(context, dataset, split, rows),
    judging: { ...dataOf(context, dataset, split, [...aside]), notes: [] },
  };
}

function dataOf(context: QuantizeContext, dataset: Dataset, split: Split, rows: readonly number[]): CalibrationData {
  return {
    samples: rows.length,
    notes: notesOn(dataset, rows.length),
    cache: cacheOf(context, dataset, rows),
    few(count) {
      const size = samplesPerRun(dataset);
      const taken = evenlySpaced(rows.length, wholeRuns(rows.length, count, size));
      const few = taken.map((at) => rows[at] as number);
      return dataOf(context, dataset, split, few);
    },
    batches: (first = 0) => readRows(split, rows.slice(first), samplesPerRun(dataset), context),
    together: (first = 0) => {
      const most = mostTogether(dataset, context.original.graph.inputs);
      const read = (from: number) => readRows(split, rows.slice(from), samplesPerRun(dataset), context);
      return most === 1 ? read(first) : without(first, joined(read(0), most));
    },
  };
}

function cacheOf(
  { cacheDir, dims }: QuantizeContext,
  { summary, runSize }: Dataset,
  rows: readonly number[],
): CalibrationData['cache'] {
  if (cacheDir === undefined) return null;
  return { folder: cacheDir, key: JSON.stringify(['together', summary.hash, summary.reader, dims, runSize, rows]) };
}

/** `count` of `total` row numbers, evenly spaced; all of them where there are no more. */
export function evenlySpaced(total: number, count: number): number[] {
  const taken = Math.min(total, count);
  return Array.from({ length: taken }, (_, at) => Math.floor((at * total) / taken));
}

function samplesPerRun({ meta, runSize }: Dataset): number {
  return meta.feed === 'element' ? 1 : (runSize ?? 1);
}

/** About `limit` samples that fill runs of `size`, so that no sample counts twice; all where they fill not even one. */
function wholeRuns(total: number, limit: number, size: number): number {
  const runs = Math.min(Math.ceil(limit / size), Math.floor(total / size));
  return runs === 0 ? Math.min(total, limit) : runs * size;
}

async function* readRows(
  split: Split,
  rows: readonly number[],
  size: number,
  { signal, original }: QuantizeContext,
): AsyncGenerator<Batch> {
  for (let at = 0; at < rows.length; at += size) {
    signal.throwIfAborted();
    const wanted = rows.slice(at, at + size);
    const filled = Array.from({ length: size }, (_, i) => wanted[i % wanted.length] as number);
    const batch = size === 1 ? await split.read(filled[0] as number, 1) : await split.gather(filled);
    const feeds = withoutPadding(batch.feeds, original.graph.inputs);
    yield { ...batch, feeds, size: wanted.length };
  }
}

/** Only sequences of tokens: pictures fill the processor one by one. */
function mostTogether(dataset: Dataset, inputs: readonly Value[]): number {
  const isAlone = dataset.runSize !== null || dataset.meta.state !== null || !mayHavePadding(inputs);
  return isAlone ? 1 : Math.min(batchSize(dataset), largestTogether);
}

/** Batches of one sample each, those of equal shapes joined; a sample that is not small stays alone. */
async function* joined(batches: AsyncGenerator<Batch>, most: number): AsyncGenerator<Batch> {
  const waiting = new Map<string, Batch[]>();
  for await (const batch of batches) {
    if (bytesOf(batch.feeds) > smallSample) {
      yield batch;
      continue;
    }
    const key = JSON.stringify(Object.entries(batch.feeds).map(([name, { shape }]) => [name, shape]));
    const alike = [...(waiting.get(key) ?? []), batch];
    waiting.set(key, alike.length === most ? [] : alike);
    if (alike.length === most) yield join(alike);
  }
  for (const alike of waiting.values()) if (alike.length > 0) yield join(alike);
}

function join(batches: readonly Batch[]): Batch {
  const [head] = batches as readonly [Batch];
  const names = Object.keys(head.feeds);
  const feeds = Object.fromEntries(
    names.map((name) => [name, joinRows(batches.map((one) => one.feeds[name] as NdArray))]),
  );
  return { ...head, feeds, extras: {}, size: batches.length };
}

async function* without(first: number, batches: AsyncGenerator<Batch>): AsyncGenerator<Batch> {
  let passed = 0;
  for await (const batch of batches) {
    if (passed >= first) yield batch;
    passed += batch.size;
  }
}

function bytesOf(feeds: Feeds): number {
  return Object.values(feeds).reduce((sum, array) => sum + toBytes(array).length, 0);
}

function notesOn(dataset: Dataset, samples: number): string[] {
  const notes: string[] = [];
  if (dataset.summary.reader === 'random')
    notes.push('Calibrated with random inputs: the ranges are not those of real data, and accuracy will suffer.');
  if (samples < few) notes.push(fewNote(samples));
  return notes;
}

/** The interval is the narrowest that there can be: that of answers which are all right. */
function fewNote(samples: number): string {
  const count = samples === 1 ? '1 calibration sample' : `${samples} calibration samples`;
  const least = Math.round(100 * wilsonInterval(samples, samples)[0]);
  return `Only ${count}: ranges are left to chance, and of an accuracy judged on so few one would know, were all answers right, that it lies between ${least} % and 100 % (95 % interval); give 100 or more.`;
}
