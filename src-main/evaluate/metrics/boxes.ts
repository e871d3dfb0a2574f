/**
 * Boxes from a probability map: connected parts of the map, matched one to one with the true boxes.
 * Source: Liao et al., Real-time scene text detection with differentiable binarization, AAAI 2020 (3.5, box formation);
 * F1 at intersection over union 0.5 as in ICDAR 2015.
 */

import { type Box, boxesOfMap, countMatches } from '../../kernels';
import { asFloats, asNumbers } from '../as-floats';
import { type Answer, type Judgement, metricKind, type Scorer, type ScoringContext } from '../metric';
import { labelsOf, unfitLabels, unfitOutput } from '../unfit';
import { ratioOf, weightedSum } from '../units';

const overlap = 0.5;

interface Evidence {
  /** Counts a page. */
  readonly matched: Float64Array;
  readonly found: Float64Array;
  readonly there: Float64Array;
}

export const boxes = metricKind<Evidence>({
  kind: 'boxes',
  title: 'Boxes from a probability map',
  source: 'Liao et al., arXiv:1911.08947; ICDAR 2015 robust reading',
  metrics: [
    { name: 'f1', title: 'Box F1 at IoU 0.5', unit: 'share', better: 'high' },
    { name: 'precision', title: 'Box precision', unit: 'share', better: 'high' },
    { name: 'recall', title: 'Box recall', unit: 'share', better: 'high' },
  ],
  start: async (context) => new PageScorer(context),
  judge,
});

class PageScorer implements Scorer<Evidence> {
  readonly #matched: number[] = [];
  readonly #found: number[] = [];
  readonly #there: number[] = [];

  constructor(private readonly context: ScoringContext) {}

  add(answer: Answer): void {
    const { output, batch } = answer;
    const labels = labelsOf(this.context, answer);
    if (
      labels.dtype === 'string' ||
      labels.shape.length !== 3 ||
      labels.shape[2] !== 4 ||
      labels.shape[0] !== batch.size
    )
      throw unfitLabels(this.context, 'should have shape [samples, boxes, 4]: x0 y0 x1 y1, −1 where there is none');
    if (output.shape.length !== 4 || output.shape[0] !== batch.size)
      throw unfitOutput(this.context, answer, '[samples, 1, height, width]');
    const [, channels, height, width] = output.shape as [number, number, number, number];
    const maps = asFloats(output);
    const numbers = asNumbers(labels);
    const slots = labels.shape[1] as number;
    for (let page = 0; page < batch.size; page++) {
      const start = page * channels * height * width;
      const found = boxesOfMap(maps.subarray(start, start + height * width), height, width);
      const truth = trueBoxes(numbers.slice(page * slots * 4, (page + 1) * slots * 4));
      this.#matched.push(countMatches(found, truth, overlap));
      this.#found.push(found.length);
      this.#there.push(truth.length);
    }
  }

  finish(): Evidence {
    return {
      matched: Float64Array.from(this.#matched),
      found: Float64Array.from(this.#found),
      there: Float64Array.from(this.#there),
    };
  }
}

function trueBoxes(numbers: readonly number[]): Box[] {
  const found: Box[] = [];
  for (let at = 0; at + 4 <= numbers.length; at += 4)
    if ((numbers[at] as number) >= 0) found.push(numbers.slice(at, at + 4) as unknown as Box);
  return found;
}

function judge({ matched, found, there }: Evidence): Judgement {
  return {
    units: matched.length,
    measures: [
      {
        name: 'f1',
        kind: 'statistic',
        // 2PR / (P + R), P over the found and R over the true boxes, comes to this.
        value: (weights) =>
          (2 * weightedSum(matched, weights)) / (weightedSum(found, weights) + weightedSum(there, weights)),
      },
      { name: 'precision', kind: 'statistic', value: orZero(ratioOf(matched, found)) },
      { name: 'recall', kind: 'statistic', value: orZero(ratioOf(matched, there)) },
    ],
    decisions: null,
    classes: null,
    suspicions: suspicions(matched, there),
  };
}

/** Nothing found is a precision of 0, as with zero_division=0 elsewhere. */
function orZero(statistic: (weights: Float64Array | null) => number) {
  return (weights: Float64Array | null): number => {
    const value = statistic(weights);
    return Number.isNaN(value) ? 0 : value;
  };
}

function suspicions(matched: Float64Array, there: Float64Array): Judgement['suspicions'] {
  const total = weightedSum(there, null);
  if (total < 20 || weightedSum(matched, null) / total > 0.05) return [];
  const message = `Hardly any of ${total} boxes is found: preprocessing or the scale of the boxes is probably wrong.`;
  return [{ code: 'near-chance', message }];
}
