/** Model + Recipe → Variant: the Steps in order, each with its log. */

import {
  diskError,
  handedOn,
  LatheError,
  type OptionValue,
  portion,
  type StepLog,
  type StepOutcome,
  type Work,
} from '../contract';
import type { Dataset } from '../data/dataset';
import type { Model } from '../onnx/ir';
import { type CompleteStep, checkRecipe } from './check-recipe';
import { methodOf, stepKind } from './steps';

export interface RunContext extends Work {
  /** Absent where the user has no data. */
  readonly dataset?: Dataset | undefined;
  /** Sizes for symbolic dimensions. */
  readonly dims: Readonly<Record<string, number>>;
  /** An existing folder of this run alone. The model that comes out may read from it until it is written. */
  readonly workDir: string;
  /** A folder that outlives the run, for statistics keyed by content. */
  readonly cacheDir?: string | undefined;
}

export interface RunOutcome {
  readonly model: Model;
  readonly steps: StepLog[];
}

/**
 * @param recipe as read from a file; checked and completed here
 * @throws LatheError that begins with the step (`step 2 (quantize static-int8)`), also where a step changed nothing
 */
export async function runRecipe(model: Model, recipe: unknown, context: RunContext): Promise<RunOutcome> {
  const { steps, seed } = checkRecipe(recipe);
  for (const [at, step] of steps.entries()) checkData(step, at, context.dataset);
  const logs: StepLog[] = [];
  let current = model;
  for (const [at, step] of steps.entries()) {
    context.signal.throwIfAborted();
    const work = stepWork(context, step, at, steps.length);
    const startedAt = performance.now();
    const outcome = await named(step, at, () =>
      stepKind(step.kind).run(current, step.method, step.options as Record<string, OptionValue>, step.targets, {
        ...context,
        ...work,
        seed,
        original: model,
      }),
    );
    if (outcome.changed === 0 && step.kind !== 'clean') throw changedNothing(step, at, outcome);
    current = outcome.model;
    logs.push({
      kind: step.kind,
      method: step.method,
      options: { ...step.options, ...outcome.performed },
      eligible: outcome.eligible,
      changed: outcome.changed,
      skipped: [...outcome.skipped],
      notes: [...outcome.notes],
      seconds: (performance.now() - startedAt) / 1000,
      ...(outcome.training && { training: outcome.training }),
    });
  }
  return { model: current, steps: logs };
}

function stepName({ kind, method }: CompleteStep, at: number): string {
  return `step ${at + 1} (${kind} ${method})`;
}

/** Its progress names the step, so that a run which dies can tell in which one it was. */
function stepWork(context: Work, { kind, method }: CompleteStep, at: number, steps: number): Work {
  const part = portion(context, at / steps, (at + 1) / steps);
  const name = steps === 1 ? `${kind} ${method}` : `Step ${at + 1} of ${steps} (${kind} ${method})`;
  return {
    ...handedOn(part),
    progress: (progress) => part.progress({ ...progress, phase: `${name}: ${progress.phase}` }),
  };
}

/** Before any work is done: a method that cannot do without data says so. */
function checkData(step: CompleteStep, at: number, dataset: Dataset | undefined): void {
  const needs = methodOf(stepKind(step.kind), step.method, stepName(step, at)).data;
  if (needs === 'none' || needs === 'optional') return;
  const split = needs === 'calibration' ? (dataset?.calibration ?? null) : (dataset?.train ?? dataset?.calibration);
  if (split !== null && split !== undefined) return;
  const file = needs === 'calibration' ? 'calib.npz' : 'train.npz or calib.npz';
  throw new LatheError({
    who: stepName(step, at),
    what:
      dataset === undefined
        ? `needs ${needs} data, and no dataset was given`
        : `needs ${needs} data, and ${dataset.path} has none`,
    next: `give a data folder with ${file}, or choose a method that needs no data`,
    code: 'usage',
  });
}

/** Runs one step; what it throws is told with the step in front. */
async function named<T>(step: CompleteStep, at: number, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (raw) {
    const thrown = diskError(raw, (raw as NodeJS.ErrnoException | null)?.path ?? 'what it writes on the way');
    if (thrown instanceof LatheError)
      throw new LatheError({ who: stepName(step, at), what: saidBy(thrown, step), code: thrown.code, cause: raw });
    if (thrown instanceof Error && thrown.name !== 'AbortError')
      thrown.message = `${stepName(step, at)}: ${thrown.message}`;
    throw thrown;
  }
}

/** The message, without the name of the step where it begins with it. */
function saidBy({ message, who }: LatheError, { kind, method }: CompleteStep): string {
  return who === `${kind} ${method}` ? message.slice(`${who}: `.length) : message;
}

function changedNothing(step: CompleteStep, at: number, outcome: StepOutcome<Model>): LatheError {
  const places = outcome.eligible === 1 ? 'place was' : 'places were';
  return new LatheError({
    who: stepName(step, at),
    what: `changed nothing: ${outcome.eligible} ${places} eligible${reasons(outcome)}`,
    next: 'widen the targets, change the options, or take the step out of the recipe',
    code: 'failed',
  });
}

/** The three most frequent reasons for leaving a node alone, with a node of each. */
function reasons({ skipped }: StepOutcome<Model>): string {
  const nodes = new Map<string, string[]>();
  for (const { node, reason } of skipped) nodes.set(reason, [...(nodes.get(reason) ?? []), node]);
  const most = [...nodes].sort((a, b) => b[1].length - a[1].length).slice(0, 3);
  if (most.length === 0) return '';
  const texts = most.map(([reason, [first, ...more]]) => {
    const others = more.length === 0 ? '' : ` and ${more.length} more`;
    return `"${first}"${others}: ${reason}`;
  });
  return `; skipped ${texts.join('; ')}`;
}
