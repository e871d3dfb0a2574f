/** What `run` and the shorthand commands share: a recipe becomes a variant of the project in `--out`. */

import { isAbsolute, join } from 'node:path';
import {
  fromWireError,
  LatheError,
  type ProjectState,
  type Recipe,
  type RunResult,
  type StepLog,
} from '../../contract';
import { formatBytes, formatShare } from './format';
import { finishJob, type Waiting } from './jobs';
import { textTable } from './table';

export interface VariantOrder {
  readonly model: string;
  readonly data: string | null;
  readonly out: string;
  readonly dims: Readonly<Record<string, number>>;
}

/** @throws LatheError before anything is made where recipe, model, data and project do not fit together */
export async function makeVariant(waiting: Waiting, recipe: unknown, order: VariantOrder): Promise<Made> {
  const { client, signal } = waiting;
  const checked: Recipe = await client.call('checkRecipe', { recipe }, { signal });
  await requireData(waiting, checked, order.data ?? (await dataOfProject(waiting, order.out)));
  const { out, ...source } = order;
  const state = await client.call('createProject', { ...source, folder: out }, { signal });
  await tellOfBaseline(waiting, state);
  const { job } = await client.call('makeVariant', { project: state.path, recipe: checked, evaluate: false });
  const { variant: id } = await finishJob(waiting, state.path, job);
  if (id === null) throw fromWireError({ code: 'failed', message: `${state.path}: the job made no variant` });
  const { variant } = await client.call('variantDetails', { project: state.path, variant: id });
  const folder = join(state.path, 'variants', id);
  const path = isAbsolute(variant.model.path) ? variant.model.path : join(folder, variant.model.path);
  return {
    project: state.path,
    name: variant.name,
    originalBytes: variant.source.bytes,
    result: {
      variant: { ...variant.model, path },
      steps: variant.steps,
      seconds: variant.seconds,
      peakRssBytes: variant.peakRssBytes,
    },
  };
}

/** null where there is no such project yet, or it has none. */
async function dataOfProject({ client, signal }: Waiting, project: string): Promise<string | null> {
  try {
    return (await client.call('openProject', { project }, { signal })).dataPath;
  } catch (thrown) {
    if (thrown instanceof LatheError && thrown.code === 'not-found') return null;
    throw thrown;
  }
}

/** What a method's record asks for is known before anything is tried. */
async function requireData({ client, signal }: Waiting, { steps }: Recipe, data: string | null): Promise<void> {
  if (data !== null) return;
  const kinds = await client.call('methods', {}, { signal });
  for (const { kind, method } of steps) {
    const needed = kinds.find((it) => it.kind === kind)?.methods.find(({ name }) => name === method)?.data;
    if (needed === 'calibration' || needed === 'train')
      throw new LatheError({
        who: `${kind} ${method}`,
        what: `needs ${needed === 'train' ? 'training' : 'calibration'} data, none was given`,
        next: 'name a dataset with --data, or choose a method that needs none',
        code: 'usage',
      });
  }
}

/**
 * The original is measured first where the data can judge it, once for the project, and what its figures warn of is
 * told before any work: labels in another order, say. A measurement that fails is told and does not stop the work.
 */
async function tellOfBaseline(waiting: Waiting, state: ProjectState): Promise<void> {
  const { client, terminal } = waiting;
  const project = state.path;
  const judged =
    state.data !== null && state.data.metric !== null && state.data.splits.some(({ name }) => name === 'test');
  if (!judged) return;
  try {
    if (state.baseline === null) {
      const { job } = await client.call('measureBaseline', { project });
      await finishJob(waiting, project, job);
    }
    const { baseline } = await client.call('openProject', { project });
    for (const { message } of baseline?.warnings ?? []) terminal.say(`! ${message}`);
  } catch (problem) {
    if (!(problem instanceof LatheError) || problem.code === 'cancelled') throw problem;
    terminal.say(`! The original could not be measured: ${problem.message}`);
  }
}

export interface Made {
  readonly project: string;
  readonly name: string;
  readonly originalBytes: number;
  /** As `--json` prints it. */
  readonly result: RunResult;
}

export function describeMade({ name, originalBytes, result, project }: Made): string {
  const { variant, steps, seconds } = result;
  const size = `${formatBytes(variant.bytes)}, ${formatShare(variant.bytes / originalBytes)} of the original`;
  return [
    stepsTable(steps),
    ...steps.flatMap((step) => [...step.notes, ...skipLines(step)]),
    '',
    `${name}: ${size}, made in ${seconds.toFixed(1)} s`,
    variant.path,
    `Compare it with \`lathe compare ${project}\`.`,
  ].join('\n');
}

function stepsTable(steps: readonly StepLog[]): string {
  return textTable({
    columns: [
      { title: 'Step', align: 'left' },
      { title: 'Method', align: 'left' },
      { title: 'Eligible', align: 'right' },
      { title: 'Changed', align: 'right' },
      { title: 'Skipped', align: 'right' },
      { title: 'Time', align: 'right' },
    ],
    rows: steps.map(({ kind, method, eligible, changed, skipped, seconds }) => [
      kind,
      method,
      String(eligible),
      String(changed),
      String(skipped.length),
      `${seconds.toFixed(1)} s`,
    ]),
  });
}

const shownSkips = 5;

function skipLines({ skipped }: StepLog): string[] {
  const lines = skipped.slice(0, shownSkips).map(({ node, reason }) => `skipped ${node}: ${reason}`);
  const more = skipped.length - shownSkips;
  return more > 0 ? [...lines, `… and ${more} more: --json tells all`] : lines;
}
