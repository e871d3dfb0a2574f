import type { Job } from '../../src-main/contract';

export const isActive = (job: Job): boolean => job.state === 'queued' || job.state === 'running';

/** The newest job of a kind that waits or runs. */
export function activeJob(jobs: readonly Job[], kind: Job['kind']): Job | undefined {
  return jobs.findLast((job) => job.kind === kind && isActive(job));
}
