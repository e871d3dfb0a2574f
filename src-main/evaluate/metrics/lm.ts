/**
 * Next tokens of a language model: labels hold the token that follows each position, −1 where none is scored. Positions of
 * a text belong together, so texts are what is drawn for intervals.
 * Source: perplexity = exp of the mean negative log-likelihood a token (Jelinek et al., JASA 62 S1, 1977).
 */

import type { NdArray } from '../../onnx/ir';
import { argmax, asFloats, asNumbers } from '../as-floats';
import { type Answer, type Judgement, metricKind, type Scorer, type ScoringContext } from '../metric';
import { labelsOf, unfitLabels, unfitOutput } from '../unfit';
import { ratioOf } from '../units';

interface Evidence {
  /** Sums a text: nats, right tokens, scored tokens. */
  readonly nats: Float64Array;
  readonly hits: Float64Array;
  readonly tokens: Float64Array;
  /** The likeliest token of each scored position. */
  readonly decisions: Int32Array;
}

/** Outputs of a text are tokens × vocabulary: of so many texts they are compared, of the rest only the decisions. */
const comparedTexts = 4;

export const lm = metricKind<Evidence>({
  kind: 'lm',
  title: 'Next tokens',
  source: 'Jelinek et al., Perplexity – a measure of the difficulty of speech recognition tasks, 1977',
  metrics: [
    { name: 'perplexity', title: 'Perplexity', unit: 'perplexity', better: 'low' },
    { name: 'bitsPerToken', title: 'Bits a token', unit: 'bits', better: 'low' },
    { name: 'nextTokenTop1', title: 'Next token right', unit: 'share', better: 'high' },
  ],
  start: async (context) => new TokenScorer(context),
  judge,
  comparable: firstTexts,
});

function firstTexts({ output, batch }: Answer): NdArray {
  const rows = Math.max(0, Math.min(batch.size, comparedTexts - batch.first));
  const width = output.data.length / batch.size;
  const data = output.data.slice(0, rows * width) as typeof output.data;
  return { ...output, shape: [rows, ...output.shape.slice(1)], data };
}

class TokenScorer implements Scorer<Evidence> {
  readonly #nats: number[] = [];
  readonly #hits: number[] = [];
  readonly #tokens: number[] = [];
  readonly #decisions: number[] = [];

  constructor(private readonly context: ScoringContext) {}

  add(answer: Answer): void {
    const { output, batch } = answer;
    const labels = labelsOf(this.context, answer);
    if (output.shape.length !== 3 || output.shape[0] !== batch.size)
      throw unfitOutput(this.context, answer, '[texts, tokens, vocabulary]');
    const [texts, length, vocabulary] = output.shape as [number, number, number];
    if (labels.dtype === 'string' || labels.data.length !== texts * length)
      throw unfitLabels(this.context, `should hold ${length} tokens a text, −1 where none is scored`);
    const scores = asFloats(output);
    const wanted = asNumbers(labels);
    for (let text = 0; text < texts; text++) this.#addText(scores, wanted, text * length, length, vocabulary);
  }

  #addText(
    scores: ArrayLike<number>,
    wanted: readonly number[],
    first: number,
    length: number,
    vocabulary: number,
  ): void {
    let nats = 0;
    let hits = 0;
    let tokens = 0;
    for (let at = first; at < first + length; at++) {
      const token = wanted[at] as number;
      if (token < 0) continue;
      if (token >= vocabulary)
        throw unfitLabels(this.context, `asks for token ${token}, the output scores ${vocabulary}`);
      const best = argmax(scores, at * vocabulary, vocabulary);
      nats += negativeLogLikelihood(scores, at * vocabulary, vocabulary, token, best);
      hits += Number(best === token);
      tokens++;
      this.#decisions.push(best);
    }
    this.#nats.push(nats);
    this.#hits.push(hits);
    this.#tokens.push(tokens);
  }

  finish(): Evidence {
    return {
      nats: Float64Array.from(this.#nats),
      hits: Float64Array.from(this.#hits),
      tokens: Float64Array.from(this.#tokens),
      decisions: Int32Array.from(this.#decisions),
    };
  }
}

/** log Σ exp(scores) − scores[token]; the same for logits and for logarithms of probabilities. */
function negativeLogLikelihood(
  scores: ArrayLike<number>,
  start: number,
  count: number,
  token: number,
  best: number,
): number {
  const greatest = scores[start + best] as number;
  let sum = 0;
  for (let at = start; at < start + count; at++) sum += Math.exp((scores[at] as number) - greatest);
  return greatest + Math.log(sum) - (scores[start + token] as number);
}

function judge({ nats, hits, tokens, decisions }: Evidence): Judgement {
  const mean = ratioOf(nats, tokens);
  return {
    units: nats.length,
    measures: [
      { name: 'perplexity', kind: 'statistic', value: (weights) => Math.exp(mean(weights)) },
      { name: 'bitsPerToken', kind: 'statistic', value: (weights) => mean(weights) / Math.LN2 },
      { name: 'nextTokenTop1', kind: 'statistic', value: ratioOf(hits, tokens) },
    ],
    decisions: Array.from(decisions),
    classes: null,
    suspicions: suspicions(decisions),
  };
}

function suspicions(decisions: Int32Array): Judgement['suspicions'] {
  if (decisions.length < 2 || new Set(decisions).size > 1) return [];
  const message = `Every position is answered with token ${decisions[0]}: tokenizer or inputs are probably wrong.`;
  return [{ code: 'one-class', message }];
}
