/** Runs a metric kind over given outputs, without a model. */

import type { Meta } from '../../src-main/data';
import { takeRows } from '../../src-main/data';
import type { Judgement, MetricKind, OutputScale } from '../../src-main/evaluate/metric';
import type { NdArray } from '../../src-main/onnx/ir';

export interface ScoreOptions {
  readonly meta?: Partial<Meta>;
  readonly scale?: OutputScale;
  /** Model inputs that the metric looks at. */
  readonly feeds?: Readonly<Record<string, NdArray>>;
  /** Samples a batch: what comes out may not depend on it. */
  readonly batch?: number;
}

/** @param output [samples, ...]; `extras` the arrays that are no model input, labels among them */
export async function score(
  kind: MetricKind,
  output: NdArray,
  extras: Readonly<Record<string, NdArray>>,
  options: ScoreOptions = {},
): Promise<Judgement> {
  const samples = output.shape[0] as number;
  const meta: Meta = {
    feed: 'slice',
    output: null,
    batch: 4,
    metric: { kind: kind.kind, name: null },
    classes: null,
    state: null,
    stateShape: null,
    folder: null,
    raw: {},
    ...options.meta,
  };
  const rowsOf = (array: NdArray, first: number, size: number) =>
    takeRows(
      array,
      Array.from({ length: size }, (_, at) => first + at),
    );
  const split = {
    name: 'test' as const,
    samples,
    extras: Object.keys(extras),
    read: () => Promise.reject(new Error('metrics get their batches')),
    gather: () => Promise.reject(new Error('metrics get their batches')),
    array: async (name: string) => extras[name],
  };
  const scorer = await kind.start({ meta, split, output: 'scores', scale: options.scale ?? null });
  const step = meta.feed === 'element' ? 1 : (options.batch ?? 4);
  for (let first = 0; first < samples; first += step) {
    const size = Math.min(step, samples - first);
    const rows = rowsOf(output, first, size);
    const cut = (arrays: Readonly<Record<string, NdArray>>) =>
      Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, rowsOf(array, first, size)]));
    const batch = {
      feeds: cut(options.feeds ?? {}),
      extras: cut(extras),
      first,
      size,
    };
    scorer.add({ output: meta.feed === 'element' ? { ...rows, shape: rows.shape.slice(1) } : rows, batch });
  }
  return kind.judge(structuredClone(scorer.finish()));
}

/** Every figure of a judgement by name. */
export function valuesOf(judgement: Judgement): Record<string, number> {
  return Object.fromEntries(
    judgement.measures.map((measure) => [
      measure.name,
      measure.kind === 'statistic'
        ? measure.value(null)
        : measure.hits.reduce((sum, hit) => sum + hit, 0) / measure.hits.length,
    ]),
  );
}
