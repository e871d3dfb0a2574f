/**
 * Memory of a training step before it is run: the largest sum of values that live at one time, with the nodes in their
 * order and each value dropped after its last reader. The runtime uses what is dropped again the same way; what it
 * computes in place and the room inside its kernels are not counted, and about even out.
 */

import { LatheError } from '../contract';
import { type Dim, dtypeBytes, elementCount, type Graph, type TypeInfo, tensorByteLength } from '../onnx/ir';
import { valueTypes } from '../onnx/session';
import { withRows } from './row-types';
import type { TrainingGraph } from './training-graph';

/**
 * @param answers that the output gives for a sample: 1, or one a token
 * @throws LatheError with the memory needed and the batch that would fit, where `batch` does not fit into `limit` bytes
 */
export async function checkMemory(graph: TrainingGraph, batch: number, limit: number, answers = 1): Promise<void> {
  const needed = await stepMemory(graph, batch, answers);
  if (needed <= limit) return;
  const alone = await stepMemory(graph, 1, answers);
  const fitting = largestBatch({ batch: 1, bytes: alone }, { batch, bytes: needed }, limit);
  throw new LatheError({
    who: `a batch of ${batch}`,
    what: `needs about ${megabytes(needed)} for a training step, and ${megabytes(limit)} are free`,
    next:
      fitting < 1
        ? `even a single sample needs ${megabytes(alone)}: close other programs, or train a smaller model`
        : `a batch of ${fitting} fits; accumulate=${Math.ceil(batch / fitting)} with it makes the same update`,
  });
}

interface Measured {
  readonly batch: number;
  readonly bytes: number;
}

/** What grows with the batch grows by the sample. 0 where not even one fits. */
export function largestBatch(one: Measured, many: Measured, limit: number): number {
  if (one.bytes > limit) return 0;
  if (many.batch === one.batch) return 1;
  const perSample = (many.bytes - one.bytes) / (many.batch - one.batch);
  return Math.max(1, Math.min(many.batch - 1, Math.floor(one.batch + (limit - one.bytes) / Math.max(1, perSample))));
}

/** Bytes of weights and state, old and new, and of what a step of so many rows holds at its worst moment. */
export async function stepMemory(training: TrainingGraph, batch: number, answers = 1): Promise<number> {
  const { graph } = training.model;
  const rowsOf = (name: string) => (name === training.labels || name === training.teacher ? batch * answers : batch);
  const types = await valueTypes(withRows(training.model, rowsOf));
  const bytesOf = (name: string) => typeBytes(types.get(name));
  const held = [...graph.initializers.values()].reduce((sum, tensor) => sum + tensorByteLength(tensor), 0);
  const fed = graph.inputs.reduce((sum, { name }) => sum + bytesOf(name), 0);
  // The best weights so far are kept beside those that move.
  const best = training.parameters.reduce((sum, { name }) => sum + bytesOf(name), 0);
  return held + fed + best + peakOfValues(graph, bytesOf);
}

/** The largest sum of the values that nodes make, each from its node to its last reader; outputs stay. */
export function peakOfValues(graph: Pick<Graph, 'nodes' | 'outputs'>, bytesOf: (name: string) => number): number {
  const lastReader = new Map<string, number>();
  graph.nodes.forEach((node, at) => {
    for (const name of node.inputs) lastReader.set(name, at);
  });
  for (const { name } of graph.outputs) lastReader.set(name, graph.nodes.length);
  const dropped: string[][] = graph.nodes.map(() => []);
  let [live, peak] = [0, 0];
  graph.nodes.forEach((node, at) => {
    for (const name of node.outputs) {
      if (name === '') continue;
      live += bytesOf(name);
      dropped[Math.max(at, lastReader.get(name) ?? at)]?.push(name);
    }
    peak = Math.max(peak, live);
    for (const name of dropped[at] ?? []) live -= bytesOf(name);
  });
  return peak;
}

/** A dimension that is not known counts as one. */
function typeBytes(type: TypeInfo | undefined): number {
  if (type?.kind !== 'tensor' || type.dtype === 'string') return 0;
  const known = (dim: Dim) => (typeof dim === 'number' ? dim : 1);
  return dtypeBytes(type.dtype, elementCount((type.shape ?? []).map(known)));
}

function megabytes(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.ceil(bytes / 1e6)} MB`;
}
