/**
 * What a change costs a model's answers, expected and not counted, so that a few samples tell it: near-ties change first,
 * and there the original itself is as often wrong as right.
 *
 *   loss = Σ (p₁ − p₂) · Φ(−m/σ)    m = ln p₁ − ln p₂    σ² = mean of (change of m)²
 *
 * over the rows of an output, with p₁ and p₂ what the original gives its first and its second class: an answer changes
 * with the probability Φ(−m/σ), and then what was right with p₁ is right with p₂. Needs no labels.
 *
 * Text lines hold many answers and most steps are sure: there each step that changes in a line whose text changes counts
 * by p₁ less what the original gives its new symbol, at most one for each edit. A language model's loss is the growth of
 * its perplexity. Of boxes in a probability map it is 1 − F1 of those found against those that the original finds.
 */

import type { Meta } from '../data/dataset';
import { boxesOfMap, countMatches, editDistance } from '../kernels';
import type { NdArray } from '../onnx/ir';

export interface Answers {
  /** Share of the answers that are expected to be lost; of a language model a quarter of its perplexity's growth. */
  readonly lost: number;
  /** Share that changed. */
  readonly changed: number;
  /** How many were compared. */
  readonly all: number;
}

type Outputs = Readonly<Record<string, NdArray>>;

/** Above what a text needs, so that every class is a letter. */
const firstLetter = 0x10000;

/** Boxes are the same answer from this share of their union in common. */
const sameBox = 0.5;

/** What half a point of accuracy is in perplexity. */
const perplexityShare = 4;

/** Compares answers batch by batch, in the way that the kind of the data's metric asks for. */
export class AnswerCounter {
  readonly #kind: string;
  readonly #output: string | null;
  readonly #blank: number;
  /** Of every row: m, p₁ − p₂ and the change of m. */
  readonly #margins: { margin: number; lead: number; change: number }[] = [];
  #changed = 0;
  #all = 0;
  #divergence = 0;
  #lostSymbols = 0;
  /** Of the boxes of both: that the changed outputs have, and that are the same. */
  readonly #boxes = { changed: 0, same: 0 };

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
      if (this.#kind === 'boxes' && a.shape.length === 4) {
        this.#maps(a, b);
        continue;
      }
      const classes = a.shape.at(-1) ?? 0;
      if (a.shape.length < 2 || classes < 2 || classes > 1_000_000) continue;
      const [own, other] = [asLogarithms(a.data, classes), asLogarithms(b.data, classes)];
      this.#rows(own, other, classes);
      if (this.#kind === 'ctc' && a.shape.length === 3) this.#lines(own, other, classes, a.shape[1] as number);
      else this.#all += own.length / classes;
    }
  }

  get answers(): Answers {
    if (this.#all === 0) return { lost: 0, changed: 0, all: 0 };
    if (this.#kind === 'boxes') {
      const lost = 1 - (2 * this.#boxes.same) / (this.#all + this.#boxes.changed);
      return { lost, changed: lost, all: this.#all };
    }
    const square = this.#margins.reduce((sum, { change }) => sum + change ** 2, 0) / this.#margins.length;
    const deviation = Math.max(Math.sqrt(square), 1e-12);
    const lost = this.#margins.reduce((sum, { margin, lead }) => sum + lead * normalBelow(-margin / deviation), 0);
    const growth = Math.exp(this.#divergence / this.#all) - 1;
    const byKind = { lm: growth / perplexityShare, ctc: this.#lostSymbols / this.#all };
    return {
      lost: byKind[this.#kind as keyof typeof byKind] ?? lost / this.#all,
      changed: this.#changed / this.#all,
      all: this.#all,
    };
  }

  #rows(a: Float32Array, b: Float32Array, classes: number): void {
    for (let from = 0; from < a.length; from += classes) {
      const first = from + largestAt(a, from, classes);
      const second = from + largestAt(a, from, classes, first - from);
      const total = logSumExp(a, from, classes);
      const margin = a[first]! - a[second]!;
      const lead = Math.exp(a[first]! - total) - Math.exp(a[second]! - total);
      this.#margins.push({ margin, lead, change: b[first]! - b[second]! - margin });
      if (this.#kind !== 'ctc' && from + largestAt(b, from, classes) !== first) this.#changed++;
      if (this.#kind !== 'lm') continue;
      const other = logSumExp(b, from, classes);
      for (let i = from; i < from + classes; i++)
        this.#divergence += Math.exp(a[i]! - total) * (a[i]! - total - (b[i]! - other));
    }
  }

  #lines(a: Float32Array, b: Float32Array, classes: number, steps: number): void {
    for (let from = 0; from < a.length; from += steps * classes) {
      const own = this.#line(a, from, steps, classes);
      const edits = editDistance(this.#line(b, from, steps, classes), own);
      this.#changed += edits;
      this.#all += [...own].length;
      let lost = 0;
      for (let step = 0, at = from; step < steps; step++, at += classes) {
        const [first, other] = [at + largestAt(a, at, classes), at + largestAt(b, at, classes)];
        const total = logSumExp(a, at, classes);
        if (first !== other) lost += Math.exp(a[first]! - total) - Math.exp(a[other]! - total);
      }
      this.#lostSymbols += Math.min(edits, lost);
    }
  }

  /** The first channel of maps [pages, channels, height, width]. */
  #maps({ shape, data }: NdArray<'float32'>, changed: NdArray<'float32'>): void {
    const [pages, channels, height, width] = shape as [number, number, number, number];
    for (let page = 0; page < pages; page++) {
      const from = page * channels * height * width;
      const boxesOf = (map: Float32Array) => boxesOfMap(map.subarray(from, from + height * width), height, width);
      const [own, other] = [boxesOf(data), boxesOf(changed.data)];
      this.#all += own.length;
      this.#boxes.changed += other.length;
      this.#boxes.same += countMatches(other, own, sameBox);
    }
  }

  /** The best symbol of each step, repeats merged, blanks dropped. */
  #line(x: Float32Array, from: number, steps: number, classes: number): string {
    const best = Array.from({ length: steps }, (_, step) => largestAt(x, from + step * classes, classes));
    const kept = best.filter((symbol, step) => symbol !== this.#blank && symbol !== best[step - 1]);
    return kept.map((symbol) => String.fromCodePoint(firstLetter + symbol)).join('');
  }
}

/** Rows of probabilities as their logarithms; rows of anything else as they are. */
function asLogarithms(x: Float32Array, classes: number): Float32Array {
  for (let from = 0; from < x.length; from += classes) {
    let sum = 0;
    for (let i = from; i < from + classes; i++) {
      if (x[i]! < 0) return x;
      sum += x[i]!;
    }
    if (Math.abs(sum - 1) > 1e-2) return x;
  }
  return x.map((p) => Math.log(Math.max(p, 1e-30)));
}

/** Φ, the share of the normal distribution below z, to 1.5e-7. Source: Abramowitz and Stegun 1964, 7.1.26. */
function normalBelow(z: number): number {
  const t = 1 / (1 + 0.3275911 * (Math.abs(z) / Math.SQRT2));
  const series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const tail = 0.5 * series * Math.exp((-z * z) / 2);
  return z < 0 ? tail : 1 - tail;
}

/** @param but a place that is passed over */
function largestAt(x: Float32Array, from: number, count: number, but = -1): number {
  let best = but === 0 ? 1 : 0;
  for (let i = best + 1; i < count; i++) if (i !== but && x[from + i]! > x[from + best]!) best = i;
  return best;
}

function logSumExp(x: Float32Array, from: number, count: number): number {
  const largest = x[from + largestAt(x, from, count)]!;
  let sum = 0;
  for (let i = from; i < from + count; i++) sum += Math.exp(x[i]! - largest);
  return largest + Math.log(sum);
}
