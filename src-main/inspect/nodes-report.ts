/** What each node of a model costs, as a document. */

import type { NodeRow, NodesReport, TypeSource } from '../contract';
import { readModel } from '../onnx/file';
import { dimName, type Feeds, fedInputs, type Graph, type Model, type TypeInfo } from '../onnx/ir';
import { symbolicDims, withBatchOfOne } from './fix-dims';
import { type KnownTypes, knownTypes, type Run } from './known-types';
import { costsByOp, type NodeCosts, nodeCosts } from './node-costs';
import { valueReport } from './type-text';

export interface NodesOptions {
  /** Sizes for symbolic dims, by name. */
  readonly dims: Readonly<Record<string, number>>;
  /** One run's inputs and where they are from: their shapes are the model's sizes, and what inference leaves open is seen. */
  readonly run: (Run & { readonly data: string }) | null;
}

/**
 * @returns every node; the engine leaves out what a message has no room for
 * @throws LatheError where the file is no model, or where onnxruntime does not load or run it
 */
export async function nodesReport(path: string, { dims, run }: NodesOptions): Promise<NodesReport> {
  const model = await readModel(path);
  const given = { ...(run === null ? {} : sizesOfFeeds(model, run.feeds)), ...dims };
  const { sizes, known, note } =
    run === null
      ? await withBatchOfOne(model.graph, given, async (assumed, sentence) => {
          return { sizes: assumed, known: await knownTypes(model, assumed, null), note: sentence };
        })
      : { sizes: given, known: await knownTypes(model, given, run), note: null };
  const { model: fixed } = known;
  const costs = nodeCosts(fixed, known.types);
  const open = symbolicDims(fixed.graph);
  const rows = [...nodeRows(fixed.graph, costs, known, '')];
  const sum = (pick: (row: NodeRow) => number): number => rows.reduce((total, row) => total + pick(row), 0);
  return {
    path,
    dims: sizes,
    observedOn: run?.data ?? null,
    macs: costs.macs,
    parameters: sum((row) => row.parameters),
    weightBytes: sum((row) => row.weightBytes),
    peak: costs.peak,
    values: countSources(known),
    ops: costsByOp(costs),
    nodes: rows,
    leftOut: 0,
    notes: [
      ...(note === null ? [] : [note]),
      ...costs.notes,
      ...known.types.remarks,
      ...(open.length === 0 || run !== null
        ? []
        : [`Sizes of ${open.join(', ')} are not given: give them, or data that has them.`]),
    ],
  };
}

/** Symbolic dims as the arrays have them. */
function sizesOfFeeds({ graph }: Model, feeds: Feeds): Record<string, number> {
  const sizes: Record<string, number> = {};
  for (const { name, type } of fedInputs(graph)) {
    const shape = feeds[name]?.shape;
    if (type?.kind !== 'tensor' || type.shape?.length !== shape?.length) continue;
    for (const [axis, dim] of (type.shape ?? []).entries()) {
      const symbol = dimName(name, axis, dim);
      // An empty axis, such as the past of a decoder's first run, stays open: ONNX has no way to say that it is 0.
      if (symbol !== null && shape?.[axis] !== 0) sizes[symbol] = shape?.[axis] as number;
    }
  }
  return sizes;
}

function* nodeRows(graph: Graph, costs: NodeCosts, known: KnownTypes, within: string): Generator<NodeRow> {
  const types = known.types.of(graph);
  for (const cost of costs.nodes) {
    const output = cost.node.outputs.find((name) => name !== '');
    yield {
      name: cost.name,
      within,
      op: cost.op,
      output: output === undefined ? null : outputOf(output, types.get(output), known.sourceOf(graph, output)),
      macs: cost.macs,
      parameters: cost.parameters,
      weightBytes: cost.weightBytes,
      outputBytes: cost.outputBytes,
      liveBytes: cost.liveBytes,
    };
    for (const body of cost.bodies)
      yield* nodeRows(body.graph, body.costs, known, [within, cost.name, body.label].filter(Boolean).join(' › '));
  }
}

function outputOf(name: string, type: TypeInfo | undefined, from: TypeSource): NonNullable<NodeRow['output']> {
  return { ...valueReport({ name, type: type ?? null }), from };
}

function countSources(known: KnownTypes): NodesReport['values'] {
  const values: NodesReport['values'] = { inferred: 0, observed: 0, forced: 0, unknown: 0 };
  for (const graph of known.types.graphs())
    for (const { outputs } of graph.nodes)
      for (const name of outputs) if (name !== '') values[known.sourceOf(graph, name)]++;
  return values;
}
