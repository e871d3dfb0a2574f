/** Every corpus model runs on random inputs, whose sizes are those that its data would give. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openDataset, randomFeeds } from '../../src-main/data';
import { readModel } from '../../src-main/onnx/file';
import { openSession } from '../../src-main/onnx/session';

const corpus = process.env.LATHE_CORPUS ?? '';
const entries = readdirSync(corpus).filter((name) => existsSync(join(corpus, name, 'meta.json')));

it.each(entries)('%s', async (id) => {
  const folder = join(corpus, id);
  const { model: file } = JSON.parse(readFileSync(join(folder, 'meta.json'), 'utf8')) as { model: string };
  const path = join(folder, file);
  const session = await openSession(path);
  const { summary } = await openDataset(folder, session.inputs, { dims: {} });
  const feeds = randomFeeds(await readModel(path), { dims: summary.dims, batch: 1, seed: 0 });
  const results = await session.run(feeds);
  await session.release();
  for (const { data } of Object.values(results))
    expect(Array.from(data as ArrayLike<number>).every((value) => Number.isFinite(Number(value)))).toBe(true);
});
