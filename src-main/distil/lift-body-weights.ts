/**
 * Weights that bodies of If, Loop and Scan hold move into the main graph, where training looks for them; the bodies read them
 * there.
 * Source: https://onnx.ai/onnx/repo-docs/IR.html (a body sees the values of the graphs around it).
 */

import { elementCount, type Model, renameReads, type Tensor } from '../onnx/ir';
import { countNames } from '../passes/inline-nodes';
import { editGraphs } from '../passes/pass';
import { Emitter } from './emitter';

const floats = ['float32', 'float16', 'bfloat16'];

/** What is a number of the calculation by its size stays where it is, and so does what a body gives out. */
export function liftBodyWeights(model: Model): Model {
  const counts = countNames(model);
  const names = new Emitter([]);
  const lifted = new Map<string, Tensor>();
  const edited = editGraphs({ ...model, functions: [] }, ({ kind, graph, index }) => {
    if (kind !== 'body') return graph;
    const moved = [...graph.initializers.values()].filter(
      ({ name, dtype, shape }) => floats.includes(dtype) && elementCount(shape) > 1 && !index.isOutput(name),
    );
    if (moved.length === 0) return graph;
    const initializers = new Map(graph.initializers);
    const renamed = new Map<string, string>();
    for (const tensor of moved) {
      const name = freeName(tensor.name, counts, names);
      initializers.delete(tensor.name);
      renamed.set(tensor.name, name);
      lifted.set(name, { ...tensor, name });
    }
    const inputs = graph.inputs.filter(({ name }) => !renamed.has(name));
    return { ...graph, inputs, initializers, nodes: graph.nodes.map((node) => renameReads(node, renamed)) };
  });
  if (lifted.size === 0) return model;
  const initializers = new Map([...edited.graph.initializers, ...lifted]);
  return { ...edited, functions: model.functions, graph: { ...edited.graph, initializers } };
}

/** Bodies beside each other may use a name twice. */
function freeName(wanted: string, counts: ReadonlyMap<string, number>, names: Emitter): string {
  if ((counts.get(wanted) ?? 0) <= 1) return names.fresh(wanted);
  let name = names.fresh(wanted);
  while (counts.has(name)) name = names.fresh(wanted);
  return name;
}
