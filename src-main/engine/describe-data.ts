/** A dataset as one model takes it. */

import type { DatasetSummary, EngineCalls, ParsedParamsOf, Work } from '../contract';
import { type Dataset, openDataset } from '../data';
import { readModel } from '../onnx/file';
import { modelInputs } from '../onnx/session';

/** @throws LatheError where the data does not fit the model's inputs */
export async function describeData(
  { data, model, dims }: ParsedParamsOf<EngineCalls, 'describeData'>,
  work: Work,
): Promise<DatasetSummary> {
  return (await openDataFor(model, data, dims, work.signal)).summary;
}

/** Opened against the inputs as the model's file tells them, so that it takes a moment only. */
export async function openDataFor(
  model: string,
  data: string,
  dims: Readonly<Record<string, number>>,
  signal: AbortSignal,
): Promise<Dataset> {
  return openDataset(data, await modelInputs(await readModel(model)), { dims, signal });
}
