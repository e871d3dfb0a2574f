/**
 * Text lines by connectionist temporal classification: the best symbol of each step, repeats merged, blanks dropped.
 * Source: Graves et al., ICML 2006, best-path decoding (3.2); character error rate = edit distances over text lengths.
 *
 * meta.json: `blank` (index of the blank, 0 where absent), `ignore_space`; charset.txt beside it: a symbol a line.
 */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LatheError, messageOf } from '../../contract';
import { editDistance } from '../../kernels';
import { argmax, asFloats } from '../as-floats';
import { type Answer, type Judgement, metricKind, type Scorer, type ScoringContext } from '../metric';
import { labelsOf, unfitLabels, unfitOutput } from '../unfit';
import { ratioOf } from '../units';

interface Evidence {
  readonly texts: readonly string[];
  /** Edits to the true text, and its length in code points. */
  readonly edits: Float64Array;
  readonly lengths: Float64Array;
}

export const ctc = metricKind<Evidence>({
  kind: 'ctc',
  title: 'Text lines (CTC)',
  source: 'Graves et al., Connectionist temporal classification, ICML 2006',
  metrics: [
    { name: 'cer', title: 'Character error rate', unit: 'share', better: 'low' },
    { name: 'exact', title: 'Lines without error', unit: 'share', better: 'high' },
  ],
  start: async (context) => new LineScorer(context, await readSymbols(context)),
  judge,
});

async function readSymbols({ meta }: ScoringContext): Promise<string[]> {
  if (meta.folder === null) throw new LatheError({ who: 'metric "ctc"', what: 'needs a charset.txt beside the data' });
  try {
    return (await readFile(join(meta.folder, 'charset.txt'), 'utf8')).split('\n');
  } catch (cause) {
    throw new LatheError({
      who: 'charset.txt',
      what: `cannot be read (${messageOf(cause)})`,
      next: 'metric "ctc" needs it beside meta.json: one symbol a line, the line number is the class',
      cause,
    });
  }
}

class LineScorer implements Scorer<Evidence> {
  readonly #blank: number;
  readonly #ignoreSpace: boolean;
  readonly #texts: string[] = [];
  readonly #edits: number[] = [];
  readonly #lengths: number[] = [];

  constructor(
    private readonly context: ScoringContext,
    private readonly symbols: readonly string[],
  ) {
    this.#blank = typeof context.meta.raw.blank === 'number' ? context.meta.raw.blank : 0;
    this.#ignoreSpace = context.meta.raw.ignore_space === true;
  }

  add(answer: Answer): void {
    const { output, batch } = answer;
    const labels = labelsOf(this.context, answer);
    if (labels.dtype !== 'string' || labels.data.length !== batch.size)
      throw unfitLabels(this.context, 'should hold one text a sample');
    if (output.shape.length !== 3 || output.shape[0] !== batch.size)
      throw unfitOutput(this.context, answer, '[samples, steps, symbols]');
    const [, steps, classes] = output.shape as [number, number, number];
    const scores = asFloats(output);
    (labels.data as string[]).forEach((label, row) => {
      const best = Array.from({ length: steps }, (_, step) => argmax(scores, (row * steps + step) * classes, classes));
      this.#addLine(this.#comparable(this.#decode(best)), this.#comparable(label));
    });
  }

  #decode(best: readonly number[]): string {
    const kept = best.filter((symbol, step) => symbol !== this.#blank && symbol !== best[step - 1]);
    return kept.map((symbol) => this.#symbol(symbol)).join('');
  }

  #symbol(index: number): string {
    const symbol = this.symbols[index];
    if (symbol !== undefined) return symbol;
    throw new LatheError({
      who: 'charset.txt',
      what: `has ${this.symbols.length} symbols, the model answers number ${index}`,
      next: 'give the charset that the model was trained with',
    });
  }

  #comparable(text: string): string {
    return this.#ignoreSpace ? text.replaceAll(' ', '') : text;
  }

  #addLine(text: string, truth: string): void {
    this.#texts.push(text);
    this.#edits.push(editDistance(text, truth));
    this.#lengths.push([...truth].length);
  }

  finish(): Evidence {
    return { texts: this.#texts, edits: Float64Array.from(this.#edits), lengths: Float64Array.from(this.#lengths) };
  }
}

function judge({ texts, edits, lengths }: Evidence): Judgement {
  return {
    units: texts.length,
    measures: [
      { name: 'cer', kind: 'statistic', value: ratioOf(edits, lengths) },
      { name: 'exact', kind: 'share', hits: Uint8Array.from(edits, (count) => Number(count === 0)) },
    ],
    decisions: texts,
    classes: null,
    suspicions: suspicions(texts, edits, lengths),
  };
}

function suspicions(texts: readonly string[], edits: Float64Array, lengths: Float64Array): Judgement['suspicions'] {
  if (texts.length > 1 && new Set(texts).size === 1) {
    const message = `Every one of ${texts.length} lines is read as "${texts[0]}": preprocessing or charset order is probably wrong.`;
    return [{ code: 'one-class', message }];
  }
  // Nothing is guessed by chance here: a reader that errs on nine letters of ten reads something else.
  const rate = ratioOf(edits, lengths)(null);
  if (rate < 0.9) return [];
  const message = `Of the letters ${(100 * rate).toFixed(0)} % are wrong: preprocessing or charset order is probably wrong.`;
  return [{ code: 'near-chance', message }];
}
