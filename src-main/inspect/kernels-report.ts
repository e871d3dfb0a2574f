/** What the runtime made of a model's graph, and how long it takes, as documents. */

import type { KernelRow, KernelsReport, ProfileReport, Work } from '../contract';
import { readModel } from '../onnx/file';
import type { Feeds, Model } from '../onnx/ir';
import { cpuInfo, runtimeVersion } from '../onnx/session';
import { type FusionReport, fusionReport } from './fusion-report';
import { profileNodes } from './profile-nodes';

/**
 * @returns every kernel; the engine leaves out what a message has no room for
 * @throws LatheError where the file is no model, or where onnxruntime does not load it
 */
export async function kernelsReport(path: string): Promise<KernelsReport> {
  return kernelsOf(path, await fusionReport(await readModel(path)));
}

export interface ProfiledRun {
  readonly feeds: Feeds;
  /** null: random inputs. */
  readonly data: string | null;
  readonly batch: number;
  readonly threads: number;
  readonly runs: number;
}

/** @throws LatheError where onnxruntime does not load or run the model */
export async function profileReport(
  path: string,
  model: Model,
  { feeds, data, batch, threads, runs }: ProfiledRun,
  work: Work,
): Promise<ProfileReport> {
  const { fusion, kernels, milliseconds } = await profileNodes(model, feeds, work, { threads, runs });
  const ops = sumByOp(kernels).map((sum) => ({
    op: sum.op,
    precision: sum.precision,
    kernels: sum.members.length,
    milliseconds: sum.members.reduce((total, kernel) => total + kernel.milliseconds, 0),
    share: sum.members.reduce((total, { share }) => total + share, 0),
  }));
  return {
    ...kernelsOf(path, fusion),
    data,
    threads,
    batch,
    runs,
    milliseconds,
    ops: ops.sort((a, b) => b.milliseconds - a.milliseconds),
    kernels: [...kernels],
  };
}

function kernelsOf(path: string, fusion: FusionReport): KernelsReport {
  const { kernels, kernelOf, orphans, edgePairs, byPrecision } = fusion;
  return {
    path,
    runtime: runtimeVersion(),
    cpu: cpuInfo().name,
    nodes: kernelOf.size,
    folded: [...kernelOf.values()].filter((kernel) => kernel === null).length,
    precisions: Object.entries(byPrecision)
      .map(([precision, count]) => ({ precision: precision as KernelRow['precision'], kernels: count }))
      .sort((a, b) => b.kernels - a.kernels),
    ops: sumByOp(kernels)
      .map(({ op, precision, members }) => ({ op, precision, kernels: members.length }))
      .sort((a, b) => b.kernels - a.kernels),
    kernels: [...kernels],
    edgePairs,
    orphans: orphans.map(({ between, ...orphan }) => ({
      ...orphan,
      producer: between.producer,
      consumers: [...between.consumers],
    })),
    leftOut: 0,
  };
}

function sumByOp<Kernel extends KernelRow>(
  kernels: readonly Kernel[],
): { op: string; precision: KernelRow['precision']; members: Kernel[] }[] {
  const sums = new Map<string, { op: string; precision: KernelRow['precision']; members: Kernel[] }>();
  for (const kernel of kernels) {
    const { op, precision } = kernel;
    const key = JSON.stringify([op, precision]);
    const sum = sums.get(key);
    if (sum === undefined) sums.set(key, { op, precision, members: [kernel] });
    else sum.members.push(kernel);
  }
  return [...sums.values()];
}
