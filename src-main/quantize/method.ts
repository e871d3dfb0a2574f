/** What a quantization method is: a row of the list, and the function behind it. */

import type { MethodSpec, OptionSpecs, OptionValues, StepContext, StepOutcome, Targets } from '../contract';
import { LatheError } from '../contract';
import type { Dataset } from '../data/dataset';
import { elementCount, type Model } from '../onnx/ir';
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
    if (this.changed === 0) throw this.#nothingChanged(model, method);
    return { model, eligible: this.eligible, changed: this.changed, skipped: this.skipped, notes: this.notes };
  }

  #nothingChanged(model: Model, method: string): LatheError {
    const reasons = new Map<string, string[]>();
    for (const { node, reason } of this.skipped) reasons.set(reason, [...(reasons.get(reason) ?? []), node]);
    const most = [...reasons].sort((a, b) => b[1].length - a[1].length).slice(0, 3);
    return new LatheError({
      who: `quantize ${method}`,
      what:
        most.length === 0
          ? `nothing changed, since the model has no node that this method could change${otherTypes(model)}`
          : `nothing changed: ${most.map(([reason, nodes]) => `${named(nodes)}: ${reason}`).join('; ')}`,
      next: 'try another method or other targets',
      code: 'failed',
    });
  }
}

/** The first by its name, the others by their number. */
function named([first, ...more]: readonly string[]): string {
  return `"${first}"${more.length === 0 ? '' : ` and ${more.length} more`}`;
}

/** Weights that are no float32, which a model has that was compressed before. */
function otherTypes({ graph }: Model): string {
  const weights = [...graph.initializers.values()].filter(({ shape }) => elementCount(shape) > 1);
  const types = [...new Set(weights.map(({ dtype }) => dtype))].filter((dtype) => dtype !== 'float32');
  return types.length === 0
    ? ''
    : ` (it holds ${types.join(', ')} already: take the float32 model that it was made from)`;
}
