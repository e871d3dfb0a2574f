/** The recipe that is being written, with its history. */

import { create } from 'zustand';
import type { MethodList, Recipe, Step, StepKindName } from '../../src-main/contract';

export interface RecipeDraft {
  readonly recipe: DraftRecipe;
  readonly past: readonly DraftRecipe[];
  readonly future: readonly DraftRecipe[];
}
/** A Recipe whose list of steps may still be empty. */
export type DraftRecipe = Omit<Recipe, 'steps'> & { readonly steps: readonly Step[] };

const depth = 100;
export const emptyRecipe: DraftRecipe = { lathe: 1, name: '', seed: 0, steps: [] };

export const useRecipeDraft = create<RecipeDraft>(() => ({ recipe: emptyRecipe, past: [], future: [] }));

/**
 * Replaces the draft and remembers the one before.
 * @param merge true for keystrokes of one field: the draft before the first of them stays the one to undo to
 */
export function edit(recipe: DraftRecipe, merge = false): void {
  useRecipeDraft.setState((draft) => {
    if (JSON.stringify(recipe) === JSON.stringify(draft.recipe)) return draft;
    const past = merge && draft.past.length > 0 ? draft.past : [...draft.past, draft.recipe].slice(-depth);
    return { recipe, past, future: [] };
  });
}

export function undo(): void {
  useRecipeDraft.setState((draft) => {
    const before = draft.past.at(-1);
    if (before === undefined) return draft;
    return { recipe: before, past: draft.past.slice(0, -1), future: [draft.recipe, ...draft.future] };
  });
}

export function redo(): void {
  useRecipeDraft.setState((draft) => {
    const [next, ...future] = draft.future;
    return next === undefined ? draft : { recipe: next, past: [...draft.past, draft.recipe], future };
  });
}

export function addStep(recipe: DraftRecipe, kind: StepKindName, methods: MethodList): DraftRecipe {
  const method = methods.find((candidate) => candidate.kind === kind)?.defaultMethod;
  const step: Step = method === undefined ? { kind } : { kind, method };
  return { ...recipe, steps: [...recipe.steps, step] };
}

export function replaceStep(recipe: DraftRecipe, index: number, step: Step): DraftRecipe {
  return { ...recipe, steps: recipe.steps.map((old, at) => (at === index ? step : old)) };
}

export function removeStep(recipe: DraftRecipe, index: number): DraftRecipe {
  return { ...recipe, steps: recipe.steps.filter((_, at) => at !== index) };
}

export function moveStep(recipe: DraftRecipe, from: number, to: number): DraftRecipe {
  if (to < 0 || to >= recipe.steps.length) return recipe;
  const steps = [...recipe.steps];
  const [moved] = steps.splice(from, 1);
  if (moved !== undefined) steps.splice(to, 0, moved);
  return { ...recipe, steps };
}

/** The method of a step: the one it names, else the default of its kind. */
export function methodOf(step: Step, methods: MethodList): MethodList[number]['methods'][number] | undefined {
  const kind = methods.find((candidate) => candidate.kind === step.kind);
  const name = step.method ?? kind?.defaultMethod;
  return kind?.methods.find((method) => method.name === name);
}

/** The steps in one line: `magnitude → static-int8`. */
export function stepLine(recipe: { readonly steps: readonly Step[] }, methods: MethodList): string {
  return recipe.steps.map((step) => methodOf(step, methods)?.name ?? step.method ?? step.kind).join(' → ');
}
