/** Types of values in every graph of a model, kept while its graphs are being edited. */

import { calledFunction, type Dim, type Graph, type Model, type ModelFunction, type TypeInfo } from '../onnx/ir';
import { type GraphTypes, graphTypes, type Types } from '../onnx/session';
import { editGraphs, type Scope, statedType } from './pass';

export class ScopeTypes {
  readonly #byPath: ReadonlyMap<string, Types>;

  /** @param byPath types by the path of the graph that makes the values */
  constructor(byPath: ReadonlyMap<string, Types> = new Map()) {
    this.#byPath = byPath;
  }

  /** What onnxruntime infers, else what the file states; null where neither is known, or where calls of a function differ. */
  of(scope: Scope, value: string): TypeInfo | null {
    for (let at: Scope | null = scope; at !== null; at = at.outer) {
      const type = this.#byPath.get(at.path)?.get(value) ?? statedType(at, value);
      if (type !== null) return type;
    }
    return null;
  }

  /** Dims of a tensor; null where not even their number is known. */
  shapeOf(scope: Scope, value: string): readonly Dim[] | null {
    const type = this.of(scope, value);
    return type?.kind === 'tensor' ? type.shape : null;
  }
}

/** @throws LatheError where onnxruntime does not load the model at all */
export async function scopeTypes(model: Model): Promise<ScopeTypes> {
  const byGraph = await graphTypes(model);
  const byPath = new Map<string, Types>();
  editGraphs(model, ({ graph, path }) => {
    if (!byPath.has(path)) byPath.set(path, byGraph.of(graph));
    return graph;
  });
  for (const [path, types] of typesInFunctions(model, byGraph)) byPath.set(path, types);
  return new ScopeTypes(byPath);
}

/** By path, what holds in all calls of a function. */
function typesInFunctions(model: Model, byGraph: GraphTypes): Map<string, Types> {
  const functionOf = calledFunction(model);
  const common = new Map<string, Types>();
  for (const graph of byGraph.graphs()) {
    for (const node of graph.nodes) {
      const [fn, body] = [functionOf(node), byGraph.bodyOfCall(node)];
      if (fn === undefined || body === undefined) continue;
      for (const [path, types] of typesInCall(model, fn, body, byGraph)) {
        const before = common.get(path);
        common.set(path, before === undefined ? types : inBoth(before, types));
      }
    }
  }
  return common;
}

/** The paths of a function's graphs, with the types that they have in one call. */
function typesInCall(model: Model, fn: ModelFunction, body: Graph, byGraph: GraphTypes): Map<string, Types> {
  const found = new Map<string, Types>();
  const called = { ...model, functions: [{ ...fn, nodes: body.nodes }] };
  editGraphs(called, ({ graph, path, outer, kind }) => {
    if (kind === 'function') found.set(path, byGraph.of(body));
    else if (found.has(rootOf(outer))) found.set(path, byGraph.of(graph));
    return graph;
  });
  return found;
}

function rootOf(scope: Scope | null): string {
  return scope?.outer === null || scope === null ? (scope?.path ?? '') : rootOf(scope.outer);
}

function inBoth(a: Types, b: Types): Types {
  return new Map([...a].filter(([name, type]) => JSON.stringify(b.get(name)) === JSON.stringify(type)));
}
