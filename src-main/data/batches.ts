/** Walking through a split in batches that the model can take. */

import { LatheError } from '../contract';
import { type Feeds, type NdArray, toBytes } from '../onnx/ir';
import type { Batch, Dataset, Split } from './dataset';

export interface BatchOptions {
  /** Samples a batch; the model's own where it fixes its batch axis, 1 for `element` feeding. */
  readonly size?: number | undefined;
  /** At most so many samples, from the first. */
  readonly limit?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The batches of a split in order. Where the model fixes its batch axis, the last feed is filled up by repeating its
 * last row: such a batch has fewer samples (`size`) than rows.
 */
export async function* batches(dataset: Dataset, split: Split, options: BatchOptions = {}): AsyncGenerator<Batch> {
  const size = batchSize(dataset, options.size);
  const samples = Math.min(split.samples, options.limit ?? split.samples);
  for (let first = 0; first < samples; first += size) {
    options.signal?.throwIfAborted();
    const batch = await split.read(first, Math.min(size, samples - first));
    yield dataset.runSize !== null && batch.size < dataset.runSize
      ? { ...batch, feeds: fillUp(batch.feeds, dataset.runSize) }
      : batch;
  }
}

/** Samples that one run of the dataset's model takes, as near to what is wanted as the model lets. */
export function batchSize(dataset: Pick<Dataset, 'meta' | 'runSize'>, wanted?: number): number {
  if (dataset.meta.feed === 'element') return 1;
  return dataset.runSize ?? wanted ?? dataset.meta.batch;
}

function fillUp(feeds: Feeds, rows: number): Feeds {
  return Object.fromEntries(Object.entries(feeds).map(([name, array]) => [name, repeatLastRow(array, rows)]));
}

function repeatLastRow(array: NdArray, rows: number): NdArray {
  const have = array.shape[0] as number;
  return takeRows(
    array,
    Array.from({ length: rows }, (_, row) => Math.min(row, have - 1)),
  );
}

/** Rows of an array by number, copied in the order asked for. */
export function takeRows<T extends NdArray>(array: T, rows: readonly number[]): T {
  const [have, ...sample] = array.shape as [number, ...number[]];
  for (const row of rows)
    if (row < 0 || row >= have) throw new LatheError({ who: 'rows', what: `row ${row} of ${have}`, code: 'failed' });
  const width = sample.reduce((product, dim) => product * dim, 1);
  const shape = [rows.length, ...sample];
  if (array.dtype === 'string') {
    const texts = array.data as string[];
    return { ...array, shape, data: rows.flatMap((row) => texts.slice(row * width, (row + 1) * width)) };
  }
  const source = array.data as Float32Array;
  const data = new (source.constructor as Float32ArrayConstructor)(rows.length * width);
  rows.forEach((row, at) => {
    data.set(source.subarray(row * width, (row + 1) * width), at * width);
  });
  return { ...array, shape, data };
}

/** Rows joined end to end. @throws LatheError never for arrays of one dtype and sample shape */
export function joinRows(parts: readonly NdArray[]): NdArray {
  const head = parts[0] as NdArray;
  const rows = parts.reduce((sum, part) => sum + (part.shape[0] as number), 0);
  const shape = [rows, ...head.shape.slice(1)];
  if (head.dtype === 'string') return { ...head, shape, data: parts.flatMap((part) => part.data as string[]) };
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + toBytes(part).length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(toBytes(part), at);
    at += toBytes(part).length;
  }
  const Elements = head.data.constructor as Float32ArrayConstructor;
  return { ...head, shape, data: new Elements(bytes.buffer) };
}
