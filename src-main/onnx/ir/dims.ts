/** How the dims of inputs are called where they are no numbers. */

import type { Dim, Graph, Value } from './model';

/** Graph inputs that are fed: those that no initializer gives a default. */
export function fedInputs(graph: Graph): readonly Value[] {
  return graph.inputs.filter((input) => !graph.initializers.has(input.name));
}

/**
 * The name of a dim that is not a number: its own, or `input.axis` where the file gives none (null, or the 0 that old
 * exporters write for "any"); null for a number.
 */
export function dimName(input: string, axis: number, dim: Dim): string | null {
  if (typeof dim === 'string') return dim;
  return dim === null || dim <= 0 ? `${input}.${axis}` : null;
}
