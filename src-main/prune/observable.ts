/** Weights that a method which looks at activations can work on. */

import { elementCount } from '../onnx/ir';
import { type FeatureLayout, featureLayout } from './features';
import type { PruneContext } from './method';
import type { Observed } from './observe';
import { patternOf } from './options';
import { type FoundWeights, setAside } from './weights';

/** A weight is held whole while it is judged: 256 MB. */
const largest = 64 << 20;

/** @param pattern `none`, or such as `2:4`, which needs as many features as its second number */
export function observable(all: FoundWeights, pattern: string): { found: FoundWeights; observed: Observed[] } {
  const m = pattern === 'none' ? 1 : patternOf(pattern).m;
  const found = setAside(all, (weight) => {
    if (elementCount(weight.tensor.shape) > largest) return 'its weight is above 256 MB';
    const layout = featureLayout(weight);
    if (typeof layout === 'string') return layout;
    const inputs = layout.features / layout.positions;
    return inputs < m ? `its neurons have ${inputs} inputs, fewer than ${m}` : null;
  });
  const observed = found.weights.map((weight) => ({ weight, layout: featureLayout(weight) as FeatureLayout }));
  return { found, observed };
}

/** What a reader of the log should know about the data. */
export function dataNotes({ dataset }: PruneContext): string[] {
  if (dataset?.summary.reader === 'random')
    return ['Activations were observed on random inputs: the choice of weights is not that of real data.'];
  return [];
}
