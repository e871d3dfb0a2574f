/**
 * Several labels a sample: rows of 0 and 1 against rows of scores. A label is given where its probability is above one half
 * (its logit above zero), or above `threshold` of meta.json's metric.
 * Source: scikit-learn user guide, 3.4.4.9 (f1_score, average micro and macro, zero_division=0).
 */

import { asFloats, asNumbers } from '../as-floats';
import { type ClassCounts, classFiguresOfSamples, f1Of } from '../class-figures';
import { type Answer, type Judgement, metricKind, type Scorer, type ScoringContext } from '../metric';
import { labelsOf, unfitLabels, unfitOutput } from '../unfit';

interface Evidence {
  readonly names: readonly string[];
  /** [samples, labels], 0 or 1 */
  readonly given: Uint8Array;
  readonly truth: Uint8Array;
}

export const multiLabel = metricKind<Evidence>({
  kind: 'multi-label',
  title: 'Several labels a sample',
  source: 'scikit-learn user guide, 3.4.4 Classification metrics, multilabel averages',
  metrics: [
    { name: 'microF1', title: 'Micro F1', unit: 'share', better: 'high' },
    { name: 'macroF1', title: 'Macro F1', unit: 'share', better: 'high' },
    { name: 'exact', title: 'All labels right', unit: 'share', better: 'high' },
  ],
  start: async (context) => new LabelScorer(context),
  judge,
});

class LabelScorer implements Scorer<Evidence> {
  readonly #scores: number[] = [];
  readonly #truth: number[] = [];
  #labels = 0;

  constructor(private readonly context: ScoringContext) {}

  add(answer: Answer): void {
    const { output, batch } = answer;
    const labels = labelsOf(this.context, answer);
    if (output.shape[0] !== batch.size || output.data.length % batch.size !== 0)
      throw unfitOutput(this.context, answer, '[samples, labels]');
    this.#labels = output.data.length / batch.size;
    if (labels.dtype === 'string' || labels.data.length !== output.data.length)
      throw unfitLabels(this.context, `should hold ${this.#labels} numbers 0 or 1 a sample`);
    for (const value of asNumbers(labels)) {
      if (value !== 0 && value !== 1) throw unfitLabels(this.context, `holds ${value}; expected 0 or 1`);
      this.#truth.push(value);
    }
    for (const value of asFloats(output)) this.#scores.push(value);
  }

  finish(): Evidence {
    const { meta } = this.context;
    const asked = (meta.raw.metric as { threshold?: unknown } | undefined)?.threshold;
    const logits = this.#scores.some((score) => score < 0 || score > 1);
    const threshold = typeof asked === 'number' ? asked : logits ? 0 : 0.5;
    return {
      names: Array.from({ length: this.#labels }, (_, at) => meta.classes?.[at] ?? String(at)),
      given: Uint8Array.from(this.#scores, (score) => Number(score > threshold)),
      truth: Uint8Array.from(this.#truth),
    };
  }
}

function judge(evidence: Evidence): Judgement {
  const { names, given, truth } = evidence;
  const width = names.length;
  const units = truth.length / width;
  const rowOf = (array: Uint8Array, sample: number) => array.subarray(sample * width, (sample + 1) * width).join('');
  const samples = Array.from({ length: units }, (_, sample) => sample);
  return {
    units,
    measures: [
      { name: 'microF1', kind: 'statistic', value: (weights) => f1Of(total(countByLabel(evidence, weights))) },
      {
        name: 'macroF1',
        kind: 'statistic',
        value: (weights) => countByLabel(evidence, weights).reduce((sum, one) => sum + f1Of(one), 0) / width,
      },
      {
        name: 'exact',
        kind: 'share',
        hits: Uint8Array.from(samples, (sample) => Number(rowOf(given, sample) === rowOf(truth, sample))),
      },
    ],
    decisions: samples.map((sample) => rowOf(given, sample)),
    classes: {
      names: [...names],
      confusion: null,
      perClass: countByLabel(evidence, null).map(classFiguresOfSamples),
    },
    suspicions: suspicions(given, truth, units),
  };
}

function countByLabel({ names, given, truth }: Evidence, weights: Float64Array | null): ClassCounts[] {
  const width = names.length;
  return names.map((_, label) => {
    let hits = 0;
    let support = 0;
    let predicted = 0;
    for (let at = label, sample = 0; at < truth.length; at += width, sample++) {
      const weight = weights === null ? 1 : (weights[sample] as number);
      const there = truth[at] as number;
      const said = given[at] as number;
      hits += weight * there * said;
      support += weight * there;
      predicted += weight * said;
    }
    return { hits, support, predicted };
  });
}

function total(counts: readonly ClassCounts[]): ClassCounts {
  const sum = (key: keyof ClassCounts) => counts.reduce((all, one) => all + one[key], 0);
  return { hits: sum('hits'), support: sum('support'), predicted: sum('predicted') };
}

function suspicions(given: Uint8Array, truth: Uint8Array, units: number): Judgement['suspicions'] {
  const advice = 'preprocessing or label order is probably wrong';
  const width = truth.length / units;
  const rows = new Set(Array.from({ length: units }, (_, at) => given.subarray(at * width, (at + 1) * width).join('')));
  if (units > 1 && rows.size === 1)
    return [{ code: 'one-class', message: `Every one of ${units} samples gets the same labels: ${advice}.` }];
  return [];
}
