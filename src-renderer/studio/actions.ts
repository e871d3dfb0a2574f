/** What a person can ask of the studio. Each answers or throws; the screen shows the sentence. */

import type { ParamsOf, ProjectState, Recipe, ResultOf, Settings, StudioCalls } from '../../src-main/contract';
import { forgetAnswers } from './answers';
import { lookInto } from './selection';
import { client, useStudio } from './store';

/** The calls that concern one project and take it as their first parameter. */
type ProjectCall = {
  [Name in keyof StudioCalls]: ParamsOf<StudioCalls, Name> extends { project: string } ? Name : never;
}[keyof StudioCalls];
type RestOf<Name extends ProjectCall> = Omit<ParamsOf<StudioCalls, Name>, 'project'>;

/** The project of this tab, for when it is loaded again. */
const openedKey = 'lathe.project';
let watch: AbortController | null = null;
let tradeOffKey = '';

/**
 * Reads what does not change while the page lives, and opens the project that was open before the connection was lost
 * or the page loaded again, else the one that the host was started with.
 */
export async function start(): Promise<void> {
  const [about, settings, recents, methods, presets] = await Promise.all([
    client().call('about', {}),
    client().call('settings', {}),
    client().call('recents', {}),
    client().call('methods', {}),
    client().call('presets', {}),
  ]);
  useStudio.setState({ about, settings, recents, methods, presets });
  const before = useStudio.getState().project?.path ?? sessionStorage.getItem(openedKey);
  if (before !== null) await openProject(before).catch(() => closeHere());
  else if (about.opened !== null) await openProject(about.opened);
}

export async function refreshRecents(): Promise<void> {
  useStudio.setState({ recents: await client().call('recents', {}) });
}

export async function forgetRecent(path: string): Promise<void> {
  await client().call('forgetRecent', { path });
  await refreshRecents();
}

export async function changeSettings(changes: Partial<Settings>): Promise<void> {
  useStudio.setState({ settings: await client().call('changeSettings', changes) });
}

export async function createProject(model: string): Promise<void> {
  show(await client().call('createProject', { model }));
  await refreshRecents();
}

export async function openProject(project: string): Promise<void> {
  show(await client().call('openProject', { project }));
  await refreshRecents();
}

/** A model by its file name, anything else as a project. */
export async function openPath(path: string): Promise<void> {
  if (path.toLowerCase().endsWith('.onnx')) await createProject(path);
  else await openProject(path);
}

export async function openSample(): Promise<void> {
  const sample = useStudio.getState().about?.sample;
  if (sample === null || sample === undefined) throw new Error('This copy of Lathe carries no sample.');
  await createProject(sample.model);
  await forProject('setData', { data: sample.data });
}

export async function closeProject(): Promise<void> {
  const project = useStudio.getState().project;
  closeHere();
  if (project !== null) await client().call('closeProject', { project: project.path });
  await refreshRecents();
}

function closeHere(): void {
  watch?.abort();
  watch = null;
  tradeOffKey = '';
  sessionStorage.removeItem(openedKey);
  forgetAnswers();
  useStudio.setState({ project: null, tradeOff: null });
}

/** Calls for the open project; an answer that is its new state is shown at once. */
export async function forProject<Name extends ProjectCall>(
  name: Name,
  rest: RestOf<Name>,
): Promise<ResultOf<StudioCalls, Name>> {
  const project = useStudio.getState().project;
  if (project === null) throw new Error('No project is open.');
  const params = { ...rest, project: project.path } as unknown as ParamsOf<StudioCalls, Name>;
  const result = await client().call(name, params);
  if (isProjectState(result)) setProject(result);
  return result;
}

export async function makeVariant(recipe: Recipe): Promise<void> {
  await forProject('makeVariant', { recipe });
}

export function browse(folder: string | null): Promise<ResultOf<StudioCalls, 'browse'>> {
  return client().call('browse', { folder });
}

function isProjectState(value: unknown): value is ProjectState {
  return typeof value === 'object' && value !== null && 'variants' in value && 'measure' in value;
}

function show(project: ProjectState): void {
  watch?.abort();
  tradeOffKey = '';
  forgetAnswers();
  lookInto({ variant: null, tab: 'summary' });
  sessionStorage.setItem(openedKey, project.path);
  useStudio.setState({ tradeOff: null });
  setProject(project);
  const controller = new AbortController();
  watch = controller;
  client()
    .call(
      'watchProject',
      { project: project.path },
      {
        signal: controller.signal,
        progress: (state) => {
          if (!controller.signal.aborted) setProject(state);
        },
      },
    )
    .catch((error: unknown) => {
      if (!controller.signal.aborted) console.warn('The project is no longer watched.', error);
    });
}

function setProject(project: ProjectState): void {
  useStudio.setState({ project });
  void refreshTradeOff(project);
}

/** The trade-off follows the evaluations: asked for again only when one came, went or was renamed. */
async function refreshTradeOff(project: ProjectState): Promise<void> {
  const key = JSON.stringify([
    project.path,
    measured(project.baseline),
    project.variants.map(({ variant, evaluation }) => [variant.id, variant.name, measured(evaluation)]),
  ]);
  if (key === tradeOffKey) return;
  tradeOffKey = key;
  if (project.baseline === null) {
    useStudio.setState({ tradeOff: null });
    return;
  }
  try {
    const tradeOff = await client().call('compare', { projects: [project.path] });
    if (key === tradeOffKey) useStudio.setState({ tradeOff });
  } catch (error) {
    if (key === tradeOffKey) tradeOffKey = '';
    console.warn('The trade-off could not be read.', error);
  }
}

/** Tells one measurement from the next of the same file. */
function measured(evaluation: ProjectState['baseline']): unknown {
  return evaluation === null
    ? null
    : [evaluation.model.sha256, evaluation.latencyMs, evaluation.throughput, evaluation.peakRssBytes];
}
