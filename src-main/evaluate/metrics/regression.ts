/**
 * Numbers: labels of the output's own shape, one or several targets a sample.
 * Source: scikit-learn user guide, 3.4.6 Regression metrics; R² is the mean over targets (multioutput uniform_average).
 */

import { asFloats } from '../as-floats';
import { type Answer, type Judgement, metricKind, type Scorer, type ScoringContext } from '../metric';
import type { Statistic } from '../statistics/bootstrap';
import { labelsOf, unfitLabels, unfitOutput } from '../unfit';
import { meanOf } from '../units';

interface Evidence {
  readonly targets: number;
  /** [samples, targets] */
  readonly predicted: Float64Array;
  readonly truth: Float64Array;
}

export const regression = metricKind<Evidence>({
  kind: 'regression',
  title: 'Numbers',
  source: 'scikit-learn user guide, 3.4.6 Regression metrics',
  metrics: [
    { name: 'mae', title: 'Mean absolute error', unit: 'label', better: 'low' },
    { name: 'rmse', title: 'Root mean square error', unit: 'label', better: 'low' },
    { name: 'r2', title: 'R²', unit: '1', better: 'high' },
  ],
  start: async (context) => new NumberScorer(context),
  judge,
});

class NumberScorer implements Scorer<Evidence> {
  readonly #predicted: number[] = [];
  readonly #truth: number[] = [];
  #targets = 1;

  constructor(private readonly context: ScoringContext) {}

  add(answer: Answer): void {
    const { output, batch } = answer;
    const labels = labelsOf(this.context, answer);
    if (output.data.length % batch.size !== 0 || output.data.length === 0)
      throw unfitOutput(this.context, answer, 'the same numbers for each sample');
    if (labels.dtype === 'string' || labels.data.length !== output.data.length)
      throw unfitLabels(
        this.context,
        `should hold ${output.data.length / batch.size} numbers a sample, as the output does`,
      );
    this.#targets = output.data.length / batch.size;
    for (const value of asFloats(output)) this.#predicted.push(value);
    for (const value of asFloats(labels)) this.#truth.push(value);
  }

  finish(): Evidence {
    return {
      targets: this.#targets,
      predicted: Float64Array.from(this.#predicted),
      truth: Float64Array.from(this.#truth),
    };
  }
}

function judge({ targets, predicted, truth }: Evidence): Judgement {
  const units = truth.length / targets;
  const perSample = (term: (difference: number) => number): Float64Array =>
    Float64Array.from({ length: units }, (_, sample) => {
      let sum = 0;
      for (let at = sample * targets; at < (sample + 1) * targets; at++)
        sum += term((predicted[at] as number) - (truth[at] as number));
      return sum / targets;
    });
  const squares = meanOf(perSample((difference) => difference * difference));
  return {
    units,
    measures: [
      { name: 'mae', kind: 'statistic', value: meanOf(perSample(Math.abs)) },
      { name: 'rmse', kind: 'statistic', value: (weights) => Math.sqrt(squares(weights)) },
      { name: 'r2', kind: 'statistic', value: coefficientOfDetermination(targets, predicted, truth) },
    ],
    decisions: null,
    classes: null,
    suspicions: [],
  };
}

/** 1 − residual / total sum of squares, the mean over targets; NaN where the labels of a target never change. */
function coefficientOfDetermination(targets: number, predicted: Float64Array, truth: Float64Array): Statistic {
  return (weights) => {
    let sum = 0;
    for (let target = 0; target < targets; target++) sum += ofTarget(target, targets, predicted, truth, weights);
    return sum / targets;
  };
}

function ofTarget(
  target: number,
  targets: number,
  predicted: Float64Array,
  truth: Float64Array,
  weights: Float64Array | null,
): number {
  const weightOf = (at: number): number => (weights === null ? 1 : (weights[(at - target) / targets] as number));
  let mean = 0;
  let count = 0;
  for (let at = target; at < truth.length; at += targets) {
    mean += weightOf(at) * (truth[at] as number);
    count += weightOf(at);
  }
  mean /= count;
  let residual = 0;
  let total = 0;
  for (let at = target; at < truth.length; at += targets) {
    residual += weightOf(at) * ((truth[at] as number) - (predicted[at] as number)) ** 2;
    total += weightOf(at) * ((truth[at] as number) - mean) ** 2;
  }
  return total === 0 ? Number.NaN : 1 - residual / total;
}
