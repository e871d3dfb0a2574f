import { describe, expect, it } from 'vitest';
import { type Job, LatheError } from '../../../src-main/contract';
import { type JobOrder, JobQueue } from '../../../src-main/studio/job-queue';

let ids = 0;
function order(work: JobOrder['work'], seen: Job[] = []): JobOrder {
  return { id: `job-${++ids}`, kind: 'variant', title: 'a job', work, changed: (job) => seen.push(job) };
}
const untilAborted: JobOrder['work'] = ({ signal }) =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

describe('the job queue', () => {
  it('does one after the other, also after a failure', async () => {
    const queue = new JobQueue();
    const log: string[] = [];
    const work = (name: string, fails: boolean) => async () => {
      log.push(`${name} begins`);
      await new Promise((resolve) => setTimeout(resolve, 5));
      log.push(`${name} ends`);
      if (fails) throw new LatheError({ who: name, what: 'fails', code: 'failed' });
    };
    const [a, b] = [queue.add(order(work('a', true))), queue.add(order(work('b', false)))];
    expect(b.job.state).toBe('queued');
    expect([await a.ended, await b.ended]).toMatchObject([
      { state: 'failed', error: 'a: fails' },
      { state: 'done', error: null },
    ]);
    expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
  });

  it('tells each form of a job, times and facts included', async () => {
    const seen: Job[] = [];
    const work: JobOrder['work'] = async ({ progress }, tell) => {
      progress({ phase: 'Calibrating', fraction: 0.5 });
      tell({ variant: 'static-int8-1' });
    };
    await new JobQueue().add(order(work, seen)).ended;
    expect(seen.map(({ state, progress, variant }) => [state, progress?.fraction ?? null, variant])).toEqual([
      ['queued', null, null],
      ['running', null, null],
      ['running', 0.5, null],
      ['running', 0.5, 'static-int8-1'],
      ['done', null, 'static-int8-1'],
    ]);
    expect(Date.parse(seen.at(-1)?.endedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(seen.at(-1)?.startedAt ?? ''));
  });

  it('cancels a waiting job at once and a running one when it stops', async () => {
    const queue = new JobQueue();
    const running = queue.add(order(untilAborted));
    const waiting = queue.add(order(() => Promise.reject(new Error('must not run'))));
    waiting.cancel();
    expect((await waiting.ended).state).toBe('cancelled');
    running.cancel();
    expect(await running.ended).toMatchObject({ state: 'cancelled', error: null });
  });

  it('hands wishes on to the work, older ones too, and shows them', async () => {
    const heard: (string | undefined)[] = [];
    const job = new JobQueue().add(
      order(async ({ steering, signal }) => {
        heard.push(steering?.wish);
        await new Promise<void>((resolve) => steering?.onChange(() => resolve(), signal));
        heard.push(steering?.wish);
      }),
    );
    job.steer('pause');
    expect(job.job.wish).toBe('pause');
    setTimeout(() => job.steer('stop'), 20);
    expect(await job.ended).toMatchObject({ state: 'done', wish: 'stop' });
    expect(heard).toEqual(['pause', 'stop']);
    job.steer('pause');
    expect(job.job.wish).toBe('stop');
  });

  it('is not misled by a cancel that comes too late', async () => {
    const done = new JobQueue().add(order(async () => {}));
    await done.ended;
    done.cancel();
    expect(done.job.state).toBe('done');
  });

  it.each([
    [new LatheError({ who: 'x', what: 'died', code: 'interrupted' }), 'interrupted', 'x: died'],
    [new TypeError('y is undefined'), 'failed', 'A defect in Lathe: y is undefined'],
  ])('names what ended a job: %s', async (thrown, state, error) => {
    expect(await new JobQueue().add(order(() => Promise.reject(thrown))).ended).toMatchObject({ state, error });
  });
});
