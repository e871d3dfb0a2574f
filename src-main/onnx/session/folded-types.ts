/**
 * Types of values behind computed shapes. Inference alone stops at a Reshape whose target is computed from a Shape;
 * onnxruntime's basic optimisation folds such computations once the inputs have sizes, and what it then knows is read
 * from the model that it writes. Nothing is run, and weights are left out.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Graph, type Model, makeValue, type Tensor, type TypeInfo, tensorByteLength } from '../ir';
import { withOutputs } from './create-session';
import { optimizeModel } from './optimize-model';

/** Larger initializers are weights, not shapes; they become inputs, since only their types matter. */
const weightBytes = 1024;

export interface Folded {
  readonly types: ReadonlyMap<string, TypeInfo>;
  /** Values of the graph that never change, as folded. */
  readonly constants: ReadonlyMap<string, Tensor>;
}

/** null where an input has no sizes, or where the runtime refuses the model without its weights. */
export async function foldedTypes(model: Model): Promise<Folded | null> {
  if (!model.graph.inputs.every(({ type }) => type?.kind === 'tensor' && isStatic(type))) return null;
  const names = model.graph.nodes.flatMap((node) => node.outputs.filter((name) => name !== ''));
  const folder = await mkdtemp(join(tmpdir(), 'lathe-types-'));
  const path = join(folder, 'folded.onnx');
  try {
    const bare = withOutputs({ ...model, graph: withoutWeights(model.graph) }, names);
    const { graph } = await optimizeModel(bare, 'basic', path);
    const made = new Set(names);
    return {
      types: new Map(graph.outputs.flatMap(({ name, type }) => (type === null ? [] : [[name, type] as const]))),
      constants: new Map([...graph.initializers].filter(([name]) => made.has(name))),
    };
  } catch {
    return null;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Every dim a number above zero. */
export function isStatic(type: TypeInfo | undefined): boolean {
  return (
    type?.kind === 'tensor' && type.shape !== null && type.shape.every((dim) => typeof dim === 'number' && dim > 0)
  );
}

/** Weights above 1 KB become inputs. */
export function withoutWeights(graph: Graph): Graph {
  const inputs = new Map(graph.inputs.map((input) => [input.name, input]));
  const initializers = new Map(graph.initializers);
  for (const [name, tensor] of graph.initializers) {
    if (tensorByteLength(tensor) <= weightBytes) continue;
    initializers.delete(name);
    inputs.set(name, makeValue(name, tensor.dtype, tensor.shape));
  }
  return { ...graph, inputs: [...inputs.values()], initializers };
}
