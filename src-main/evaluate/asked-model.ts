/** A model that is asked, and what its answers are made into. */

import type { Work } from '../contract';
import type { Dataset, Split } from '../data';
import type { Model, NdArray } from '../onnx/ir';
import type { Session } from '../onnx/session';
import { sampleRows, scoredOutput } from './answers';
import type { Answer, MetricKind, Scorer } from './metric';
import { outputScale } from './output-scale';

/** A model that is asked, and the data as it is fed to it. */
export interface AskedModel {
  readonly model: Model;
  readonly session: Session;
  readonly dataset: Dataset;
  readonly split: Split;
}

/** A scorer of the kind for this model; null where there is no kind. */
export async function startScorer(asked: AskedModel, kind: MetricKind | null): Promise<Scorer<unknown> | null> {
  if (kind === null) return null;
  const output = scoredOutput(asked.session, asked.dataset);
  return kind.start({ meta: asked.dataset.meta, split: asked.split, output, scale: outputScale(asked.model, output) });
}

/** What fidelity compares of an answer: rows, one a sample; null where the output has none. */
export function comparableRows(answer: Answer, kind: MetricKind | null, feed: 'slice' | 'element'): NdArray | null {
  return kind?.comparable === undefined ? sampleRows(answer, feed) : kind.comparable(answer);
}

/** Says how far the walk through the split is. */
export function tell(work: Work, phase: string, { split }: AskedModel, { batch }: Answer): void {
  const done = batch.first + batch.size;
  work.progress({ phase, fraction: done / split.samples, detail: `${done} of ${split.samples} samples` });
}
