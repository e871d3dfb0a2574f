/** Jobs that an earlier session left without an end, as its events tell. */

import type { Job } from '../contract';
import type { ProjectEvent } from '../project/events';
import { type JobRequest, jobRequestSchema } from './job-request';

/** Each as interrupted, ready to be tried again; dismissed ones are left out. */
export function interruptedJobs(past: readonly ProjectEvent[]): { job: Job; request: JobRequest }[] {
  const found = new Map<string, { job: Job; request: JobRequest }>();
  for (const event of past) {
    if (event.event === 'job-dismissed') found.delete(event.job);
    if (event.event !== 'job') continue;
    const request = jobRequestSchema.safeParse(event.request);
    if (request.success && isOpenEnded(event.job))
      found.set(event.job.id, { job: asInterrupted(event.job), request: request.data });
    else found.delete(event.job.id);
  }
  return [...found.values()];
}

function isOpenEnded({ state }: Job): boolean {
  return state === 'queued' || state === 'running' || state === 'interrupted';
}

function asInterrupted(job: Job): Job {
  const error = job.error ?? `${job.title}: Lathe was closed or killed while this was under way; try it again`;
  return { ...job, state: 'interrupted', progress: null, error };
}
