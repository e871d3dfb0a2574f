/** The rows that training draws from: read once in parts, shuffled by seed, with a tenth held out for validation. */

import { LatheError, type Work } from '../contract';
import type { Dataset, Split } from '../data/dataset';
import { Random } from '../kernels/random';
import { elementCount, type Feeds, type NdArray, zeros } from '../onnx/ir';

export interface Rows {
  readonly feeds: Feeds;
  /** Classes, one after the other where a row has several (one a token); null where the data has no labels. */
  readonly labels: BigInt64Array | null;
  readonly size: number;
}

export interface TrainingSamples {
  /** Name of the split they come from. */
  readonly split: 'train' | 'calibration';
  /** Row numbers in the split. */
  readonly training: Int32Array;
  /** The last tenth of the rows in seeded order; never the test split. */
  readonly validation: Int32Array;
  /** The largest class that is named; −1 without labels. */
  readonly largestLabel: number;
  gather(rows: Int32Array): Rows;
}

/** A part is read at once; no array of a part passes this. */
const partBytes = 64 * 2 ** 20;
/** More than this is not held: the message says what to do. */
const mostBytes = 4 * 2 ** 30;

/** One to learn from and one to judge by. */
const fewestSamples = 2;

/** @throws LatheError where the data has neither a train nor a calibration split, too few samples, or is fed element by element */
export function trainingSplit(dataset: Dataset): Split {
  const split = dataset.train ?? dataset.calibration;
  if (split === null)
    throw new LatheError({
      who: dataset.path,
      what: 'has neither a train nor a calibration split',
      next: 'add a train.npz',
    });
  if (dataset.meta.feed === 'element') {
    throw new LatheError({
      who: dataset.path,
      what: 'is fed element by element, which training does not support',
      next: 'store samples of one shape stacked in arrays (feed "slice")',
    });
  }
  if (split.samples < fewestSamples) {
    throw new LatheError({
      who: dataset.path,
      what: `has ${split.samples} sample to train with, and at least ${fewestSamples} are needed: one to learn from, one to judge the weights by`,
      next: 'give as many as you have in train.npz or calib.npz; a few hundred are a beginning',
    });
  }
  return split;
}

/** @throws LatheError where labels are no classes, or the data is too large to be held */
export async function loadSamples(
  dataset: Dataset,
  inputs: readonly string[],
  seed: number,
  work: Work,
): Promise<TrainingSamples> {
  const split = trainingSplit(dataset);
  const labels = labelsOf(await split.array('labels'), dataset.path);
  const parts = await readParts(split, inputs, work);
  const order = shuffled(
    Int32Array.from({ length: split.samples }, (_, at) => at),
    seed,
  );
  const held = Math.max(1, Math.floor(split.samples / 10));
  return {
    split: dataset.train === null ? 'calibration' : 'train',
    training: order.subarray(0, split.samples - held),
    validation: order.subarray(split.samples - held),
    largestLabel: labels === null ? -1 : labels.classes.reduce((most, label) => Math.max(most, Number(label)), -1),
    gather: (rows) => ({
      feeds: gatherFeeds(parts, inputs, rows),
      labels: labels === null ? null : gatherLabels(labels, rows),
      size: rows.length,
    }),
  };
}

interface Part {
  readonly first: number;
  readonly feeds: Feeds;
}

async function readParts(split: Split, inputs: readonly string[], work: Work): Promise<Part[]> {
  const probe = await split.read(0, 1);
  const rowBytes = inputs.reduce((sum, name) => sum + byteLength(probe.feeds[name]), 0);
  if (rowBytes * split.samples > mostBytes) {
    throw new LatheError({
      who: `split "${split.name}"`,
      what: `its ${split.samples} samples take ${((rowBytes * split.samples) / 2 ** 30).toFixed(1)} GiB, more than the ${mostBytes / 2 ** 30} GiB that are held for training`,
      next: 'store fewer samples',
    });
  }
  const size = Math.max(1, Math.floor(partBytes / Math.max(1, rowBytes)));
  const parts: Part[] = [];
  for (let first = 0; first < split.samples; first += size) {
    work.signal.throwIfAborted();
    parts.push({ first, feeds: (await split.read(first, size)).feeds });
  }
  return parts;
}

function byteLength(array: NdArray | undefined): number {
  return array === undefined || array.dtype === 'string' ? 0 : (array.data as Uint8Array).byteLength;
}

function gatherFeeds(parts: readonly Part[], inputs: readonly string[], rows: Int32Array): Feeds {
  const first = parts[0] as Part;
  const size = parts.length > 1 ? (parts[1] as Part).first : Number.POSITIVE_INFINITY;
  return Object.fromEntries(
    inputs.map((name) => {
      const like = first.feeds[name] as NdArray<'float32'>;
      const shape = like.shape.slice(1);
      const stride = elementCount(shape);
      const gathered = zeros(like.dtype, [rows.length, ...shape]);
      rows.forEach((row, at) => {
        const part = parts[Number.isFinite(size) ? Math.floor(row / size) : 0] as Part;
        const from = (row - part.first) * stride;
        const source = part.feeds[name] as NdArray<'float32'>;
        gathered.data.set(source.data.subarray(from, from + stride), at * stride);
      });
      return [name, gathered];
    }),
  );
}

interface Labels {
  readonly classes: BigInt64Array;
  /** Labels of one row: 1, or one for each token. */
  readonly perRow: number;
}

function labelsOf(array: NdArray | undefined, path: string): Labels | null {
  if (array === undefined) return null;
  const whole = array.dtype !== 'string' && Array.from(array.data as Iterable<number | bigint>).every(isWhole);
  if (!whole || array.shape.length === 0) {
    throw new LatheError({
      who: path,
      what: `labels of shape [${array.shape.join(', ')}] and type ${array.dtype} are no classes`,
      next: 'train from a teacher alone',
    });
  }
  const classes = BigInt64Array.from(Array.from(array.data as Iterable<number | bigint>, BigInt));
  return { classes, perRow: elementCount(array.shape.slice(1)) };
}

function isWhole(value: number | bigint): boolean {
  return typeof value === 'bigint' || Number.isInteger(value);
}

function gatherLabels({ classes, perRow }: Labels, rows: Int32Array): BigInt64Array {
  const gathered = new BigInt64Array(rows.length * perRow);
  rows.forEach((row, at) => {
    gathered.set(classes.subarray(row * perRow, (row + 1) * perRow), at * perRow);
  });
  return gathered;
}

/** The given rows in a seeded order. */
export function shuffled(rows: Int32Array, seed: number): Int32Array {
  return Int32Array.from(new Random(seed).shuffle(Array.from(rows)));
}
