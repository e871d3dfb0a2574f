/** What a quantization method is: a row of the list, and the function behind it. */

import type { MethodSpec, OptionSpecs, OptionValues, StepContext, StepOutcome, Targets } from '../contract';
import { LatheError } from '../contract';
import type { Dataset } from '../data/dataset';
import type { Model } from '../onnx/ir';
import type { Placement } from './place';

export type QuantizeContext = StepContext<Model, Dataset>;

export interface QuantizeMethod<Specs extends OptionSpecs = OptionSpecs> extends MethodSpec {
  readonly options: Specs;
  run(
    model: Model,
    options: OptionValues<Specs>,
    targets: Targets,
    context: QuantizeContext,
  ): Promise<StepOutcome<Model>>;
}

/** Lets a method's function see its own option types, and forgets them for the list. */
export function quantizeMethod<const Specs extends OptionSpecs>(method: QuantizeMethod<Specs>): QuantizeMethod {
  return method as unknown as QuantizeMethod;
}

/**
 * Counts the layers of a placement: Conv, Gemm and MatMul.
 * @param keptFloat why nodes were left out of the placement
 */
export function countUnits(
  tally: Tally,
  { eligible, skipped, units }: Placement,
  keptFloat: ReadonlyMap<string, string> = new Map(),
): void {
  tally.eligible = eligible;
  tally.changed = units.filter((unit) => unit.kind === 'compute').length;
  for (const { node, reason } of skipped) tally.skip(node, keptFloat.get(node.name) ?? reason);
}

/** Counts what a method met, for the Step's log. */
export class Tally {
  readonly skipped: { node: string; reason: string }[] = [];
  readonly notes: string[] = [];
  eligible = 0;
  changed = 0;

  skip(node: { readonly name: string }, reason: string): void {
    this.skipped.push({ node: node.name, reason });
  }

  note(sentence: string): void {
    this.notes.push(sentence);
  }

  /** @throws LatheError where nothing was changed: a quantize Step never succeeds in silence */
  outcome(model: Model, method: string): StepOutcome<Model> {
    if (this.changed === 0) throw this.#nothingChanged(method);
    return { model, eligible: this.eligible, changed: this.changed, skipped: this.skipped, notes: this.notes };
  }

  #nothingChanged(method: string): LatheError {
    const reasons = new Map<string, number>();
    for (const { reason } of this.skipped) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    const most = [...reasons].sort((a, b) => b[1] - a[1]).slice(0, 3);
    return new LatheError({
      who: `quantize ${method}`,
      what:
        most.length === 0
          ? 'nothing changed, since the model has no node that this method could change'
          : `nothing changed: ${most.map(([reason, count]) => `${count} × ${reason}`).join('; ')}`,
      next: 'try another method or other targets',
      code: 'failed',
    });
  }
}
