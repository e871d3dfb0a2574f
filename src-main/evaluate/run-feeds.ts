/** The feed of one measured run. */

import { type Dataset, randomFeeds, takeRows } from '../data';
import type { Feeds, Model } from '../onnx/ir';

export interface RunFeeds {
  readonly feeds: Feeds;
  /** Samples in it, which the model may fix. */
  readonly batch: number;
}

export interface RunFeedsOptions {
  readonly dims: Readonly<Record<string, number>>;
  readonly batch: number;
}

/** The first samples of the data (repeated where there are too few), or random inputs where there is none. */
export async function runFeeds(model: Model, dataset: Dataset | null, options: RunFeedsOptions): Promise<RunFeeds> {
  const split = dataset?.test ?? dataset?.calibration ?? dataset?.train ?? null;
  if (dataset === null || split === null) return randomRun(model, options);
  if (dataset.meta.feed === 'element') return { feeds: (await split.read(0, 1)).feeds, batch: 1 };
  const size = dataset.runSize ?? options.batch;
  const { feeds, size: have } = await split.read(0, size);
  if (have === size) return { feeds, batch: size };
  const rows = Array.from({ length: size }, (_, at) => at % have);
  return {
    feeds: Object.fromEntries(Object.entries(feeds).map(([name, array]) => [name, takeRows(array, rows)])),
    batch: size,
  };
}

function randomRun(model: Model, { dims, batch }: RunFeedsOptions): RunFeeds {
  const feeds = randomFeeds(model, { dims, batch, seed: 0 });
  const rows = Object.values(feeds).find(({ shape }) => shape.length > 0)?.shape[0];
  return { feeds, batch: rows ?? 1 };
}
