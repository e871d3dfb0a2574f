/** One file of the bench, in a process of its own, which loads no more than making it takes. */

import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolveOptions, unwatched } from '../../../src-main/contract';
import { openDataset } from '../../../src-main/data';
import { readModel, writeModel } from '../../../src-main/onnx/file';
import { modelInputs, openSession } from '../../../src-main/onnx/session';
import { calibrationData } from '../../../src-main/quantize/calibration-data';
import type { QuantizeContext } from '../../../src-main/quantize/method';
import { quantizeStep } from '../../../src-main/quantize/step';
import { lowBit, own } from './own-rows';
import { statusOf } from './process-status';

/** What it cost, the start of the process included. */
export interface Made {
  readonly seconds: number;
  readonly peakBytes: number;
}

/** @param files the model, the folder of data, and where the new model goes */
export async function makeOwn(name: string, files: readonly string[], samples: number): Promise<void> {
  const [path, data, out] = files as [string, string, string];
  const [method, given] = { ...own, ...lowBit }[name] as (typeof own)[string];
  const spec = quantizeStep.methods.find((candidate) => candidate.name === method);
  const specs = spec?.options ?? {};
  const options = resolveOptions(specs, { ...given, ...('samples' in specs ? { samples } : {}) }, name);
  const model = await readModel(path);
  const dataset = await openDataset(data, await modelInputs(model), { dims: {} });
  const workDir = mkdtempSync(join(tmpdir(), 'lathe-bench-work-'));
  const context = { ...unwatched(), dataset, dims: dataset.summary.dims, seed: 0, workDir, original: model };
  if (method === null) await plainPass(context, samples);
  const made = method === null ? model : (await quantizeStep.run(model, method, options, {}, context)).model;
  await writeModel(made, out);
  rmSync(workDir, { recursive: true, force: true });
  console.log(JSON.stringify({ seconds: process.uptime(), peakBytes: statusOf('self', 'VmHWM') } satisfies Made));
}

/** Runs the samples through the original, as calibration runs it. */
async function plainPass(context: QuantizeContext, samples: number): Promise<void> {
  const options = { background: true, threads: availableParallelism() };
  const session = await openSession(context.original, options);
  const data = calibrationData(context, 'plain pass', samples);
  for await (const { feeds } of data.batches()) await session.run(feeds);
  await session.release();
}
