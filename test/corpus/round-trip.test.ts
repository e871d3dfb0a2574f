/** Every model of the corpus, saved again: the same model, and on its own data the same outputs to the bit. */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { openDataset } from '../../src-main/data';
import { modelText, readModel, writeModel } from '../../src-main/onnx/file';
import { type Feeds, toBytes, zeros } from '../../src-main/onnx/ir';
import { openSession } from '../../src-main/onnx/session';

const corpus = process.env.LATHE_CORPUS ?? '';
const models = readdirSync(corpus, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
  .flatMap(({ name }) => readdirSync(join(corpus, name)).map((file) => join(name, file)))
  .filter((file) => file.endsWith('.onnx'));
const scratch = mkdtempSync(join(tmpdir(), 'lathe-corpus-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

it.each(models)('%s', async (name) => {
  const path = join(corpus, name);
  const original = await readModel(path);
  const wanted = await firstOutputs(path, join(path, '..'));
  for (const externalData of ['never', 'always'] as const) {
    const { path: saved } = await writeModel(original, join(scratch, 'saved.onnx'), { externalData });
    expect(modelText(await readModel(saved))).toBe(modelText(original));
    expect(await firstOutputs(saved, join(path, '..'))).toEqual(wanted);
  }
});

/** Outputs on the first rows of the calibration data, or why the data does not fit this variant of the model. */
async function firstOutputs(model: string, folder: string): Promise<unknown> {
  const session = await openSession(model);
  try {
    const feeds = await firstFeeds(session.inputs, folder);
    if (typeof feeds === 'string') return feeds;
    const outputs = Object.entries(await session.run(feeds));
    return outputs.map(([name, array]) => [name, array.shape, Buffer.from(toBytes(array)).toString('base64')]);
  } finally {
    await session.release();
  }
}

async function firstFeeds(
  inputs: Awaited<ReturnType<typeof openSession>>['inputs'],
  folder: string,
): Promise<Feeds | string> {
  const meta = JSON.parse(readFileSync(join(folder, 'meta.json'), 'utf8')) as { state_shape?: number[] };
  try {
    const { calibration, runSize } = await openDataset(folder, inputs, { dims: {} });
    const feeds = { ...(await calibration?.read(0, runSize ?? 1))?.feeds };
    for (const { name, dtype } of inputs) {
      if (feeds[name] === undefined && dtype === 'float32') feeds[name] = zeros(dtype, meta.state_shape ?? []);
    }
    return feeds;
  } catch (error) {
    return String(error);
  }
}
