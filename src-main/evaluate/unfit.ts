/** The message where outputs or labels do not suit a metric. */

import { LatheError } from '../contract';
import type { NdArray } from '../onnx/ir';
import type { Answer, ScoringContext } from './metric';

/** @param what one clause: `should hold one text a sample` */
export function unfitLabels(context: ScoringContext, what: string): LatheError {
  return new LatheError({
    who: `${context.split.name} data, array "labels"`,
    what,
    next: `metric "${context.meta.metric?.kind}" is named in meta.json`,
  });
}

/** @param expected `[samples, steps, classes]` */
export function unfitOutput(context: ScoringContext, { output, batch }: Answer, expected: string): LatheError {
  return new LatheError({
    who: `output "${context.output}"`,
    what: `has shape [${output.shape.join(', ')}] for ${batch.size} samples where metric "${context.meta.metric?.kind}" scores ${expected}`,
    next: 'name another output or metric in meta.json',
  });
}

/** The labels of a batch. @throws LatheError where there are none */
export function labelsOf(context: ScoringContext, { batch }: Answer): NdArray {
  const { labels } = batch.extras;
  if (labels === undefined) throw unfitLabels(context, 'is missing');
  return labels;
}
