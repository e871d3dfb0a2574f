/**
 * How many of a model's own answers a change turns into others: classes of rows, symbols of text lines; of a language
 * model, how much its perplexity grows. Needs no labels: by the triangle inequality the data's own metric loses at most
 * that share.
 */

import type { Meta } from '../data/dataset';
import { editDistance } from '../kernels';
import type { NdArray } from '../onnx/ir';

export interface Answers {
  /** Share that changed; of a language model the growth of its perplexity. */
  readonly changed: number;
  /** How many were compared. */
  readonly all: number;
}

type Outputs = Readonly<Record<string, NdArray>>;

/** Above what a text needs, so that every class is a letter. */
const firstLetter = 0x10000;

/** Compares answers batch by batch, in the way that the kind of the data's metric asks for. */
export class AnswerCounter {
  readonly #kind: string;
  readonly #output: string | null;
  readonly #blank: number;
  #changed = 0;
  #all = 0;

  /** @param meta of the dataset; absent: answers are classes */
  constructor(meta: Meta | undefined) {
    this.#kind = meta?.metric?.kind ?? 'top1';
    this.#output = meta?.output ?? null;
    this.#blank = typeof meta?.raw.blank === 'number' ? meta.raw.blank : 0;
  }

  see(reference: Outputs, changed: Outputs): void {
    const names = this.#output !== null && this.#output in reference ? [this.#output] : Object.keys(reference);
    for (const name of names) {
      const [a, b] = [reference[name] as NdArray<'float32'>, changed[name] as NdArray<'float32'>];
      const classes = a.shape.at(-1) ?? 0;
      if (a.shape.length < 2 || classes < 2 || classes > 1_000_000) continue;
      if (this.#kind === 'ctc' && a.shape.length === 3) this.#lines(a, b, classes);
      else if (this.#kind === 'lm') this.#distributions(a, b, classes);
      else this.#rows(a, b, classes);
    }
  }

  get answers(): Answers {
    const mean = this.#all === 0 ? 0 : this.#changed / this.#all;
    return { changed: this.#kind === 'lm' ? Math.exp(mean) - 1 : mean, all: this.#all };
  }

  #rows({ data: a }: NdArray<'float32'>, { data: b }: NdArray<'float32'>, classes: number): void {
    for (let from = 0; from < a.length; from += classes, this.#all++)
      if (largestAt(a, from, classes) !== largestAt(b, from, classes)) this.#changed++;
  }

  #lines({ data: a, shape }: NdArray<'float32'>, { data: b }: NdArray<'float32'>, classes: number): void {
    const length = (shape[1] as number) * classes;
    for (let from = 0; from < a.length; from += length) {
      const own = this.#line(a, from, length, classes);
      this.#changed += editDistance(this.#line(b, from, length, classes), own);
      this.#all += [...own].length;
    }
  }

  /** The best symbol of each step, repeats merged, blanks dropped. */
  #line(x: Float32Array, from: number, length: number, classes: number): string {
    const best = Array.from({ length: length / classes }, (_, step) => largestAt(x, from + step * classes, classes));
    const kept = best.filter((symbol, step) => symbol !== this.#blank && symbol !== best[step - 1]);
    return kept.map((symbol) => String.fromCodePoint(firstLetter + symbol)).join('');
  }

  /** Kullback–Leibler divergence of the two distributions of each row: what the perplexity under the first grows by. */
  #distributions({ data: a }: NdArray<'float32'>, { data: b }: NdArray<'float32'>, classes: number): void {
    for (let from = 0; from < a.length; from += classes, this.#all++) {
      const [own, other] = [logSumExp(a, from, classes), logSumExp(b, from, classes)];
      for (let i = from; i < from + classes; i++)
        this.#changed += Math.exp(a[i]! - own) * (a[i]! - own - (b[i]! - other));
    }
  }
}

function largestAt(x: Float32Array, from: number, count: number): number {
  let best = from;
  for (let i = from + 1; i < from + count; i++) if (x[i]! > x[best]!) best = i;
  return best - from;
}

function logSumExp(x: Float32Array, from: number, count: number): number {
  const largest = x[from + largestAt(x, from, count)]!;
  let sum = 0;
  for (let i = from; i < from + count; i++) sum += Math.exp(x[i]! - largest);
  return largest + Math.log(sum);
}
