/** The samples that a method may look at: rows of the calibration split, spread over the whole of it. */

import { LatheError } from '../contract';
import type { Batch, Dataset, Split } from '../data/dataset';
import type { QuantizeContext } from './method';
import { withoutPadding } from './padding';

/** Fewer samples than this leave ranges to chance. */
const few = 16;

export interface CalibrationData {
  /** How many samples will be read. */
  readonly samples: number;
  /** What the reader of the log should know about them. */
  readonly notes: readonly string[];
  /** Where statistics of these samples are kept, and what the samples are; null where nothing is to be kept. */
  readonly cache: { readonly folder: string; readonly key: string } | null;
  /**
   * Batches in order, the same on each call.
   * @param first how many samples to leave out
   */
  batches(first?: number): AsyncGenerator<Batch>;
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
  return {
    samples: rows.length,
    notes: notesOn(dataset, rows.length),
    cache: cacheOf(context, dataset, rows.length),
    batches: (first = 0) => readRows(split, rows.slice(first), size, context),
  };
}

function cacheOf(
  { cacheDir, dims }: QuantizeContext,
  { summary, runSize }: Dataset,
  samples: number,
): CalibrationData['cache'] {
  if (cacheDir === undefined) return null;
  return { folder: cacheDir, key: JSON.stringify(['unpadded', summary.hash, summary.reader, dims, runSize, samples]) };
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

function notesOn(dataset: Dataset, samples: number): string[] {
  const notes: string[] = [];
  if (dataset.summary.reader === 'random')
    notes.push('Calibrated with random inputs: the ranges are not those of real data, and accuracy will suffer.');
  if (samples < few)
    notes.push(
      `Only ${samples} calibration samples: ranges are left to chance, and an accuracy judged on them would be known to ±${Math.round(98 / Math.sqrt(samples))} points at best; give 100 or more.`,
    );
  return notes;
}
