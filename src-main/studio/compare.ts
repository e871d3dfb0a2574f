/** Evaluations of one or several projects, set against the first one's baseline. */

import { basename } from 'node:path';
import { type EngineCalls, LatheError, type ParamsOf, type TradeOff, type Work } from '../contract';
import type { Supervisor } from '../engine/supervisor';
import { type ProjectContents, readMeasured, readProject } from '../project/project';

type Entry = ParamsOf<EngineCalls, 'tradeOff'>['entries'][number];

/** @throws LatheError where nothing is measured yet */
export async function compareProjects(engine: Supervisor, paths: readonly string[], work: Work): Promise<TradeOff> {
  const projects = await Promise.all(paths.map(readProject));
  const titles = titlesOf(projects);
  const measured = await Promise.all(projects.map((project, at) => entriesOf(project, titles[at])));
  const entries = measured.flat();
  const baseline = entries.findIndex((entry) => entry.baseline);
  if (baseline < 0)
    throw new LatheError({
      who: paths.join(', '),
      what: 'has no measured baseline yet',
      next: 'measure the original first',
      code: 'failed',
    });
  return engine.ask(
    'tradeOff',
    { entries: entries.map((entry, at) => ({ ...entry, baseline: at === baseline })) },
    work,
  );
}

/** Names that tell projects apart, or none for one alone: those of their folders where models are called alike. */
function titlesOf(projects: readonly ProjectContents[]): (string | undefined)[] {
  if (projects.length === 1) return [undefined];
  const names = projects.map(({ file }) => file.name);
  if (new Set(names).size === names.length) return names;
  const folders = projects.map(({ path }) => basename(path));
  return new Set(folders).size === folders.length ? folders : projects.map(({ path }) => path);
}

/** @param title of the project, where names are to tell it */
export async function entriesOf(project: ProjectContents, title?: string): Promise<Entry[]> {
  const { baseline, variants } = await readMeasured(project);
  const prefix = title === undefined ? '' : `${title}: `;
  const entry = (id: string, name: string, isBaseline: boolean, evaluation: Entry['evaluation']): Entry => ({
    id: title === undefined ? id : `${project.path}#${id}`,
    name: prefix + name,
    baseline: isBaseline,
    // Class tables are long, and a trade-off does not look at them.
    evaluation: { ...evaluation, classes: null },
  });
  return [
    ...(baseline === null ? [] : [entry('baseline', 'Original', true, baseline)]),
    ...variants.flatMap(({ variant, evaluation }) =>
      evaluation === null ? [] : [entry(variant.id, variant.name, false, evaluation)],
    ),
  ];
}
