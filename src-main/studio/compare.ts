/** Evaluations of one or several projects, set against the first one's baseline. */

import { type EngineCalls, LatheError, type ParamsOf, type TradeOff, type Work } from '../contract';
import type { Supervisor } from '../engine/supervisor';
import { type ProjectContents, readMeasured, readProject } from '../project/project';

type Entry = ParamsOf<EngineCalls, 'tradeOff'>['entries'][number];

/** @throws LatheError where nothing is measured yet */
export async function compareProjects(engine: Supervisor, paths: readonly string[], work: Work): Promise<TradeOff> {
  const projects = await Promise.all(paths.map(readProject));
  const measured = await Promise.all(projects.map((project) => entriesOf(project, projects.length > 1)));
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

/** @param several names then tell their project */
export async function entriesOf(project: ProjectContents, several = false): Promise<Entry[]> {
  const { baseline, variants } = await readMeasured(project);
  const prefix = several ? `${project.file.name}: ` : '';
  const entry = (id: string, name: string, isBaseline: boolean, evaluation: Entry['evaluation']): Entry => ({
    id: several ? `${project.path}#${id}` : id,
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
