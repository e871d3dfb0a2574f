/**
 * Types of a graph whose number of rows is open: inferred with two numbers of rows. A dimension that comes out the same is
 * known; one that differs is named after both sizes, so that equal names are equal sizes, also behind computed shapes.
 */

import type { Dim, Graph, Model, TypeInfo } from '../onnx/ir';
import { type GraphTypes, graphTypes } from '../onnx/session';

/** Primes, so that no other size is met by chance. */
const batches = [7, 11] as const;

/**
 * @param rowsOf rows of an input for a batch; most have the batch itself
 * @returns the same for the bodies of its nodes
 */
export async function rowTypes(
  model: Model,
  rowsOf: (name: string, batch: number) => number,
): Promise<Pick<GraphTypes, 'of'>> {
  const at = async (batch: number) => {
    const sized = withRows(model, (name) => rowsOf(name, batch));
    const types = await graphTypes(sized);
    return (graph: Graph) => types.of(graph === model.graph ? sized.graph : graph);
  };
  const [few, more] = [await at(batches[0]), await at(batches[1])];
  return {
    of: (graph) => {
      const others = more(graph);
      return new Map([...few(graph)].map(([name, type]) => [name, merged(type, others.get(name))]));
    },
  };
}

/** Inputs that come by the row have a first dimension without a number; they get one. */
export function withRows(model: Model, rowsOf: (name: string) => number): Model {
  const inputs = model.graph.inputs.map((value) => {
    const { type, name } = value;
    if (type?.kind !== 'tensor' || type.shape === null || typeof type.shape[0] === 'number') return value;
    return { ...value, type: { ...type, shape: type.shape.map((dim, at) => (at === 0 ? rowsOf(name) : dim)) } };
  });
  return { ...model, graph: { ...model.graph, inputs } };
}

function merged(few: TypeInfo, more: TypeInfo | undefined): TypeInfo {
  if (few.kind !== 'tensor' || more?.kind !== 'tensor') return few;
  if (few.shape === null || few.shape.length !== more.shape?.length) return { ...few, shape: null };
  return { ...few, shape: few.shape.map((dim, at) => mergedDim(dim, more.shape?.[at] ?? null)) };
}

function mergedDim(few: Dim, more: Dim): Dim {
  if (few === more) return few;
  return typeof few === 'number' && typeof more === 'number' ? `${few} or ${more}` : null;
}
