/**
 * Automatic int8: makes static int8 by several calibrators and dynamic int8, looks at each on calibration samples, and
 * where the best static one is not near enough leaves those layers in float that cost most. The fastest that is near
 * enough wins. The test split is never read.
 */

import type { OptionSpecs, OptionValues, StepOutcome, Targets } from '../../contract';
import { portion, resolveOptions, targetFilter } from '../../contract';
import { type Model, tensorByteLength } from '../../onnx/ir';
import { type CalibrationData, calibrationAndJudges } from '../calibration-data';
import { fusionNote } from '../fusion-note';
import { mapWeights } from '../map-weights';
import { countUnits, type QuantizeContext, quantizeMethod, Tally } from '../method';
import type { Unit } from '../place';
import { runPreparations } from '../preparations';
import { prepareLayers } from '../prepare';
import { floatSet, measureSensitivity, type Source, totalNoise } from '../sensitivity';
import { measurableValues, type StaticConfig, StaticQuantizer } from '../static-quantizer';
import { Judge, type Trial } from '../trial';
import { dynamicInt8 } from './dynamic-int8';

const options = {
  fidelity: {
    kind: 'number',
    title: 'Wanted nearness to the original',
    help: 'How near the outputs must stay to those of the original, in decibels of signal over error: layers are left in float until they are. 20 is an error of a tenth, 30 of a thirtieth. Embeddings may be 8 less.',
    default: 30,
    min: 5,
    max: 60,
    unit: 'dB',
  },
  samples: {
    kind: 'integer',
    title: 'Calibration samples',
    help: 'How many samples of the calibration split are run, evenly spaced over it.',
    default: 128,
    min: 1,
    max: 100_000,
    unit: 'samples',
  },
} as const satisfies OptionSpecs;

/** Samples for the questions that are asked many times over. */
const judgeSamples = 48;
const preparationSamples = 32;
const sensitivitySamples = 4;
const hessianSamples = 16;
const mostTrials = 6;
/** How far beyond the wanted nearness the sum of noises may be pressed down, in decibels. */
const widestSearch = 15;

/** Embeddings are compared by their directions alone, which an error of 22 dB turns by 5 degrees: so much less is asked. */
const embeddingAllowance = 8;

/** Speeds this near to the best count as equal: a machine at work gives no better. */
const asFast = 0.9;

/** From so many decisions on their share is known well enough to be a goal by itself. */
const manyDecisions = 500;
const keptDecisions = 0.995;

export const autoInt8 = quantizeMethod({
  name: 'auto-int8',
  title: 'Automatic int8',
  help: 'Tries static int8 with several ranges and dynamic int8 on your calibration samples, leaves the layers that lose most in float, and keeps the fastest that stays near the original. Takes a minute or so.',
  source: 'Nagel et al. 2021, arXiv:2106.08295, section 3.6 (debugging workflow)',
  data: 'calibration',
  options,
  run: quantizeAutomatically,
});

interface Candidate {
  readonly name: string;
  readonly outcome: StepOutcome<Model>;
  readonly trial: Trial;
  /** Of static int8: the nodes that were left in float. */
  readonly keepFloat?: ReadonlySet<string> | undefined;
}

async function quantizeAutomatically(
  given: Model,
  chosen: OptionValues<typeof options>,
  targets: Targets,
  context: QuantizeContext,
): Promise<StepOutcome<Model>> {
  const { calibrating, judging } = calibrationAndJudges(context, 'auto-int8', chosen.samples, judgeSamples);
  const isEmbedding = context.dataset?.meta.metric?.kind === 'retrieval';
  const judge = await Judge.of(given, judging, isEmbedding);
  try {
    const wantedDb = chosen.fidelity - (isEmbedding ? embeddingAllowance : 0);
    const search = new Search(given, wantedDb, targets, context, judge);
    const prepared = await search.prepare(calibrating);
    const quantizer = await search.tryStatic(prepared, calibrating);
    await search.tryDynamic(given, 'dynamic');
    if (quantizer !== null)
      await search.tryDynamic(quantizer.correctedForRounding(), 'dynamic, smoothed and corrected');
    return search.best([...calibrating.notes, ...judging.notes]);
  } finally {
    await judge.release();
  }
}

class Search {
  readonly #given: Model;
  readonly #wantedDb: number;
  readonly #targets: Targets;
  readonly #context: QuantizeContext;
  readonly #judge: Judge;
  readonly #candidates: Candidate[] = [];

  constructor(given: Model, wantedDb: number, targets: Targets, context: QuantizeContext, judge: Judge) {
    this.#given = given;
    this.#wantedDb = wantedDb;
    this.#targets = targets;
    this.#context = context;
    this.#judge = judge;
  }

  /** The float model as int8 starts from it. */
  async prepare(data: CalibrationData): Promise<Model> {
    const plain = await prepareLayers(this.#given, new Tally());
    const admits = targetFilter(this.#targets);
    const work = { ...portion(this.#context, 0, 0.1), data: data.few(preparationSamples), admits };
    const prepared = await runPreparations(plain, { equalize: true, absorb: false, smooth: true }, work, new Tally());
    return mapWeights(prepared, this.#context.workDir);
  }

  /** @returns what calibration saw; null where there is nothing to quantize */
  async tryStatic(model: Model, data: CalibrationData): Promise<StaticQuantizer | null> {
    const quantizer = await StaticQuantizer.of(model, this.#targets, this.#context.dims, false);
    const placement = quantizer.placement();
    if (!placement.units.some((unit) => unit.kind === 'compute')) return null;
    const values = measurableValues(placement);
    const histograms = { histograms: true, biasCorrection: true };
    await quantizer.calibrate(values, data, histograms, portion(this.#context, 0.1, 0.25));
    await quantizer.collectHessians('small-layers', data.few(hessianSamples), portion(this.#context, 0.25, 0.35));
    const between = placement.units.filter(({ kind }) => kind === 'elementwise').map(({ node }) => node.name);
    for (const calibrator of ['min-max', 'mse', 'percentile']) {
      await this.#static(quantizer, `static, ${calibrator}`, configOf(calibrator), new Set());
      if (between.length === 0 || this.#hasNear()) continue;
      const name = `static, ${calibrator}, sums and products between layers in float`;
      await this.#static(quantizer, name, configOf(calibrator), new Set(between));
    }
    if (this.#hasNear()) return quantizer;
    const best = this.#mostFaithful() as Candidate;
    const config = configOf(best.name.split(', ')[1] as string);
    const work = portion(this.#context, 0.4, 0.85);
    const start = best.keepFloat ?? new Set();
    const few = data.few(sensitivitySamples);
    const sources = await measureSensitivity(quantizer, quantizer.placement(start), config, few, work);
    await this.#leaveInFloat(quantizer, sources, config, start);
    return quantizer;
  }

  /**
   * Leaves more and more of the loudest layers in float, cheap ones first, until the outputs are near enough; how much
   * noise may stay is found by halving its range in decibels, since what sources cost alone only nearly adds up.
   */
  async #leaveInFloat(
    quantizer: StaticQuantizer,
    sources: readonly Source[],
    config: StaticConfig,
    start: ReadonlySet<string>,
  ): Promise<void> {
    const cost = (unit: Unit): number => {
      const weight = unit.kind === 'compute' ? quantizer.constants.tensor(unit.node.inputs[1] as string) : undefined;
      const perOutput =
        weight === undefined ? 1 : weight.shape.reduce((a, b) => a * b, 1) / outputChannels(unit, weight.shape);
      return quantizer.elements(unit.output) * (perOutput + 4);
    };
    let tooLoud = decibels(totalNoise(sources));
    let quiet = Math.max(tooLoud, this.#wantedDb) + widestSearch;
    const tried = new Set<string>();
    for (let trials = 0; trials < mostTrials && quiet - tooLoud > 1; trials++) {
      const middle = (tooLoud + quiet) / 2;
      const loud = floatSet(sources, cost, 10 ** (-middle / 10));
      const key = [...loud].sort().join('\n');
      const name = `static, ${config.calibrator}, ${loud.size + start.size} nodes in float`;
      const isKnown = tried.has(key);
      const trial = isKnown ? null : await this.#static(quantizer, name, config, new Set([...start, ...loud]));
      tried.add(key);
      if (isKnown || (trial !== null && !this.#isNear(trial))) tooLoud = middle;
      else quiet = middle;
    }
  }

  async #static(
    quantizer: StaticQuantizer,
    name: string,
    config: StaticConfig,
    keepFloat: ReadonlySet<string>,
  ): Promise<Trial | null> {
    const placement = quantizer.placement(keepFloat);
    if (!placement.units.some((unit) => unit.kind === 'compute')) return null;
    const tally = new Tally();
    countUnits(tally, placement);
    for (const skip of tally.skipped) if (keepFloat.has(skip.node)) skip.reason = 'left in float, since it loses most';
    const model = { ...quantizer.model, graph: quantizer.build(placement, config) };
    return this.#add(name, tally.outcome(model, 'auto-int8'), keepFloat);
  }

  async tryDynamic(model: Model, name: string): Promise<void> {
    const tally = new Tally();
    try {
      const defaults = resolveOptions(dynamicInt8.options, {}, 'auto-int8');
      const outcome = await dynamicInt8.run(model, defaults, this.#targets, this.#context);
      if (outcome.changed > 0) await this.#add(name, outcome);
    } catch (thrown) {
      this.#context.signal.throwIfAborted();
      tally.note(String(thrown));
    }
  }

  async #add(name: string, outcome: StepOutcome<Model>, keepFloat?: ReadonlySet<string>): Promise<Trial> {
    this.#context.signal.throwIfAborted();
    this.#context.progress({ phase: 'Trying', fraction: 0.9, detail: name });
    const trial = await this.#judge.try(outcome.model);
    this.#candidates.push({ name, outcome, trial, keepFloat });
    return trial;
  }

  /** Near enough: by the error of the outputs, or by the decisions where the outputs make many. */
  #isNear({ sqnrDb, decisions }: Trial): boolean {
    if (sqnrDb >= this.#wantedDb) return true;
    const kind = this.#context.dataset?.meta.metric?.kind ?? '';
    return ['top1', 'ctc', 'lm'].includes(kind) && decisions.all >= manyDecisions && share(decisions) >= keptDecisions;
  }

  #hasNear(): boolean {
    return this.#candidates.some(({ trial }) => this.#isNear(trial));
  }

  #mostFaithful(): Candidate | undefined {
    return [...this.#candidates].sort((a, b) => b.trial.sqnrDb - a.trial.sqnrDb)[0];
  }

  /** Of those that are near enough the fastest, among equally fast ones the smallest, then the nearest; where none is, the nearest. */
  async best(notes: readonly string[]): Promise<StepOutcome<Model>> {
    const near = this.#candidates.filter(({ trial }) => this.#isNear(trial));
    const top = Math.max(...near.map(({ trial }) => trial.speedup));
    const [fastest] = near
      .filter(({ trial }) => trial.speedup >= top * asFast)
      .sort((a, b) => sizeClass(a) - sizeClass(b) || b.trial.sqnrDb - a.trial.sqnrDb);
    const winner = fastest ?? this.#mostFaithful();
    if (winner === undefined) return new Tally().outcome(this.#given, 'auto-int8');
    const said = this.#candidates.map(({ name, trial }) => `${name}: ${sentence(trial)}`);
    const shortfall =
      fastest === undefined ? [`No candidate stays within ${this.#wantedDb} dB; the nearest was taken.`] : [];
    const slow = winner.trial.speedup < 1 ? ['It is not faster than the original on this machine.'] : [];
    return {
      ...winner.outcome,
      notes: [
        ...notes,
        `Took ${winner.name}.`,
        ...said.map((line) => `Tried ${line}.`),
        ...shortfall,
        ...slow,
        await fusionNote(winner.outcome.model),
      ],
    };
  }
}

/** Weights of equal size to within a tenth or so compare equal. */
function sizeClass({ outcome }: Candidate): number {
  const bytes = [...outcome.model.graph.initializers.values()].reduce((sum, it) => sum + tensorByteLength(it), 0);
  return Math.round(Math.log(Math.max(1, bytes)) / Math.log(1.1));
}

const configOf = (calibrator: string): StaticConfig => ({ calibrator, perChannel: true, symmetric: false });

function outputChannels({ node }: Unit, shape: readonly number[]): number {
  return (node.opType === 'MatMul' ? shape.at(-1) : shape[0]) ?? 1;
}

function decibels(noise: number): number {
  return -10 * Math.log10(Math.max(noise, 1e-12));
}

function share({ same, all }: Trial['decisions']): number {
  return all === 0 ? 1 : same / all;
}

function sentence({ sqnrDb, decisions, speedup }: Trial): string {
  const kept =
    decisions.all === 0 ? '' : `, ${(share(decisions) * 100).toFixed(1)} % of ${decisions.all} decisions kept`;
  return `${sqnrDb.toFixed(1)} dB${kept}, ${speedup.toFixed(2)} times as fast`;
}
