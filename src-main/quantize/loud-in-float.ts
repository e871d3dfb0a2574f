/**
 * Which operators are left in float because rounding at them costs the outputs most, though in float they take hardly any
 * time or space: often a stem, whose few channels everything behind it reads. Measured on a few calibration samples,
 * where the model is small enough for that to take no time.
 */

import type { Work } from '../contract';
import { savedPass } from './calibrate';
import type { CalibrationData } from './calibration-data';
import type { CostModel } from './cost';
import { weightsOf } from './faster-in-float';
import type { Placement } from './place';
import { loudestSources, type Source, sourcesOf } from './sensitivity';
import { measuredValues, type StaticConfig, type StaticQuantizer } from './static-quantizer';
import type { Keepable } from './statistics-cache';

export const loudInFloatReason = 'rounding it costs the outputs most, and float hardly any time';

/** Noise of the outputs, as a share of their power, that is let be: 30 dB. */
const enough = 1e-3;
/** Share of all noise from which a source is looked at. */
const loudShare = 0.05;
/** Share of all noise that must go for any of it to be worth a larger file. */
const worthIt = 0.2;
/** Shares that what is left in float may add to a run, and hold of the weights. */
const mostTime = 0.02;
const mostWeights = 0.05;

/** Nanoseconds that measuring may take, by costs: a run with switches takes so many plain ones, and so many runs are made. */
const measuringTime = 0.5e9;
const slownessOfSwitches = 4;
const runsToMeasure = 40;
const mostSamples = 4;

/** How variants are judged, whatever ranges and types they have: one answer serves all of a model and its samples. */
const judgedAs = { calibrator: 'min-max', perChannel: true, symmetric: false } as const;

/**
 * Adds to `kept` what is loud and cheap. The answer is kept where the data has a cache, and then no model is run again.
 * @param wide layers with 16-bit activations
 * @param kept nodes in float already, e.g. because they are faster so
 */
export async function loudInFloat(
  quantizer: StaticQuantizer,
  costs: CostModel,
  wide: ReadonlySet<string>,
  kept: ReadonlySet<string>,
  data: CalibrationData,
  work: Work,
): Promise<ReadonlySet<string>> {
  const config = { ...judgedAs, wide };
  const samples = Math.floor(measuringTime / (runsToMeasure * slownessOfSwitches * costs.float()));
  const placement = quantizer.placement(kept, wide);
  // Without a convolution, as in transformers, all layers take about alike: none is cheap.
  if (samples === 0 || !placement.units.some(({ node }) => node.opType === 'Conv')) return kept;
  const few = data.few(Math.min(samples, mostSamples));
  const placed = placement.units.map(({ node }) => node.name);
  const nodes = quantizer.model.graph.nodes.map(({ name }) => name);
  const answer = new Answer(nodes, ['loud in float', placed, [...wide], [...kept], data.cache?.key]);
  const saved = savedPass({ model: quantizer.model, data: few }, [answer]);
  if (saved !== null && (await saved.resume()) === few.samples) return new Set([...kept, ...answer.loud]);
  const search = new Search(quantizer, costs, config, placement, kept);
  const question = { asked: search.mayBeCheap.bind(search), share: loudShare, enough };
  const { sources, noise } = await loudestSources(quantizer, placement, config, question, few, work);
  const gone = sources.filter((source) => search.silence(source)).reduce((sum, source) => sum + source.noise, 0);
  if (gone >= worthIt * noise) answer.loud = [...search.kept].filter((name) => !kept.has(name));
  await saved?.keep(few.samples);
  return new Set([...kept, ...answer.loud]);
}

/** Which of the nodes of those names are loud, as numbers that a cache keeps. */
class Answer implements Keepable {
  loud: readonly string[] = [];
  readonly key: string;
  readonly #names: readonly string[];

  constructor(names: readonly string[], question: readonly unknown[]) {
    this.#names = names;
    this.key = JSON.stringify(question);
  }

  state(): Float64Array {
    return Float64Array.from(this.loud, (name) => this.#names.indexOf(name));
  }

  restore(state: Float64Array): void {
    this.loud = Array.from(state, (at) => this.#names[at] as string);
  }
}

class Search {
  kept: ReadonlySet<string>;
  readonly #quantizer: StaticQuantizer;
  readonly #config: StaticConfig;
  readonly #costs: CostModel;
  readonly #known: ReadonlySet<string>;
  /** Of a run of the placement as it was, in nanoseconds, and with what may be added. */
  readonly #time: number;
  readonly #mostTime: number;
  readonly #weightsAtFirst: number;

  constructor(
    quantizer: StaticQuantizer,
    costs: CostModel,
    config: StaticConfig,
    placement: Placement,
    kept: ReadonlySet<string>,
  ) {
    this.kept = kept;
    this.#quantizer = quantizer;
    this.#costs = costs;
    this.#config = config;
    this.#known = new Set(measuredValues(placement));
    this.#time = costs.placed(placement);
    this.#mostTime = this.#time * (1 + mostTime);
    this.#weightsAtFirst = this.#weights(placement);
  }

  /** Whether the kernels alone, conversions aside, may stay within what is allowed. */
  mayBeCheap({ units }: Pick<Source, 'units'>): boolean {
    const time = units.reduce((sum, unit) => sum + this.#costs.gain(unit), 0);
    const weights = units.reduce((sum, unit) => sum + weightsOf(this.#quantizer, unit), 0);
    return time <= this.#mostTime - this.#time && weights <= this.#weightsAtFirst * mostWeights;
  }

  /** Leaves in float what rounds at a source, where that is cheap. @returns whether it is silent now */
  silence({ kind, name }: Source): boolean {
    let kept = this.kept;
    for (;;) {
      const placement = this.#quantizer.placement(kept, this.#config.wide);
      const present = sourcesOf(this.#quantizer, placement).find((each) => each.kind === kind && each.name === name);
      if (present === undefined) return this.#take(kept, placement);
      // Without its readers a value may still be rounded by the kernel that makes it.
      const next = new Set([...kept, ...present.units.map(({ node }) => node.name)]);
      if (next.size === kept.size) return false;
      kept = next;
    }
  }

  #take(kept: ReadonlySet<string>, placement: Placement): boolean {
    const isCheap =
      this.#costs.placed(placement) <= this.#mostTime &&
      this.#weights(placement) >= this.#weightsAtFirst * (1 - mostWeights) &&
      // What was not rounded before may be louder still.
      measuredValues(placement).every((value) => this.#known.has(value));
    if (isCheap) this.kept = kept;
    return isCheap;
  }

  /** Held by the layers on integers. */
  #weights({ units }: Placement): number {
    return units.reduce((sum, unit) => sum + weightsOf(this.#quantizer, unit), 0);
  }
}
