/** Writing a model to where its user wants it, and checking what lies there by loading and running it. */

import { join } from 'node:path';
import {
  type Check,
  type EngineCalls,
  LatheError,
  type ModelFile,
  type ParsedParamsOf,
  portion,
  type ResultOf,
  type Work,
} from '../contract';
import { type Dataset, openDataset } from '../data';
import { type AskedModel, measureQuality, type Quality } from '../evaluate/quality';
import { runFeeds } from '../evaluate/run-feeds';
import { hashModelFile, readModel, writeModel } from '../onnx/file';
import type { NdArray } from '../onnx/ir';
import { openSession, type Session } from '../onnx/session';

type Params = ParsedParamsOf<EngineCalls, 'exportModel'>;

/** A metric that is a sum over samples may end on another last digit with other threads; a share may not. */
const metricTolerance = 1e-6;

/** @throws LatheError where the written file does not load, or does not answer as its source does */
export async function exportModel(params: Params, work: Work): Promise<ResultOf<EngineCalls, 'exportModel'>> {
  const target = join(params.folder, params.fileName);
  const source = await readModel(params.model);
  const writing = portion(work, 0, 0.3, 'Writing the model');
  const written = await writeModel(source, target, { externalData: params.externalData, work: writing });
  const checks = [await checkBytes(written), ...(await checkAnswers(params, target, portion(work, 0.3, 1)))];
  const failed = checks.find(({ passed }) => !passed);
  if (failed !== undefined)
    throw new LatheError({
      who: params.fileName,
      what: `was written but is not what was measured: ${failed.name}: ${failed.detail}`,
      next: 'export it again; if that fails too, report it with the model',
      code: 'failed',
    });
  return { model: written, checks };
}

async function checkBytes(written: ModelFile): Promise<Check> {
  const read = await hashModelFile(written.path);
  const passed = read.sha256 === written.sha256 && read.bytes === written.bytes;
  const detail = passed
    ? `${read.bytes} bytes, SHA-256 ${read.sha256}`
    : `SHA-256 ${read.sha256}, written was ${written.sha256}`;
  return { name: 'Read back from disk', passed, detail };
}

async function checkAnswers(params: Params, target: string, work: Work): Promise<Check[]> {
  const sessions: Session[] = [];
  const open = async (path: string): Promise<Session> => {
    const session = await openSession(path, { threads: params.threads });
    sessions.push(session);
    return session;
  };
  try {
    const [exported, measured] = [await open(target), await open(params.model)];
    const loaded: Check = {
      name: 'Loads in onnxruntime',
      passed: true,
      detail: `${exported.inputs.length} inputs, ${exported.outputs.length} outputs`,
    };
    const options = { dims: params.dims, signal: work.signal };
    const dataset = params.data === null ? null : await openDataset(params.data, exported.inputs, options);
    const ask = async (path: string, session: Session): Promise<AskedModel | null> =>
      dataset?.test ? { model: await readModel(path), session, dataset, split: dataset.test } : null;
    const asked = await ask(target, exported);
    const reference = await ask(params.model, measured);
    if (asked === null || reference === null)
      return [loaded, await compareOneRun(params, target, exported, measured, dataset)];
    const quality = await measureQuality(asked, reference, null, work);
    return [loaded, sameAnswers(quality), ...sameMetrics(quality, params.measured)];
  } finally {
    for (const session of sessions) await session.release();
  }
}

function sameAnswers({ fidelity, samples }: Quality): Check {
  const name = 'Answers as the measured variant';
  if (fidelity === null) return { name, passed: true, detail: `ran on ${samples} test samples` };
  const passed = fidelity.maxAbs === 0 && fidelity.agreement !== 0;
  const difference = passed ? 'no output differs' : `outputs differ by up to ${fidelity.maxAbs}`;
  return { name, passed, detail: `${difference} on ${samples} test samples` };
}

function sameMetrics({ metrics }: Quality, measured: Params['measured']): Check[] {
  const pairs = Object.entries(measured).flatMap(([name, before]) => {
    const now = metrics[name]?.value;
    return now === undefined ? [] : [{ name, before, now }];
  });
  if (pairs.length === 0) return [];
  const different = pairs.filter(({ before, now }) => Math.abs(now - before) > metricTolerance * Math.abs(before));
  const texts = (different.length === 0 ? pairs : different).map(({ name, before, now }) => {
    const value = `${name} ${now.toPrecision(6)}`;
    return different.length === 0 ? value : `${value}, before ${before.toPrecision(6)}`;
  });
  return [{ name: 'Metrics as measured before', passed: different.length === 0, detail: texts.join(', ') }];
}

/** Without test data: one run on the data there is, or on random inputs, bit for bit. */
async function compareOneRun(
  { model, dims }: Params,
  target: string,
  exported: Session,
  measured: Session,
  dataset: Dataset | null,
): Promise<Check> {
  const { feeds } = await runFeeds(await readModel(target), dataset, { dims, batch: 1 });
  const [now, before] = [await exported.run(feeds), await measured.run(feeds)];
  const different = Object.keys(before).filter((name) => !equalArrays(now[name], before[name]));
  const what = dataset === null ? 'random inputs' : 'the first sample';
  return {
    name: 'Answers as the variant',
    passed: different.length === 0,
    detail:
      different.length === 0 ? `no output differs on ${what}` : `${different.join(', ')} differs on ${what} (${model})`,
  };
}

function equalArrays(a: NdArray | undefined, b: NdArray | undefined): boolean {
  if (a === undefined || b === undefined || a.data.length !== b.data.length) return false;
  return Array.from(a.data as ArrayLike<unknown>).every((value, at) => Object.is(value, b.data[at]));
}
