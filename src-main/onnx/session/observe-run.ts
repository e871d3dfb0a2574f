/**
 * What one run shows: the shapes that values really have, and some values themselves. Each value of which only the
 * shape is asked gets a Shape node behind it, so that nothing large is handed over.
 */

import { type Feeds, type Graph, type Model, makeNode } from '../ir';
import { openSession } from './open-session';

export interface Asked {
  readonly shapes: readonly string[];
  readonly values: readonly string[];
}

export interface Observed {
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  readonly values: Feeds;
}

/**
 * Runs the model once as it is, without optimisations.
 * @throws LatheError where the model does not load or does not run on the feeds
 */
export async function observeRun(model: Model, asked: Asked, feeds: Feeds): Promise<Observed> {
  const shapeOf = (name: string): string => `lathe/shape-of/${name}`;
  const nodes = asked.shapes.map((name) => makeNode('Shape', shapeOf(name), [name], [shapeOf(name)]));
  const names = [...asked.shapes.map(shapeOf), ...asked.values];
  const graph: Graph = {
    ...model.graph,
    nodes: [...model.graph.nodes, ...nodes],
    outputs: names.map((name) => ({ name, type: null })),
  };
  const session = await openSession({ ...model, graph }, { optimization: 'disabled', prepacking: false });
  try {
    const results = await session.run(feeds);
    return {
      shapes: new Map(
        asked.shapes.map((name) => [name, Array.from(results[shapeOf(name)]?.data as BigInt64Array, Number)]),
      ),
      values: Object.fromEntries(asked.values.flatMap((name) => (results[name] ? [[name, results[name]]] : []))),
    };
  } finally {
    await session.release();
  }
}
