/** An evaluation as a message can carry it. */

import type { EngineCalls, Evaluation, ParsedParamsOf, Work } from '../contract';
import { evaluate } from '../evaluate';

/** About 300 kB of figures. */
const classesTold = 2000;

/** Leaves out the figures by class where there are too many classes for a message, and says so. */
export async function evaluateBriefly(
  params: ParsedParamsOf<EngineCalls, 'evaluate'>,
  work: Work,
): Promise<Evaluation> {
  return withoutManyClasses(await evaluate(params, work));
}

export function withoutManyClasses(evaluation: Evaluation): Evaluation {
  const classes = evaluation.classes?.perClass.length ?? 0;
  if (classes <= classesTold) return evaluation;
  const message = `Figures by class are left out: ${classes} classes are more than the ${classesTold} that are shown.`;
  return { ...evaluation, classes: null, warnings: [...evaluation.warnings, { code: 'many-classes', message }] };
}
