/** The kinds of Step there are, each from the room that does it. */

import { LatheError, type MethodSpec, type StepKind, type StepKindName, stepKinds } from '../contract';
import type { Dataset } from '../data/dataset';
import { distilStep } from '../distil/step';
import type { Model } from '../onnx/ir';
import { cleanStep } from '../passes/step';
import { pruneStep } from '../prune/step';
import { quantizeStep } from '../quantize/step';

const byName: Readonly<Record<StepKindName, StepKind<Model, Dataset>>> = {
  clean: cleanStep,
  prune: pruneStep,
  quantize: quantizeStep,
  distil: distilStep,
};

/** In the order in which they are offered. */
export const stepKindList: readonly StepKind<Model, Dataset>[] = stepKinds.map((kind) => byName[kind]);

export function stepKind(name: StepKindName): StepKind<Model, Dataset> {
  return byName[name];
}

export function methodOf(kind: StepKind<Model, Dataset>, name: string, where: string): MethodSpec {
  const found = kind.methods.find((method) => method.name === name);
  if (found !== undefined) return found;
  throw new LatheError({
    who: where,
    what: `${kind.kind} has no method "${name}"`,
    next: `it knows ${kind.methods.map((method) => method.name).join(', ')}`,
    code: 'usage',
  });
}
