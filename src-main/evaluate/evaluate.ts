/** Measuring one model: quality, fidelity to a baseline, latency, throughput, size. */

import { dirname, join } from 'node:path';
import type { EngineCalls, Evaluation, ModelFile, ParsedParamsOf, Work } from '../contract';
import { portion } from '../contract';
import { type Dataset, openDataset, type Split } from '../data';
import { hashModelFile, readModel } from '../onnx/file';
import type { Model } from '../onnx/ir';
import { cpuInfo, openSession, runtimeVersion, type Session } from '../onnx/session';
import { baselineFileName } from './baseline-file';
import { deflatedSize } from './deflated-size';
import { fullPlan, type LatencyResult, measureLatency, quickPlan } from './latency';
import { hostName } from './machine';
import { type AskedModel, measureQuality, type Quality } from './quality';
import type { CachePlace } from './reference-answers';
import { type RunFeeds, runFeeds } from './run-feeds';

export type EvaluateParams = ParsedParamsOf<EngineCalls, 'evaluate'>;

/** A model as it is measured. */
interface Opened {
  readonly file: ModelFile;
  readonly model: Model;
  readonly session: Session;
  readonly dataset: Dataset | null;
}

/**
 * Measures a model, beside its baseline where one is given. Without data: random inputs, latency and size only.
 * @throws LatheError where model or data cannot be read, or do not fit each other
 */
export async function evaluate(params: EvaluateParams, work: Work): Promise<Evaluation> {
  const opened: Opened[] = [];
  try {
    work.progress({ phase: 'Opening', fraction: 0 });
    const own = await open(params.model, null, params, work);
    opened.push(own);
    const baseline = params.baseline === null ? null : await open(params.baseline, own, params, work);
    if (baseline !== null) opened.push(baseline);
    const quality = await qualityOf(own, baseline, params, portion(work, 0.05, 0.6));
    const timed = await latencyOf(own, baseline, params, portion(work, 0.6, 0.92));
    const files = filesOf(own.file);
    const deflatedBytes = await deflatedSize(files, own.file.bytes, portion(work, 0.92, 1));
    return report(own, quality, timed, deflatedBytes, params);
  } finally {
    for (const { session } of opened) await session.release();
  }
}

async function open(path: string, first: Opened | null, params: EvaluateParams, work: Work): Promise<Opened> {
  const model = await readModel(path);
  const file = hashModelFile(path, work.signal);
  file.catch(() => {}); // told where it is awaited
  const session = await openSession(path, { threads: params.threads });
  try {
    const alike = first !== null && JSON.stringify(first.session.inputs) === JSON.stringify(session.inputs);
    const options = { dims: params.dims, signal: work.signal };
    const dataset =
      params.data === null ? null : alike ? first.dataset : await openDataset(params.data, session.inputs, options);
    return { file: await file, model, session, dataset };
  } catch (error) {
    await session.release();
    throw error;
  }
}

function filesOf(file: ModelFile): string[] {
  return [file.path, ...file.externalData.map((name) => join(dirname(file.path), name))];
}

const noQuality: Quality = {
  mainMetric: null,
  metrics: {},
  classes: null,
  fidelity: null,
  differences: null,
  samples: 0,
  warnings: [],
};

async function qualityOf(own: Opened, baseline: Opened | null, params: EvaluateParams, work: Work): Promise<Quality> {
  if (own.dataset === null) {
    const message = 'No data was given: random inputs were used, and nothing can be said about quality.';
    return { ...noQuality, warnings: [{ code: 'random-inputs', message }] };
  }
  const asked = judged(own);
  const reference = baseline === null ? null : judged(baseline);
  if (asked === null || (baseline !== null && reference === null)) {
    return {
      ...noQuality,
      warnings: [{ code: 'no-test', message: 'The data has no test split: nothing can be said about quality.' }],
    };
  }
  return measureQuality(asked, reference, cachePlace(baseline ?? own, params), work);
}

function judged({ model, session, dataset }: Opened): AskedModel | null {
  const split: Split | null = dataset?.test ?? null;
  return dataset === null || split === null ? null : { model, session, dataset, split };
}

function cachePlace(kept: Opened, params: EvaluateParams): CachePlace | null {
  if (params.cacheDir === null || kept.dataset === null) return null;
  const { meta, summary } = kept.dataset;
  const name = baselineFileName([
    kept.file.sha256,
    summary.hash,
    meta.metric?.kind ?? null,
    params.threads,
    runtimeVersion(),
    cpuInfo().name,
  ]);
  return { folder: params.cacheDir, name };
}

interface Timed extends LatencyResult {
  readonly batch: number;
  readonly note: Evaluation['warnings'][number] | null;
}

async function latencyOf(own: Opened, baseline: Opened | null, params: EvaluateParams, work: Work): Promise<Timed> {
  const feeds = await feedsOf(own, params);
  const timedBaseline =
    baseline === null ? null : { session: baseline.session, feeds: (await feedsOf(baseline, params)).feeds };
  const plan = params.quick ? quickPlan : fullPlan;
  const measured = await measureLatency({ session: own.session, feeds: feeds.feeds }, timedBaseline, plan, work);
  const note =
    feeds.batch === params.batch
      ? null
      : {
          code: 'batch',
          message: `The model takes ${feeds.batch} samples a run, so latency is that of ${feeds.batch}, not ${params.batch}.`,
        };
  return { ...measured, batch: feeds.batch, note };
}

function feedsOf({ model, dataset }: Opened, { dims, batch }: EvaluateParams): Promise<RunFeeds> {
  return runFeeds(model, dataset, { dims, batch });
}

function report(
  own: Opened,
  quality: Quality,
  timed: Timed,
  deflatedBytes: number,
  params: EvaluateParams,
): Evaluation {
  const { name: cpu, features } = cpuInfo();
  const { warmups, runs, batch, note } = timed;
  return {
    format: 'lathe-evaluation',
    version: 1,
    model: { path: own.file.path, sha256: own.file.sha256 },
    data: own.dataset === null ? null : { path: own.dataset.path, hash: own.dataset.summary.hash },
    ...quality,
    latencyMs: timed.latencyMs,
    baselineLatencyMs: timed.baselineLatencyMs,
    speedup: timed.speedup,
    throughput: (1000 * batch) / timed.meanMs,
    bytes: own.file.bytes,
    deflatedBytes,
    peakRssBytes: null,
    conditions: {
      cpu,
      features: [...features],
      threads: params.threads,
      batch,
      warmups,
      runs,
      runtime: runtimeVersion(),
      host: hostName(),
    },
    warnings: [...quality.warnings, ...(note === null ? [] : [note])],
  };
}
