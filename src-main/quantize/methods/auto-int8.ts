/**
 * Automatic int8: makes static int8 by several calibrators and dynamic int8, looks at each on calibration samples, and
 * where the best static one is not near enough leaves those layers in float that cost most. The fastest that is near
 * enough wins, by what its operators cost and not by the clock: the same samples give the same model on the same CPU,
 * however busy it is. The test split is never read.
 */

import type { OptionSpecs, OptionValues, StepOutcome, Targets } from '../../contract';
import { portion, resolveOptions, targetFilter } from '../../contract';
import { type Model, tensorByteLength } from '../../onnx/ir';
import { addsPairsIn16Bits, cpuInfo } from '../../onnx/session';
import { type CalibrationData, calibrationAndJudges } from '../calibration-data';
import { CostModel } from '../cost';
import { fasterInFloat } from '../faster-in-float';
import { fusionNote } from '../fusion-note';
import { mapWeights } from '../map-weights';
import { countUnits, type QuantizeContext, quantizeMethod, Tally } from '../method';
import type { Placement, Unit } from '../place';
import { runPreparations } from '../preparations';
import { prepareLayers } from '../prepare';
import { buildFused } from '../read-back';
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
  budget: {
    kind: 'number',
    title: 'Answers that may be lost',
    help: 'Where the data says that answers are classes, text lines, boxes or language, a model that is expected to lose at most this share of them is near enough too, however near its outputs are: in points of accuracy or of the character error rate; perplexity may grow by four times as much. Worked out from the original’s own doubts, without labels. 0: only nearness counts.',
    default: 0.5,
    min: 0,
    max: 20,
    unit: '%',
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
const sensitivitySamples = 2;
const hessianSamples = 16;
const mostTrials = 5;
/** How far beyond the wanted nearness the sum of noises may be pressed down, in decibels. */
const widestSearch = 15;

/** Embeddings are compared by their directions alone, which an error of 22 dB turns by 5 degrees: so much less is asked. */
const embeddingAllowance = 8;

/** Costs this near to the least count as equal: they are worked out, not measured. */
const asFast = 0.9;

/** Fewer answers than this tell nothing of what is lost. */
const fewestAnswers = 24;

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
  readonly trial: Trial;
  /** Of one run, in nanoseconds as the cost model gives them. */
  readonly cost: number;
  readonly outcome: () => Promise<StepOutcome<Model>>;
  /** Bytes of the weights. */
  readonly bytes: number;
}

async function quantizeAutomatically(
  given: Model,
  chosen: OptionValues<typeof options>,
  targets: Targets,
  context: QuantizeContext,
): Promise<StepOutcome<Model>> {
  const { calibrating, judging } = calibrationAndJudges(context, 'auto-int8', chosen.samples, judgeSamples);
  const meta = context.dataset?.meta;
  const judge = await Judge.of(given, judging, meta);
  try {
    const allowance = meta?.metric?.kind === 'retrieval' ? embeddingAllowance : 0;
    const wanted = { sqnrDb: chosen.fidelity - allowance, lost: chosen.budget / 100 };
    const search = await Search.of(given, wanted, targets, context, judge, calibrating);
    await search.tryStatic(calibrating);
    await search.tryDynamic();
    return await search.best([...calibrating.notes, ...judging.notes]);
  } finally {
    await judge.release();
  }
}

interface Wanted {
  readonly sqnrDb: number;
  readonly lost: number;
}

class Search {
  readonly #given: Model;
  readonly #wanted: Wanted;
  readonly #targets: Targets;
  readonly #context: QuantizeContext;
  readonly #judge: Judge;
  readonly #quantizer: StaticQuantizer;
  readonly #costs: CostModel;
  readonly #candidates: Candidate[] = [];
  #isCalibrated = false;

  private constructor(
    given: Model,
    wanted: Wanted,
    targets: Targets,
    context: QuantizeContext,
    judge: Judge,
    quantizer: StaticQuantizer,
  ) {
    this.#given = given;
    this.#wanted = wanted;
    this.#targets = targets;
    this.#context = context;
    this.#judge = judge;
    this.#quantizer = quantizer;
    this.#costs = new CostModel(quantizer);
  }

  /** Begins with the float model as int8 starts from it. */
  static async of(
    given: Model,
    wanted: Wanted,
    targets: Targets,
    context: QuantizeContext,
    judge: Judge,
    data: CalibrationData,
  ): Promise<Search> {
    const plain = await prepareLayers(given, new Tally());
    const work = {
      ...portion(context, 0, 0.1),
      data: data.few(preparationSamples),
      admits: targetFilter(targets),
    };
    const prepared = await runPreparations(plain, { equalize: true, absorb: false, smooth: true }, work, new Tally());
    const mapped = await mapWeights(prepared, context.workDir);
    const quantizer = await StaticQuantizer.of(mapped, targets, context.dims, false);
    return new Search(given, wanted, targets, context, judge, quantizer);
  }

  async tryStatic(data: CalibrationData): Promise<void> {
    const quantizer = this.#quantizer;
    const placement = quantizer.placement();
    if (!placement.units.some((unit) => unit.kind === 'compute')) return;
    const histograms = { histograms: true, biasCorrection: true };
    await quantizer.calibrate(measurableValues(placement), data, histograms, portion(this.#context, 0.1, 0.25));
    await quantizer.collectHessians('small-layers', data.few(hessianSamples), portion(this.#context, 0.25, 0.35));
    this.#isCalibrated = true;
    const plain = this.#configOf('min-max', placement);
    const inFloat = fasterInFloat(quantizer, this.#costs);
    const { removed } = await buildFused(quantizer, plain, this.#context.signal, inFloat);
    const start = new Set([...inFloat, ...removed.keys()]);
    let best: { config: StaticConfig; trial: Trial } | null = null;
    for (const calibrator of ['min-max', 'mse', 'percentile']) {
      const config = this.#configOf(calibrator, placement);
      const trial = await this.#static(`static, ${calibrator}`, config, start);
      if (trial !== null && this.#isNear(trial)) return;
      if (trial !== null && (best === null || trial.sqnrDb > best.trial.sqnrDb)) best = { config, trial };
    }
    if (best === null) return;
    const between = placement.units.filter(({ kind }) => kind === 'elementwise').map(({ node }) => node.name);
    if (between.length > 0) {
      const name = `static, ${best.config.calibrator}, sums and products between layers in float`;
      const trial = await this.#static(name, best.config, new Set([...start, ...between]));
      if (trial !== null && this.#isNear(trial)) return;
    }
    const few = data.few(sensitivitySamples);
    const work = portion(this.#context, 0.4, 0.85);
    const sources = await measureSensitivity(quantizer, quantizer.placement(start), best.config, few, work);
    await this.#leaveInFloat(sources, best.config, start);
  }

  /**
   * Leaves more and more of the loudest layers in float, cheap ones first, until the outputs are near enough; how much
   * noise may stay is found by halving its range in decibels, since what sources cost alone only nearly adds up.
   */
  async #leaveInFloat(sources: readonly Source[], config: StaticConfig, start: ReadonlySet<string>): Promise<void> {
    const cost = (unit: Unit): number => this.#costs.saved(unit);
    let tooLoud = decibels(totalNoise(sources));
    let quiet = Math.max(tooLoud, this.#wanted.sqnrDb) + widestSearch;
    const tried = new Set<string>();
    for (let trials = 0; trials < mostTrials && quiet - tooLoud > 1; trials++) {
      const middle = (tooLoud + quiet) / 2;
      const loud = floatSet(sources, cost, 10 ** (-middle / 10));
      const key = [...loud].sort().join('\n');
      const name = `static, ${config.calibrator}, ${loud.size + start.size} nodes in float`;
      const isKnown = tried.has(key);
      const trial = isKnown ? null : await this.#static(name, config, new Set([...start, ...loud]));
      tried.add(key);
      if (isKnown || (trial !== null && !this.#isNear(trial))) tooLoud = middle;
      else quiet = middle;
    }
  }

  /** The layers' weights get 7 bits where their sums could saturate on this CPU. */
  #configOf(calibrator: string, placement: Placement): StaticConfig {
    const config = { calibrator, perChannel: true, symmetric: false };
    if (!addsPairsIn16Bits(cpuInfo())) return config;
    return { ...config, narrow: new Set(this.#quantizer.saturating(placement, config)) };
  }

  async #static(name: string, config: StaticConfig, keepFloat: ReadonlySet<string>): Promise<Trial | null> {
    const quantizer = this.#quantizer;
    const placement = quantizer.placement(keepFloat);
    if (!placement.units.some((unit) => unit.kind === 'compute')) return null;
    const graph = quantizer.withTables(quantizer.build(placement, config), new Tally());
    const cost = this.#costs.placed(placement);
    return this.#add(name, { ...quantizer.model, graph }, cost, () => this.#final(config, keepFloat));
  }

  /** The winner with what onnxruntime did not fuse taken out. */
  async #final(config: StaticConfig, keepFloat: ReadonlySet<string>): Promise<StepOutcome<Model>> {
    const tally = new Tally();
    const built = await buildFused(this.#quantizer, config, this.#context.signal, keepFloat);
    countUnits(tally, built.placement);
    for (const skip of tally.skipped)
      if (keepFloat.has(skip.node) || built.removed.has(skip.node)) skip.reason = 'left in float, where it loses less';
    const graph = this.#quantizer.withTables(built.graph, tally);
    if (config.narrow !== undefined && config.narrow.size > 0)
      tally.note(
        `${config.narrow.size} layers got 7-bit weights: sums of two products could leave 16 bits on this CPU.`,
      );
    return tally.outcome({ ...this.#quantizer.model, graph }, 'auto-int8');
  }

  /** Where products of matrices are what counts: as they come, and smoothed and corrected. */
  async tryDynamic(): Promise<void> {
    const near = this.#candidates.filter(({ trial }) => this.#isNear(trial));
    const least = Math.min(...near.map(({ cost }) => cost));
    if (this.#costs.dynamic() * asFast > least) return;
    await this.#dynamic(this.#given, 'dynamic');
    if (this.#isCalibrated)
      await this.#dynamic(this.#quantizer.correctedForRounding(), 'dynamic, smoothed and corrected');
  }

  async #dynamic(model: Model, name: string): Promise<void> {
    try {
      const defaults = resolveOptions(dynamicInt8.options, {}, 'auto-int8');
      const outcome = await dynamicInt8.run(model, defaults, this.#targets, this.#context);
      if (outcome.changed > 0) await this.#add(name, outcome.model, this.#costs.dynamic(), async () => outcome);
    } catch {
      this.#context.signal.throwIfAborted(); // Nothing that it could change.
    }
  }

  async #add(name: string, model: Model, cost: number, outcome: Candidate['outcome']): Promise<Trial> {
    this.#context.signal.throwIfAborted();
    this.#context.progress({ phase: 'Trying', fraction: 0.9, detail: name });
    const trial = await this.#judge.try(model);
    const bytes = [...model.graph.initializers.values()].reduce((sum, it) => sum + tensorByteLength(it), 0);
    this.#candidates.push({ name, trial, cost, outcome, bytes });
    return trial;
  }

  /** Near enough: by the error of the outputs, or by what it costs the answers. */
  #isNear({ sqnrDb, answers }: Trial): boolean {
    if (sqnrDb >= this.#wanted.sqnrDb) return true;
    const kind = this.#context.dataset?.meta.metric?.kind ?? '';
    const isKnown = ['top1', 'ctc', 'lm', 'boxes'].includes(kind) && answers.all >= fewestAnswers;
    return isKnown && this.#wanted.lost > 0 && answers.lost <= this.#wanted.lost;
  }

  /** Of those that are near enough the cheapest, among nearly equal ones the smallest, then the nearest; where none is, the nearest. */
  async best(notes: readonly string[]): Promise<StepOutcome<Model>> {
    const near = this.#candidates.filter(({ trial }) => this.#isNear(trial));
    const least = Math.min(...near.map(({ cost }) => cost));
    const [fastest] = near
      .filter(({ cost }) => cost * asFast <= least)
      .sort((a, b) => sizeClass(a) - sizeClass(b) || b.trial.sqnrDb - a.trial.sqnrDb);
    const [nearest] = [...this.#candidates].sort((a, b) => b.trial.sqnrDb - a.trial.sqnrDb);
    const winner = fastest ?? nearest;
    if (winner === undefined) return new Tally().outcome(this.#given, 'auto-int8');
    const outcome = await winner.outcome();
    const speedup = await this.#judge.speedup(outcome.model);
    const { sqnrDb } = this.#wanted;
    const reached = winner.trial.sqnrDb;
    const shortfall =
      fastest === undefined
        ? [
            `The budget of ${sqnrDb} dB cannot be met: the nearest, ${reached.toFixed(1)} dB, was taken, ${(sqnrDb - reached).toFixed(1)} dB short.`,
          ]
        : [];
    const slow = speedup < 1 ? ['It is not faster than the original on this machine.'] : [];
    return {
      ...outcome,
      notes: [
        ...notes,
        ...outcome.notes,
        `Took ${winner.name}: ${speedup.toFixed(2)} times as fast on one sample.`,
        ...this.#candidates.map((candidate) => `Tried ${candidate.name}: ${this.#sentence(candidate)}.`),
        ...shortfall,
        ...slow,
        await fusionNote(outcome.model),
      ],
    };
  }

  #sentence({ trial: { sqnrDb, answers }, cost }: Candidate): string {
    const [kept, lost] = [100 * (1 - answers.changed), 100 * answers.lost];
    const said =
      answers.all === 0
        ? ''
        : `, ${kept.toFixed(1)} % of ${answers.all} answers kept and ${lost.toFixed(2)} % expected to be lost`;
    return `${sqnrDb.toFixed(1)} dB${said}, about ${(this.#costs.float() / cost).toFixed(1)} times as fast by its operators`;
  }
}

/** Weights of equal size to within a fifth or so compare equal. */
function sizeClass({ bytes }: Candidate): number {
  return Math.round(Math.log(Math.max(1, bytes)) / Math.log(1.4));
}

function decibels(noise: number): number {
  return -10 * Math.log10(Math.max(noise, 1e-12));
}
