/** What all windows, pages and commands of one studio share: its projects, its queue, its engine. */

import { resolve } from 'node:path';
import {
  type EngineCalls,
  type Job,
  LatheError,
  type ParsedParamsOf,
  type ResultOf,
  type Settings,
  type StudioCalls,
  type Variant,
} from '../contract';
import { createSupervisor, type EngineCarrier, type Supervisor } from '../engine/supervisor';
import { slug } from '../project/lineage';
import { createProject, freeFolder, isProject } from '../project/project';
import { JobQueue } from './job-queue';
import { OpenProject, projectName } from './open-project';
import type { UserData } from './user-data';

export interface StudioOptions {
  readonly host: 'electron' | 'web' | 'cli';
  /** Lathe's own. */
  readonly version: string;
  /** How engine processes are started; asked again for each one, since a setting may change it. */
  readonly carrier: (settings: Settings) => EngineCarrier;
  /** Settings and recents of this user. */
  readonly userDataFolder: string;
  /** Where new projects go unless the user says otherwise. */
  readonly projectsFolder: string;
  readonly sample: { readonly model: string; readonly data: string } | null;
  /** The project that the host was started with. */
  readonly opened: string | null;
  /** What `browse` may show, with all below. */
  readonly browsable: readonly string[];
  /** Told of each change of each job, whatever the project: for a host that shows long work by itself. */
  readonly jobChanged?: ((job: Job) => void) | undefined;
}

/** Questions whose answer is the same as long as the studio lives. */
type FixedQuestion = 'engineInfo' | 'methods' | 'presets';

export class Core {
  readonly engine: Supervisor;
  private readonly queue: JobQueue;
  private readonly projects = new Map<string, Promise<OpenProject>>();
  private readonly fixedAnswers = new Map<FixedQuestion, Promise<unknown>>();
  private lastFixed: Promise<unknown> = Promise.resolve();
  private readonly startedAt = Date.now().toString(36);
  private jobs = 0;

  constructor(
    readonly options: StudioOptions,
    readonly userData: UserData,
  ) {
    this.queue = new JobQueue(options.jobChanged);
    this.engine = createSupervisor({ carrier: { start: () => options.carrier(userData.settings).start() } });
  }

  /** One after the other, so that a page's first questions share one engine process. */
  fixed<Name extends FixedQuestion>(name: Name): Promise<ResultOf<EngineCalls, Name>> {
    const known = this.fixedAnswers.get(name);
    if (known !== undefined) return known as Promise<ResultOf<EngineCalls, Name>>;
    const answer = this.lastFixed.catch(() => {}).then(() => this.engine.ask(name, {} as never));
    this.lastFixed = answer;
    this.fixedAnswers.set(name, answer);
    answer.catch(() => this.fixedAnswers.delete(name));
    return answer;
  }

  /** @throws LatheError where the engine cannot be run by the Node that is named; nothing changes then */
  async changeSettings(changes: ParsedParamsOf<StudioCalls, 'changeSettings'>): Promise<Settings> {
    const { settings } = this.userData;
    const { engineNode = settings.engineNode } = changes;
    if (engineNode === settings.engineNode) return this.userData.changeSettings(changes);
    if (engineNode !== null) await this.probe({ ...settings, engineNode });
    const changed = await this.userData.changeSettings(changes);
    this.fixedAnswers.clear();
    this.engine.renew();
    return changed;
  }

  /** The project at `path`, which stays open until {@link letGo}. */
  open(path: string): Promise<OpenProject> {
    const place = resolve(path);
    const known = this.projects.get(place);
    if (known !== undefined) return known;
    const opening = OpenProject.open(place, {
      engine: this.engine,
      queue: this.queue,
      versions: () => this.versions(),
      newJobId: () => `${this.startedAt}-${++this.jobs}`,
    });
    this.projects.set(place, opening);
    opening.catch(() => this.projects.delete(place));
    return opening;
  }

  /** Where `folder` is null, in a free one among the user's projects. */
  async create({ model, folder, data, dims }: ParsedParamsOf<StudioCalls, 'createProject'>): Promise<OpenProject> {
    const source = resolve(model);
    const dataPath = data === null ? null : resolve(data);
    if (folder !== null && (await isProject(folder))) {
      const opened = await this.openFor(source, folder);
      if (Object.keys(dims).length > 0) await opened.setDims({ ...opened.project.file.dims, ...dims });
      if (dataPath !== null) await opened.setData(dataPath);
      return opened;
    }
    const report = await this.engine.ask('inspect', { model: source, dims });
    const summary =
      dataPath === null ? null : await this.engine.ask('describeData', { data: dataPath, model: source, dims });
    const name = projectName(source);
    const place = folder === null ? await freeFolder(this.options.projectsFolder, slug(name)) : resolve(folder);
    await createProject(place, {
      name,
      model: source,
      report,
      dataPath,
      data: summary,
      dims: { ...dims, ...summary?.dims },
      measure: this.userData.settings.measure,
    });
    return this.open(place);
  }

  /** Recents are what a person opened, not what a script did. */
  async remember({ path, project }: OpenProject): Promise<void> {
    if (this.options.host !== 'cli') await this.userData.remember(path, project.file.name);
  }

  /** Lets go of the folder unless a page still shows it or a job still works in it. */
  async letGo(path: string): Promise<void> {
    const place = resolve(path);
    const opened = await this.projects.get(place);
    if (opened === undefined || opened.isBusy) return;
    this.projects.delete(place);
    await opened.close();
  }

  async close(): Promise<void> {
    this.engine.close();
    const opened = await Promise.allSettled(this.projects.values());
    this.projects.clear();
    await Promise.all(opened.map((one) => (one.status === 'fulfilled' ? one.value.close() : undefined)));
  }

  /** @throws LatheError where the project was made of another model */
  private async openFor(model: string, folder: string): Promise<OpenProject> {
    const opened = await this.open(folder);
    if (opened.project.modelPath === model) return opened;
    const [own, asked] = await Promise.all([opened.sourceHash(), this.engine.ask('hashModel', { model })]);
    if (own === asked.sha256) return opened;
    throw new LatheError({
      who: folder,
      what: `is a project of another model (${opened.project.modelPath})`,
      next: 'choose another folder',
      code: 'usage',
    });
  }

  private async probe(settings: Settings): Promise<void> {
    const engine = createSupervisor({ carrier: this.options.carrier(settings) });
    try {
      await engine.ask('engineInfo', {});
    } finally {
      engine.close();
    }
  }

  private async versions(): Promise<Variant['versions']> {
    const { onnxruntime, host, cpu } = await this.fixed('engineInfo');
    return { lathe: this.options.version, onnxruntime, host, cpu };
  }
}
