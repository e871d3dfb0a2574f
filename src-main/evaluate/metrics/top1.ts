/**
 * Classes: one row of class scores a sample, the greatest is the decision.
 * Source: figures as scikit-learn defines them (accuracy_score, top_k_accuracy_score, precision_recall_fscore_support
 * with zero_division=0, log_loss), macro averages over the classes that occur among labels or decisions.
 */

import { LatheError } from '../../contract';
import { argmax, asFloats, asNumbers } from '../as-floats';
import { type ClassCounts, classFiguresOfSamples, f1Of, precisionOf, recallOf } from '../class-figures';
import { type Answer, type Judgement, metricKind, type OutputScale, type Scorer, type ScoringContext } from '../metric';
import type { Statistic } from '../statistics/bootstrap';
import { meanOf } from '../units';

interface Evidence {
  readonly names: readonly string[];
  readonly labels: Int32Array;
  readonly predicted: Int32Array;
  /** Rank of the true class: 0 = first. Ties go to the smaller class. */
  readonly rank: Int32Array;
  /** −log of the probability of the true class, in nats. */
  readonly losses: Float64Array;
}

export const top1 = metricKind<Evidence>({
  kind: 'top1',
  title: 'Classes',
  source: 'scikit-learn user guide, 3.4.4 Classification metrics',
  metrics: [
    { name: 'accuracy', title: 'Accuracy', unit: 'share', better: 'high' },
    { name: 'top5', title: 'Top-5 accuracy', unit: 'share', better: 'high' },
    { name: 'macroPrecision', title: 'Macro precision', unit: 'share', better: 'high' },
    { name: 'macroRecall', title: 'Macro recall', unit: 'share', better: 'high' },
    { name: 'macroF1', title: 'Macro F1', unit: 'share', better: 'high' },
    { name: 'loss', title: 'Cross-entropy', unit: 'nats', better: 'low' },
  ],
  start: async (context) => new ClassScorer(context),
  judge,
});

class ClassScorer implements Scorer<Evidence> {
  readonly #labels: number[] = [];
  readonly #predicted: number[] = [];
  readonly #rank: number[] = [];
  readonly #losses: number[] = [];
  #scale: OutputScale | null;
  #classes = 0;

  constructor(private readonly context: ScoringContext) {
    this.#scale = context.scale;
  }

  add({ output, batch }: Answer): void {
    const labels = batch.extras.labels;
    if (labels === undefined || labels.dtype === 'string' || labels.data.length !== batch.size)
      throw this.#unfit('array "labels"', 'should hold one class number a sample');
    const classes = output.shape.at(-1) ?? 0;
    if (classes < 2 || output.data.length !== classes * batch.size) {
      throw this.#unfit(
        `output "${this.context.output}"`,
        `has shape [${output.shape.join(', ')}] for ${batch.size} samples; metric top1 scores one row of at least two class scores a sample`,
      );
    }
    this.#classes = classes;
    const scores = asFloats(output);
    this.#scale ??= scaleOf(scores, classes);
    asNumbers(labels).forEach((label, row) => {
      if (!Number.isInteger(label) || label < 0 || label >= classes) {
        throw this.#unfit(
          'array "labels"',
          `row ${batch.first + row} is class ${label}, but output "${this.context.output}" scores ${classes} classes (0 to ${classes - 1})`,
        );
      }
      this.#addRow(scores, row * classes, label);
    });
  }

  #addRow(scores: Float32Array | Float64Array, start: number, label: number): void {
    const predicted = argmax(scores, start, this.#classes);
    this.#labels.push(label);
    this.#predicted.push(predicted);
    this.#rank.push(predicted === label ? 0 : rankOf(scores, start, this.#classes, label));
    this.#losses.push(lossOf(scores, start, this.#classes, label, this.#scale as OutputScale));
  }

  #unfit(who: string, what: string): LatheError {
    return new LatheError({
      who: `${this.context.split.name} data, ${who}`,
      what,
      next: 'look at metric and output in meta.json',
    });
  }

  finish(): Evidence {
    const named = this.context.meta.classes;
    return {
      names: Array.from({ length: this.#classes }, (_, at) => named?.[at] ?? String(at)),
      labels: Int32Array.from(this.#labels),
      predicted: Int32Array.from(this.#predicted),
      rank: Int32Array.from(this.#rank),
      losses: Float64Array.from(this.#losses),
    };
  }
}

function rankOf(scores: ArrayLike<number>, start: number, classes: number, label: number): number {
  const own = scores[start + label] as number;
  let rank = 0;
  for (let at = 0; at < classes; at++) {
    const other = scores[start + at] as number;
    if (other > own || (other === own && at < label) || Number.isNaN(own)) rank++;
  }
  return rank;
}

/** Rows that are shares which sum to 1 are probabilities, rows whose exponentials do are their logarithms. */
function scaleOf(scores: ArrayLike<number>, classes: number): OutputScale {
  const sumsToOne = (term: (score: number) => number): boolean => {
    for (let start = 0; start + classes <= scores.length; start += classes) {
      let sum = 0;
      for (let at = 0; at < classes; at++) sum += term(scores[start + at] as number);
      // Wide enough for a row of half-precision numbers, far too narrow for logits by chance.
      if (!(Math.abs(sum - 1) < 5e-3)) return false;
    }
    return true;
  };
  if (sumsToOne((score) => (score >= 0 ? score : Number.NaN))) return 'probabilities';
  if (sumsToOne((score) => (score <= 0 ? Math.exp(score) : Number.NaN))) return 'log-probabilities';
  return 'logits';
}

/** Spacing of float32 at 1, below which a probability is as good as zero; scikit-learn's floor for float32. */
const smallestProbability = 2 ** -23;

function lossOf(scores: ArrayLike<number>, start: number, classes: number, label: number, scale: OutputScale): number {
  const own = scores[start + label] as number;
  const floor = -Math.log(smallestProbability);
  if (scale === 'probabilities') return own >= smallestProbability ? -Math.log(Math.min(1, own)) : floor;
  if (scale === 'log-probabilities') return own > -Infinity ? Math.max(0, -own) : floor;
  let greatest = -Infinity;
  for (let at = 0; at < classes; at++) greatest = Math.max(greatest, scores[start + at] as number);
  let sum = 0;
  for (let at = 0; at < classes; at++) sum += Math.exp((scores[start + at] as number) - greatest);
  const loss = greatest + Math.log(sum) - own;
  return Number.isFinite(loss) ? loss : floor;
}

function judge(evidence: Evidence): Judgement {
  const { labels, predicted, rank, losses, names } = evidence;
  const units = labels.length;
  const macro =
    (figure: (counts: ClassCounts) => number): Statistic =>
    (weights) =>
      macroAverage(evidence, figure, weights);
  return {
    units,
    measures: [
      {
        name: 'accuracy',
        kind: 'share',
        hits: Uint8Array.from(labels, (label, at) => Number(label === predicted[at])),
      },
      { name: 'top5', kind: 'share', hits: Uint8Array.from(rank, (r) => Number(r < 5)) },
      { name: 'macroPrecision', kind: 'statistic', value: macro(precisionOf) },
      { name: 'macroRecall', kind: 'statistic', value: macro(recallOf) },
      { name: 'macroF1', kind: 'statistic', value: macro(f1Of) },
      { name: 'loss', kind: 'statistic', value: meanOf(losses) },
    ],
    decisions: Array.from(predicted),
    classes: {
      names: [...names],
      confusion: names.length > 256 ? null : confusion(evidence),
      perClass: countClasses(labels, predicted, names.length, null).map(classFiguresOfSamples),
    },
    suspicions: suspicions(evidence),
  };
}

function countClasses(
  labels: Int32Array,
  predicted: Int32Array,
  classes: number,
  weights: Float64Array | null,
): ClassCounts[] {
  const hits = new Float64Array(classes);
  const support = new Float64Array(classes);
  const chosen = new Float64Array(classes);
  for (let at = 0; at < labels.length; at++) {
    const weight = weights === null ? 1 : (weights[at] as number);
    const label = labels[at] as number;
    const decision = predicted[at] as number;
    support[label]! += weight;
    chosen[decision]! += weight;
    if (label === decision) hits[label]! += weight;
  }
  return Array.from(hits, (count, at) => ({
    hits: count,
    support: support[at] as number,
    predicted: chosen[at] as number,
  }));
}

/** Mean of a figure over the classes that occur. */
function macroAverage(
  { labels, predicted, names }: Evidence,
  figure: (counts: ClassCounts) => number,
  weights: Float64Array | null,
): number {
  const occurring = countClasses(labels, predicted, names.length, weights).filter(
    (counts) => counts.support + counts.predicted > 0,
  );
  return occurring.reduce((sum, counts) => sum + figure(counts), 0) / occurring.length;
}

function confusion({ labels, predicted, names }: Evidence): number[][] {
  const rows = names.map(() => new Array<number>(names.length).fill(0));
  labels.forEach((label, at) => {
    const row = rows[label] as number[];
    row[predicted[at] as number]! += 1;
  });
  return rows;
}

/** What a sound model with sound data never shows. */
function suspicions({ labels, predicted, names }: Evidence): Judgement['suspicions'] {
  const n = labels.length;
  const hits = labels.reduce((sum, label, at) => sum + Number(label === predicted[at]), 0);
  const advice = 'preprocessing or label order is probably wrong';
  const found: { code: string; message: string }[] = [];
  const present = new Set(labels).size;
  if (present > 1 && new Set(predicted).size === 1) {
    const name = names[predicted[0] as number];
    found.push({ code: 'one-class', message: `Every one of ${n} samples is called "${name}": ${advice}.` });
  }
  const chance = 1 / names.length;
  // Chance plus three standard deviations of a guess: a guess passes this once in 700.
  const bound = chance + 3 * Math.sqrt((chance * (1 - chance)) / n);
  if (hits / n <= bound) {
    const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
    found.push({
      code: 'near-chance',
      message: `Accuracy ${percent(hits / n)} is what guessing among ${names.length} classes gives (${percent(chance)}): ${advice}.`,
    });
  }
  return found;
}
