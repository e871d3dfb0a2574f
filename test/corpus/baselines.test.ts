/** The quality of every corpus model as Lathe measures it, against the figures that its reference evaluator wrote down. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { unwatched } from '../../src-main/contract';
import { evaluate } from '../../src-main/evaluate';

const corpus = process.env.LATHE_CORPUS ?? '';
const entries = readdirSync(corpus).filter((name) => existsSync(join(corpus, name, 'meta.json')));

/** The reference's names for figures that Lathe calls otherwise. */
const ownName: Readonly<Record<string, string>> = {
  top1: 'accuracy',
  recall_at_1: 'recallAt1',
  bits_per_token: 'bitsPerToken',
  next_token_top1: 'nextTokenTop1',
};

/** Entry, figure, Lathe's value with its interval, the reference's, and their difference. */
const table: string[][] = [['entry', 'figure', 'Lathe', '95 %', 'reference', 'difference']];
afterAll(() => {
  const widths = (table[0] as string[]).map((_, column) => Math.max(...table.map((row) => (row[column] ?? '').length)));
  console.log(table.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')).join('\n'));
});

describe.each(entries)('%s', (id) => {
  const folder = join(corpus, id);
  const meta = JSON.parse(readFileSync(join(folder, 'meta.json'), 'utf8')) as {
    model: string;
    baseline: Record<string, number>;
  };

  it('has the figures of the reference evaluator', async () => {
    const evaluation = await evaluate(
      {
        model: join(folder, meta.model),
        baseline: null,
        data: folder,
        dims: {},
        threads: 2,
        batch: 1,
        cacheDir: null,
        quick: true,
      },
      unwatched(),
    );
    for (const [name, value] of Object.entries(meta.baseline)) {
      const own = evaluation.metrics[ownName[name] ?? name];
      const interval = own?.ci95?.map((end) => end.toFixed(4)).join(' … ') ?? '–';
      const difference = (own?.value ?? Number.NaN) - value;
      const shown = [own?.value.toFixed(6) ?? '–', interval, String(value), difference.toExponential(1)];
      table.push([id, name, ...shown]);
      // Another version of the runtime, and sums in another order: the figures agree to the fourth decimal.
      expect(Math.abs(difference) / Math.max(1, Math.abs(value)), name).toBeLessThanOrEqual(1e-4);
    }
  });
});
