/** Types of every value of a model, and for each whether it holds for every input or was seen, and in which run. */

import type { TypeSource } from '../contract';
import type { Feeds, Graph, Model, TypeInfo } from '../onnx/ir';
import { type GraphTypes, graphTypes, type RandomFeeds } from '../onnx/session';
import { fixDims } from './fix-dims';

export interface KnownTypes {
  /** With sizes in the place of its symbolic dims. */
  readonly model: Model;
  readonly types: GraphTypes;
  sourceOf(graph: Graph, value: string): TypeSource;
}

/** What a model is run on to see what inference leaves open. */
export interface Run {
  readonly feeds: Feeds;
  /** For a body of which only the types that reach it are known. */
  readonly random: RandomFeeds;
}

type Dims = Readonly<Record<string, number>>;

/**
 * @param dims sizes for symbolic dims, by name
 * @param run null: nothing is run
 * @throws LatheError where the model does not load, or does not run on the feeds
 */
export async function knownTypes(model: Model, dims: Dims, run: Run | null): Promise<KnownTypes> {
  const fixed = fixDims(model, dims);
  const inferred = await graphTypes(fixed);
  const types = run === null ? inferred : await observed(model, fixed, inferred, run);
  return {
    model: fixed,
    types,
    sourceOf: (graph, value) => {
      if (hasSizes(inferred.of(graph).get(value))) return 'inferred';
      if (!hasSizes(types.of(graph).get(value))) return 'unknown';
      return types.isForced(graph) ? 'forced' : 'observed';
    },
  };
}

async function observed(model: Model, fixed: Model, inferred: GraphTypes, run: Run): Promise<GraphTypes> {
  const hasBodies = [...inferred.graphs()].length > 1;
  const open = hasBodies && fixed !== model ? await graphTypes(model) : null;
  return inferred.observedOn(run.feeds, {
    random: run.random,
    ...(open !== null && { open: (graph: Graph) => open.of(graph === fixed.graph ? model.graph : graph) }),
  });
}

function hasSizes(type: TypeInfo | undefined): boolean {
  return type?.kind === 'tensor' && type.shape !== null && type.shape.every((dim) => typeof dim === 'number');
}
