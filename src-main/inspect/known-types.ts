/** Types of every value of a model, and for each whether it holds for every input or was seen in one run. */

import type { TypeSource } from '../contract';
import type { Feeds, Graph, Model, TypeInfo } from '../onnx/ir';
import { type GraphTypes, graphTypes } from '../onnx/session';

export interface KnownTypes {
  readonly types: GraphTypes;
  sourceOf(graph: Graph, value: string): TypeSource;
}

/**
 * @param feeds one run's inputs, for what inference leaves open; null: nothing is run
 * @throws LatheError where the model does not load, or does not run on the feeds
 */
export async function knownTypes(model: Model, feeds: Feeds | null): Promise<KnownTypes> {
  const inferred = await graphTypes(model);
  const types = feeds === null ? inferred : await inferred.observedOn(feeds);
  return {
    types,
    sourceOf: (graph, value) => {
      if (hasSizes(inferred.of(graph).get(value))) return 'inferred';
      return hasSizes(types.of(graph).get(value)) ? 'observed' : 'unknown';
    },
  };
}

function hasSizes(type: TypeInfo | undefined): boolean {
  return type?.kind === 'tensor' && type.shape !== null && type.shape.every((dim) => typeof dim === 'number');
}
