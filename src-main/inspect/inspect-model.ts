/** What is in a model file: the report behind `lathe inspect` and the Inspect screen. */

import { realpathSync, statSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import type { ModelReport } from '../contract';
import { readModel } from '../onnx/file';
import {
  allNodes,
  allWeights,
  elementCount,
  fedInputs,
  type Graph,
  type Model,
  type Node,
  tensorByteLength,
  withBodies,
} from '../onnx/ir';
import { cpuInfo, type GraphTypes, graphTypes } from '../onnx/session';
import { checkDims, fixDims, symbolicDims, withBatchOfOne } from './fix-dims';
import { hasMacs } from './macs';
import { nodeCosts } from './node-costs';
import { valueReport } from './type-text';
import { findWarnings, isOfOldOpset } from './warnings';

export interface InspectOptions {
  /** Sizes for symbolic dims, by name; without all of them but the batch, which is then 1, `macs` is null. */
  readonly dims?: Readonly<Record<string, number>> | undefined;
}

/**
 * Reads the skeleton of a model and asks onnxruntime for the types of its values; runs nothing.
 * @throws LatheError where the file is no model, where a size is given for a dim that it does not have, or where onnxruntime does not load it though its opset is 7 or newer
 */
export async function inspectModel(path: string, { dims = {} }: InspectOptions = {}): Promise<ModelReport> {
  const model = await readModel(path);
  checkDims(path, model.graph, dims);
  const files = externalFiles(model, path);
  const bytes = [path, ...files].reduce((sum, file) => sum + statSync(file).size, 0);
  const { fixed, types, note } = await withBatchOfOne(model.graph, dims, async (sizes, assumed) => {
    const sized = fixDims(model, sizes);
    return { fixed: sized, types: await typesForCosts(sized), note: assumed };
  });
  const costs = types !== null && symbolicDims(fixed.graph).length === 0 ? nodeCosts(fixed, types) : null;
  const nodes = [...allNodes(model)];
  const weights = [...allWeights(model)];
  return {
    path,
    irVersion: model.irVersion,
    opsets: Object.fromEntries([...model.opsets].map(([domain, version]) => [domain || 'ai.onnx', version])),
    producer: [model.producerName, model.producerVersion].filter((text) => text !== '').join(' '),
    inputs: fedInputs(model.graph).map(valueReport),
    outputs: model.graph.outputs.map((output) =>
      valueReport({ ...output, type: output.type ?? types?.of(fixed.graph).get(output.name) ?? null }),
    ),
    nodes: nodes.length,
    ops: countOps(nodes),
    parameters: weights.reduce((sum, { tensor }) => sum + elementCount(tensor.shape), 0),
    bytes,
    bytesByType: sumBy(weights, ({ tensor }) => [tensor.dtype, tensorByteLength(tensor)]),
    macs: costs?.macs ?? null,
    symbolicDims: symbolicDims(model.graph),
    warnings: [
      ...findWarnings(
        model,
        bytes,
        files.map((file) => relative(realpathSync(dirname(path)), file)),
        cpuInfo(),
        symbolicDims(fixed.graph),
      ),
      ...(costs === null ? [] : [note, ...costs.notes].filter((sentence) => sentence !== null)).map((message) => ({
        code: 'macs',
        message,
      })),
    ],
  };
}

/** Files beside the model that hold its weights, in order of their names. */
function externalFiles(model: Model, path: string): string[] {
  const files = new Set<string>();
  for (const { tensor } of allWeights(model)) if (tensor.data.kind === 'file') files.add(tensor.data.file);
  for (const own of [resolve(path), realpathSync(path)]) files.delete(own);
  return [...files].sort();
}

/** Nodes by op; ops outside the standard with their domain. Most frequent first. */
function countOps(nodes: readonly Node[]): Record<string, number> {
  const counts = sumBy(nodes, ({ domain, opType }) => [
    domain === '' || domain === 'ai.onnx' ? opType : `${domain}.${opType}`,
    1,
  ]);
  return Object.fromEntries(Object.entries(counts).sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)));
}

function sumBy<T>(items: readonly T[], entry: (item: T) => readonly [string, number]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const item of items) {
    const [key, amount] = entry(item);
    sums[key] = (sums[key] ?? 0) + amount;
  }
  return sums;
}

/**
 * Bodies are worth a session only where their products are going to be counted. null for a model of an opset that the
 * runtime no longer loads: a warning says what to do, and raising the opset starts from the file.
 */
async function typesForCosts(model: Model): Promise<GraphTypes | null> {
  const isFixed = symbolicDims(model.graph).length === 0;
  const multiplies = (body: Graph): boolean => model.functions.length > 0 || [...withBodies(body.nodes)].some(hasMacs);
  try {
    return await graphTypes(model, (body) => isFixed && multiplies(body));
  } catch (thrown) {
    if (!isOfOldOpset(model)) throw thrown;
    return null;
  }
}
