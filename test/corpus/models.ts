/** The models of the corpus, and what they make of their own data. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDataset } from '../../src-main/data';
import { type Feeds, type Model, type NdArray, zeros } from '../../src-main/onnx/ir';
import { openSession } from '../../src-main/onnx/session';

const corpus = process.env.LATHE_CORPUS ?? '';

/** Path of every ONNX file, by entry and file. */
export const corpusModels: readonly (readonly [name: string, path: string])[] = readdirSync(corpus, {
  withFileTypes: true,
})
  .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
  .flatMap(({ name }) => readdirSync(join(corpus, name)).map((file) => join(name, file)))
  .filter((file) => file.endsWith('.onnx'))
  .map((name) => [name, join(corpus, name)]);

/** What the first rows of the calibration data feed the model, or why the data does not fit this variant of it. */
export async function firstRun(model: Model | string, folder: string): Promise<Feeds | string> {
  const session = await openSession(model);
  try {
    return await firstFeeds(session.inputs, folder);
  } finally {
    await session.release();
  }
}

/** Outputs on the first rows of the calibration data, or why the data does not fit this variant of the model. */
export async function firstOutputs(model: Model | string, folder: string): Promise<Record<string, NdArray> | string> {
  const session = await openSession(model);
  try {
    const feeds = await firstFeeds(session.inputs, folder);
    if (typeof feeds === 'string') return feeds;
    return await session.run(feeds);
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
