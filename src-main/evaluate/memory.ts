/** Peak memory of a process that does nothing but load a model and run it. */

import type { EngineCalls, ParsedParamsOf, ResultOf, Work } from '../contract';
import { openDataset } from '../data';
import { readModel } from '../onnx/file';
import { openSession } from '../onnx/session';
import { peakRssBytes } from './machine';
import { runFeeds } from './run-feeds';

/**
 * Opens the model as latency does, runs it twice and reads this process's own high-water mark. Only a fresh process tells
 * the truth: what else it did before counts as well. null where the system does not tell.
 */
export async function measureMemory(
  params: ParsedParamsOf<EngineCalls, 'measureMemory'>,
  work: Work,
): Promise<ResultOf<EngineCalls, 'measureMemory'>> {
  work.progress({ phase: 'Measuring memory', fraction: null });
  const session = await openSession(params.model, { threads: params.threads });
  try {
    const { dims, data, batch } = params;
    const dataset = data === null ? null : await openDataset(data, session.inputs, { dims, signal: work.signal });
    const { feeds } = await runFeeds(await readModel(params.model), dataset, { dims, batch });
    await session.run(feeds);
    await session.run(feeds);
    return { peakRssBytes: peakRssBytes() };
  } finally {
    await session.release();
  }
}
