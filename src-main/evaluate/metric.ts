/** What a metric kind is: a file in `metrics/`, listed in its `index.ts`, chosen by `metric.kind` of meta.json. */

import type { Evaluation } from '../contract';
import type { Batch, Meta, Split } from '../data';
import type { NdArray } from '../onnx/ir';
import type { Statistic } from './statistics/bootstrap';

/** One figure as it is listed and shown. */
export interface MetricSpec {
  /** As in `--json`: `accuracy`. */
  readonly name: string;
  readonly title: string;
  /** `share` (0…1), `nats`, `bits`, `perplexity`, `1`, or the unit of the labels. */
  readonly unit: string;
  readonly better: 'high' | 'low';
}

export interface ScoringContext {
  readonly meta: Meta;
  readonly split: Split;
  /** Name of the output that is scored. */
  readonly output: string;
  /** Whether the graph says that the output is probabilities or their logarithms; null: look at the numbers. */
  readonly scale: OutputScale | null;
}

export type OutputScale = 'logits' | 'probabilities' | 'log-probabilities';

/** The scored output of one batch, its first axis cut to the samples. `element` feeding: the whole output of one run. */
export interface Answer {
  readonly output: NdArray;
  readonly batch: Batch;
}

/** Takes answers in order and keeps what the figures are made from; never the outputs. */
export interface Scorer<Evidence> {
  /** @throws LatheError where output or labels do not fit the metric */
  add(answer: Answer): void;
  finish(): Evidence;
}

/** A figure over units that are drawn together: samples, or clips, pages, texts that belong together. */
export type Measure =
  /** One yes or no a unit: Wilson's interval, McNemar's test. */
  | { readonly name: string; readonly kind: 'share'; readonly hits: Uint8Array }
  | { readonly name: string; readonly kind: 'statistic'; readonly value: Statistic };

export interface Judgement {
  readonly units: number;
  /** In the order of the kind's `metrics`. */
  readonly measures: readonly Measure[];
  /** What the model decided, for the share of equal decisions; null where it decides nothing. */
  readonly decisions: readonly (number | string)[] | null;
  readonly classes: Evaluation['classes'];
  /** What is suspicious about a model that should be good: near chance, one class for everything. */
  readonly suspicions: readonly { readonly code: string; readonly message: string }[];
}

export interface MetricKind<Evidence = unknown> {
  /** As in meta.json: `top1`. */
  readonly kind: string;
  readonly title: string;
  readonly source: string;
  /** The first one decides. */
  readonly metrics: readonly MetricSpec[];
  start(context: ScoringContext): Promise<Scorer<Evidence>>;
  /** @param evidence of {@link Scorer.finish}, maybe from a cache file: plain values and typed arrays only */
  judge(evidence: Evidence): Judgement;
  /**
   * The numbers that fidelity compares, one row a sample; fewer rows (or none) where the rest would be too much to keep.
   * The scored output itself where absent.
   */
  readonly comparable?: (answer: Answer) => NdArray;
}

/** Holds a typed kind as one of the list. */
export function metricKind<Evidence>(kind: MetricKind<Evidence>): MetricKind {
  return kind as MetricKind;
}
