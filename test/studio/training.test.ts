import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Job, Recipe, TrainingProgress } from '../../src-main/contract';
import { Random } from '../../src-main/kernels/random';
import { sample, startStudio, type TestStudio } from '../support/studio';

const training = (options: Record<string, unknown>): Recipe => ({
  steps: [{ kind: 'distil', method: 'fine-tune', options: { batch: 16, ...options } }],
});

async function open(studio: TestStudio): Promise<string> {
  const { path } = await studio.client.call('createProject', { model: sample.model });
  await studio.client.call('setData', { project: path, data: sample.data });
  return path;
}

async function start(studio: TestStudio, project: string, recipe: Recipe): Promise<string> {
  return (await studio.client.call('makeVariant', { project, recipe, evaluate: false })).job;
}

async function madeBy(studio: TestStudio, project: string, { variant }: Job) {
  return (await studio.client.call('variantDetails', { project, variant: variant as string })).variant;
}

/** `npm run bench:kills` asks for twenty, in a training of some three minutes. */
const killed = Number(process.env.LATHE_KILLS ?? 4);
const checkpointSeconds = killed > 4 ? 2 : 0.1;

describe('a training in a process of its own', () => {
  let studio: TestStudio;
  let project: string;
  const epochs = killed > 4 ? 50 * killed : 6;
  // 360 rows in batches of 16: 23 updates an epoch.
  const updates = epochs * 23;
  const whole = training({ epochs, checkpointSeconds, learningRate: 1e-3 });
  beforeAll(async () => {
    studio = await startStudio();
    project = await open(studio);
  });
  afterAll(() => studio.close());

  /** Follows a training to its end; `seen` is told each progress of it. */
  const follow = (job: string, seen: (training: TrainingProgress) => void) =>
    studio.finish(project, job, ({ training: told }) => told && seen(told));

  it('killed again and again goes on to the curve and the weights of one that never was', async () => {
    const other = await startStudio();
    const otherProject = await open(other);
    const finished = await other.finish(otherProject, await start(other, otherProject, whole));
    const expected = await madeBy(other, otherProject, finished);
    await other.close();

    let id = await start(studio, project, whole);
    let reached = 0;
    let kills = 0;
    let perSecond = Number.POSITIVE_INFINITY;
    let twice = 0;
    const random = new Random(1);
    const moments = Array.from({ length: killed }, () => (0.02 + 0.93 * random.uniform()) * updates).sort(
      (a, b) => a - b,
    );
    for (;;) {
      let isFirst = true;
      let killAt = moments[kills] ?? Number.POSITIVE_INFINITY;
      const ended = await follow(id, (told) => {
        if (isFirst && kills > 0) {
          // What it had told before it was killed is done again for one interval at most, and one update; for a moment
          // it may have been three times as fast as in the mean.
          expect(told.step).toBeGreaterThan(reached - 3 * checkpointSeconds * perSecond - 2);
          twice = Math.max(twice, reached - told.step + 1);
        }
        isFirst = false;
        perSecond = told.samplesPerSecond / 16;
        if (told.step < killAt) return;
        reached = told.step;
        killAt = Number.POSITIVE_INFINITY;
        process.kill(studio.engines.at(-1)?.pid as number, 'SIGKILL');
      });
      if (ended.state === 'interrupted') {
        kills += 1;
        ({ job: id } = await studio.client.call('retryJob', { project, job: id }));
        continue;
      }
      expect(ended).toMatchObject({ state: 'done', error: null });
      expect(kills).toBeGreaterThanOrEqual(killed / 2);
      console.log(`killed ${kills} times in ${updates} updates; at most ${Math.max(0, twice)} updates were done twice`);
      const made = await madeBy(studio, project, ended);
      expect(made.steps[0]?.training).toMatchObject({ step: updates, steps: updates });
      expect(made.steps[0]?.training).toEqual(expected.steps[0]?.training);
      expect(made.model.sha256).toBe(expected.model.sha256);
      return;
    }
  });

  it('waits while it is paused, and goes on', async () => {
    const id = await start(studio, project, training({ epochs: 3, learningRate: 2e-3 }));
    let pausedAt = 0;
    const ended = await follow(id, ({ step }) => {
      if (pausedAt > 0 || step < 5) return;
      pausedAt = performance.now();
      void studio.client.call('steerJob', { project, job: id, wish: 'pause' });
      setTimeout(() => void studio.client.call('steerJob', { project, job: id, wish: 'run' }), 1000);
    });
    expect(ended).toMatchObject({ state: 'done', error: null });
    expect(performance.now() - pausedAt).toBeGreaterThan(1000);
    expect((await madeBy(studio, project, ended)).steps[0]?.training?.step).toBe(3 * 23);
  });

  it('stopped keeps the best so far, as a variant that can be made again', async () => {
    const long = training({ epochs: 2000, learningRate: 3e-3 });
    const id = await start(studio, project, long);
    const ended = await follow(id, ({ step }) => {
      if (step >= 30) void studio.client.call('steerJob', { project, job: id, wish: 'stop' });
    });
    expect(ended).toMatchObject({ state: 'done', error: null });
    const kept = await madeBy(studio, project, ended);
    const stopAfter = kept.recipe?.steps[0]?.options?.stopAfter as number;
    expect(stopAfter).toBeGreaterThanOrEqual(30);
    expect(kept.steps[0]?.notes.join(' ')).toMatch(new RegExp(`Stopped after update ${stopAfter} of epoch`));

    const other = await startStudio();
    try {
      const place = await open(other);
      const again = await other.finish(place, await start(other, place, kept.recipe as Recipe));
      expect(again.variant).toBe(kept.id);
      expect((await madeBy(other, place, again)).model.sha256).toBe(kept.model.sha256);
    } finally {
      await other.close();
    }
  });
});
