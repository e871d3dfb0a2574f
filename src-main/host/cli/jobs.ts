/**
 * Waiting for a job of the studio, as a command does: with its progress, and cancelled by Ctrl-C. A training is first
 * stopped with what it has reached.
 */

import { fromWireError, type Job, type StudioCalls } from '../../contract';
import type { Client } from '../../rpc/client';
import type { Terminal } from './terminal';
import type { Stop } from './under-signals';

export interface Waiting {
  readonly client: Client<StudioCalls>;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  readonly stop: Stop;
}

/**
 * @returns the job once it is done
 * @throws LatheError with the sentence of a job that failed, and `cancelled` after Ctrl-C
 */
export async function finishJob(
  { client, terminal, signal, stop }: Waiting,
  project: string,
  id: string,
): Promise<Job> {
  // The call itself is not cancelled: the job's own end is waited for, so that nothing half-made is left.
  const cancel = (): void => void client.call('cancelJob', { project, job: id }).catch(() => {});
  if (signal.aborted) cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    const keep = (): string => {
      void client.call('steerJob', { project, job: id, wish: 'stop' }).catch(() => {});
      return 'Stopping the training: the best weights so far become the variant. Ctrl-C again cancels it.';
    };
    let isTraining = false;
    const progress = (state: Job): void => {
      if (isTraining !== (state.progress?.training !== undefined)) {
        isTraining = !isTraining;
        stop.gentle = isTraining && state.wish !== 'stop' ? keep : null;
      }
      if (state.progress !== null && !signal.aborted) terminal.progress(state.progress);
    };
    const job = await client.call('followJob', { project, job: id }, { progress });
    if (job.state === 'done') return job;
    const code = job.state === 'cancelled' ? 'cancelled' : job.state === 'interrupted' ? 'interrupted' : 'failed';
    throw fromWireError({ code, message: job.error ?? `${job.title}: ${job.state}` });
  } finally {
    stop.gentle = null;
    signal.removeEventListener('abort', cancel);
    terminal.endProgress();
  }
}
