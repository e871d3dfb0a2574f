/**
 * The one object that hosts serve: projects, the queue of jobs, and the relay to the engine. A host attaches a channel
 * for each window, page or command; all of them see the same projects.
 */

import { resolve } from 'node:path';
import { type ProjectState, type StudioCalls, studioCalls } from './contract';
import type { Channel } from './rpc/messages';
import { type Handlers, serve } from './rpc/server';
import { browse } from './studio/browse';
import { compareProjects } from './studio/compare';
import { Core, type StudioOptions } from './studio/core';
import { exportFromFolder } from './studio/export-variant';
import type { JobRequest } from './studio/job-request';
import { measure } from './studio/measure';
import type { OpenProject } from './studio/open-project';
import { UserData } from './studio/user-data';

export type { StudioOptions } from './studio/core';

export interface Studio {
  /** Serves one window, page or command until its channel closes; its jobs go on without it. */
  attach(channel: Channel): void;
  /** Ends every engine process; jobs under way are marked as interrupted. */
  close(): Promise<void>;
}

export async function createStudio(options: StudioOptions): Promise<Studio> {
  const core = new Core(options, await UserData.read(options.userDataFolder));
  const handlers = { ...generalHandlers(core), ...projectHandlers(core), ...jobHandlers(core) };
  return {
    attach: (channel) => void serve(channel, studioCalls, handlers),
    close: () => core.close(),
  };
}

type StudioHandlers = Handlers<StudioCalls>;
type GeneralCall =
  | 'about'
  | 'settings'
  | 'changeSettings'
  | 'recents'
  | 'forgetRecent'
  | 'browse'
  | 'methods'
  | 'presets'
  | 'checkRecipe'
  | 'inspect'
  | 'nodes'
  | 'kernels'
  | 'profile'
  | 'diff'
  | 'describeData'
  | 'evaluate'
  | 'exportFolder'
  | 'compare';
type JobCall =
  | 'measureBaseline'
  | 'makeVariant'
  | 'addVariant'
  | 'evaluateVariant'
  | 'exportVariant'
  | 'followJob'
  | 'cancelJob'
  | 'steerJob'
  | 'retryJob'
  | 'dismissJob';
type ProjectCall = Exclude<keyof StudioCalls, GeneralCall | JobCall>;

/** What concerns no open project. */
function generalHandlers(core: Core): Pick<StudioHandlers, GeneralCall> {
  const { engine, userData, options } = core;
  return {
    about: async () => {
      const { version, host, sample, projectsFolder, opened } = options;
      return { version, host, sample, projectsFolder, opened, engine: await core.fixed('engineInfo') };
    },
    settings: async () => userData.settings,
    changeSettings: (changes) => core.changeSettings(changes),
    recents: () => userData.recents(),
    forgetRecent: async ({ path }) => {
      await userData.forget(path);
      return {};
    },
    browse: ({ folder }) => browse(folder, options.browsable),
    methods: () => core.fixed('methods'),
    presets: () => core.fixed('presets'),
    checkRecipe: (params, work) => engine.ask('checkRecipe', params, work),
    inspect: (params, work) => engine.ask('inspect', withPaths(params), work),
    nodes: (params, work) => engine.run('nodes', withPaths(params), work),
    kernels: (params, work) => engine.run('kernels', withPaths(params), work),
    profile: (params, work) => engine.run('profile', withPaths(params), work),
    diff: ({ before, after }, work) => engine.run('diff', { before: resolve(before), after: resolve(after) }, work),
    describeData: (params, work) => engine.ask('describeData', withPaths(params), work),
    evaluate: (params, work) => {
      const [model, baseline, data] = [params.model, params.baseline, params.data].map((path) => path && resolve(path));
      return measure(engine, { ...params, model: model as string, baseline, data }, work);
    },
    exportFolder: ({ folder, to, externalData }, work) =>
      exportFromFolder(engine, resolve(folder), { to: resolve(to), externalData }, work),
    compare: ({ projects }, work) =>
      compareProjects(
        engine,
        projects.map((path) => resolve(path)),
        work,
      ),
  };
}

/** With absolute paths, since an engine process may stand elsewhere. */
function withPaths<Params extends { model: string; data?: string | null }>(params: Params): Params {
  const { model, data } = params;
  return { ...params, model: resolve(model), ...(typeof data === 'string' ? { data: resolve(data) } : {}) };
}

function projectHandlers(core: Core): Pick<StudioHandlers, ProjectCall> {
  /** Changes an open project and answers its new state. */
  const changing =
    <Params extends { project: string }>(change: (opened: OpenProject, params: Params) => Promise<void>) =>
    async (params: Params): Promise<ProjectState> => {
      const opened = await core.open(params.project);
      await change(opened, params);
      return opened.state();
    };
  /** Changes what is kept of a variant. */
  const storing = <Params extends { project: string; variant: string }>(
    store: (project: OpenProject['project'], params: Params) => Promise<void>,
  ) =>
    changing<Params>(async (opened, params) => {
      await store(opened.project, params);
      opened.changed();
    });
  return {
    createProject: async (order) => {
      const opened = await core.create(order);
      await core.remember(opened);
      return opened.state();
    },
    openProject: async ({ project }) => {
      const opened = await core.open(project);
      await core.remember(opened);
      return opened.state();
    },
    closeProject: async ({ project }) => {
      await core.letGo(project);
      return {};
    },
    watchProject: async ({ project }, { progress, signal }) => {
      await (await core.open(project)).watch(progress, signal);
      signal.throwIfAborted();
      return {};
    },
    setData: changing((opened, { data }) => opened.setData(data === null ? null : resolve(data))),
    setDims: changing((opened, { dims }) => opened.setDims(dims)),
    setMeasure: changing((opened, { threads, batch }) => opened.setMeasure({ threads, batch })),
    variantDetails: async ({ project, variant }) => (await core.open(project)).variantDetails(variant),
    baselineDetails: async ({ project }) => (await core.open(project)).project.baseline(),
    renameVariant: storing((project, { variant, name }) => project.renameVariant(variant, name)),
    removeVariant: storing((project, { variant }) => project.removeVariant(variant)),
    restoreVariant: storing((project, { variant }) => project.restoreVariant(variant)),
  };
}

function jobHandlers(core: Core): Pick<StudioHandlers, JobCall> {
  const start = async (project: string, request: JobRequest) => ({
    job: (await core.open(project)).start(request).id,
  });
  return {
    measureBaseline: ({ project }) => start(project, { call: 'measureBaseline' }),
    // A recipe that does not fit is refused before anything is queued.
    makeVariant: async ({ project, recipe, evaluate }) =>
      start(project, {
        call: 'makeVariant',
        recipe: await core.engine.ask('checkRecipe', { recipe }),
        evaluate,
      }),
    addVariant: ({ project, model, name }) =>
      start(project, { call: 'addVariant', model: resolve(model), name: name ?? null }),
    evaluateVariant: ({ project, variant }) => start(project, { call: 'evaluateVariant', variant }),
    exportVariant: ({ project, variant, to, externalData }) =>
      start(project, { call: 'exportVariant', variant, to: resolve(to), externalData }),
    followJob: async ({ project, job }, { progress, signal }) =>
      (await core.open(project)).follow(job, progress, signal),
    cancelJob: async ({ project, job }) => {
      (await core.open(project)).cancel(job);
      return {};
    },
    steerJob: async ({ project, job, wish }) => {
      (await core.open(project)).steer(job, wish);
      return {};
    },
    retryJob: async ({ project, job }) => ({ job: (await core.open(project)).retry(job).id }),
    dismissJob: async ({ project, job }) => {
      const opened = await core.open(project);
      await opened.dismiss(job);
      return opened.state();
    },
  };
}
