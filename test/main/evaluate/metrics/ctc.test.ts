import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ctc } from '../../../../src-main/evaluate/metrics/ctc';
import { temporaryFolder } from '../../../support/folder';
import { golden } from '../../../support/golden';
import { float32, int64, texts } from '../../../support/npz';
import { score, valuesOf } from '../../../support/score';

const reference = golden<{
  ctc: {
    symbols: string[];
    labels: string[];
    scores: number[][][];
    strict: Record<string, number>;
    ignoreSpace: Record<string, number>;
  };
}>('evaluate/reference.json').ctc;

function folderWith(symbols: readonly string[]): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'charset.txt'), symbols.join('\n'));
  return folder;
}
/** One step a symbol, that symbol's score 1. */
const lines = (rows: readonly (readonly number[])[], classes: number) =>
  float32(
    [rows.length, rows[0]?.length ?? 0, classes],
    rows.flat().flatMap((symbol) => Array.from({ length: classes }, (_, at) => Number(at === symbol))),
  );

describe('text lines', () => {
  it.each(['strict', 'ignoreSpace'] as const)('agrees with the reference evaluator, %s', async (which) => {
    const { symbols, labels, scores } = reference;
    const output = float32([labels.length, 14, symbols.length], scores.flat(2));
    const raw = { blank: 0, ignore_space: which === 'ignoreSpace' };
    const judgement = await score(
      ctc,
      output,
      { labels: texts(labels) },
      { meta: { folder: folderWith(symbols), raw } },
    );
    expect(valuesOf(judgement).cer).toBeCloseTo(reference[which].cer as number, 12);
    expect(valuesOf(judgement).exact).toBeCloseTo(reference[which].exact as number, 12);
  });

  it('merges repeats, drops blanks, and keeps a letter doubled across a blank', async () => {
    const meta = { folder: folderWith(['_', 'a', 'b']) };
    const output = lines(
      [
        [1, 1, 0, 1, 2],
        [2, 0, 0, 0, 0],
      ],
      3,
    );
    const judgement = await score(ctc, output, { labels: texts(['aab', 'ab']) }, { meta });
    expect(judgement.decisions).toEqual(['aab', 'b']);
    // One edit over five letters; one line of two without error.
    expect(valuesOf(judgement)).toEqual({ cer: 0.2, exact: 0.5 });
  });

  it('scores the best and the worst', async () => {
    const meta = { folder: folderWith(['_', 'a', 'b']) };
    const output = lines(
      [
        [1, 2],
        [2, 1],
      ],
      3,
    );
    expect(valuesOf(await score(ctc, output, { labels: texts(['ab', 'ba']) }, { meta }))).toEqual({ cer: 0, exact: 1 });
    const blank = await score(
      ctc,
      lines(
        [
          [0, 0],
          [0, 0],
        ],
        3,
      ),
      { labels: texts(['ab', 'ba']) },
      { meta },
    );
    expect(valuesOf(blank)).toEqual({ cer: 1, exact: 0 });
    expect(blank.suspicions.map(({ code }) => code)).toEqual(['one-class']);
  });

  it('refuses data that does not fit, and says what is missing', async () => {
    const meta = { folder: folderWith(['_']) };
    const labels = texts(['a']);
    await expect(score(ctc, lines([[1]], 2), { labels }, { meta })).rejects.toThrow(
      'charset.txt: has 1 symbols, the model answers number 1; give the charset that the model was trained with',
    );
    await expect(score(ctc, lines([[1]], 2), { labels }, { meta: { folder: temporaryFolder() } })).rejects.toThrow(
      /^charset\.txt: cannot be read/,
    );
    await expect(score(ctc, lines([[1]], 2), { labels: int64([1], [1]) }, { meta })).rejects.toThrow(
      'should hold one text a sample',
    );
    await expect(score(ctc, float32([1, 2], [1, 2]), { labels }, { meta })).rejects.toThrow(
      'scores [samples, steps, symbols]',
    );
  });
});
