/**
 * Types completed by one run: what inference leaves open is read off the shapes that values really have. Each such
 * value gets a Shape node behind it, so that nothing large is handed over.
 */

import { type Feeds, type Graph, type Model, makeNode, type TypeInfo } from '../ir';
import { isStatic } from './folded-types';
import { openSession } from './open-session';
import { valueTypes } from './value-types';

export interface KnownType {
  readonly type: TypeInfo;
  /** `inferred`: holds for every input. `observed`: of this run. */
  readonly from: 'inferred' | 'observed';
}

/**
 * Types of the main graph's values for one set of inputs.
 * @throws LatheError where the model does not load or does not run on the feeds
 */
export async function observedTypes(model: Model, feeds: Feeds): Promise<Map<string, KnownType>> {
  const types = await valueTypes(model);
  const known = new Map<string, KnownType>();
  const open: string[] = [];
  for (const [name, type] of types) {
    known.set(name, { type, from: 'inferred' });
    if (type.kind === 'tensor' && !isStatic(type)) open.push(name);
  }
  const shapes = await runShapes(model, open, feeds);
  for (const [name, shape] of shapes) {
    const { type } = known.get(name) as KnownType;
    if (type.kind === 'tensor') known.set(name, { type: { ...type, shape }, from: 'observed' });
  }
  return known;
}

async function runShapes(model: Model, names: readonly string[], feeds: Feeds): Promise<Map<string, number[]>> {
  if (names.length === 0) return new Map();
  const shapeOf = (name: string): string => `lathe/shape-of/${name}`;
  const nodes = names.map((name) => makeNode('Shape', shapeOf(name), [name], [shapeOf(name)]));
  const graph: Graph = {
    ...model.graph,
    nodes: [...model.graph.nodes, ...nodes],
    outputs: names.map((name) => ({ name: shapeOf(name), type: null })),
  };
  const session = await openSession({ ...model, graph }, { optimization: 'disabled', prepacking: false });
  try {
    const results = await session.run(feeds);
    return new Map(names.map((name) => [name, Array.from(results[shapeOf(name)]?.data as BigInt64Array, Number)]));
  } finally {
    await session.release();
  }
}
