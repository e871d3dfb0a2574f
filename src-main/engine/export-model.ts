/** Writing a model to where its user wants it, and checking what lies there by loading and running it. */

import { join } from 'node:path';
import {
  type Check,
  type EngineCalls,
  LatheError,
  type ParsedParamsOf,
  portion,
  type ResultOf,
  type Work,
} from '../contract';
import { type Dataset, openDataset, type Split } from '../data';
import { answers } from '../evaluate/answers';
import { type AskedModel, measureQuality, type Quality } from '../evaluate/quality';
import { runFeeds } from '../evaluate/run-feeds';
import { equalModels, hashModelFile, readModel, writeModel } from '../onnx/file';
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
  await writeModel(source, target, { externalData: params.externalData, work: writing });
  const checking = portion(work, 0.3, 1);
  // The hash is for the record: it is worked out beside the checks.
  const [model, checks] = await Promise.all([hashModelFile(target, work.signal), check(params, target, checking)]);
  const failed = checks.find(({ passed }) => !passed);
  if (failed !== undefined)
    throw new LatheError({
      who: params.fileName,
      what: `was written but is not what was measured: ${failed.name}: ${failed.detail}`,
      next: 'export it again; if that fails too, report it with the model',
      code: 'failed',
    });
  return { model, checks };
}

async function check(params: Params, target: string, work: Work): Promise<Check[]> {
  return [await checkBytes(params.model, target, work), ...(await checkAnswers(params, target, work))];
}

async function checkBytes(measured: string, target: string, { progress, signal }: Work): Promise<Check> {
  progress({ phase: 'Reading it back', fraction: 0 });
  const passed = await equalModels(await readModel(target), await readModel(measured), signal);
  const detail = passed ? 'every byte is the variant’s' : 'its bytes are not those of the variant';
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
    if (!dataset?.test) return [loaded, await compareOneRun(params, target, exported, measured, dataset)];
    const same = await compareAnswers(exported, measured, dataset, dataset.test, work.signal);
    if (Object.keys(params.measured).length === 0) return [loaded, same];
    const asked: AskedModel = { model: await readModel(target), session: exported, dataset, split: dataset.test };
    return [loaded, same, ...sameMetrics(await measureQuality(asked, null, null, work), params.measured)];
  } finally {
    for (const session of sessions) await session.release();
  }
}

/** Two files of one graph answer bit for bit alike, so the first samples tell as much as all. */
const samplesCompared = 64;

async function compareAnswers(
  exported: Session,
  measured: Session,
  dataset: Dataset,
  test: Split,
  signal: AbortSignal,
): Promise<Check> {
  const before = answers(measured, dataset, test, signal, samplesCompared);
  let compared = 0;
  let different = 0;
  for await (const { output, batch } of answers(exported, dataset, test, signal, samplesCompared)) {
    const other = (await before.next()).value;
    compared += batch.size;
    if (!equalArrays(output, other?.output)) different += batch.size;
  }
  return {
    name: 'Answers as the variant',
    passed: different === 0,
    detail:
      different === 0
        ? `no output differs on ${compared} test samples`
        : `outputs differ on ${different} of ${compared} test samples`,
  };
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
