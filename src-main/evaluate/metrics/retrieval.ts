/**
 * Retrieval by embeddings: those who ask (`role` 0) rank all answers (`role` 1) by cosine; the label is the place of the
 * right one among the answers. Token outputs are averaged over `attention_mask` first.
 * Source: Reimers & Gurevych, Sentence-BERT, EMNLP 2019 (mean pooling); Voorhees, TREC-8 1999 (mean reciprocal rank).
 */

import { LatheError } from '../../contract';
import type { NdArray } from '../../onnx/ir';
import { asFloats, asNumbers } from '../as-floats';
import { type Answer, type Judgement, metricKind, type Scorer, type ScoringContext } from '../metric';
import { labelsOf, unfitLabels, unfitOutput } from '../unfit';
import { meanOf } from '../units';

interface Evidence {
  /** [texts, width], each of length 1 */
  readonly embeddings: Float32Array;
  readonly width: number;
  readonly roles: Int32Array;
  readonly labels: Int32Array;
}

export const retrieval = metricKind<Evidence>({
  kind: 'retrieval',
  title: 'Retrieval by embeddings',
  source: 'Reimers & Gurevych, arXiv:1908.10084; Voorhees, TREC-8 question answering track',
  metrics: [
    { name: 'recallAt1', title: 'Recall at 1', unit: 'share', better: 'high' },
    { name: 'mrr', title: 'Mean reciprocal rank', unit: 'share', better: 'high' },
  ],
  start: async (context) => new EmbeddingScorer(context),
  judge,
  comparable: poolRows,
});

/** Unit vectors, one a text: shape [texts, width]. */
function poolRows({ output, batch }: Answer): NdArray<'float32'> {
  const values = asFloats(output);
  const texts = batch.size;
  const width = output.shape.at(-1) ?? 1;
  const steps = values.length / (texts * width);
  const mask = batch.feeds.attention_mask;
  const kept = steps > 1 && mask !== undefined && mask.dtype !== 'string' ? asNumbers(mask) : null;
  const data = new Float32Array(texts * width);
  for (let text = 0; text < texts; text++) {
    const sum = new Float64Array(width);
    for (let step = 0; step < steps; step++) {
      const weight = kept === null ? 1 : (kept[text * steps + step] as number);
      if (weight === 0) continue;
      const start = (text * steps + step) * width;
      for (let at = 0; at < width; at++) sum[at]! += weight * (values[start + at] as number);
    }
    // The number of tokens goes out with the length of the vector.
    const norm = Math.sqrt(sum.reduce((total, value) => total + value * value, 0));
    for (let at = 0; at < width; at++) data[text * width + at] = norm === 0 ? 0 : (sum[at] as number) / norm;
  }
  return { dtype: 'float32', shape: [texts, width], data };
}

class EmbeddingScorer implements Scorer<Evidence> {
  readonly #parts: Float32Array[] = [];
  readonly #roles: number[] = [];
  readonly #labels: number[] = [];
  #width = 0;

  constructor(private readonly context: ScoringContext) {}

  add(answer: Answer): void {
    const { output, batch } = answer;
    const labels = labelsOf(this.context, answer);
    const { role } = batch.extras;
    if (role === undefined || role.dtype === 'string')
      throw new LatheError({
        who: `${this.context.split.name} data`,
        what: 'metric "retrieval" needs an array "role": 0 asks, 1 answers',
      });
    if (labels.dtype === 'string' || labels.shape.length !== 1)
      throw unfitLabels(this.context, 'should hold one number a sample: the place of the match among the answers');
    if (output.shape[0] !== batch.size || output.shape.length < 2 || output.shape.length > 3)
      throw unfitOutput(this.context, answer, '[texts, width] or [texts, tokens, width]');
    const { data, shape } = poolRows(answer);
    this.#width = shape[1] as number;
    this.#parts.push(data);
    this.#roles.push(...asNumbers(role));
    this.#labels.push(...asNumbers(labels));
  }

  finish(): Evidence {
    const answers = this.#roles.filter((role) => role === 1).length;
    this.#labels.forEach((label, row) => {
      if (this.#roles[row] === 0 && (label < 0 || label >= answers))
        throw unfitLabels(this.context, `row ${row} names answer ${label}, but there are ${answers} answers`);
    });
    const embeddings = new Float32Array(this.#roles.length * this.#width);
    let at = 0;
    for (const part of this.#parts) {
      embeddings.set(part, at);
      at += part.length;
    }
    return {
      embeddings,
      width: this.#width,
      roles: Int32Array.from(this.#roles),
      labels: Int32Array.from(this.#labels),
    };
  }
}

function judge({ embeddings, width, roles, labels }: Evidence): Judgement {
  const rows = Array.from(roles, (_, row) => row);
  const asking = rows.filter((row) => roles[row] === 0);
  const answering = rows.filter((row) => roles[row] === 1);
  const ranked = asking.map((row) => rankAnswers(embeddings, width, row, answering, labels[row] as number));
  return {
    units: asking.length,
    measures: [
      { name: 'recallAt1', kind: 'share', hits: Uint8Array.from(ranked, ({ rank }) => Number(rank === 0)) },
      { name: 'mrr', kind: 'statistic', value: meanOf(ranked.map(({ rank }) => 1 / (rank + 1))) },
    ],
    decisions: ranked.map(({ best }) => best),
    classes: null,
    suspicions: suspicions(ranked, answering.length),
  };
}

interface Ranked {
  /** How many answers are nearer than the right one. */
  readonly rank: number;
  /** Place of the nearest among the answers. */
  readonly best: number;
}

function rankAnswers(
  embeddings: Float32Array,
  width: number,
  asking: number,
  answering: readonly number[],
  right: number,
): Ranked {
  const scores = answering.map((row) => {
    let product = 0;
    for (let at = 0; at < width; at++)
      product += (embeddings[asking * width + at] as number) * (embeddings[row * width + at] as number);
    return product;
  });
  const own = scores[right] as number;
  let best = 0;
  scores.forEach((score, place) => {
    if (score > (scores[best] as number)) best = place;
  });
  return { rank: scores.filter((score) => score > own).length, best };
}

function suspicions(ranked: readonly Ranked[], answers: number): Judgement['suspicions'] {
  const asked = ranked.length;
  const advice = 'tokenizer or pooling is probably wrong';
  if (asked > 1 && answers > 1 && new Set(ranked.map(({ best }) => best)).size === 1)
    return [{ code: 'one-class', message: `Every one of ${asked} texts gets the same answer: ${advice}.` }];
  const hits = ranked.filter(({ rank }) => rank === 0).length;
  const chance = 1 / answers;
  if (hits / asked > chance + 3 * Math.sqrt((chance * (1 - chance)) / asked)) return [];
  const message = `Recall at 1 of ${(100 * hits) / asked} % is what guessing among ${answers} answers gives: ${advice}.`;
  return [{ code: 'near-chance', message }];
}
