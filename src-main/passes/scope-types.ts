/** Types of values in every graph of a model, kept while its graphs are being edited. */

import type { Dim, Model, TypeInfo } from '../onnx/ir';
import { graphTypes, type Types } from '../onnx/session';
import { editGraphs, type Scope, statedType } from './pass';

export class ScopeTypes {
  readonly #byPath: ReadonlyMap<string, Types>;

  /** @param byPath types by the path of the graph that makes the values */
  constructor(byPath: ReadonlyMap<string, Types> = new Map()) {
    this.#byPath = byPath;
  }

  /** What onnxruntime infers, else what the file states; null where neither is known, as mostly in functions. */
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
    byPath.set(path, byGraph.of(graph));
    return graph;
  });
  return new ScopeTypes(byPath);
}
