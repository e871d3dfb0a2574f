/** Dataset: named samples with splits. A Reader opens it from a file or folder. */

import type { DatasetSummary, SplitName } from '../contract';
import type { Feeds, NdArray } from '../onnx/ir';

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
  readonly size: number;
}

export interface Split {
  readonly name: SplitName;
  readonly samples: number;
  /** Rows `first`…`first + size` (fewer at the end); for `element` feeding, size is 1. */
  read(first: number, size: number): Promise<Batch>;
  /** One array of the split whole, such as `labels`; undefined where there is none. */
  array(name: string): Promise<NdArray | undefined>;
}

export interface Dataset {
  readonly path: string;
  readonly summary: DatasetSummary;
  readonly meta: Meta;
  readonly calibration: Split | null;
  readonly train: Split | null;
  readonly test: Split | null;
}
