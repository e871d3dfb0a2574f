/** Time of each kernel from onnxruntime's own profile, mapped back through its fusions to the nodes of the model. */

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Work } from '../contract';
import { readModel } from '../onnx/file';
import type { Feeds, Model } from '../onnx/ir';
import { openSession, valueTypes } from '../onnx/session';
import { type FusionReport, fusionOf, type Kernel } from './fusion-report';

export interface KernelTime extends Kernel {
  /** Of one run, the median of all. */
  readonly milliseconds: number;
  /** Share of all kernels, 0…1. */
  readonly share: number;
}

export interface NodeProfile {
  /** What the runtime made of the graph. */
  readonly fusion: FusionReport;
  /** Those that ran, longest first. */
  readonly kernels: readonly KernelTime[];
  /** Sum over kernels, of one run. */
  readonly milliseconds: number;
  readonly runs: number;
  readonly threads: number;
  /** Node of the model → the time of its kernel; nodes of one kernel share it, and are listed with the same time. */
  readonly kernelOf: ReadonlyMap<string, KernelTime>;
}

export interface ProfileOptions {
  readonly threads?: number | undefined;
  /** Measured runs, after a tenth as many to warm up. */
  readonly runs?: number | undefined;
}

/**
 * Runs the model on the feeds with the profile on (which costs about 2 %).
 * @throws LatheError where the model does not load or run
 */
export async function profileNodes(
  model: Model,
  feeds: Feeds,
  work: Work,
  { threads = 1, runs = 20 }: ProfileOptions = {},
): Promise<NodeProfile> {
  const folder = await mkdtemp(join(tmpdir(), 'lathe-profile-'));
  const optimizedModelPath = join(folder, 'optimised.onnx');
  try {
    const session = await openSession(model, {
      threads,
      optimizedModelPath,
      profilePrefix: join(folder, 'profile'),
      spillFolder: join(folder, 'weights'),
    });
    const warmups = Math.ceil(runs / 10);
    try {
      for (let run = 0; run < warmups + runs; run++) {
        work.signal.throwIfAborted();
        work.progress({ phase: 'Profiling', fraction: run / (warmups + runs), detail: `run ${run + 1}` });
        await session.run(feeds);
      }
      const events = JSON.parse(await readFile(await session.endProfile(), 'utf8')) as ProfileEvent[];
      const optimised = await readModel(optimizedModelPath, { dataFolder: session.weightsFolder ?? undefined });
      return profileOf(fusionOf(model, optimised, await valueTypes(model)), events, warmups, { runs, threads });
    } finally {
      await session.release();
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

interface ProfileEvent {
  readonly cat: string;
  /** `<node>_kernel_time` for what is of interest here. */
  readonly name: string;
  /** Microseconds. */
  readonly dur: number;
  readonly args?: { readonly op_name?: string };
}

const suffix = '_kernel_time';

/** Of one kernel in all runs, in the order of the runs; in microseconds. */
interface Timed {
  readonly op: string;
  readonly durations: number[];
}

function profileOf(
  fusion: FusionReport,
  events: readonly ProfileEvent[],
  warmups: number,
  { runs, threads }: { readonly runs: number; readonly threads: number },
): NodeProfile {
  const timed = new Map<string, Timed>();
  for (const { cat, name, dur, args } of events) {
    if (cat !== 'Node' || !name.endsWith(suffix)) continue;
    const kernel = name.slice(0, -suffix.length);
    const known = timed.get(kernel);
    if (known === undefined) timed.set(kernel, { op: args?.op_name ?? 'unknown', durations: [dur] });
    else known.durations.push(dur);
  }
  const medians = [...timed].map(([name, { op, durations }]) => ({
    name,
    op,
    milliseconds: medianOfRuns(durations, warmups, runs) / 1000,
  }));
  const milliseconds = medians.reduce((sum, kernel) => sum + kernel.milliseconds, 0);
  const made = new Map(fusion.kernels.map((kernel) => [kernel.name, kernel]));
  const kernels = medians
    .map(
      (kernel): KernelTime => ({
        ...(made.get(kernel.name) ?? { name: kernel.name, op: kernel.op, precision: 'unknown', originals: [] }),
        milliseconds: kernel.milliseconds,
        share: milliseconds === 0 ? 0 : kernel.milliseconds / milliseconds,
      }),
    )
    .sort((a, b) => b.milliseconds - a.milliseconds);
  const kernelOf = new Map(kernels.flatMap((kernel) => kernel.originals.map((name) => [name, kernel] as const)));
  return { fusion, kernels, milliseconds, runs, threads, kernelOf };
}

/** A kernel inside a Loop runs several times a run: its times are summed run by run, evenly, before the median is taken. */
function medianOfRuns(durations: readonly number[], warmups: number, runs: number): number {
  const each = Math.max(1, Math.round(durations.length / (warmups + runs)));
  const sums: number[] = [];
  for (let at = warmups * each; at < durations.length; at += each)
    sums.push(durations.slice(at, at + each).reduce((sum, duration) => sum + duration, 0));
  const sorted = sums.sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}
