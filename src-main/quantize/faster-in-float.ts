/**
 * Which operators are better left in float because their integer kernels are slower, by what they cost and not by the
 * clock: onnxruntime's depthwise layers, plain MaxPool and first layers of few channels are, where the conversions around
 * them do not eat up the gain. Only what holds hardly any of the weights is asked about, so that the file stays small.
 */

import { elementCount, type Node } from '../onnx/ir';
import type { CostModel } from './cost';
import { activationsOf, outputsOf, type Placement, type Unit } from './place';
import type { StaticQuantizer } from './static-quantizer';

export const fasterInFloatReason = 'its integer kernel is slower on this CPU than the float one';

/** Share of the weights up to which a layer may be left in float for speed alone. */
const smallShare = 0.01;
/** Share of a run that must be won: less is not told apart by costs. */
const worthIt = 0.01;
/** How many operators in a row are tried together: one alone may cost more in conversions than it wins. */
const runLengths = [1, 2, 4, 8];
const mostSweeps = 3;

/**
 * Takes runs of units out as long as the cost falls.
 * @param wide as {@link StaticQuantizer.placement} takes it
 */
export function fasterInFloat(
  quantizer: StaticQuantizer,
  costs: CostModel,
  wide: ReadonlySet<string> = new Set(),
): ReadonlySet<string> {
  const search = new Search(quantizer, costs, wide);
  for (let sweep = 0; sweep < mostSweeps && search.sweep(); sweep++);
  return search.kept;
}

class Search {
  kept: ReadonlySet<string> = new Set();
  readonly #quantizer: StaticQuantizer;
  readonly #costs: CostModel;
  readonly #wide: ReadonlySet<string>;
  readonly #all: readonly Unit[];
  /** Units that may be left in float. */
  readonly #small: ReadonlySet<Unit>;
  #placement: Placement;
  /** Nodes that run on integers. */
  #inside: ReadonlySet<Node>;
  #cost: number;

  constructor(quantizer: StaticQuantizer, costs: CostModel, wide: ReadonlySet<string>) {
    this.#quantizer = quantizer;
    this.#costs = costs;
    this.#wide = wide;
    this.#placement = quantizer.placement(new Set(), wide);
    this.#inside = insideOf(this.#placement);
    this.#cost = costs.placed(this.#placement);
    this.#all = this.#placement.units;
    const total = this.#all.reduce((sum, unit) => sum + weightsOf(quantizer, unit), 0);
    this.#small = new Set(this.#all.filter((unit) => weightsOf(quantizer, unit) <= smallShare * total));
  }

  /** @returns whether anything was taken out */
  sweep(): boolean {
    const before = this.kept.size;
    for (const length of runLengths)
      for (let at = 0; at + length <= this.#all.length; at++) this.#try(this.#all.slice(at, at + length));
    return this.kept.size > before;
  }

  #try(run: readonly Unit[]): void {
    const rest = run.filter(({ node }) => !this.kept.has(node.name));
    if (rest.length === 0 || !run.every((unit) => this.#small.has(unit)) || !this.#mayWin(rest)) return;
    const kept = new Set([...this.kept, ...rest.map(({ node }) => node.name)]);
    const placement = this.#quantizer.placement(kept, this.#wide);
    const cost = this.#costs.placed(placement);
    if (cost > this.#cost * (1 - worthIt)) return;
    [this.kept, this.#placement, this.#inside, this.#cost] = [kept, placement, insideOf(placement), cost];
  }

  /** Conversions only become more where no neighbour is in float; then the kernels themselves must win. */
  #mayWin(run: readonly Unit[]): boolean {
    const gain = run.reduce((sum, unit) => sum + Math.min(0, this.#costs.gain(unit)), 0);
    if (gain === 0) return false;
    const { entering } = this.#placement;
    const besideFloat = run.some(
      (unit) => activationsOf(unit).some((value) => entering.has(value)) || this.#isReadByFloat(unit),
    );
    return besideFloat || -gain > worthIt * this.#cost;
  }

  #isReadByFloat(unit: Unit): boolean {
    const { index } = this.#quantizer;
    return outputsOf(unit).some(
      (value) => index.isOutput(value) || index.consumers(value).some((node) => !this.#inside.has(node)),
    );
  }
}

function insideOf({ units }: Placement): ReadonlySet<Node> {
  return new Set(units.flatMap(({ node, absorbed }) => [node, ...absorbed]));
}

/** Elements of the weight of a layer; 0 of any other unit. */
export function weightsOf({ constants }: StaticQuantizer, { kind, node }: Unit): number {
  const weight = kind === 'compute' ? constants.tensor(node.inputs[1] as string) : undefined;
  return weight === undefined ? 0 : elementCount(weight.shape);
}
