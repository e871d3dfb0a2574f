/**
 * Voice activity, frame by frame: 1 speech, 0 none, −1 not scored. Frames of a clip belong together, so clips are what is
 * drawn for intervals.
 * Source: accuracy at 0.5 and area under the ROC curve (Hanley & McNeil, Radiology 143, 1982).
 */

import { asFloats, asNumbers } from '../as-floats';
import { type Answer, type Judgement, metricKind, type Scorer, type ScoringContext } from '../metric';
import type { Statistic } from '../statistics/bootstrap';
import { rocAuc } from '../statistics/roc-auc';
import { labelsOf, unfitLabels, unfitOutput } from '../unfit';

interface Evidence {
  /** One a frame. */
  readonly scores: Float64Array;
  readonly labels: Int8Array;
  /** Number of the clip, from 0 in order of appearance. */
  readonly clips: Int32Array;
}

/** With fewer clips than this, frames are drawn instead: a handful of clips cannot be resampled. */
const leastClips = 8;

export const vad = metricKind<Evidence>({
  kind: 'vad',
  title: 'Voice activity',
  source: 'Hanley & McNeil, Radiology 143, 1982; accuracy at a threshold of one half',
  metrics: [
    { name: 'accuracy', title: 'Frame accuracy', unit: 'share', better: 'high' },
    { name: 'auc', title: 'Area under the ROC curve', unit: 'share', better: 'high' },
  ],
  start: async (context) => new FrameScorer(context),
  judge,
});

class FrameScorer implements Scorer<Evidence> {
  readonly #scores: number[] = [];
  readonly #labels: number[] = [];
  readonly #clips: number[] = [];
  readonly #numbers = new Map<string, number>();

  constructor(private readonly context: ScoringContext) {}

  add(answer: Answer): void {
    const { output, batch } = answer;
    const labels = labelsOf(this.context, answer);
    if (labels.dtype === 'string' || labels.data.length !== batch.size)
      throw unfitLabels(this.context, 'should hold one number a frame: 1 speech, 0 none, −1 not scored');
    if (output.data.length < batch.size) throw unfitOutput(this.context, answer, 'one number a frame');
    const scores = asFloats(output);
    const width = scores.length / batch.size;
    asNumbers(labels).forEach((label, row) => {
      if (label !== 0 && label !== 1 && label !== -1)
        throw unfitLabels(this.context, `row ${batch.first + row} is ${label}; expected 1, 0 or −1`);
      this.#scores.push(scores[row * width] as number);
      this.#labels.push(label);
      this.#clips.push(this.#clipNumber(batch.extras.clip?.data[row]));
    });
  }

  #clipNumber(clip: unknown): number {
    const name = String(clip);
    const known = this.#numbers.get(name) ?? this.#numbers.size;
    this.#numbers.set(name, known);
    return known;
  }

  finish(): Evidence {
    return {
      scores: Float64Array.from(this.#scores),
      labels: Int8Array.from(this.#labels),
      clips: Int32Array.from(this.#clips),
    };
  }
}

const isSpeech = (score: number): boolean => score > 0.5;

function judge({ scores, labels, clips }: Evidence): Judgement {
  const scored = Array.from(labels, (_, frame) => frame).filter((frame) => labels[frame] !== -1);
  const clipCount = clips.reduce((most, clip) => Math.max(most, clip + 1), 0);
  const byClip = clipCount >= leastClips;
  const unitOf = scored.map((frame, at) => (byClip ? (clips[frame] as number) : at));
  const hits = scored.map((frame) => Number(isSpeech(scores[frame] as number) === (labels[frame] === 1)));
  const area = rocAuc(
    scored.map((frame) => scores[frame] as number),
    scored.map((frame) => Number(labels[frame] === 1)),
  );
  /** Weights of units as weights of the scored frames. */
  const spread = (weights: Float64Array | null): Float64Array | null =>
    weights === null ? null : Float64Array.from(unitOf, (unit) => weights[unit] as number);
  const accuracy: Statistic = (weights) => {
    let right = 0;
    let all = 0;
    hits.forEach((hit, at) => {
      const weight = weights === null ? 1 : (weights[unitOf[at] as number] as number);
      right += weight * hit;
      all += weight;
    });
    return right / all;
  };
  return {
    units: byClip ? clipCount : scored.length,
    measures: [
      byClip
        ? { name: 'accuracy', kind: 'statistic', value: accuracy }
        : { name: 'accuracy', kind: 'share', hits: Uint8Array.from(hits) },
      { name: 'auc', kind: 'statistic', value: (weights) => area(spread(weights)) },
    ],
    decisions: Array.from(scores, (score) => Number(isSpeech(score))),
    classes: null,
    suspicions: suspicions(scores, scored, labels, area(null)),
  };
}

function suspicions(
  scores: Float64Array,
  scored: readonly number[],
  labels: Int8Array,
  area: number,
): Judgement['suspicions'] {
  const advice = 'preprocessing or the carried state is probably wrong';
  const mixed = new Set(scored.map((frame) => labels[frame])).size > 1;
  if (mixed && new Set(scored.map((frame) => isSpeech(scores[frame] as number))).size === 1)
    return [{ code: 'one-class', message: `Every frame gets the same answer: ${advice}.` }];
  if (!(Math.abs(area - 0.5) < 0.05)) return [];
  return [
    { code: 'near-chance', message: `The area under the curve of ${area.toFixed(2)} is that of guessing: ${advice}.` },
  ];
}
