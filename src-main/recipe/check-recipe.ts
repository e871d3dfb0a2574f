/** Reading a recipe: plain JSON in, the same recipe with every default written out. */

import { parse, type Recipe, recipeSchema, resolveOptions, type Step, type Targets } from '../contract';
import { methodOf, stepKind } from './steps';

/** A Step with nothing left to default. */
export interface CompleteStep extends Step {
  readonly method: string;
  readonly options: NonNullable<Step['options']>;
  readonly targets: Targets;
}

/** A Recipe with nothing left to default. */
export interface CompleteRecipe extends Recipe {
  lathe: 1;
  name: string;
  seed: number;
  steps: CompleteStep[];
}

/**
 * @throws LatheError that names the first field that is unknown or does not fit
 */
export function checkRecipe(value: unknown): CompleteRecipe {
  const recipe = parse(recipeSchema, value, 'recipe');
  const steps = recipe.steps.map(completeStep);
  return { lathe: 1, name: recipe.name ?? recipeName(steps), seed: recipe.seed ?? 0, steps };
}

function completeStep(step: Step, at: number): CompleteStep {
  const kind = stepKind(step.kind);
  const name = step.method ?? kind.defaultMethod;
  const method = methodOf(kind, name, `recipe: field steps[${at}].method`);
  const options = resolveOptions(method.options, step.options ?? {}, `recipe: field steps[${at}].options`);
  return { kind: step.kind, method: name, options: { ...options }, targets: step.targets ?? {} };
}

/** `magnitude + static-int8`: what a recipe is called that says nothing itself. */
function recipeName(steps: readonly CompleteStep[]): string {
  return steps.map(({ method }) => method).join(' + ');
}
