/** One heavy job at a time, across all open projects, in the order in which they were asked for. */

import { Helm, type Job, LatheError, type Progress, toWireError, type Wish, type Work } from '../contract';

/** What a job tells of itself besides its progress. */
export type JobFacts = Partial<Pick<Job, 'variant' | 'output'>>;

export interface JobOrder {
  readonly id: string;
  readonly kind: Job['kind'];
  readonly title: string;
  readonly recipe?: Job['recipe'] | undefined;
  readonly variant?: string | undefined;
  /** @param tell sets what becomes known while it runs */
  readonly work: (work: Work, tell: (facts: JobFacts) => void) => Promise<void>;
  /** Called with each new form of the job. */
  readonly changed: (job: Job) => void;
}

export interface QueuedJob {
  readonly job: Job;
  /** The job in its last form; never fails. */
  readonly ended: Promise<Job>;
  cancel(): void;
  steer(wish: Wish): void;
}

export class JobQueue {
  private last: Promise<unknown> = Promise.resolve();

  /** @param told of each new form of each job */
  constructor(private readonly told: (job: Job) => void = () => {}) {}

  add(order: JobOrder): QueuedJob {
    const changed = (job: Job): void => {
      order.changed(job);
      this.told(job);
    };
    const entry = new Entry({ ...order, changed });
    this.last = this.last.then(() => entry.run());
    return entry;
  }
}

class Entry implements QueuedJob {
  readonly ended: Promise<Job>;
  private readonly controller = new AbortController();
  private readonly helm = new Helm();
  private settle!: (job: Job) => void;
  private current: Job;

  constructor(private readonly order: JobOrder) {
    const { id, kind, title, recipe = null, variant = null } = order;
    this.current = {
      id,
      kind,
      title,
      recipe,
      variant,
      state: 'queued',
      progress: null,
      wish: 'run',
      error: null,
      output: null,
      startedAt: null,
      endedAt: null,
    };
    this.ended = new Promise((resolve) => {
      this.settle = resolve;
    });
    order.changed(this.current);
  }

  get job(): Job {
    return this.current;
  }

  cancel(): void {
    this.controller.abort();
    if (this.current.state === 'queued') this.end({ state: 'cancelled' });
  }

  steer(wish: Wish): void {
    if (this.current.endedAt !== null) return;
    this.helm.set(wish);
    this.change({ wish });
  }

  async run(): Promise<void> {
    if (this.current.state !== 'queued') return;
    this.change({ state: 'running', startedAt: new Date().toISOString() });
    const progress = (told: Progress): void => {
      if (this.current.state === 'running') this.change({ progress: told });
    };
    try {
      const work = { progress, signal: this.controller.signal, steering: this.helm };
      await this.order.work(work, (facts) => this.change(facts));
      this.end({ state: 'done', progress: null });
    } catch (thrown) {
      this.end(this.failure(thrown));
    }
  }

  private failure(thrown: unknown): Partial<Job> {
    const { code, message } = toWireError(thrown);
    if (this.controller.signal.aborted && (code === 'cancelled' || code === 'interrupted'))
      return { state: 'cancelled' };
    const error = code === 'defect' ? `A defect in Lathe: ${message}` : message;
    return { state: code === 'interrupted' ? 'interrupted' : 'failed', error };
  }

  private change(fields: Partial<Job>): void {
    this.current = { ...this.current, ...fields };
    this.order.changed(this.current);
  }

  private end(fields: Partial<Job>): void {
    this.change({ ...fields, endedAt: new Date().toISOString() });
    this.settle(this.current);
  }
}

export function jobNotFound(id: string): LatheError {
  return new LatheError({ who: `job "${id}"`, what: 'is not known in this project', code: 'not-found' });
}
