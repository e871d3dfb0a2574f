/** A project's state goes out on each change, so it leaves out what is long; the details calls tell all. */

import type { Evaluation, ProjectState, StepLog, Variant } from '../contract';

const classesShown = 64;
const skipsShown = 20;
/** Room for the rest of the state below the 1 MB of a message. */
const classesBudgetBytes = 400_000;

/** Drops large confusion matrices, long skip lists and the curves of trainings, and all class tables where they are many. */
export function lightState(state: ProjectState): ProjectState {
  const variants = state.variants.map(({ variant, evaluation }) => ({
    variant: lightVariant(variant),
    evaluation: evaluation && withoutLargeConfusion(evaluation),
  }));
  const light = { ...state, baseline: state.baseline && withoutLargeConfusion(state.baseline), variants };
  return classBytes(light) <= classesBudgetBytes ? light : withoutClasses(light);
}

function lightVariant(variant: Variant): Variant {
  return { ...variant, steps: variant.steps.map(lightStep) };
}

function lightStep({ training: _, ...step }: StepLog): StepLog {
  const more = step.skipped.length - skipsShown;
  if (more <= 0) return step;
  const notes = [...step.notes, `${more} more places were skipped.`];
  return { ...step, skipped: step.skipped.slice(0, skipsShown), notes };
}

function withoutLargeConfusion(evaluation: Evaluation): Evaluation {
  const { classes } = evaluation;
  if (classes === null || classes.perClass.length <= classesShown) return evaluation;
  return { ...evaluation, classes: { ...classes, confusion: null } };
}

function classBytes(state: ProjectState): number {
  return evaluationsOf(state).reduce((sum, { classes }) => sum + JSON.stringify(classes).length, 0);
}

function withoutClasses(state: ProjectState): ProjectState {
  const strip = (evaluation: Evaluation | null) => evaluation && { ...evaluation, classes: null };
  return {
    ...state,
    baseline: strip(state.baseline),
    variants: state.variants.map(({ variant, evaluation }) => ({ variant, evaluation: strip(evaluation) })),
  };
}

function evaluationsOf(state: ProjectState): Evaluation[] {
  return [state.baseline, ...state.variants.map(({ evaluation }) => evaluation)].filter((one) => one !== null);
}
