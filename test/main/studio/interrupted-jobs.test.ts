import { describe, expect, it } from 'vitest';
import type { Job } from '../../../src-main/contract';
import type { ProjectEvent } from '../../../src-main/project/events';
import { interruptedJobs } from '../../../src-main/studio/interrupted-jobs';

const at = '2026-01-02T03:04:05.000Z';
const request = { call: 'measureBaseline' };
function event(
  id: string,
  state: Job['state'],
  changes: Partial<{ request: unknown; error: string }> = {},
): ProjectEvent {
  const job: Job = {
    id,
    kind: 'baseline',
    title: 'Measure the original',
    state,
    progress: null,
    error: changes.error ?? null,
    variant: null,
    recipe: null,
    wish: 'run',
    output: null,
    startedAt: at,
    endedAt: null,
  };
  return { event: 'job', at, job, request: changes.request ?? request };
}

describe('interruptedJobs', () => {
  it('finds those that were queued or running, and those that an engine took along', () => {
    const past = [
      event('done', 'queued'),
      event('done', 'running'),
      event('running', 'running'),
      event('done', 'done'),
      event('died', 'interrupted', { error: 'net.onnx: the engine process aborted' }),
      event('queued', 'queued'),
      event('cancelled', 'cancelled'),
      event('dismissed', 'running'),
      { event: 'job-dismissed', at, job: 'dismissed' } as const,
    ];
    expect(interruptedJobs(past).map(({ job }) => [job.id, job.state, job.error])).toEqual([
      ['running', 'interrupted', expect.stringMatching(/Lathe was closed or killed.*try it again/)],
      ['died', 'interrupted', 'net.onnx: the engine process aborted'],
      ['queued', 'interrupted', expect.stringMatching(/try it again/)],
    ]);
  });

  it('passes over what this version could not do again', () => {
    expect(interruptedJobs([event('other', 'running', { request: { call: 'somethingNewer' } })])).toEqual([]);
  });
});
