/** Answers about the inside of models, with runs on a dataset where one is given, cut to what a message can carry. */

import type {
  DiffReport,
  EngineCalls,
  KernelsReport,
  NodesReport,
  ParsedParamsOf,
  ProfileReport,
  Work,
} from '../contract';
import { randomFeeds } from '../data';
import { runFeeds } from '../evaluate/run-feeds';
import { diffReport, kernelsReport, nodesReport, profileReport } from '../inspect';
import { readModel } from '../onnx/file';
import type { Model } from '../onnx/ir';
import { openDataFor } from './describe-data';
import { firstThatFit, listBytes } from './fit-message';

type Params<Name extends keyof EngineCalls> = ParsedParamsOf<EngineCalls, Name>;

/** @throws LatheError where the model does not load, or the data does not fit it */
export async function understandNodes({ model: path, data, dims }: Params<'nodes'>, work: Work): Promise<NodesReport> {
  work.progress({ phase: 'Reading the model', fraction: null });
  const random = (lifted: Model) => randomFeeds(lifted, { dims: {}, batch: 1, seed: 0 });
  const run = data === null ? null : { feeds: (await feedsOf(path, data, dims, 1, work)).feeds, random, data };
  work.progress({ phase: 'Working out shapes', fraction: null });
  const report = await nodesReport(path, { dims, run });
  const nodes = firstThatFit(report.nodes, listBytes);
  return { ...report, nodes, leftOut: report.nodes.length - nodes.length };
}

/** @throws LatheError where onnxruntime does not load the model */
export async function understandKernels({ model }: Params<'kernels'>, work: Work): Promise<KernelsReport> {
  work.progress({ phase: 'Optimising the graph', fraction: null });
  return briefly(await kernelsReport(model));
}

/** @throws LatheError where onnxruntime does not load or run the model, or the data does not fit it */
export async function understandTimes(params: Params<'profile'>, work: Work): Promise<ProfileReport> {
  const { model: path, data, dims, threads, runs } = params;
  work.progress({ phase: 'Reading the model', fraction: null });
  const { feeds, batch } = await feedsOf(path, data, dims, params.batch, work);
  return briefly(await profileReport(path, await readModel(path), { feeds, data, batch, threads, runs }, work));
}

/** @throws LatheError where one of the files is no model */
export async function understandDifference({ before, after }: Params<'diff'>, work: Work): Promise<DiffReport> {
  work.progress({ phase: 'Comparing', fraction: null });
  const report = await diffReport(before, after, work);
  const lists = {
    added: firstThatFit(report.added, listBytes / 8),
    removed: firstThatFit(report.removed, listBytes / 8),
    replaced: firstThatFit(report.replaced, listBytes / 8),
    changed: firstThatFit(report.changed, (listBytes * 3) / 8),
    weights: firstThatFit(report.weights, listBytes / 4),
  };
  const kinds = Object.keys(lists) as (keyof typeof lists)[];
  const leftOut = kinds.reduce((sum, kind) => sum + report[kind].length - lists[kind].length, 0);
  return { ...report, ...lists, leftOut };
}

async function feedsOf(
  path: string,
  data: string | null,
  dims: Readonly<Record<string, number>>,
  batch: number,
  { signal }: Work,
): ReturnType<typeof runFeeds> {
  const dataset = data === null ? null : await openDataFor(path, data, dims, signal);
  return runFeeds(await readModel(path), dataset, { dims, batch });
}

function briefly<Report extends KernelsReport>(report: Report): Report {
  const kernels = firstThatFit(report.kernels, (listBytes * 3) / 4);
  const orphans = firstThatFit(report.orphans, listBytes / 4);
  const leftOut = report.kernels.length - kernels.length + report.orphans.length - orphans.length;
  return { ...report, kernels, orphans, leftOut };
}
