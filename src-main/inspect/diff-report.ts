/** What differs between two model files, as a document. */

import type { DiffReport, Work } from '../contract';
import { readModel } from '../onnx/file';
import { allNodes, allWeights, elementCount, type Model, tensorByteLength } from '../onnx/ir';
import { diffModels, type ModelDiff, type NamedNode } from './diff-models';

/**
 * @returns every difference; the engine leaves out what a message has no room for
 * @throws LatheError where one of the files is no model
 */
export async function diffReport(before: string, after: string, work: Work): Promise<DiffReport> {
  const models = { before: await readModel(before), after: await readModel(after) };
  const diff = await diffModels(models.before, models.after, work);
  return {
    before: { path: before, ...totals(models.before) },
    after: { path: after, ...totals(models.after) },
    interface: [...diff.interface],
    ops: sumByOp(diff),
    added: [...diff.added],
    removed: [...diff.removed],
    changed: [...diff.changed],
    replaced: diff.replaced.map(({ before, after }) => ({
      before: [...before],
      after: [...after],
      text: `${opCounts(before)} → ${opCounts(after)}`,
    })),
    carriers: [...diff.carriers],
    matched: diff.same + diff.changed.length,
    weights: [...diff.weights],
    same: diff.same,
    leftOut: 0,
  };
}

function totals(model: Model): { nodes: number; parameters: number; weightBytes: number } {
  const weights = [...allWeights(model)];
  return {
    nodes: [...allNodes(model)].length,
    parameters: weights.reduce((sum, { tensor }) => sum + elementCount(tensor.shape), 0),
    weightBytes: weights.reduce((sum, { tensor }) => sum + tensorByteLength(tensor), 0),
  };
}

/** `2 ReduceMean + Sub`, by name. */
function opCounts(nodes: readonly NamedNode[]): string {
  const counts = new Map<string, number>();
  for (const { op } of nodes) counts.set(op, (counts.get(op) ?? 0) + 1);
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([op, count]) => (count === 1 ? op : `${count} ${op}`))
    .join(' + ');
}

/** Most frequent first. */
function sumByOp(diff: ModelDiff): DiffReport['ops'] {
  const sums = new Map<string, DiffReport['ops'][number]>();
  for (const kind of ['added', 'removed', 'changed'] as const) {
    for (const { op } of diff[kind]) {
      const sum = sums.get(op) ?? { op, added: 0, removed: 0, changed: 0 };
      sum[kind]++;
      sums.set(op, sum);
    }
  }
  const total = ({ added, removed, changed }: DiffReport['ops'][number]): number => added + removed + changed;
  return [...sums.values()].sort((a, b) => total(b) - total(a));
}
