/**
 * Initializers of the same type, shape and content, sparse ones too, are kept once; bodies read those of the graph
 * around them, and weights that several bodies hold move there.
 * Source: https://onnx.ai/onnx/repo-docs/IR.html (values are immutable, so sharing is free).
 */

import { readTensorBytes } from '../onnx/file';
import {
  attributes,
  type Graph,
  indexGraph,
  type Model,
  Patch,
  type SparseTensor,
  type Tensor,
  tensorByteLength,
} from '../onnx/ir';
import { definePass, editGraphs, isOverridable, type PassResult, type Scope, Tally } from './pass';
import { tensorKey } from './share-subexpressions';
import { withoutUnusedInitializers } from './unused-initializers';

export function shareInitializers(model: Model): PassResult {
  const tally = new Tally();
  let bytes = 0;
  const after = editGraphs(model, (whole) => {
    const scope = whole.kind === 'main' ? withWeightsOfBodies(whole) : whole;
    const { graph, index } = scope;
    const groups = groupBy(constantsInView(scope), ({ tensor, sparse }) => cheapKey(tensor, sparse));
    const patch = new Patch(graph);
    const gone = new Set<string>();
    for (const group of groups) {
      for (const same of group.length === 1 ? [] : groupBy(group, wholeKey)) {
        const [kept, ...others] = same as [Constant, ...Constant[]];
        for (const { name, tensor, isOwn } of others) {
          if (!isOwn || name === kept.name || index.isOutput(name)) continue;
          patch.redirect(name, kept.name);
          gone.add(name);
          tally.changed++;
          bytes += tensorByteLength(tensor);
        }
      }
    }
    return patch.isEmpty ? graph : withoutUnusedInitializers(patch.apply(), (name) => gone.has(name));
  });
  tally.eligible = tally.changed;
  const notes = tally.changed === 0 ? [] : [`shared ${tally.changed} equal initializers (${bytes} bytes)`];
  return tally.result(after, notes);
}

/** Below this a copy in each body costs less than the look at a graph around it. */
const weightBytes = 1024;

/** The graph with weights that more than one of its bodies holds, each once; the bodies then share it. */
function withWeightsOfBodies(scope: Scope): Scope {
  const held: Tensor[][] = [];
  const names = new Set<string>();
  const visit = (graph: Graph): void => {
    for (const { inputs, outputs } of graph.nodes) for (const name of [...inputs, ...outputs]) names.add(name);
    for (const node of graph.nodes) {
      for (const { graph: body } of attributes.subgraphsOf(node)) {
        const bound = new Set([...body.inputs, ...body.outputs].map(({ name }) => name));
        const fixed = [...body.initializers.values()].filter(({ name }) => !bound.has(name));
        held.push(fixed.filter((tensor) => tensorByteLength(tensor) >= weightBytes));
        for (const name of body.initializers.keys()) names.add(name);
        visit(body);
      }
    }
  };
  visit(scope.graph);
  for (const name of scope.graph.initializers.keys()) names.add(name);
  const patch = new Patch(scope.graph);
  for (const group of groupBy(held.flat(), (tensor) => cheapKey(tensor))) {
    for (const [first, second] of group.length === 1 ? [] : groupBy(group, tensorKey)) {
      if (first === undefined || second === undefined) continue;
      let name = `shared/${first.name}`;
      while (names.has(name)) name += '_';
      names.add(name);
      patch.setInitializer({ ...first, name });
    }
  }
  if (patch.isEmpty) return scope;
  const graph = patch.apply();
  return { ...scope, graph, index: indexGraph(graph) };
}

interface Constant {
  readonly name: string;
  readonly tensor: Tensor;
  /** Where the values of the tensor stand, and in which shape; null: it is dense. */
  readonly sparse: SparseTensor | null;
  /** Of this graph, not of one around it. */
  readonly isOwn: boolean;
}

/** Of outer graphs first, so that those are the ones that stay. */
function constantsInView(scope: Scope): Constant[] {
  const found: Constant[] = [];
  for (let at: Scope | null = scope; at !== null; at = at.outer) {
    const here = [...at.graph.initializers].filter(([name]) => !isOverridable(at as Scope, name));
    const isOwn = at === scope;
    found.unshift(
      ...here.map(([name, tensor]) => ({ name, tensor, sparse: null, isOwn })),
      ...at.graph.sparseInitializers.map((sparse) => {
        return { name: sparse.values.name, tensor: sparse.values, sparse, isOwn };
      }),
    );
  }
  return found;
}

/** Type, shape and first bytes: most weights differ there, and need not be read whole. */
function cheapKey(tensor: Tensor, sparse: SparseTensor | null = null): string {
  const head =
    tensor.dtype === 'string'
      ? ''
      : Buffer.from(readTensorBytes(tensor, 0, Math.min(64, tensorByteLength(tensor)))).toString('base64');
  return `${sparse === null ? '' : `sparse [${sparse.shape.join()}] `}${tensor.dtype}[${tensor.shape.join()}]${head}`;
}

const wholeKey = ({ tensor, sparse }: Constant): string =>
  sparse === null ? tensorKey(tensor) : `${tensorKey(tensor)} at ${tensorKey(sparse.indices)}`;

function groupBy<T>(items: readonly T[], key: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group === undefined) groups.set(key(item), [item]);
    else group.push(item);
  }
  return [...groups.values()];
}

export const shareInitializersPass = definePass({
  name: 'share-initializers',
  title: 'Share equal initializers',
  help: 'Keeps weights of the same content once.',
  source: 'https://onnx.ai/onnx/repo-docs/IR.html',
  options: {},
  tolerance: 0,
  run: (model) => shareInitializers(model),
});
