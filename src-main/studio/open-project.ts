/** A project that is open in this studio: its state, who watches it, and its jobs. */

import { basename } from 'node:path';
import {
  type DatasetSummary,
  type Job,
  LatheError,
  type MeasureSettings,
  type ProjectState,
  parse,
  type Recipe,
  type ResultOf,
  type StudioCalls,
  type Wish,
  type Work,
} from '../contract';
import { Project, readMeasured } from '../project/project';
import { interruptedJobs } from './interrupted-jobs';
import { jobNotFound, type QueuedJob } from './job-queue';
import { type JobRequest, jobRequestSchema, labelJob } from './job-request';
import { lightState } from './light-state';
import { type Performed, perform, type Shared } from './perform';

/** Not more often: a state is tens of kilobytes and each screen draws it. */
const tellEveryMs = 100;

interface KnownJob {
  readonly job: Job;
  readonly request: JobRequest;
  /** null: of an earlier session. */
  readonly queued: QueuedJob | null;
}
type Stored = Pick<ProjectState, 'model' | 'baseline' | 'variants' | 'removed'>;

export class OpenProject implements Performed {
  private readonly jobs = new Map<string, KnownJob>();
  private readonly listeners = new Set<(state: ProjectState) => void>();
  private readonly jobListeners = new Set<(job: Job) => void>();
  private stored: Promise<Stored> | null = null;
  private source: Promise<string> | null = null;
  private tellTimer: NodeJS.Timeout | null = null;

  private constructor(
    readonly project: Project,
    readonly shared: Shared,
  ) {
    for (const { job, request } of interruptedJobs(project.past)) this.jobs.set(job.id, { job, request, queued: null });
  }

  static async open(path: string, shared: Shared): Promise<OpenProject> {
    const opened = new OpenProject(await Project.open(path), shared);
    // The hash follows; what it finds wrong is told by the first job that needs it.
    opened.sourceHash().catch(() => {});
    return opened;
  }

  get path(): string {
    return this.project.path;
  }
  get isBusy(): boolean {
    return this.listeners.size > 0 || [...this.jobs.values()].some(({ job }) => isLive(job));
  }

  async state(): Promise<ProjectState> {
    this.stored ??= this.readStored();
    const { file, modelPath, dataPath } = this.project;
    return lightState({
      path: this.path,
      name: file.name,
      // Paths in documents are those of when they were made; the project may have been moved since.
      report: file.report && { ...file.report, path: modelPath },
      dataPath,
      data: file.data && { ...file.data, path: dataPath ?? file.data.path },
      dims: file.dims,
      measure: file.measure,
      ...(await this.stored),
      jobs: [...this.jobs.values()].map(({ job }) => job),
    });
  }

  /** Tells the state at once and on each change, until aborted. */
  watch(listener: (state: ProjectState) => void, signal: AbortSignal): Promise<void> {
    this.listeners.add(listener);
    this.state().then(listener, () => {});
    return new Promise((resolve) => {
      const stop = (): void => {
        this.listeners.delete(listener);
        resolve();
      };
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
    });
  }

  changed(): void {
    this.stored = null;
    this.tell();
  }

  async setData(data: string | null): Promise<void> {
    const summary = data === null ? null : await this.describe(data, this.project.file.dims);
    const dims = { ...this.project.file.dims, ...summary?.dims };
    await this.project.change({ dataPath: data, data: summary, dims });
    this.changed();
  }

  async setDims(dims: Readonly<Record<string, number>>): Promise<void> {
    const { dataPath, modelPath } = this.project;
    const data = dataPath === null ? null : await this.describe(dataPath, dims);
    const report = await this.shared.engine.ask('inspect', { model: modelPath, dims });
    await this.project.change({ dims: { ...dims, ...data?.dims }, data, report });
    this.changed();
  }

  async setMeasure(measure: MeasureSettings): Promise<void> {
    await this.project.change({ measure });
    this.changed();
  }

  async variantDetails(id: string): Promise<ResultOf<StudioCalls, 'variantDetails'>> {
    const { project } = this;
    const evaluation = await project.variantEvaluation(id);
    return { variant: project.variant(id), modelPath: project.variantModel(id), evaluation };
  }

  async checkRecipe(recipe: Recipe): Promise<Recipe> {
    return this.shared.engine.ask('checkRecipe', { recipe });
  }

  start(request: JobRequest): Job {
    const id = this.shared.newJobId();
    const label = labelJob(request, (variant) => this.project.variant(variant));
    const work = (job: Work, tell: Parameters<typeof perform>[4]) => perform(this, id, request, job, tell);
    const queued = this.shared.queue.add({
      id,
      ...label,
      work,
      changed: (job) => this.jobChanged(job, request),
    });
    this.jobs.set(id, { job: queued.job, request, queued });
    this.tell();
    return queued.job;
  }

  /** @returns the job once it has ended */
  async follow(id: string, listener: (job: Job) => void, signal: AbortSignal): Promise<Job> {
    const { job, queued } = this.known(id);
    if (queued === null) return job;
    const only = (changed: Job): void => {
      if (changed.id === id) listener(changed);
    };
    listener(job);
    this.jobListeners.add(only);
    try {
      return await untilAborted(queued.ended, signal);
    } finally {
      this.jobListeners.delete(only);
    }
  }

  cancel(id: string): void {
    this.known(id).queued?.cancel();
  }

  steer(id: string, wish: Wish): void {
    this.known(id).queued?.steer(wish);
  }

  retry(id: string): Job {
    const { job, request } = this.known(id);
    if (isLive(job)) throw new LatheError({ who: job.title, what: 'is not ended yet', code: 'busy' });
    return this.start(request);
  }

  async dismiss(id: string): Promise<void> {
    const { job } = this.known(id);
    if (isLive(job))
      throw new LatheError({ who: job.title, what: 'is not ended yet', next: 'cancel it first', code: 'busy' });
    this.jobs.delete(id);
    await this.project.note({ event: 'job-dismissed', at: new Date().toISOString(), job: id });
    this.tell();
  }

  /** Waits for its jobs, which end as interrupted once the engine is closed, and lets go of the folder. */
  async close(): Promise<void> {
    if (this.tellTimer !== null) clearTimeout(this.tellTimer);
    this.listeners.clear();
    const live = [...this.jobs.values()].flatMap(({ queued }) => (queued === null ? [] : [queued]));
    await Promise.all(live.map(({ ended }) => ended));
    await this.source?.catch(() => {});
    await this.project.close();
  }

  sourceHash(): Promise<string> {
    this.source ??= this.readSourceHash().finally(() => {
      this.source = null;
    });
    return this.source;
  }

  async checkData(): Promise<void> {
    const { dataPath, file } = this.project;
    if (dataPath === null || file.data === null) return;
    const { hash } = await this.describe(dataPath, file.dims);
    if (hash === file.data.hash) return;
    throw new LatheError({
      who: dataPath,
      what: 'has changed since it was chosen for this project',
      next: 'choose it again, and the baseline is measured anew',
    });
  }

  private async readSourceHash(): Promise<string> {
    const { project } = this;
    const { source } = project.file;
    const state = await project.sourceState();
    if (state === 'missing')
      throw new LatheError({
        who: project.modelPath,
        what: 'is not where it was when the project was made',
        next: 'put it back',
        code: 'not-found',
      });
    if (state === 'ok' && source.sha256 !== null) return source.sha256;
    const before = await project.sourceStat();
    const { sha256 } = await this.shared.engine.ask('hashModel', { model: project.modelPath });
    const after = await project.sourceStat();
    const isKnown = source.sha256 === null ? isSameFile(after, source) : sha256 === source.sha256;
    if (!isSameFile(before, after) || !isKnown)
      throw new LatheError({
        who: project.modelPath,
        what: 'has changed since the project was made',
        next: 'make a new project for it, or put the old file back',
      });
    await project.change({ source: { ...source, ...after, sha256 } });
    this.changed();
    return sha256;
  }

  private describe(data: string, dims: Readonly<Record<string, number>>): Promise<DatasetSummary> {
    return this.shared.engine.ask('describeData', { data, model: this.project.modelPath, dims });
  }

  private async readStored(): Promise<Stored> {
    const { project } = this;
    const { bytes, sha256 } = project.file.source;
    const { baseline, variants } = await readMeasured(project.contents);
    const removed = await Promise.all(
      project.removed.map(async (id) => ({ id, name: (await project.readRemoved(id))?.name ?? id })),
    );
    return {
      model: { path: project.modelPath, bytes, sha256, state: await project.sourceState() },
      baseline,
      variants: [...variants],
      removed,
    };
  }

  private known(id: string): KnownJob {
    const known = this.jobs.get(id);
    if (known === undefined) throw jobNotFound(id);
    return known;
  }

  private jobChanged(job: Job, request: JobRequest): void {
    const known = this.jobs.get(job.id);
    if (known !== undefined) this.jobs.set(job.id, { ...known, job });
    if (known?.job.state !== job.state) {
      const event = { event: 'job', at: new Date().toISOString(), job, request } as const;
      // A full disk ends the job itself; that its end cannot be noted either is no news.
      this.project.note(event).catch(() => {});
    }
    for (const listener of this.jobListeners) listener(job);
    this.tell();
  }

  private tell(): void {
    if (this.listeners.size === 0) return;
    this.tellTimer ??= setTimeout(() => {
      this.tellTimer = null;
      this.state().then(
        (state) => {
          for (const listener of this.listeners) listener(state);
        },
        () => {},
      );
    }, tellEveryMs);
  }
}

export function parseRequest(request: unknown): JobRequest {
  return parse(jobRequestSchema, request, 'job');
}

/** `digits` for `digits.onnx`, and for `digits/model.onnx`, whose own name says nothing. */
export function projectName(model: string): string {
  const name = basename(model).replace(/\.onnx$/i, '');
  const folder = basename(model.slice(0, -basename(model).length));
  return /^model(\W|_|$)/i.test(name) && folder !== '' ? folder : name;
}

function isSameFile(a: { bytes: number; modifiedAt: number }, b: { bytes: number; modifiedAt: number }): boolean {
  return a.bytes === b.bytes && a.modifiedAt === b.modifiedAt;
}

function isLive(job: Job): boolean {
  return job.state === 'queued' || job.state === 'running';
}

function untilAborted<Result>(promise: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    promise.then(resolve, reject);
  });
}
