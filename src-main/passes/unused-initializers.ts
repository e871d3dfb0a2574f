/**
 * Initializers that no node and no output reads.
 * Source: follows from the ONNX IR: an initializer acts only through its readers.
 */

import { capturedBy, type Graph, type Model } from '../onnx/ir';
import { definePass, editGraphs, type PassResult, Tally } from './pass';

/** The graph without unread initializers, and where they were inputs as well (IR version 3) without those inputs. */
export function withoutUnusedInitializers(graph: Graph, mayGo: (name: string) => boolean = () => true): Graph {
  const read = new Set(graph.outputs.map(({ name }) => name));
  for (const node of graph.nodes) for (const name of [...node.inputs, ...capturedBy(node)]) read.add(name);
  const goes = (name: string): boolean => !read.has(name) && mayGo(name);
  const initializers = new Map([...graph.initializers].filter(([name]) => !goes(name)));
  const sparseInitializers = graph.sparseInitializers.filter(({ values }) => !goes(values.name));
  const removed =
    graph.initializers.size - initializers.size + graph.sparseInitializers.length - sparseInitializers.length;
  if (removed === 0) return graph;
  const wasInitializer = (name: string): boolean => graph.initializers.has(name) && !initializers.has(name);
  return {
    ...graph,
    initializers,
    sparseInitializers,
    inputs: graph.inputs.filter(({ name }) => !wasInitializer(name)),
  };
}

export function removeUnusedInitializers(model: Model): PassResult {
  const tally = new Tally();
  const cleaned = editGraphs(model, ({ graph }) => {
    const next = withoutUnusedInitializers(graph);
    const removed = graph.initializers.size - next.initializers.size;
    tally.eligible += removed;
    tally.changed += removed;
    return next;
  });
  return tally.result(cleaned, tally.changed === 0 ? [] : [`removed ${tally.changed} unread initializers`]);
}

export const unusedInitializersPass = definePass({
  name: 'unused-initializers',
  title: 'Remove unread initializers',
  help: 'Takes out weights that nothing reads.',
  source: 'https://onnx.ai/onnx/repo-docs/IR.html',
  options: {},
  tolerance: 0,
  run: (model) => removeUnusedInitializers(model),
});
