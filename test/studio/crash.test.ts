import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Progress, Recipe } from '../../src-main/contract';
import { takeRows } from '../../src-main/data/batches';
import { openNpz } from '../../src-main/data/npz';
import { isAlive } from '../../src-main/onnx/file/living-process';
import type { NdArray } from '../../src-main/onnx/ir';
import { builtEngine } from '../support/built-engine';
import { bundleEntry } from '../support/bundle-entry';
import { writeNpz } from '../support/npz';
import { startStudio, type TestStudio } from '../support/studio';

const folder = join(import.meta.dirname, '../models/emoji-resnet');
const emoji = { model: join(folder, 'model.onnx'), data: folder };
const quantize = (method: string): Recipe => ({ steps: [{ kind: 'quantize', method }] });

describe('an engine process that dies', () => {
  let own: TestStudio;
  let project: string;
  let kept: string;
  const state = () => own.client.call('openProject', { project });
  const make = async (recipe: Recipe) =>
    (await own.client.call('makeVariant', { project, recipe, evaluate: false })).job;
  /** Sends a signal to the engine of the job that runs, once it is past opening its files. */
  const sendOnce = (signal: NodeJS.Signals) => {
    let sent = false;
    return ({ phase }: Progress): void => {
      if (sent || /opening/i.test(phase)) return;
      sent = true;
      process.kill(own.engines.at(-1)?.pid as number, signal);
    };
  };
  beforeAll(async () => {
    own = await startStudio();
    project = (await own.client.call('createProject', { model: emoji.model })).path;
    await own.client.call('setData', { project, data: emoji.data });
    kept = (await own.finish(project, await make(quantize('fp16')))).variant as string;
  });
  afterAll(() => own.close());

  it('is told with step, model and cause; the queue goes on and all made so far is kept', async () => {
    const killed = await make(quantize('static-int8'));
    const next = await make({ steps: [{ kind: 'prune', method: 'magnitude' }] });
    const ended = await own.finish(project, killed, sendOnce('SIGKILL'));
    expect(ended).toMatchObject({ state: 'interrupted', variant: null });
    expect(ended.error).toMatch(
      /^model\.onnx: the engine process was killed.*\(SIGKILL, .*\) \(during "quantize static-int8: .+"\); what was finished before is kept/,
    );
    const after = await own.finish(project, next);
    expect(after).toMatchObject({ state: 'done', error: null });
    expect((await state()).variants.map(({ variant }) => variant.id)).toEqual([kept, after.variant]);
    expect(readdirSync(join(project, 'jobs'))).toEqual([]);

    const { job } = await own.client.call('retryJob', { project, job: killed });
    expect(await own.finish(project, job)).toMatchObject({ state: 'done', error: null });
    expect((await state()).variants).toHaveLength(3);
  });

  it('by an abort, as native code does, is told so too', async () => {
    const { job } = await own.client.call('evaluateVariant', { project, variant: kept });
    const ended = await own.finish(project, job, sendOnce('SIGABRT'));
    expect(ended.state).toBe('interrupted');
    expect(ended.error).toMatch(/^model\.onnx: the engine process aborted.*\(SIGABRT\).*during/);
    expect((await state()).variants.find(({ variant }) => variant.id === kept)?.evaluation).toBeNull();
  });

  it('because its user cancelled is no failure, and leaves the project as it was', async () => {
    const before = await state();
    const { job } = await own.client.call('measureBaseline', { project });
    const cancel = ({ phase }: Progress): void => {
      if (!/opening/i.test(phase)) void own.client.call('cancelJob', { project, job });
    };
    const ended = await own.finish(project, job, cancel);
    expect(ended).toMatchObject({ state: 'cancelled', error: null });
    const after = await state();
    expect({ ...after, jobs: [] }).toEqual({ ...before, jobs: [] });
    await own.client.call('dismissJob', { project, job });
    expect((await state()).jobs.map(({ id }) => id)).not.toContain(job);
  });

  it('takes no queued job along that was cancelled before its turn', async () => {
    const running = await make({ name: 'again', seed: 7, steps: quantize('static-int8').steps });
    const waiting = await make({ steps: [{ kind: 'prune', method: 'magnitude', options: { sparsity: 0.25 } }] });
    await own.client.call('cancelJob', { project, job: waiting });
    expect(await own.finish(project, waiting)).toMatchObject({ state: 'cancelled', startedAt: null });
    expect(await own.finish(project, running)).toMatchObject({ state: 'done' });
  });
});

describe('a calibration that is cut short', () => {
  /** All of the samples in one pass, and nothing after it. */
  const calibrated: Recipe = {
    steps: [{ kind: 'quantize', method: 'static-int8', options: { rounding: 'nearest', smooth: false } }],
  };
  const samplesIn = ({ detail }: Progress): [done: number, all: number] | null => {
    const [, done, all] = /^(\d+) of (\d+) samples/.exec(detail ?? '') ?? [];
    return done === undefined ? null : [Number(done), Number(all)];
  };

  const isKept = (project: string): boolean =>
    existsSync(join(project, 'cache')) &&
    readdirSync(join(project, 'cache')).some((name) => name.endsWith('.statistics'));

  it('goes on where its engine was killed, tells so, and gives the bytes of a run that was not', async () => {
    const own = await startStudio();
    try {
      const data = join(own.folder, 'long');
      await repeatSamples(emoji.data, 4, data);
      const projectOf = async (name: string) => {
        const folder = join(own.folder, name);
        const { path } = await own.client.call('createProject', { model: emoji.model, folder });
        await own.client.call('setData', { project: path, data });
        return path;
      };
      const project = await projectOf('cut');
      const variantOf = async (at: string, id: string | null) =>
        (await own.client.call('openProject', { project: at })).variants.find(({ variant }) => variant.id === id);

      const { job } = await own.client.call('makeVariant', { project, recipe: calibrated, evaluate: false });
      let isKilled = false;
      const ended = await own.finish(project, job, (progress) => {
        const [done, all] = samplesIn(progress) ?? [0, 0];
        if (isKilled || done === all || !isKept(project)) return;
        isKilled = true;
        process.kill(own.engines.at(-1)?.pid as number, 'SIGKILL');
      });
      expect(ended).toMatchObject({ state: 'interrupted', variant: null });
      expect(ended.error).toMatch(/SIGKILL.*what was finished before is kept; try again/);

      const retried = await own.client.call('retryJob', { project, job });
      const told: number[] = [];
      const done = await own.finish(project, retried.job, (progress) =>
        told.push(samplesIn(progress)?.[0] ?? Infinity),
      );
      expect(done).toMatchObject({ state: 'done', error: null });
      const resumed = await variantOf(project, done.variant);
      const notes = resumed?.variant.steps.flatMap((step) => step.notes).join(' ') ?? '';
      const known = Number(/the model was not run again on (\d+) samples/.exec(notes)?.[1]);
      expect(known).toBeGreaterThan(0);
      expect(Math.min(...told)).toBeGreaterThan(known);

      const other = await projectOf('whole');
      const { job: uncut } = await own.client.call('makeVariant', {
        project: other,
        recipe: calibrated,
        evaluate: false,
      });
      const whole = await variantOf(other, (await own.finish(other, uncut)).variant);
      expect(whole?.variant.model.sha256).toBe(resumed?.variant.model.sha256);
    } finally {
      await own.close();
    }
  });
});

describe('a studio that dies', () => {
  let place: string;
  let own: TestStudio | null = null;
  beforeEach(() => {
    place = mkdtempSync(join(tmpdir(), 'lathe-killed-'));
  });
  afterEach(() => own?.close());

  it('takes its engine along, loses nothing finished, and offers what was under way again', async () => {
    const script = join(place, 'studio-process.mjs');
    await bundleEntry(join(import.meta.dirname, '../support/studio-process.ts'), script);
    const args = [script, place, await builtEngine(), emoji.model, emoji.data];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const [text] = await once(child.stdout.setEncoding('utf8'), 'data');
    child.kill('SIGKILL');
    await once(child, 'close');
    const { project, variant, enginePid } = JSON.parse(text);
    await expect.poll(() => isAlive(enginePid, null), { timeout: 10_000 }).toBe(false);

    own = await startStudio({}, place);
    const state = await own.client.call('openProject', { project });
    expect(state.variants.map((one) => one.variant.id)).toEqual([variant]);
    expect(state.jobs).toMatchObject([
      { state: 'interrupted', title: 'static-int8', error: expect.stringMatching(/try it again/) },
    ]);
    const { job } = await own.client.call('retryJob', { project, job: state.jobs[0]?.id as string });
    expect(await own.finish(project, job)).toMatchObject({ state: 'done', error: null });
  });
});

/** The data with each calibration sample so many times, so that a run over them takes longer than it takes to kill it. */
async function repeatSamples(data: string, times: number, into: string): Promise<void> {
  cpSync(data, into, { recursive: true });
  const { arrays } = await openNpz(join(data, 'calib.npz'));
  const repeated: Record<string, NdArray> = {};
  for (const [name, array] of arrays) {
    const count = array.shape[0] as number;
    const rows = Array.from({ length: times * count }, (_, row) => row % count);
    repeated[name] = takeRows(await array.rows(0, count), rows);
  }
  writeNpz(join(into, 'calib.npz'), repeated);
}
