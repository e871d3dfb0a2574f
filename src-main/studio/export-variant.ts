/** Exporting: the engine writes and checks the model, the store adds recipe and report and moves all into place. */

import { basename, dirname, join } from 'node:path';
import {
  type Evaluation,
  type ExportResult,
  LatheError,
  portion,
  type Report,
  type TradeOff,
  unwatched,
  type Variant,
  type Work,
} from '../contract';
import type { Supervisor } from '../engine/supervisor';
import { ExportBundle } from '../project/export-bundle';
import { slug } from '../project/lineage';
import { isProject, type Measured, type ProjectContents, readMeasured, readProject } from '../project/project';
import { fromStoredPath } from '../project/stored-path';
import { entriesOf } from './compare';

export interface ExportOrder {
  readonly to: string;
  readonly externalData: 'auto' | 'always';
}

/** @throws LatheError where the folder is not that of a project's finished variant */
export async function exportFromFolder(
  engine: Supervisor,
  folder: string,
  order: ExportOrder,
  work: Work,
): Promise<ExportResult> {
  const project = dirname(dirname(folder));
  if (basename(dirname(folder)) !== 'variants' || !(await isProject(project)))
    throw new LatheError({
      who: folder,
      what: 'is no variant of a project',
      next: 'name a folder below variants/ of a project',
      code: 'not-found',
    });
  return exportVariant(engine, await readProject(project), basename(folder), order, work);
}

export async function exportVariant(
  engine: Supervisor,
  project: ProjectContents,
  id: string,
  { to, externalData }: ExportOrder,
  work: Work,
): Promise<ExportResult> {
  const measured = await readMeasured(project);
  const { variant, evaluation } = findVariant(measured, id);
  const { file } = project;
  const bundle = await ExportBundle.open(to, id);
  try {
    const { model, checks } = await engine.run(
      'exportModel',
      {
        model: join(project.path, 'variants', id, variant.model.path),
        folder: bundle.draft,
        fileName: `${slug(variant.name)}.onnx`,
        externalData,
        data: file.dataPath === null ? null : fromStoredPath(project.path, file.dataPath),
        dims: file.dims,
        threads: file.measure.threads,
        measured: metricValues(evaluation),
      },
      portion(work, 0, 0.95),
    );
    const tradeOff = await tradeOffOf(engine, project, measured);
    const report: Report = {
      format: 'lathe-report',
      version: 1,
      madeAt: new Date().toISOString(),
      project: file.name,
      variant: withoutFolders(variant),
      model: { ...model, path: basename(model.path) },
      checks,
      evaluation: evaluation && evaluationWithoutFolders(evaluation),
      baseline: measured.baseline && evaluationWithoutFolders(measured.baseline),
      tradeOff,
    };
    work.signal.throwIfAborted();
    return await bundle.finish(model, report);
  } catch (thrown) {
    throw bundle.withoutDraft(thrown);
  } finally {
    await bundle.discard();
  }
}

function findVariant({ variants }: Measured, id: string): Measured['variants'][number] {
  const found = variants.find(({ variant }) => variant.id === id);
  if (found === undefined)
    throw new LatheError({ who: `variant "${id}"`, what: 'is not in the project, or not finished', code: 'not-found' });
  return found;
}

function metricValues(evaluation: Evaluation | null): Record<string, number> {
  return Object.fromEntries(Object.entries(evaluation?.metrics ?? {}).map(([name, { value }]) => [name, value]));
}

async function tradeOffOf(
  engine: Supervisor,
  project: ProjectContents,
  { baseline }: Measured,
): Promise<TradeOff | null> {
  if (baseline === null) return null;
  const tradeOff = await engine.ask('tradeOff', { entries: await entriesOf(project) }, unwatched());
  return {
    ...tradeOff,
    rows: tradeOff.rows.map((row) => ({ ...row, evaluation: evaluationWithoutFolders(row.evaluation) })),
  };
}

/** A report is passed on: where things lay on this machine is nobody's business. */
function withoutFolders(variant: Variant): Variant {
  const { source, data } = variant;
  return {
    ...variant,
    source: { ...source, path: basename(source.path) },
    data: data && { ...data, path: basename(data.path) },
  };
}

function evaluationWithoutFolders(evaluation: Evaluation): Evaluation {
  const { model, data } = evaluation;
  return {
    ...evaluation,
    model: { ...model, path: basename(model.path) },
    data: data && { ...data, path: basename(data.path) },
  };
}
