/**
 * Label maps: a class a pixel, from scores ([samples, classes, height, width] or channels last) or from class numbers of
 * the labels' own shape. Pixels labelled `ignore` of meta.json (−1 where absent, 255 for uint8 labels) are not scored.
 * Source: Everingham et al., The PASCAL visual object classes challenge, IJCV 2015 (4.3): intersection over union of each
 * class over all images, the mean over the classes that occur.
 */

import { argmax, asFloats, asNumbers } from '../as-floats';
import { classFigures } from '../class-figures';
import { type Answer, type Judgement, metricKind, type Scorer, type ScoringContext } from '../metric';
import type { Statistic } from '../statistics/bootstrap';
import { labelsOf, unfitLabels, unfitOutput } from '../unfit';
import { ratioOf } from '../units';

interface Evidence {
  readonly names: readonly string[];
  /** Pixels an image and class: [images, classes]. */
  readonly shared: Float64Array;
  readonly support: Float64Array;
  readonly predicted: Float64Array;
}

export const meanIou = metricKind<Evidence>({
  kind: 'mean-iou',
  title: 'Label maps',
  source: 'Everingham et al., IJCV 111, 2015',
  metrics: [
    { name: 'meanIou', title: 'Mean IoU', unit: 'share', better: 'high' },
    { name: 'pixelAccuracy', title: 'Pixel accuracy', unit: 'share', better: 'high' },
  ],
  start: async (context) => new MapScorer(context),
  judge,
});

class MapScorer implements Scorer<Evidence> {
  readonly #images: { shared: Map<number, number>; support: Map<number, number>; predicted: Map<number, number> }[] =
    [];
  #classes = 0;

  constructor(private readonly context: ScoringContext) {}

  add(answer: Answer): void {
    const { batch } = answer;
    const labels = labelsOf(this.context, answer);
    if (labels.dtype === 'string' || labels.shape[0] !== batch.size)
      throw unfitLabels(this.context, 'should hold one class a pixel: [samples, height, width]');
    const pixels = labels.data.length / batch.size;
    const decided = this.#decide(answer, pixels);
    const wanted = asNumbers(labels);
    const ignored = this.context.meta.raw.ignore ?? (labels.dtype === 'uint8' ? 255 : -1);
    for (let image = 0; image < batch.size; image++) {
      const counts = { shared: new Map(), support: new Map(), predicted: new Map() };
      for (let at = image * pixels; at < (image + 1) * pixels; at++) {
        const label = wanted[at] as number;
        if (label === ignored) continue;
        if (!Number.isInteger(label) || label < 0 || label >= this.#classes)
          throw unfitLabels(
            this.context,
            `sample ${batch.first + image} holds class ${label}; expected 0 to ${this.#classes - 1}`,
          );
        const decision = decided[at] as number;
        count(counts.support, label);
        count(counts.predicted, decision);
        if (label === decision) count(counts.shared, label);
      }
      this.#images.push(counts);
    }
  }

  /** The class of every pixel of the batch. */
  #decide(answer: Answer, pixels: number): Int32Array {
    const { output, batch } = answer;
    const all = pixels * batch.size;
    const scores = asFloats(output);
    const classes = scores.length / all;
    if (classes === 1 && !output.dtype.startsWith('float')) {
      const named = this.context.meta.classes?.length ?? 0;
      this.#classes = Math.max(this.#classes, named, greatest(scores) + 1);
      return Int32Array.from(scores);
    }
    if (!Number.isInteger(classes) || classes < 2 || output.shape[0] !== batch.size)
      throw unfitOutput(this.context, answer, 'scores of at least two classes for each labelled pixel');
    this.#classes = classes;
    if (output.shape[1] !== classes)
      return Int32Array.from({ length: all }, (_, at) => argmax(scores, at * classes, classes));
    const column = new Float64Array(classes);
    return Int32Array.from({ length: all }, (_, at) => {
      const image = Math.floor(at / pixels);
      const start = image * pixels * classes + (at - image * pixels);
      for (let c = 0; c < classes; c++) column[c] = scores[start + c * pixels] as number;
      return argmax(column, 0, classes);
    });
  }

  finish(): Evidence {
    const table = (key: 'shared' | 'support' | 'predicted') => {
      const counts = new Float64Array(this.#images.length * this.#classes);
      this.#images.forEach((image, at) => {
        for (const [c, pixels] of image[key]) counts[at * this.#classes + c] = pixels;
      });
      return counts;
    };
    return {
      names: Array.from({ length: this.#classes }, (_, at) => this.context.meta.classes?.[at] ?? String(at)),
      shared: table('shared'),
      support: table('support'),
      predicted: table('predicted'),
    };
  }
}

function greatest(values: ArrayLike<number>): number {
  let most = -1;
  for (let at = 0; at < values.length; at++) most = Math.max(most, values[at] as number);
  return most;
}

function count(counts: Map<number, number>, key: number): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function judge({ names, shared, support, predicted }: Evidence): Judgement {
  const classes = names.length;
  const units = support.length / classes;
  const perClass = (table: Float64Array, weights: Float64Array | null): Float64Array => {
    const sums = new Float64Array(classes);
    for (let image = 0; image < units; image++) {
      const weight = weights === null ? 1 : (weights[image] as number);
      for (let c = 0; c < classes; c++) sums[c]! += weight * (table[image * classes + c] as number);
    }
    return sums;
  };
  const iou: Statistic = (weights) => {
    const both = perClass(shared, weights);
    const there = perClass(support, weights);
    const said = perClass(predicted, weights);
    let sum = 0;
    let present = 0;
    for (let c = 0; c < classes; c++) {
      const union = (there[c] as number) + (said[c] as number) - (both[c] as number);
      if (union === 0) continue;
      sum += (both[c] as number) / union;
      present++;
    }
    return sum / present;
  };
  const perImage = (table: Float64Array) =>
    Float64Array.from({ length: units }, (_, image) =>
      table.subarray(image * classes, (image + 1) * classes).reduce((sum, pixels) => sum + pixels, 0),
    );
  const accuracy = ratioOf(perImage(shared), perImage(support));
  const said = perClass(predicted, null);
  const there = perClass(support, null);
  const both = perClass(shared, null);
  return {
    units,
    measures: [
      { name: 'meanIou', kind: 'statistic', value: iou },
      { name: 'pixelAccuracy', kind: 'statistic', value: accuracy },
    ],
    decisions: null,
    classes: {
      names: [...names],
      confusion: null,
      perClass: names.map((_, c) =>
        classFigures({ hits: both[c] as number, support: there[c] as number, predicted: said[c] as number }),
      ),
    },
    suspicions: suspicions(said, there),
  };
}

function suspicions(said: Float64Array, there: Float64Array): Judgement['suspicions'] {
  const used = (counts: Float64Array) => counts.filter((pixels) => pixels > 0).length;
  if (used(there) < 2 || used(said) > 1) return [];
  return [
    { code: 'one-class', message: 'Every pixel gets the same class: preprocessing or label order is probably wrong.' },
  ];
}
