/** What differs between two model files, as a document. */

import type { DiffReport } from '../contract';
import { readModel } from '../onnx/file';
import { diffModels, type ModelDiff } from './diff-models';

/**
 * @returns every difference; the engine leaves out what a message has no room for
 * @throws LatheError where one of the files is no model
 */
export async function diffReport(before: string, after: string): Promise<DiffReport> {
  const diff = diffModels(await readModel(before), await readModel(after));
  return {
    before,
    after,
    interface: [...diff.interface],
    ops: sumByOp(diff),
    added: [...diff.added],
    removed: [...diff.removed],
    changed: diff.changed.map((change) => ({ ...change, changes: [...change.changes] })),
    weights: [...diff.weights],
    same: diff.same,
    leftOut: 0,
  };
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
