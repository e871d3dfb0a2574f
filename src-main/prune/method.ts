/** What a pruning method is: a row of the list, and the function behind it. */

import type { MethodSpec, OptionSpecs, OptionValues, StepContext, StepOutcome, Targets } from '../contract';
import type { Dataset } from '../data/dataset';
import type { Model } from '../onnx/ir';

export type PruneContext = StepContext<Model, Dataset>;

export interface PruneMethod<Specs extends OptionSpecs = OptionSpecs> extends MethodSpec {
  readonly options: Specs;
  run(model: Model, options: OptionValues<Specs>, targets: Targets, context: PruneContext): Promise<StepOutcome<Model>>;
}

/** Lets a method's function see its own option types, and forgets them for the list. */
export function pruneMethod<const Specs extends OptionSpecs>(method: PruneMethod<Specs>): PruneMethod {
  return method as unknown as PruneMethod;
}
