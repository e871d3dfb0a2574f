/** Dataset: named samples with splits. A Reader opens it from a file or folder. */

import type { DatasetSummary, SplitName } from '../contract';
import type { Feeds, NdArray } from '../onnx/ir';
import type { SessionValue } from '../onnx/session/session';

/** meta.json, as far as Lathe reads it; the rest is kept. */
export interface Meta {
  readonly feed: 'slice' | 'element';
  /** Name of the output that is scored; null = the first. */
  readonly output: string | null;
  /** Batch size of the evaluation. */
  readonly batch: number;
  /** null: no labels, or nothing said: fidelity only. */
  readonly metric: { readonly kind: string; readonly name: string | null } | null;
  readonly classes: readonly string[] | null;
  /** State input → state output of streaming models. */
  readonly state: Readonly<Record<string, string>> | null;
  readonly stateShape: readonly number[] | null;
  readonly folder: string | null;
  /** meta.json itself, parsed. */
  readonly raw: Readonly<Record<string, unknown>>;
}

export interface Batch {
  /** By model input. `slice`: rows first…first+size of each array. `element`: one run's whole feed. */
  readonly feeds: Feeds;
  /** The arrays that are no model input, same rows: labels, roles, clip numbers. */
  readonly extras: Readonly<Record<string, NdArray>>;
  /** Index of its first sample in the split. */
  readonly first: number;
  /** Samples; feeds may have more rows where the model fixes its batch axis (see `batches`). */
  readonly size: number;
}

export interface Split {
  readonly name: SplitName;
  readonly samples: number;
  /** Names of the arrays that are no model input. */
  readonly extras: readonly string[];
  /** Rows `first`…`first + size` (fewer at the end); for `element` feeding, size is 1. */
  read(first: number, size: number): Promise<Batch>;
  /** Rows by number, in the order asked for: a shuffled batch of a training run. `first` of the batch is -1. */
  gather(rows: readonly number[]): Promise<Batch>;
  /** One array of the split whole, such as `labels`; undefined where there is none. */
  array(name: string): Promise<NdArray | undefined>;
}

export interface Dataset {
  readonly path: string;
  readonly summary: DatasetSummary;
  readonly meta: Meta;
  /** Samples that one run must have, where the model fixes its batch axis; null: any number. */
  readonly runSize: number | null;
  readonly calibration: Split | null;
  readonly train: Split | null;
  readonly test: Split | null;
}

export interface OpenOptions {
  /** Sizes for symbolic dims that the user gave. */
  readonly dims: Readonly<Record<string, number>>;
  readonly signal?: AbortSignal | undefined;
}

/** A way to open data: a file in `readers/`, listed in its `index.ts`. */
export interface Reader {
  /** As in the summary: `npz-folder`. */
  readonly name: string;
  readonly title: string;
  /** What a file or folder has to look like, for the message where no reader fits. */
  readonly expects: string;
  /** A quick look at the names, never at the contents. */
  fits(path: string): Promise<boolean>;
  /** @throws LatheError where the data does not fit the model's inputs */
  open(path: string, inputs: readonly SessionValue[], options: OpenOptions): Promise<Dataset>;
}
