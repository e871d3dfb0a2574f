/** Two exports of one network by different exporters, one of them with weights of 8 bits: what the diff finds again. */

import { join } from 'node:path';
import { expect, it } from 'vitest';
import { unwatched } from '../../src-main/contract';
import { diffReport } from '../../src-main/inspect';

it('finds the layers of minilm-l6 again in minilm-l6-int8', async () => {
  const corpus = process.env.LATHE_CORPUS ?? '';
  const paths = ['minilm-l6', 'minilm-l6-int8'].map((id) => join(corpus, id, 'model.onnx')) as [string, string];
  const report = await diffReport(...paths, unwatched());
  const inReplacements = report.replaced.reduce((sum, { before }) => sum + before.length, 0);
  console.log(`matched ${report.matched}, replaced ${inReplacements} of ${report.before.nodes}`);
  // Each of six layers has six products by a weight; one stands before them all.
  const products = report.changed.filter(
    ({ op, changes }) => op === 'MatMul' && changes.some(({ after }) => after === 'int8'),
  );
  expect(products).toHaveLength(36);
  expect(report.replaced.filter(({ text }) => text.endsWith('→ LayerNormalization'))).toHaveLength(13);
  // The other operators of attention and of the masks are not the same.
  expect(report.matched).toBeGreaterThanOrEqual(175);
  expect(report.removed).toEqual([]);
});
