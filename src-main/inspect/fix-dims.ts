/** Symbolic dims of a model's inputs, and the model with sizes in their place. */

import { LatheError } from '../contract';
import { dimName, fedInputs, type Graph, type Model, type TypeInfo, type Value } from '../onnx/ir';

/** Names of the dims that have to be known before the model can be run, in order of appearance. */
export function symbolicDims(graph: Graph): string[] {
  const names = new Set<string>();
  for (const { name, type } of fedInputs(graph)) {
    if (type?.kind !== 'tensor') continue;
    for (const [axis, dim] of (type.shape ?? []).entries()) {
      const symbol = dimName(name, axis, dim);
      if (symbol !== null) names.add(symbol);
    }
  }
  return [...names];
}

/** @throws LatheError where a size is given for a dim that no input has */
export function checkDims(path: string, graph: Graph, given: Readonly<Record<string, number>>): void {
  const known = symbolicDims(graph);
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new LatheError({
    who: path,
    what: `a size is given for the dimension "${unknown}", and no input has one of that name`,
    next:
      known.length === 0 ? 'all its dimensions have sizes' : `it has ${known.map((name) => `"${name}"`).join(', ')}`,
    code: 'usage',
  });
}

/**
 * Sizes for the batch where none is given: 1 for symbolic dims that stand first in an input and nowhere else, or are
 * called after a batch.
 * @returns the sizes and a sentence that says so; null where nothing is assumed
 */
export function batchOfOne(
  graph: Graph,
  given: Readonly<Record<string, number>>,
): { readonly dims: Record<string, number>; readonly note: string | null } {
  const [first, later] = [new Set<string>(), new Set<string>()];
  for (const { name, type } of fedInputs(graph)) {
    if (type?.kind !== 'tensor') continue;
    for (const [axis, dim] of (type.shape ?? []).entries())
      (axis === 0 ? first : later).add(dimName(name, axis, dim) ?? '');
  }
  const isBatch = (dim: string): boolean => dim !== '' && (!later.has(dim) || /batch/i.test(dim));
  const assumed = [...first].filter((dim) => isBatch(dim) && !Object.hasOwn(given, dim));
  return {
    dims: Object.fromEntries(assumed.map((dim) => [dim, 1])),
    note: assumed.length === 0 ? null : `Counted for one sample: ${assumed.join(', ')} = 1, since no size is given.`,
  };
}

/** Works with a batch of 1 where none is given, or with the sizes given alone where the model does not take that. */
export async function withBatchOfOne<T>(
  graph: Graph,
  given: Readonly<Record<string, number>>,
  work: (sizes: Readonly<Record<string, number>>, note: string | null) => Promise<T>,
): Promise<T> {
  const { dims, note } = batchOfOne(graph, given);
  if (note === null) return work(given, null);
  try {
    return await work({ ...dims, ...given }, note);
  } catch {
    return work(given, null);
  }
}

/**
 * The model with `dims` in place of the symbolic dims of its inputs and outputs. Types stated for values between
 * nodes are left out, because they may say something else; the runtime infers them anew.
 */
export function fixDims(model: Model, dims: Readonly<Record<string, number>>): Model {
  if (Object.keys(dims).length === 0) return model;
  const fix = (value: Value): Value => ({ ...value, type: fixType(value.name, value.type, dims) });
  const { graph } = model;
  return {
    ...model,
    graph: { ...graph, inputs: graph.inputs.map(fix), outputs: graph.outputs.map(fix), values: new Map() },
  };
}

function fixType(value: string, type: TypeInfo | null, dims: Readonly<Record<string, number>>): TypeInfo | null {
  if (type?.kind !== 'tensor' || type.shape === null) return type;
  const shape = type.shape.map((dim, axis) => {
    const name = dimName(value, axis, dim);
    return name !== null && Object.hasOwn(dims, name) ? (dims[name] as number) : dim;
  });
  return { ...type, shape };
}
