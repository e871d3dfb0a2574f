/** Measuring: the evaluation in one fresh process, peak memory in another that does nothing else. */

import {
  type EngineCalls,
  type Evaluation,
  messageOf,
  type ParamsOf,
  portion,
  toWireError,
  type Work,
} from '../contract';
import type { Supervisor } from '../engine/supervisor';

/** @throws LatheError as the engine; a memory that could not be measured is a warning, for the rest is known by then */
export async function measure(
  engine: Supervisor,
  params: ParamsOf<EngineCalls, 'evaluate'>,
  work: Work,
): Promise<Evaluation> {
  const evaluation = await engine.run('evaluate', params, portion(work, 0, 0.9));
  const { model, data, dims, threads, batch } = params;
  try {
    const memory = portion(work, 0.9, 1, 'Measuring memory');
    const { peakRssBytes } = await engine.run('measureMemory', { model, data, dims, threads, batch }, memory);
    return { ...evaluation, peakRssBytes };
  } catch (thrown) {
    if (toWireError(thrown).code === 'cancelled') throw thrown;
    const message = `Peak memory could not be measured: ${messageOf(thrown)}`;
    return { ...evaluation, warnings: [...evaluation.warnings, { code: 'memory', message }] };
  }
}
