/** Every model of the corpus, saved again: the same model, and on its own data the same outputs to the bit. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { modelText, readModel, writeModel } from '../../src-main/onnx/file';
import { type NdArray, toBytes } from '../../src-main/onnx/ir';
import { corpusModels, firstOutputs } from './models';

const scratch = mkdtempSync(join(tmpdir(), 'lathe-corpus-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

it.each(corpusModels)('%s', async (_name, path) => {
  const original = await readModel(path);
  const wanted = asBits(await firstOutputs(path, dirname(path)));
  for (const externalData of ['never', 'always'] as const) {
    const { path: saved } = await writeModel(original, join(scratch, 'saved.onnx'), { externalData });
    expect(modelText(await readModel(saved))).toBe(modelText(original));
    expect(asBits(await firstOutputs(saved, dirname(path)))).toEqual(wanted);
  }
});

function asBits(outputs: Record<string, NdArray> | string): unknown {
  if (typeof outputs === 'string') return outputs;
  return Object.entries(outputs).map(([name, array]) => [
    name,
    array.shape,
    Buffer.from(toBytes(array)).toString('base64'),
  ]);
}
